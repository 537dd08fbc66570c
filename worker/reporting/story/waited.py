"""The times in which a message waited to be sent, and the pauses that lay over them. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from worker.lifecycle import Status

if TYPE_CHECKING:
    from worker.reporting.story.reading import AnyRow, Facts

SENT_AGAIN = "sent again"  # by a person
AGAIN = frozenset({"queued", "unconfirmed", "not taken", SENT_AGAIN})  # after such an outcome it waits again
LEFT = frozenset({"expired", SENT_AGAIN})  # it waited until then, and did not go out


@dataclass(frozen=True, slots=True)
class Gap:
    """From when to when it waited, and what held it back then. sent: the wait ended by its going out."""

    since: datetime
    until: datetime
    pauses: Sequence[AnyRow]
    sent: bool


def gaps_of(facts: Facts) -> list[Gap]:
    """Before it went out first, between its tries, and until now if it still waits."""
    return [Gap(since, until, _over(facts, since, until), sent) for since, until, sent in _waits(facts)]


def _waits(facts: Facts) -> Iterator[tuple[datetime, datetime, bool]]:
    of, row = facts.notification, facts.message
    dated = of.send_date if of.send_date and not of.hand_over else None
    since: datetime | None = max(filter(None, (of.created_at, dated)))
    first = True
    for at, outcome in _turns(facts):
        if since is not None and at > since and outcome:
            yield since, at, first and outcome not in LEFT
            since, first = None, False
        if outcome in AGAIN:
            since, first = at, first or outcome == SENT_AGAIN
    if since is not None and row.status in (Status.QUEUED, Status.UNCONFIRMED, Status.CANCELLED, Status.EXPIRED):
        until = row.settled_at or facts.at
        if until > since:
            yield since, until, False


def _turns(facts: Facts) -> list[tuple[datetime, str]]:
    """What ended a wait or began one: requests, a time that had passed, a person who had it sent again."""
    turns = [(request.at, request.outcome) for request in facts.requests]
    turns += [(each.settled_at, each.status) for each in facts.over if each.status == Status.EXPIRED]
    turns += [(each.ended_at, SENT_AGAIN) for each in facts.over if each.status != Status.QUEUED]
    return sorted(turns, key=lambda turn: turn[0])


def _over(facts: Facts, since: datetime, until: datetime) -> list[AnyRow]:
    return [p for p in facts.pauses if p.since < until and (p.lifted_at is None or p.lifted_at > since)]
