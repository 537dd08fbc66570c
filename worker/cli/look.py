"""Questions to the ledger: `show`, `status`."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator
from dataclasses import asdict, fields
from datetime import tzinfo
from decimal import Decimal
from itertools import chain
from typing import Any

import click
from rich.console import Group
from rich.table import Table

from worker.api.notifier import Notifier
from worker.catalogue import Language, removed
from worker.catalogue.costs import WHOSE, cost_said
from worker.cli.output import (
    console,
    counting,
    json_option,
    look_of,
    looks_of,
    say,
    say_json,
    say_json_with,
    table,
    text,
)
from worker.reporting import (
    Located,
    MessageShown,
    NotificationShown,
    OtherMessage,
    Standing,
    Wait,
    shortened,
    together,
)
from worker.reporting.costs import Known


def located(
    notifier: Notifier,
    id_: str | None,
    reference: str | None,
    source: str | None,
    *,
    numbers: bool = False,
    other: str = "",
) -> Located:
    """What the options name. other: what the command takes in their place. Raises NotFound or a usage error."""
    if id_ is not None and reference is None:
        return notifier.locate(id_, source=source, numbers=numbers)
    if reference is None or id_ is not None:
        raise click.UsageError(f"give an ID, {other}or a --reference (and --source)")
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
        parts = notifier.show_in_parts(located(notifier, id_, reference, source, numbers=True))
        first = next(parts)
        every = _counted(chain([first], parts))
        if as_json:
            facts = {each.name: getattr(first, each.name) for each in fields(first)}
            del facts["more"], facts["messages"]
            say_json_with(facts, "messages", (each for part in every for each in part.messages))
        else:
            _say(first, every, notifier.settings.time_zone)


def _say(first: NotificationShown, parts: Iterator[NotificationShown], zone: tzinfo) -> None:
    console().print(_facts(first, zone), "", sep="\n")
    for part in parts:
        console().print(_messages(part, zone))


def _counted(parts: Iterable[NotificationShown]) -> Iterator[NotificationShown]:
    """The same, counted where they go into a file and somebody waits."""
    with counting("messages", quiet=sys.stdout.isatty()) as told:
        for part in parts:
            yield part
            told(len(part.messages))


def _facts(whole: NotificationShown, zone: tzinfo) -> Table:
    facts = table("", "")
    facts.show_header = False
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
    if whole.emptied_at is not None:
        facts.add_row("removed", removed.removed(removed.TEXT, whole.emptied_at, whole.emptied_by, Language.EN, zone))
    return facts


def _messages(part: NotificationShown, zone: tzinfo) -> Group:
    messages = table("message:id", "phone:id", "status:id", "tries:n", "code", "SMSID", "reason")
    short = shortened([each.id for each in part.messages])
    for each in part.messages:
        reason = _why(each.wait, zone) if each.wait else each.reason
        told = (text(value) for value in (each.attempts, each.code, each.sms_id, reason))
        messages.add_row(short[each.id], text(each.phone), look_of(each.status), *told)
    requests = [_requests(each, zone) for each in part.messages if each.requests]
    history = [_history(each, zone) for each in part.messages if len(each.history) > 1]
    chains = [each for message in part.messages if message.chain for each in _chain(message)]
    return Group(messages, *_places(part), *_removed(part, zone), "", *chains, *history, *requests)


def _places(whole: NotificationShown) -> Iterator[str]:
    """What was corrected, or sent by another channel, and stands in whose place."""
    for each in whole.messages:
        if each.replaces is not None:
            yield f"sent to {each.phone} in the place of {each.replaces}"
        if each.replaced_by is not None:
            yield f"not sent to {each.phone} any more: in its place is {each.replaced_by}"


def _chain(message: MessageShown) -> Iterator[Table | str]:
    """Each that was sent to the recipient, what it cost, and what all of them did."""
    others = len({each.phone for each in message.chain if each.phone.startswith("+")}) > 1  # of those that are kept
    numbers = ["phone:id"] * others
    to = "" if others else f" to {message.phone}"
    shown = table(
        "message:id", "kind", *numbers, "status:id", "code", "đồng:n", "whose figure",
        title=f"sent{to}, each in the place of the one before",
    )  # fmt: skip
    for each in message.chain:
        kind = each.kind.replace("_", " ") + (" (this)" if each.message == message.id else "")
        number = [text(each.phone)] * others
        told = (text(each.code), _dong(each.cost, each.known), WHOSE[each.known].en)
        shown.add_row(str(each.message), kind, *number, look_of(each.status), *told)
    cost, known = together(message.chain)
    yield shown
    yield f"together: {cost_said(cost, known, Language.EN)}\n"


def _dong(cost: Decimal, known: Known) -> str:
    """What nobody knows is not nothing."""
    return "?" if known == "no" else f"{cost:,.0f}" + (" and more" if known == "part" else "")


def _removed(whole: NotificationShown, zone: tzinfo) -> Iterator[str]:
    """Numbers that are kept no longer."""
    gone = {(each.emptied_at, each.emptied_by) for each in whole.messages}
    yield from (removed.removed(removed.NUMBER, at, by, Language.EN, zone) for at, by in gone if at is not None)


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
    with Notifier.from_env() as notifier, counting("messages counted") as told:
        standing = notifier.status(located(notifier, id_, reference, source, numbers=True).notification, told=told)
    if as_json:
        say_json(_standing(standing))
    else:
        console().print(looks_of(standing.statuses))
        for wait in standing.waits:
            say(f"  {wait.status} {wait.messages:,}: {_why(wait, notifier.settings.time_zone)}")
        for each in standing.replaces:
            say(f"  in the place of {each.message}, which is {each.status}")
        for each in standing.replaced_by:
            say(f"  in its place is {each.message}, which is {each.status}")


def _standing(standing: Standing) -> dict[str, Any]:
    return {
        "id": str(standing.id),
        "reference": standing.reference,
        "campaign": standing.campaign,
        "kind": standing.kind,
        "final": standing.final,
        "statuses": {str(each): count for each, count in standing.statuses.items()},
        "waits": [asdict(wait) for wait in standing.waits],
        "replaces": [_other(each) for each in standing.replaces],
        "replaced_by": [_other(each) for each in standing.replaced_by],
    }


def _other(each: OtherMessage) -> dict[str, str]:
    return {name: str(value) for name, value in asdict(each).items()}
