"""`refused`: requests that could not be taken and whose producer heard nothing of it, and what was no task at all."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import tzinfo
from typing import Any
from uuid import UUID

import click

from worker.api.notifier import Notifier
from worker.api.operation import Operation
from worker.cli.followed import FOLLOWED, followed
from worker.cli.groups import Group
from worker.cli.output import console, date_option, json_option, options, say, say_json, table, text
from worker.reporting import RefusedRequest, RefusedShown, shortened
from worker.settings import Settings


@click.group(cls=Group)
def refused() -> None:
    """Requests that came by task or SQL and could not be taken; and what came by the broker and was no task."""


@refused.command("list")
@click.option("--source", metavar="S", help="Of this application.")
@click.option("--since", metavar="ISO", help="Then or later.")
@click.option("--limit", type=click.IntRange(1, 10_000), default=50, show_default=True)
@click.option("--content", is_flag=True, help="With what is kept of each request: numbers, and texts where those are.")
@json_option
def refused_list(source: str | None, since: str | None, limit: int, content: bool, as_json: bool) -> None:
    """Who asked for what, when, and why it could not be taken; the last first.

    What was no task is counted by queue and reason: how often, when, how large the last was.
    """
    moment = None if since is None else date_option("--since", since)
    settings = Settings.from_environ()
    with Notifier(settings) as notifier:
        requests = notifier.refused.list(source=source, since=moment, most=limit)
    with Operation.from_env() as operation:
        no_tasks = operation.refused()
    if as_json:
        told = [_json(each, content) for each in requests]
        say_json({"requests": told, "no_tasks": [asdict(row) for row in no_tasks]})
        return
    _say_requests(requests, settings.time_zone, content)
    if no_tasks:
        _say_no_tasks(no_tasks, settings.time_zone)
    if not (requests or no_tasks):
        say("Nothing was refused.")


def _json(each: RefusedRequest, content: bool) -> dict[str, Any]:
    told = asdict(each)
    return told if content else {name: value for name, value in told.items() if name != "fields"}


def _say_requests(requests: Any, zone: tzinfo, content: bool) -> None:
    if not requests:
        return
    kept = ["kept of it"] if content else []
    shown, short = table("id:id", "when", "by", "source", "kind", "reference", "what is wrong", *kept), _short(requests)
    for each in requests:
        wrong = f"{each.field}: {each.reason}" if each.field else each.reason
        told = (short[each.id], each.at, each.door, each.source, each.kind, each.reference, wrong)
        fields = [text(_kept(each))] if content else []
        shown.add_row(*(text(value, zone) for value in told), *fields)
    console().print(shown)
    say("all of one: `esms-worker refused show ID`; corrected and handed over after all: `… refused send ID --to N …`")


def _short(requests: Sequence[RefusedRequest]) -> Mapping[UUID, str]:
    return shortened([each.id for each in requests])


def _kept(one: RefusedRequest) -> str:
    """What is kept of it; of a text that is not, that it was there."""
    return ", ".join(f"{name}={'(not kept)' if value is None else value}" for name, value in one.fields.items())


@refused.command("show")
@click.argument("id_", metavar="ID")
@click.option("--content", is_flag=True, help="With what is kept of it: numbers, and texts where those are.")
@json_option
def refused_show(id_: str, content: bool, as_json: bool) -> None:
    """One request: who asked for what, when, what is wrong and what to do.

    ID: its id or the beginning of it, or its reference.
    """
    settings = Settings.from_environ()
    with Notifier(settings) as notifier:
        one = notifier.refused.show(notifier.refused.locate(id_))
    if as_json:
        say_json(_json(one, content))
        return
    told = f"{one.kind} of {one.source or 'no source'} by {one.door}, {text(one.at, settings.time_zone)}"
    say(f"{one.id}: {told}{f', reference {one.reference}' if one.reference else ''}")
    say(f"{one.field}: {one.reason}" if one.field else one.reason)
    if content:
        say(f"kept of it: {_kept(one) or 'nothing'}")


def _say_no_tasks(rows: list[RefusedShown], zone: tzinfo) -> None:
    shown = table("queue", "it …", "times", "first", "last", "bytes", "task id")
    for row in rows:
        told = (row.queue, row.reason, row.times, row.since, row.at, row.size, row.task_id)
        shown.add_row(*(text(each, zone) for each in told))
    console().print(shown)


corrections = options(
    click.option("--to", multiple=True, metavar="N", help="To this number instead; may be given many times."),
    click.option("--content", metavar="T", help="With this text."),
    click.option("--sms-type", type=int, metavar="T", help="By this SmsType."),
    click.option("--brandname", metavar="B", help="From this brandname."),
    click.option("--template-id", metavar="T", help="Of a call: by this template at eSMS."),
    click.option("--record-id", metavar="R", help="Of a call: this recording at eSMS."),
    click.option("--var", "variables", multiple=True, metavar="V", help="Of a call: the variables, left to right."),
    click.option("--send-date", metavar="ISO", help="At this time."),
    click.option("--expires-at", metavar="ISO", help="Not after this."),
    *FOLLOWED,
    click.option("--without", multiple=True, metavar="FIELD", help="Leave this field out, like fallback; many times."),
)


@refused.command("send")
@click.argument("id_", metavar="ID")
@corrections
@json_option
def refused_send(id_: str, as_json: bool, without: tuple[str, ...], **given: Any) -> None:
    """Hand a request over after all, corrected: as its application's, under its reference.

    ID: its id or the beginning of it, or its reference. What is not given stays as it was.
    """
    given |= followed(given)
    said = {name: value for name, value in given.items() if not (value is None or value is False or value == ())}
    wanted = {name: list(value) if isinstance(value, tuple) else value for name, value in said.items()}
    with Notifier.from_env() as notifier:
        ticket = notifier.refused.send(notifier.refused.locate(id_), without=without, **wanted)
    if as_json:
        say_json({"id": str(ticket.id), "messages": ticket.messages, "repeated": ticket.repeated})
    else:
        say(f"{ticket.id}  {'was there already' if ticket.repeated else f'queued, {ticket.messages} message(s)'}")


@refused.command("forget")
def refused_forget() -> None:
    """Begin to count what was no task anew, once it is known who sent it."""
    with Operation.from_env() as operation:
        operation.forget_refused()
    say("Counted anew from now on")
