"""What it cost: what eSMS told, else what the price list says, and of how many messages neither knows.

Only what eSMS took costs something; of what is in doubt nobody knows yet whether it did.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Literal

from sqlalchemy import ARRAY, CTE, ColumnElement, Date, and_, case, cast, func, literal, or_, select, text
from sqlalchemy.engine import RowMapping
from sqlalchemy.sql.base import ReadOnlyColumnCollection

from worker.lifecycle import DAILY_SUMS, FAILED, Status
from worker.reporting.choice import Choice, GroupBy, flat, grouping
from worker.reporting.sums import summed
from worker.reporting.tables import Price

if TYPE_CHECKING:
    from worker.database import Reader

TAKEN = (Status.ACCEPTED, Status.DELIVERED, Status.UNDELIVERED, Status.UNKNOWN)
TAKEN_CODES = ("100", "124")  # of what was refused after eSMS had taken it
IN_DOUBT = (Status.UNCONFIRMED, Status.HELD)

Known = Literal["esms", "list", "both", "part", "no"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Costs:
    """A line of a report; amounts in đồng, to which what is unknown adds."""

    key: Mapping[GroupBy, date | str | int]
    """What it is of: a day, a month like 2026-11, a campaign …; '' and 0 where there is none."""
    messages: int
    """That eSMS took; one that was sent again counts for each time."""
    segments: int
    """SMS as they are billed, by our own count; a call is one."""
    told: Decimal
    """By eSMS itself …"""
    told_messages: int
    """… of so many messages."""
    listed: Decimal
    """By the price list, where eSMS told nothing …"""
    listed_messages: int
    """… of so many."""
    unknown_messages: int
    """Neither eSMS nor the list knows what these cost."""
    doubtful_messages: int
    """Unconfirmed or held: not counted above, since they may have cost nothing."""
    failed: Decimal
    """Of told and listed: what did not arrive, was refused after eSMS took it, or will never be known."""
    failed_messages: int
    long: Decimal
    """Of told and listed: second and further SMS of texts that are long even without accents: the 161st character."""
    long_segments: int
    accents: Decimal
    """The same: SMS that a text is more than it were without accents (`--unicode`)."""
    accent_segments: int
    told_and_listed: Decimal
    """Of told: that for which the list has a price, too …"""
    list_for_told: Decimal
    """… and what the list says of the same. Where they differ, the list is not what eSMS bills."""

    @property
    def cost(self) -> Decimal:
        """All that is known."""
        return self.told + self.listed

    @property
    def known(self) -> Known:
        """Whose figure `cost` is: eSMS's, the list's, both theirs; of a part of the messages; or nobody's."""
        if self.unknown_messages:
            return "part" if self.told_messages or self.listed_messages else "no"
        if self.told_messages and self.listed_messages:
            return "both"
        return "list" if self.listed_messages else "esms"

    def as_row(self) -> dict[str, Any]:
        """Flat; every line of a report has the same columns."""
        named = {str(name): value for name, value in self.key.items()}
        return named | {"cost": self.cost, "known": self.known} | flat(self)


# Of a year of many campaigns: to be added up in memory and not sorted on disk, which takes twice as long.
_ROOM = text("SELECT set_config('work_mem', '64MB', true)")

_ALIKE = ("sms_type", "network", "span")  # what has these has one price


def costs(session: Reader, choice: Choice, by: Sequence[GroupBy]) -> list[Costs]:
    """One line for each that is grouped by, in their order. Raises Invalid."""
    session.execute(_ROOM)
    by = list(dict.fromkeys(by))
    # Between two days on which some price changes all stay, so that one is looked up for all the days between.
    days = session.scalars(select(Price.valid_from).distinct().order_by(Price.valid_from)).all()
    added = _added(choice, by, days)
    priced = _priced(added)
    keys = [added.c[f"by_{name}"].label(name) for name in by]
    amounts = [amount.label(name) for name, amount in _amounts(added.c, priced.c.dong).items()]
    alike = and_(*(added.c[name] == priced.c[name] for name in _ALIKE))
    query = select(*keys, *amounts).select_from(added.join(priced, alike)).group_by(*keys).order_by(*keys)
    return [_line(by, row) for row in session.execute(query).mappings() if row["messages"] or row["doubtful_messages"]]


