"""Questions to the ledger: `show`, `status`, `report`."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import datetime, tzinfo
from typing import Any, cast

import click
from rich.console import Group
from rich.table import Table

from worker.api.notifier import Notifier
from worker.cli import completion
from worker.cli.output import console, json_option, look_of, looks_of, say, say_json, table, text
from worker.cli.spans import span_options
from worker.lifecycle import FAILED, Status
from worker.reporting import By, Located, MessageShown, NotificationShown, ReportLine, Standing, Wait, shortened

BAR, SHORT_BAR = 30, 12  # characters of the longest bar
ROOM_FOR_BARS = 100  # columns of a terminal
MOST_LINES = 20  # of a report's campaigns or days that people see


def located(
    notifier: Notifier, id_: str | None, reference: str | None, source: str | None, *, numbers: bool = False
) -> Located:
    """What the options name. Raises NotFound or a usage error."""
    if id_ is not None and reference is None:
        return notifier.locate(id_, source=source, numbers=numbers)
    if reference is None or id_ is not None:
        raise click.UsageError("give an ID, or a --reference (and --source)")
    return Located(notification=notifier.find(reference, source))


@click.command()
@click.argument("id_", metavar="ID", required=False)
@click.option("--reference", metavar="R", help="The producer's own key.")
@click.option("--source", metavar="S", help="Which application used it.")
@json_option
def show(id_: str | None, reference: str | None, source: str | None, as_json: bool) -> None:
    """All about a notification: its messages, and every request made for each.

    ID: a notification's or one of its messages', whole or its beginning; a reference; or a number, for the last
    message to it.
    """
    with Notifier.from_env() as notifier:
        which = located(notifier, id_, reference, source, numbers=True)
        whole = notifier.show(which.notification, message_id=which.message)
    if as_json:
        say_json(whole.as_json())
    else:
        console().print(_whole(whole, notifier.settings.time_zone))


def _whole(whole: NotificationShown, zone: tzinfo) -> Group:
    facts = table("", "")
    for name in (
        "id",
        "kind",
        "source",
        "reference",
        "campaign",
        "created_at",
        "send_date",
        "expires_at",
        "template_id",
        "content",
    ):
        if (value := getattr(whole, name)) not in (None, ""):
            facts.add_row(name, text(value, zone))
    facts.show_header = False
    messages = table("message:id", "phone:id", "status:id", "tries:n", "code", "SMSID", "reason")
    short = shortened([each.id for each in whole.messages])
    for each in whole.messages:
        reason = _why(each.wait, zone) if each.wait else each.reason
        told = (text(value) for value in (each.attempts, each.code, each.sms_id, reason))
        messages.add_row(short[each.id], text(each.phone), look_of(each.status), *told)
    requests = [_requests(each, zone) for each in whole.messages if each.requests]
    history = [_history(each, zone) for each in whole.messages if len(each.history) > 1]
    return Group(facts, "", messages, "", *history, *requests)


def _why(wait: Wait, zone: tzinfo) -> str:
    return wait.why + (f" ({text(wait.until, zone)})" if wait.until else "")


def _history(message: MessageShown, zone: tzinfo) -> Table:
    shown = table(
        "of:n", "asked by", "wanted", "type:n", "status:id", "code", "SMSID", "network", "đồng:n", "reason",
        title=f"attempts for {message.phone}",
    )  # fmt: skip
    for row in message.history:
        shown.add_row(
            text(row.generation),
            text(row.asked_by or "its producer"),
            text(row.wanted_at, zone, "%d/%m %H:%M:%S"),
            text(row.sms_type),
            look_of(row.status),
            *(text(each) for each in (row.code, row.sms_id, row.network, row.price, row.reason)),
        )
    return shown


def _requests(message: MessageShown, zone: tzinfo) -> Table:
    shown = table("at", "function", "http", "code", "s:n", "outcome", title=f"requests for {message.phone}")
    for row in message.requests:
        shown.add_row(
            text(row.at, zone, "%d/%m %H:%M:%S"),
            row.function,
            text(row.http_status),
            text(row.code),
            f"{row.seconds:.3f}",
            text(row.outcome),
        )
    return shown


@click.command()
@click.argument("id_", metavar="ID", required=False)
@click.option("--reference", metavar="R", help="The producer's own key.")
@click.option("--source", metavar="S", help="Which application used it.")
@json_option
def status(id_: str | None, reference: str | None, source: str | None, as_json: bool) -> None:
    """Where a notification stands, in one line.

    ID: as for `show`.
    """
    with Notifier.from_env() as notifier:
        standing = notifier.status(located(notifier, id_, reference, source, numbers=True).notification)
    if as_json:
        say_json(_standing(standing))
    else:
        console().print(looks_of(standing.statuses))
        for wait in standing.waits:
            say(f"  {wait.status} {wait.messages:,}: {_why(wait, notifier.settings.time_zone)}")


def _standing(standing: Standing) -> dict[str, Any]:
    return {
        "id": str(standing.id),
        "reference": standing.reference,
        "campaign": standing.campaign,
        "kind": standing.kind,
        "final": standing.final,
        "statuses": {str(each): count for each, count in standing.statuses.items()},
        "waits": [asdict(wait) for wait in standing.waits],
    }


@click.command()
@click.option("--by", type=click.Choice(["status", "campaign", "day"]), multiple=True, help="By default all three.")
@click.option("--from", "since", metavar="ISO", help="Enqueued on this day or later, or at this moment or later.")
@click.option("--to", "until", metavar="ISO", help="Enqueued on this day or earlier, or before this moment.")
@completion.campaign_option()
@click.option("--source", metavar="S")
@json_option
def report(
    by: Sequence[str], since: str | None, until: str | None, campaign: str | None, source: str | None, as_json: bool
) -> int:
    """How many messages came to what: by status, by campaign, by day. Exit code 1 where none match."""
    with Notifier.from_env() as notifier:
        zone = notifier.settings.time_zone
        first, last = span_options(since, until, zone)
        ways = cast("Sequence[By]", by or ("status", "campaign", "day"))
        found = notifier.reports.summary(ways, since=first, until=last, campaign=campaign, source=source)
    nothing = found.is_used and not any(found.lines.values())
    if as_json:
        say_json({f"by_{way}": [_line(line) for line in lines] for way, lines in found.lines.items()})
    elif nothing:
        say(_nothing((found.before, found.after), zone))
    else:
        say_report(found.lines)
    return int(nothing)


def _nothing(around: Sequence[datetime | None], zone: tzinfo) -> str:
    days = [f"{moment.astimezone(zone):%Y-%m-%d}" if moment else "" for moment in around]
    near = [f"{words} {day}" for words, day in zip(("the last before", "the next after"), days, strict=True) if day]
    return "No messages match" + (f"; of all others {' and '.join(near)}" if near else "")


def _line(line: ReportLine) -> dict[str, Any]:
    return {"key": line.key, "total": line.total, "statuses": {str(s): n for s, n in line.statuses.items()}}


def say_report(reports: Mapping[By, Sequence[ReportLine]]) -> None:
    """The report as tables, with bars whose length is the number of messages."""
    if not any(reports.values()):
        say("No messages yet. Send one: esms-worker send sms --to 0901234567 --content Hello --sms-type 7")
        return
    for way, lines in reports.items():
        console().print(_by_status(lines) if way == "status" else _by(way, lines))
        say("")


def _by_status(lines: Sequence[ReportLine]) -> Any:
    most = max(line.total for line in lines)
    shown = table("status", "messages:n", "")
    counted = {line.key: line.total for line in lines}
    for each in Status:
        if total := counted.get(each):
            shown.add_row(look_of(each), f"{total:,}", _bar(total, most))
    return shown


def _by(way: str, lines: Sequence[ReportLine]) -> Any:
    ordered = lines[-MOST_LINES:] if way == "day" else sorted(lines, key=lambda line: -line.total)[:MOST_LINES]
    most = max(line.total for line in ordered)
    kinds = [kind for kind in KINDS if kind not in SELDOM or any(_counted(line)[kind] for line in ordered)]
    shown = table(way, "messages:n", *(f"{kind}:n" for kind in kinds), "")
    for line in ordered:
        numbers = (line.total, *(_counted(line)[kind] for kind in kinds))
        shown.add_row(text(line.key) or "(none)", *(f"{n:,}" for n in numbers), _bar(line.total, most, SHORT_BAR))
    if console().width < ROOM_FOR_BARS:
        shown.columns.pop()  # a long name needs the room more
    return shown


# Each status is counted in one column, so that a line adds up.
COLUMN_OF = {
    Status.DELIVERED: "delivered",
    **dict.fromkeys(FAILED, "failed"),
    Status.CANCELLED: "cancelled",
    Status.SANDBOXED: "sandboxed",
    Status.HELD: "held",
}
KINDS = ("delivered", "failed", "cancelled", "sandboxed", "held", "open")
SELDOM = frozenset({"cancelled", "sandboxed"})  # shown where there are some


def _counted(line: ReportLine) -> Counter[str]:
    counted: Counter[str] = Counter()
    for status, count in line.statuses.items():
        counted[COLUMN_OF.get(status, "open")] += count
    return counted


def _bar(value: int, most: int, longest: int = BAR) -> str:
    return "█" * max(1, round(longest * value / most))
