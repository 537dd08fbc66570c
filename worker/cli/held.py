"""`held list|show|resolve`: what only a person can decide, with what there is to decide by."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from datetime import UTC, datetime, tzinfo
from typing import Any
from uuid import UUID

import click
from rich.table import Table

from worker.api.decisions import Answer
from worker.api.held import Held
from worker.api.notifier import Notifier
from worker.catalogue.text import Language, span
from worker.cli import completion
from worker.cli.decisions import by_option
from worker.cli.groups import Group
from worker.cli.output import console, json_option, look_of, options, say, say_json, table, text
from worker.reporting import EvidenceShown, HeldShown, shortened

many_options = options(
    completion.campaign_option("All of a campaign."),
    click.option("--code", metavar="C", help="All whose last code is this one."),
    click.option("--older-than", metavar="2h", help="All in doubt for longer than that."),
)


@click.group(cls=Group)
def held() -> None:
    """What only a person can decide: eSMS may or may not have taken it."""


@held.command("list")
@many_options
@click.option("--limit", type=click.IntRange(1, 100_000), default=1000, show_default=True)
@json_option
def held_list(limit: int, as_json: bool, **which: Any) -> None:
    """What waits for a decision, and why; the oldest first."""
    with Notifier.from_env() as notifier:
        found = notifier.held.list(**which, most=limit + 1)
    rows = found[:limit]
    if as_json:
        say_json([asdict(row) for row in rows])
    elif rows:
        _say_rows(rows)
    else:
        say("Nothing of that is held." if any(which.values()) else "Nothing is held.")
    if len(found) > limit and not as_json:
        say(f"more are held than these {limit:,}: choose, or give a higher --limit")


def _say_rows(rows: Sequence[HeldShown]) -> None:
    shown = table("message:id", "kind:id", "phone:id", "in doubt:id", "code:id", "campaign", "reason")
    short, now = shortened([row.id for row in rows]), datetime.now(UTC)
    for row in rows:
        age = None if row.since is None else span((now - row.since).total_seconds(), Language.EN)
        told = (short[row.id], row.kind, row.phone, age, row.code, row.campaign, row.reason)
        shown.add_row(*map(text, told))
    console().print(shown)


@held.command("show")
@click.argument("message_id")
@json_option
def held_show(message_id: str, as_json: bool) -> None:
    """What there is to decide by: each request for it, the evidence heard last, what else this number got that hour."""
    with Notifier.from_env() as notifier:
        evidence = notifier.held.evidence(notifier.held.locate(message_id))
        zone = notifier.settings.time_zone
    if as_json:
        say_json(asdict(evidence))
    else:
        _say_evidence(evidence, zone)


def _say_evidence(evidence: EvidenceShown, zone: tzinfo) -> None:
    say(f"{evidence.message.id} to {evidence.message.phone}: {evidence.message.reason or evidence.message.status}")
    say(f"heard last: {evidence.heard or 'nothing'}")
    console().print(_requests(evidence, zone))
    console().print(_others(evidence, zone) if evidence.others else "Nothing else to this number in that hour.")
    for each in evidence.decisions:
        say(f"{each.by} decided {each.answer} at {text(each.at, zone)}: {each.why or 'no reason given'}")


def _requests(evidence: EvidenceShown, zone: tzinfo) -> Table:
    shown = table("request", "at", "HTTP:n", "code", "outcome")
    for row in evidence.message.requests:
        shown.add_row(*(text(each, zone) for each in (row.function, row.at, row.http_status, row.code, row.outcome)))
    return shown


def _others(evidence: EvidenceShown, zone: tzinfo) -> Table:
    shown = table("the same number, that hour", "kind", "status", "campaign", "accepted")
    for row in evidence.others:
        told = (row.created_at, row.kind, row.status, row.campaign, row.accepted_at)
        shown.add_row(*(text(each, zone) for each in told))
    return shown


@held.command("resolve")
@click.argument("message_id", required=False)
@click.option(
    "--as",
    "answer",
    type=click.Choice([str(each) for each in Answer]),
    required=True,
    help="What you found out, or what is to happen.",
)
@many_options
@click.option("--why", metavar="TEXT", help="Why so; kept for good.")
@click.option("--dry-run", is_flag=True, help="Only say how many it would be.")
@by_option
@json_option
def held_resolve(message_id: str | None, answer: str, dry_run: bool, as_json: bool, **given: Any) -> int:
    """Decide about one held message (see `held list`), or many. `send-again` may reach the recipient a second time.

    MESSAGE_ID: its id or the beginning of it; what else names it alone does too, a reference or a number.
    """
    which = {name: given.pop(name) for name in ("campaign", "code", "older_than")}
    many = any(value is not None for value in which.values())
    if many == (message_id is not None):
        raise click.UsageError("give one MESSAGE_ID, or choose by --campaign, --code, --older-than")
    with Notifier.from_env() as notifier:
        if many:
            return _many(notifier.held, Answer(answer), dry_run, as_json, which | given)
        return _one(notifier.held, notifier.held.locate(str(message_id)), Answer(answer), dry_run, as_json, given)


def _one(held: Held, which: UUID, answer: Answer, dry_run: bool, as_json: bool, given: dict[str, Any]) -> int:
    status = held.resolve(which, answer, dry_run=dry_run, **given)
    if as_json:
        told = {"id": str(which), "as": str(answer), "dry_run": dry_run}
        say_json(told | {"resolved": status is not None, "status": status and str(status)})
    elif status:
        console().print(f"dry run: {which} would be {look_of(status)}" if dry_run else f"{which} is {look_of(status)}")
    else:
        say(f"{which} is not held (any more)")
    return 0 if status else 1


def _many(held: Held, answer: Answer, dry_run: bool, as_json: bool, given: dict[str, Any]) -> int:
    resolved = held.resolve_many(answer, dry_run=dry_run, **given)
    if as_json:
        say_json({"resolved": resolved, "as": str(answer), "dry_run": dry_run})
    else:
        say(f"{'dry run, would be ' if dry_run else ''}decided: {resolved:,} message(s): {answer}")
    return 0 if resolved else 1