def _added(choice: Choice, by: Sequence[GroupBy], changes: Sequence[date]) -> CTE:
    """Added up to so few rows that the rest costs little; months in which a price changes, by their days."""
    of, columns = summed(choice, by, apart={day.replace(day=1) for day in changes if day.day > 1})
    keys = [key.label(f"by_{key.name}") for key in grouping(by, columns)]
    span = func.width_bucket(of.day, cast(literal(changes, ARRAY(Date)), ARRAY(Date))).label("span")
    alike = [of.sms_type, of.network, span, of.status, of.code]
    sums = [func.min(of.first_day).label("day"), *(func.sum(of[name]).label(name) for name in DAILY_SUMS)]
    grouped = [text(each.name) for each in (*keys, *alike)]
    return (
        select(*keys, *alike, *sums)
        .where(*choice.where(columns))
        .group_by(*grouped)
        .cte("added")
        .prefix_with("MATERIALIZED")
    )


def _priced(added: CTE) -> CTE:
    """The list's price of one, of the network's own row or else that of all others; once for all that are alike.

    Materialized: it would be looked up anew in each sum that needs it.
    """
    alike = [added.c[name] for name in _ALIKE]
    asked = select(*alike, func.min(added.c.day).label("day")).group_by(*alike).subquery()
    of_network = Price.network.in_([func.lower(asked.c.network), ""])
    found = select(Price.dong).where(Price.sms_type == asked.c.sms_type, of_network, Price.valid_from <= asked.c.day)
    nearest = found.order_by(Price.network == "", Price.valid_from.desc()).limit(1)
    return select(asked, nearest.scalar_subquery().label("dong")).cte("priced").prefix_with("MATERIALIZED")


def _amounts(
    of: ReadOnlyColumnCollection[str, ColumnElement[Any]], dong: ColumnElement[Any]
) -> dict[str, ColumnElement[Any]]:
    """Of what eSMS took and told no price for, the list's; whose SMS were never counted, nobody's."""
    taken = or_(of.status.in_(TAKEN), and_(of.status == Status.REJECTED, of.code.in_(TAKEN_CODES)))
    failed, in_doubt, is_listed = of.status.in_(FAILED), of.status.in_(IN_DOUBT), dong.is_not(None)
    unpriced = case((taken, of.messages - of.priced - of.uncounted), else_=0)
    uncounted = case((taken, of.uncounted), else_=0)
    by_list = case((and_(taken, is_listed), of.segments - of.priced_segments - of.uncounted), else_=0)
    messages, cost = of.priced + unpriced + uncounted, of.price + func.coalesce(by_list * dong, 0)
    of_one = cost / func.nullif(of.priced_segments + by_list, 0)
    return {
        "messages": _sum(messages),
        "segments": _sum(case((taken, of.segments), else_=of.priced_segments)),
        "told": _sum(of.price),
        "told_messages": _sum(of.priced),
        "listed": _sum(by_list * dong),
        "listed_messages": _sum(unpriced, is_listed),
        "unknown_messages": _sum(unpriced, ~is_listed) + _sum(uncounted),
        "doubtful_messages": _sum(of.messages - of.priced, in_doubt),
        "failed": _sum(cost, failed),
        "failed_messages": _sum(messages, failed),
        "long": _sum(of.long_segments * of_one, taken),
        "long_segments": _sum(of.long_segments, taken),
        "accents": _sum(of.accent_segments * of_one, taken),
        "accent_segments": _sum(of.accent_segments, taken),
        "told_and_listed": _sum(of.price, is_listed),
        "list_for_told": _sum(of.priced_segments * dong),
    }


def _sum(amount: ColumnElement[Any], *only: ColumnElement[bool]) -> ColumnElement[Any]:
    return func.coalesce(func.sum(amount).filter(*only) if only else func.sum(amount), 0)


_DECIMALS = frozenset(each.name for each in fields(Costs) if each.type == "Decimal")


def _line(by: Sequence[GroupBy], row: RowMapping) -> Costs:
    amounts: dict[str, Any] = {
        each.name: (Decimal if each.name in _DECIMALS else int)(row[each.name]) for each in fields(Costs)[1:]
    }
    return Costs(key={name: row[name] for name in by}, **amounts)
