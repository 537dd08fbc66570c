"""The figures of the page, each a few rows of sums: however many messages there were."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING

from sqlalchemy import func, select

from worker.lifecycle import FAILED, FINAL, Lane, Status
from worker.reporting.choice import Choice
from worker.reporting.costs import Costs, costs
from worker.reporting.latency import Latency, latency
from worker.reporting.operation import PauseShown, pauses
from worker.reporting.sums import Sums, counted_until, sums
from worker.reporting.tables import Message, Notification

if TYPE_CHECKING:
    from worker.database import Reader

OPEN = tuple(str(each) for each in Status if each not in FINAL and each is not Status.HELD)


@dataclass(frozen=True, slots=True, kw_only=True)
class HeldTogether:
    """Messages that are held for the same reason. since: the oldest of them, in UTC."""

    kind: str
    reason: str | None
    messages: int
    since: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Figures:
    """All that the page tells. of: the days, both in."""

    since: date
    until: date
    made_at: datetime
    counted_until: datetime | None
    days: Sequence[Sums]
    campaigns: Sequence[Sums]
    networks: Sequence[Sums]
    failures: Sequence[Sums]
    latency: Sequence[Latency]
    costs: Sequence[Costs]
    sources: Sequence[Costs]
    """The same by application, the dearest first."""
    pauses: Sequence[PauseShown]
    held: Sequence[HeldTogether]
    waiting: Sequence[Sums]


def figures(session: Reader, choice: Choice, goals: Mapping[Lane, timedelta]) -> Figures:
    """The figures of these days; both ends must be given. Raises Invalid."""
    assert choice.since and choice.until
    failed = replace(choice, words={**choice.words, "status": [str(each) for each in FAILED]})
    return Figures(
        since=choice.since,
        until=choice.until,
        made_at=session.execute(select(func.now())).scalar_one(),
        counted_until=counted_until(session),
        days=sums(session, choice, ["day"]),
        campaigns=_most_first(sums(session, choice, ["campaign"])),
        networks=_most_first(sums(session, choice, ["network"])),
        failures=_most_first(sums(session, failed, ["sms_type", "status", "code"])),
        latency=latency(session, choice, ["lane"], goals),
        costs=costs(session, choice, ["month"]),
        sources=sorted(costs(session, choice, ["source"]), key=lambda line: (-line.cost, -line.messages)),
        pauses=pauses(session),
        held=held_together(session),
        waiting=sums(session, Choice(words={"status": OPEN}), ["lane"]),
    )


def _most_first(lines: Sequence[Sums]) -> Sequence[Sums]:
    """Those by which somebody is counted."""
    return sorted((line for line in lines if line.messages), key=lambda line: -line.messages)


def held_together(session: Reader) -> list[HeldTogether]:
    """What waits for a person's decision, by kind and reason, the most first."""
    count = func.count()
    asked = (
        select(
            Notification.kind,
            Message.reason,
            count.label("messages"),
            func.min(Message.in_doubt_since).label("since"),
        )
        .where(Notification.id == Message.notification_id, Message.status == str(Status.HELD))
        .group_by(Notification.kind, Message.reason)
        .order_by(count.desc(), Notification.kind, Message.reason)
    )
    return [HeldTogether(**row) for row in session.execute(asked).mappings()]
