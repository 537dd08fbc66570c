"""The times in which a message waited to be sent, and the pauses that lay over them. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from worker.lifecycle import Status

if TYPE_CHECKING:
    from worker.reporting.story.reading import AnyRow, Facts

AGAIN = frozenset({"queued", "unconfirmed", "not taken"})  # after such an outcome it waits again


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
    for request in facts.requests:
        if since is not None and request.at > since and request.outcome:
            yield since, request.at, first
            since, first = None, False
        if request.outcome in AGAIN:
            since = request.at
    if since is not None and row.status in (Status.QUEUED, Status.UNCONFIRMED, Status.CANCELLED, Status.EXPIRED):
        until = row.settled_at or facts.at
        if until > since:
            yield since, until, False


def _over(facts: Facts, since: datetime, until: datetime) -> list[AnyRow]:
    return [p for p in facts.pauses if p.since < until and (p.lifted_at is None or p.lifted_at > since)]
