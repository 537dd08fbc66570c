"""How it goes now: what waits and how long, what moves, what is in the way. From sums and a few rows of an index each,
so that it costs the same with ten messages and ten million.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING

from sqlalchemy import func, select, text

from worker.database import TAKES_WRITES
from worker.lifecycle import FAILED, FINAL, Lane, Status
from worker.queues import Queue
from worker.reporting.choice import Choice
from worker.reporting.costs import costs
from worker.reporting.limits import LimitShown, limits
from worker.reporting.operation import (
    STARTED,
    PauseShown,
    RefusedShown,
    SetAside,
    Stopped,
    listeners,
    pauses,
    refused,
    seconds_since,
    seconds_since_beat,
    set_aside,
    stopped_reruns,
    troubles,
)
from worker.reporting.sums import Sums, counted_until, sums
from worker.reporting.tables import AccountBalance, ReportMinute, ReportStanding
from worker.reporting.untaken import refused_within_a_day
from worker.reporting.waiting import SILENT

if TYPE_CHECKING:
    from worker.database import Reader

MINUTES = 180  # that the picture shows
WEEK = timedelta(days=7)
MOST_UNTAKEN = 1000
ENOUGH = 3.0  # days for which money should last
BALANCE_FOR = (
    60.0  # seconds for which whoever looks again and again may remember a balance: a week's costs are added up
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Minute:
    """What came to be within a minute. at: its beginning, in UTC."""

    at: datetime
    sent: int
    """eSMS took it."""
    delivered: int
    failed: int


@dataclass(frozen=True, slots=True, kw_only=True)
class BalanceShown:
    """What the account held. at: when eSMS said so. days: how long it lasts as the last week went; None: not known."""

    dong: Decimal
    at: datetime
    days: float | None

    @property
    def is_short(self) -> bool:
        """Time to top it up."""
        return self.days is not None and self.days < ENOUGH


@dataclass(frozen=True, slots=True, kw_only=True)
class Now:
    """All of it. at: by the database's clock. counted_until: what happened later is in no sum yet; None: nothing is."""

    at: datetime
    counted_until: datetime | None
    standing: Mapping[Lane, Mapping[Status, int]]
    """What is not final, by lane."""
    oldest_due: Mapping[Lane, datetime]
    """Since when the oldest of what is due waits, in lanes where something does."""
    minutes: Sequence[Minute]
    """Each of the last three hours, the oldest first."""
    today: Sequence[Sums]
    """By SmsType, status and code: what was to go out today."""
    pauses: Sequence[PauseShown]
    listeners: Mapping[str, float]
    seconds_since_beat: float | None
    seconds_since_start: float | None
    """Since `up` began to start all parts; None: it never did."""
    troubles: Sequence[str]
    stopped: Sequence[Stopped]
    set_aside: Sequence[SetAside]
    """What was to follow these is kept from coming by a fault of ours; the first of them."""
    used_up: Sequence[LimitShown]
    refused: Sequence[RefusedShown]
    """What came by the broker and was no task, within a day."""
    untaken: int
    """Requests that came by task or SQL within a day and could not be taken; MOST_UNTAKEN stands for more."""
    is_new: bool
    """Nothing was handed over yet, ever."""
    takes_writes: bool
    """Does Postgres? A replica does not: then nothing is sent, and nobody at work can say that they are."""
    has_room: bool = True
    """Is its disk not full? Looked at where beat is silent, which is all that is seen of it otherwise."""

    @property
    def starting(self) -> bool:
        """Who was not heard of yet may still come."""
        return self.seconds_since_start is not None and self.seconds_since_start < SILENT

    @property
    def beats(self) -> bool:
        """A worker heard beat tick."""
        return self.seconds_since_beat is not None and self.seconds_since_beat < SILENT

    @property
    def missing(self) -> list[str]:
        """Queues to which nobody listens."""
        return [str(queue) for queue in Queue if self.listeners.get(str(queue), SILENT) >= SILENT]

    @property
    def statuses_today(self) -> Counter[Status]:
        """How many of what was to go out today stand where."""
        return sum((Counter(line.statuses) for line in self.today), Counter())

    def standing_in(self, *statuses: Status) -> int:
        """How many messages are in these statuses, over all lanes."""
        return sum(lane.get(status, 0) for lane in self.standing.values() for status in statuses)


