"""What was to go out and what came of it, from the sums of days: however many messages there were."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from itertools import groupby
from typing import TYPE_CHECKING, Any

from sqlalchemy import func, select

from worker.lifecycle import DAILY_SUMS, FAILED, FINAL, Status
from worker.reporting.choice import Choice, GroupBy, columns_of, grouping
from worker.reporting.months import by_months
from worker.reporting.tables import ReportDaily, ReportMonth, RollUp

if TYPE_CHECKING:
    from worker.database import Reader

_NAMES = ("source", "campaign", "purpose", "lane", "sms_type", "network", "status", "code")
_d, _m = ReportDaily, ReportMonth
_SUMMED = (*_NAMES, *DAILY_SUMS, "superseded")
_DAYS = select(_d.day, _d.day.label("first_day"), _d.day.label("last_day"), *(_d[name] for name in _SUMMED))
_MONTHS = select(_m.month.label("day"), _m.first_day, _m.last_day, *(_m[name] for name in _SUMMED))


_AMOUNTS = ("messages", "segments", "priced", "price", "superseded")


class Counted:
    """How many messages stand where."""

    __slots__ = ()
    statuses: Mapping[Status, int]

    @property
    def messages(self) -> int:
        return sum(self.statuses.values())

    @property
    def delivered(self) -> int:
        return self.statuses.get(Status.DELIVERED, 0)

    @property
    def failed(self) -> int:
        """Did not arrive, was refused, came too late, or nobody will ever know."""
        return sum(self.statuses.get(each, 0) for each in FAILED)

    @property
    def held(self) -> int:
        return self.statuses.get(Status.HELD, 0)

    @property
    def open(self) -> int:
        """Waits, is under way, or is being asked about."""
        return sum(count for each, count in self.statuses.items() if each not in FINAL) - self.held

    @property
    def other(self) -> int:
        """Called back, or of the sandbox."""
        return self.messages - self.delivered - self.failed - self.held - self.open

    @property
    def delivery_rate(self) -> float | None:
        """Of what was delivered or failed, the part that was delivered; None: nothing was yet."""
        ended = self.delivered + self.failed
        return self.delivered / ended if ended else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Sums(Counted):
    """A line of a report. A recipient to whom it was sent again counts once, by the last generation and on its day.

    `segments`, `priced` and `price` are of each time, on the day of each.
    """

    key: Mapping[GroupBy, date | str | int]
    """What it is of: a day, a month like 2026-11, a campaign …; '' and 0 where there is none."""
    first_day: date
    last_day: date
    statuses: Mapping[Status, int]
    segments: int
    """SMS as they are billed, by our own count; a call is one."""
    priced: int
    """Of the messages, those whose price eSMS told."""
    price: Decimal
    """Of these, in dong."""
    superseded: int
    """Earlier generations of those to whom it was sent again; `messages` has none of them, or all (`each`)."""

    def as_row(self) -> dict[str, Any]:
        """Flat; every line of a report has the same columns."""
        names = ("messages", "delivered", "failed", "open", "held", "delivery_rate")
        facts = ("segments", "priced", "price", "first_day", "last_day", "superseded")
        seldom = (*FAILED, Status.CANCELLED, Status.SANDBOXED)
        return {
            **{str(name): value for name, value in self.key.items()},
            **{name: getattr(self, name) for name in names},
            **{str(each): self.statuses.get(each, 0) for each in seldom},
            **{name: getattr(self, name) for name in facts},
        }


def sums(session: Reader, choice: Choice, by: Sequence[GroupBy]) -> list[Sums]:
    """One line for each that is grouped by, in their order. Raises Invalid."""
    of, columns = summed(choice, by)
    amounts = [func.sum(of[name]).label(name) for name in _AMOUNTS]
    days = func.min(of.first_day).label("first_day"), func.max(of.last_day).label("last_day")
    grouped = [*(key for key in grouping(by, columns) if key.name != "status"), of.status]
    query = select(*grouped, *days, *amounts).where(*choice.where(columns)).group_by(*grouped).order_by(*grouped)
    rows = session.execute(query.having(func.sum(of.messages) != 0)).all()
    return [
        _line(by, list(alike), choice.each)
        for _, alike in groupby(rows, lambda row: tuple(getattr(row, name) for name in by))
    ]


def summed(choice: Choice, by: Sequence[GroupBy], *, apart: Collection[date] = ()) -> tuple[Any, Mapping[str, Any]]:
    """The sums that are to be added up, and by name what they can be grouped by. apart: as of `by_months`."""
    of: Any = _DAYS.subquery().c if "day" in by else by_months(choice, _MONTHS, _m.month, _DAYS, _d.day, apart=apart)
    return of, columns_of(of, *_NAMES)


def counted_until(session: Reader) -> datetime | None:
    """All that happened before then is in the sums; None: nothing has been added up yet."""
    found: datetime | None = session.scalar(select(RollUp.folded_at))
    return found


def _line(by: Sequence[GroupBy], rows: Sequence[Any], each: bool) -> Sums:
    counts = {Status(row.status): int(row.messages - (0 if each else row.superseded)) for row in rows}
    return Sums(
        key={name: getattr(rows[0], name) for name in by},
        first_day=min(row.first_day for row in rows),
        last_day=max(row.last_day for row in rows),
        statuses={status: count for status, count in counts.items() if count},
        segments=int(sum(row.segments for row in rows)),
        priced=int(sum(row.priced for row in rows)),
        price=sum((row.price for row in rows), Decimal(0)),
        superseded=int(sum(row.superseded for row in rows)),
    )
