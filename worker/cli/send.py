"""`send sms|template-call|record-call|csv`: hand over what the options say."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, fields
from datetime import datetime
from pathlib import Path
from typing import Any

import click

from worker.api.notifier import Notifier
from worker.api.prices import CALL, Estimate
from worker.api.sheet_sends import Columns, Order, SheetSend, Summary, choose
from worker.cli import completion
from worker.cli.followed import FOLLOWED, followed, followed_said
from worker.cli.groups import Group
from worker.cli.output import (
    console,
    date_option,
    json_option,
    options,
    progress,
    say,
    say_json,
    say_rules,
    table,
    text,
)
from worker.cli.spreadsheet import Problems, file_options, say_columns, usage
from worker.intake import RecordCall, Request, Sms, TemplateCall, Ticket
from worker.lifecycle import Purpose
from worker.settings import Settings
from worker.spreadsheets import RefusedRow, open_sheet
from worker.text import ROOM, Measure, measure

SIGNS_SHOWN = 5
TYPES = "1, 3 advertising; 2 customer care; 4 Notify; 6, 7 codes; 8 fixed number; 13 two-way."


to_option = click.option("--to", multiple=True, required=True, metavar="N", help="Recipient; may be given many times.")

purpose_option = click.option(
    "--purpose",
    type=click.Choice([str(each) for each in Purpose]),
    help="What it is for; by default what the SmsType is made for. Who opted out gets no reminder and no advertising.",
)
WHEN = (
    click.option(
        "--send-date", metavar="ISO", help="When to send: 2026-03-01T08:00, in TIME_ZONE unless it says +07:00."
    ),
    click.option("--hand-over", is_flag=True, help="Let eSMS hold it until --send-date; it can't be cancelled then."),
    click.option("--expires-at", metavar="ISO", help="Do not send after this."),
)
LABELS = (
    click.option("--reference", metavar="R", help="Your own key: the same one again sends nothing twice."),
    click.option("--source", metavar="S", default="", help="Which application asks."),
    completion.campaign_option("A label to report, cancel and retry by."),
)
dry_run_option = click.option("--dry-run", is_flag=True, help="Do everything but queue it, and say what it would do.")
common_options = options(*WHEN, purpose_option, *LABELS, *FOLLOWED, dry_run_option, json_option)
sms_options = options(
    click.option("--content", required=True, metavar="T", help="The text."),
    click.option("--sms-type", type=int, default=2, show_default=True, help=TYPES),
    click.option("--brandname", metavar="B", help="For types 1 and 2; by default ESMS_BRANDNAME."),
    click.option("--unicode", is_flag=True, help="With Vietnamese letters; type 3 only."),
    click.option("--sandbox", is_flag=True, help="eSMS makes the SMS but does not deliver it."),
)


@click.group(cls=Group)
def send() -> None:
    """Hand over an SMS, a call, or a whole spreadsheet of SMS."""


@send.command("sms")
@to_option
@sms_options
@common_options
def send_sms(
    to: tuple[str, ...], content: str, sms_type: int, brandname: str | None, unicode: bool, sandbox: bool, **common: Any
) -> None:
    """Send a text to one or many numbers."""
    sms = Sms(to=to, content=content, sms_type=sms_type, brandname=brandname, unicode=unicode, sandbox=sandbox)
    _hand_over(sms, **common)


@send.command("template-call")
@to_option
@click.option("--template-id", required=True, metavar="T", help="The template at eSMS.")
@click.option("--var", "variables", multiple=True, metavar="V", help="One variable, left to right; many times.")
@common_options
def send_template_call(to: tuple[str, ...], template_id: str, variables: tuple[str, ...], **common: Any) -> None:
    """Call and read out a template."""
    _hand_over(TemplateCall(to=to, template_id=template_id, variables=variables), **common)


@send.command("record-call")
@to_option
@click.option("--record-id", required=True, metavar="R", help="The recording at eSMS.")
@click.option("--number-forward", metavar="N", help="Whom to connect when the key is pressed.")
@click.option("--ivr", metavar="KEY", help="That key, 0 to 9.")
@click.option("--time-wait-to-ivr", type=int, metavar="SECONDS", help="How long to wait for the key.")
@click.option("--max-repeat", type=int, help="How often the recording is played.")
@click.option("--max-retry", type=int, help="How often eSMS dials again when nobody answers.")
@click.option("--wait-retry", type=int, metavar="SECONDS", help="Between two such dials.")
@common_options
def send_record_call(
    to: tuple[str, ...],
    record_id: str,
    number_forward: str | None,
    ivr: str | None,
    time_wait_to_ivr: int | None,
    max_repeat: int | None,
    max_retry: int | None,
    wait_retry: int | None,
    **common: Any,
) -> None:
    """Call and play a recording."""
    call = RecordCall(
        to=to,
        record_id=record_id,
        number_forward=number_forward,
        ivr=ivr,
        time_wait_to_ivr=time_wait_to_ivr,
        max_repeat=max_repeat,
        max_retry=max_retry,
        wait_retry=wait_retry,
    )
    _hand_over(call, **common)


def _hand_over(
    request: Request, *, as_json: bool, send_date: str | None, expires_at: str | None, dry_run: bool, **besides: Any
) -> None:
    besides |= followed(besides)
    dates = {"send_date": date_of("--send-date", send_date), "expires_at": date_of("--expires-at", expires_at)}
    with Notifier.from_env() as notifier:
        if dry_run:
            ticket = notifier.rehearse(request, **dates, **besides)
        else:
            ticket = notifier.enqueue(request, **dates, **besides)
        size = measure(request.content, request.sms_type) if isinstance(request, Sms) else None
        cost = notifier.prices.estimate(*_billed(request, ticket, size), at=dates["send_date"]) if dry_run else None
    if as_json:
        say_json(_ticket_json(ticket, dry_run) | _dry_json(dry_run, cost) | _size_json(size))
        return
    _say_ticket(ticket, dry_run)
    say_rules(ticket.rules, notifier.settings.time_zone)
    if size:
        say(_size(size, ticket.messages))
    if dry_run:
        say(_cost(cost))
        _say_rehearsed(request, dates | besides, notifier.settings)


def _ticket_json(ticket: Ticket, dry_run: bool) -> dict[str, Any]:
    facts = {"messages": ticket.messages, "duplicates": list(ticket.duplicates), "repeated": ticket.repeated}
    facts |= {"opted_out": list(ticket.opted_out), "warnings": list(ticket.warnings)}
    return {"id": None if dry_run else str(ticket.id)} | facts | {"rules": [asdict(each) for each in ticket.rules]}


def _billed(request: Request, ticket: Ticket, size: Measure | None) -> tuple[int, int]:
    """What is billed: the SmsType (or CALL), and how many SMS or calls."""
    queued = 0 if ticket.repeated else ticket.messages - len(ticket.opted_out)
    return (request.sms_type, size.segments * queued) if isinstance(request, Sms) and size else (CALL, queued)


def _say_ticket(ticket: Ticket, dry_run: bool) -> None:
    would = "would be queued" if dry_run else "queued"
    queued = ticket.messages - len(ticket.opted_out)
    what = "was there already" if ticket.repeated else f"{would}, {queued} message(s)"
    say(f"dry run: {what}; nothing was stored" if dry_run else f"{ticket.id}  {what}")
    if ticket.duplicates:
        say(f"named again, sent once: {', '.join(ticket.duplicates)}")
    if ticket.opted_out:
        at_once = "would be cancelled at once" if dry_run else "cancelled at once"
        say(f"{at_once}, opted out: {', '.join(ticket.opted_out)}")
    for each in ticket.warnings:
        say(f"warning: {each}")


def _size(size: Measure, messages: int) -> str:
    """How many SMS it is billed as, and what made it more than it looks."""
    told = f"{size.segments} SMS each, {size.segments * messages:,} in all" if messages > 1 else f"{size.segments} SMS"
    if not size.forcing:
        return told
    signs = " ".join(size.forcing[:SIGNS_SHOWN]) + (" …" if len(size.forcing) > SIGNS_SHOWN else "")
    room = ROOM[size.encoding]
    return f"{told}: {signs} make it Unicode, {room.alone} characters to an SMS, {room.joined} to each of several"


def _cost(cost: Estimate | None) -> str:
    """Before any is spent."""
    if cost is None:
        return "cost: the price list does not know (`esms-worker prices import FILE`)"
    return f"cost by the price list: {cost.least:,f} đ" + (f" to {cost.most:,f} đ" if cost.most > cost.least else "")


def _dry_json(dry: bool, cost: Estimate | None) -> dict[str, Any]:
    return {"dry_run": dry} | ({"cost": cost and asdict(cost)} if dry else {})


def _size_json(size: Measure | None) -> dict[str, Any]:
    return {} if size is None else {"segments": size.segments, "encoding": size.encoding, "forcing": list(size.forcing)}


def _say_rehearsed(request: Request, how: Mapping[str, Any], settings: Settings) -> None:
    """All that was asked for, as it was understood."""
    shown = table("", "")
    shown.show_header = False
    for name, value in ({each.name: getattr(request, each.name) for each in fields(request)} | dict(how)).items():
        if value not in (None, "", False, ()):
            told = settings.aware(value) if isinstance(value, datetime) else followed_said(value)
            shown.add_row(name, text(", ".join(told) if isinstance(told, tuple) else told, settings.time_zone))
    console().print(shown)


def date_of(name: str, value: str | None) -> Any:
    return None if value is None else date_option(name, value)


@send.command("csv")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@sms_options
@click.option("--phone-column", metavar="NAME", help="By default one called phone, to, number, SĐT, …")
@click.option("--reference-column", metavar="NAME", help="Your own key for each row.")
@file_options
@dry_run_option
@options(*WHEN, purpose_option, *LABELS[1:], *FOLLOWED, json_option)
def send_csv(
    file: Path,
    content: str,
    phone_column: str | None,
    reference_column: str | None,
    encoding: str | None,
    sheet: str | None,
    header_row: int | None,
    report: Path | None,
    dry_run: bool,
    send_date: str | None,
    expires_at: str | None,
    as_json: bool,
    **besides: Any,
) -> int:
    """Send a text to each row of a CSV or XLSX FILE: {name} in the text stands for the column called name.

    Rows that can't be sent are refused by row and column and the others are sent. The same file again, with the same
    campaign (by default the file's name), sends only what is not there yet. A fallback's text may name columns, too.
    """
    follows = followed(besides)
    order = Order(
        content=content,
        send_date=date_of("--send-date", send_date),
        expires_at=date_of("--expires-at", expires_at),
        campaign=besides.pop("campaign") or file.name.strip(),
        source=besides.pop("source") or "csv",
        sms={name: besides.pop(name) for name in ("sms_type", "brandname", "unicode", "sandbox")},
        **besides,
        **follows,
    )
    with usage():
        opened = open_sheet(file, encoding=encoding, sheet=sheet, header_row=header_row)
        columns = choose(opened.columns, order, phone_column=phone_column, reference_column=reference_column)
    if not as_json:
        say_columns(opened, columns.named(), told=columns.told)
    with Problems.of(opened, report) as problems, usage(), Notifier.from_env() as notifier, progress() as bar:
        task = bar.add_task("checked" if dry_run else "queued", total=opened.rows)
        sending = SheetSend(
            notifier=notifier,
            columns=columns,
            order=order,
            refuse=problems.refuse,
            advance=lambda rows: bar.advance(task, rows),
            dry=dry_run,
        )
        summary = sending.run(opened)
        billed, at = summary.segments, order.send_date
        cost = notifier.prices.estimate(order.sms["sms_type"], billed, at=at) if dry_run else None
    (_say_summary_json if as_json else _say_summary)(summary, sending, problems, dry_run, cost)
    return 1 if problems.count else 0


def _say_summary(summary: Summary, sending: SheetSend, problems: Problems, dry: bool, cost: Estimate | None) -> None:
    would = "would be " if dry else ""
    counts = f"{summary.queued:,} {would}queued, {summary.already:,} there already, {summary.bad:,} bad rows"
    counts += f", {summary.opted_out:,} {would}cancelled at once: opted out" if summary.opted_out else ""
    say(counts + (" (dry run: nothing was queued)" if dry else ""))
    say(f"billed as {summary.segments:,} SMS" + _because(summary.unicode))
    for warning, messages in sending.warnings.items():
        say(f"warning for {messages:,} of them: {warning}")
    say_rules(sending.rules, sending.notifier.settings.time_zone)
    if dry:
        say(_cost(cost))
    say(f"campaign: {sending.order.campaign}")
    problems.say()


def _because(unicode: int) -> str:
    return f"; accents or other signs make {unicode:,} of the texts Unicode, 70 characters to an SMS" if unicode else ""


def _say_summary_json(
    summary: Summary, sending: SheetSend, problems: Problems, dry: bool, cost: Estimate | None
) -> None:
    columns = sending.columns
    bad = [{"line": each.number, "error": _error(each, columns)} for each in problems.refused]
    facts = {
        "campaign": sending.order.campaign,
        **_dry_json(dry, cost),
        "columns": columns.named(),
        "queued": summary.queued,
        "already": summary.already,
        "opted_out": summary.opted_out,
        "segments": summary.segments,
        "unicode": summary.unicode,
        "warnings": dict(sending.warnings),
        "rules": [asdict(each) for each in sending.rules],
        "bad": bad,
    }
    say_json(facts | {"refused": summary.bad} | problems.json())


def _error(each: RefusedRow, columns: Columns) -> str:
    """By the field, as programs know it."""
    field = columns.field_of(each.column)
    return f"{field}: {each.problem}" if field else each.problem