# Of each lane the streams that are due the longest: what is due stands in one of them, and is the first of its own.
_OLDEST_DUE = text("""
    SELECT l.lane, min(m.due_at) AS due_at
    FROM unnest(CAST(:lanes AS text[])) AS l (lane)
    CROSS JOIN LATERAL (
        SELECT key FROM stream AS s WHERE s.lane = l.lane AND s.due_from <= now() ORDER BY s.due_from LIMIT 20
    ) AS s
    CROSS JOIN LATERAL (
        (SELECT due_at FROM message AS m WHERE m.lane = l.lane AND m.stream = s.key AND m.status = 'queued'
            AND NOT m.grouped AND m.due_at <= now() ORDER BY m.due_at, m.id LIMIT 1)
        UNION ALL
        (SELECT due_at FROM message AS m WHERE m.lane = l.lane AND m.stream = s.key AND m.status = 'queued'
            AND m.grouped AND m.due_at <= now() ORDER BY m.due_at, m.id LIMIT 1)
    ) AS m
    GROUP BY l.lane
""")

# The sums are looked at first, which hold a row from the first message on.
_IS_NEW = text("SELECT NOT EXISTS (SELECT FROM report_standing) AND NOT EXISTS (SELECT FROM notification)")

_TAKES_WRITES = text(f"SELECT {TAKES_WRITES}")


def now(session: Reader, today: date) -> Now:
    """today: the day in TIME_ZONE."""
    at = session.execute(select(func.now())).scalar_one()
    return Now(
        at=at,
        counted_until=counted_until(session),
        standing=_standing(session),
        oldest_due={Lane(row.lane): row.due_at for row in session.execute(_OLDEST_DUE, {"lanes": list(Lane)})},
        minutes=_minutes(session, at),
        today=sums(session, Choice(since=today, until=today), ["sms_type", "status", "code"]),
        pauses=pauses(session),
        listeners=listeners(session),
        seconds_since_beat=seconds_since_beat(session),
        seconds_since_start=seconds_since(session, STARTED),
        troubles=troubles(session),
        stopped=stopped_reruns(session),
        set_aside=set_aside(session),
        used_up=[each for each in limits(session) if each.used_up],
        refused=[each for each in refused(session) if each.at > at - timedelta(days=1)],
        untaken=refused_within_a_day(session, most=MOST_UNTAKEN),
        is_new=bool(session.execute(_IS_NEW).scalar_one()),
        takes_writes=bool(session.execute(_TAKES_WRITES).scalar_one()),
    )


def balance(session: Reader, today: date) -> BalanceShown | None:
    """What the account held when eSMS was last asked; None: it never was."""
    if (row := session.execute(select(*AccountBalance)).one_or_none()) is None:
        return None
    week = costs(session, Choice(since=today - WEEK, until=today - timedelta(days=1)), ["month"])
    spent = sum((line.cost for line in week), Decimal(0)) / WEEK.days
    return BalanceShown(dong=row.dong, at=row.at, days=float(row.dong / spent) if spent > 0 else None)


def _standing(session: Reader) -> dict[Lane, dict[Status, int]]:
    found: dict[Lane, dict[Status, int]] = {lane: {} for lane in Lane}
    for row in session.execute(select(*ReportStanding).where(ReportStanding.messages > 0)):
        if row.status not in FINAL:
            found[Lane(row.lane)][Status(row.status)] = int(row.messages)
    return found


def _minutes(session: Reader, at: datetime) -> list[Minute]:
    first = at.replace(second=0, microsecond=0) - timedelta(minutes=MINUTES - 1)
    counts: Counter[tuple[datetime, Status]] = Counter()
    for row in session.execute(select(*ReportMinute).where(ReportMinute.minute >= first)):
        counts[row.minute, Status(row.status)] += row.messages
    return [_minute(first + timedelta(minutes=number), counts) for number in range(MINUTES)]


def _minute(minute: datetime, counts: Counter[tuple[datetime, Status]]) -> Minute:
    return Minute(
        at=minute,
        sent=counts[minute, Status.ACCEPTED],
        delivered=counts[minute, Status.DELIVERED],
        failed=sum(counts[minute, status] for status in FAILED),
    )
