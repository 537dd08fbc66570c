"""What sending rules did, day by day: how many messages each held back, cancelled or warned of."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from sqlalchemy import func, select

from worker.law.rules import Did, Rule, hours_of
from worker.reporting.choice import Choice
from worker.reporting.tables import RuleUse

if TYPE_CHECKING:
    from worker.database import Reader

_u = RuleUse


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleUsed:
    """What one rule did on one day of TIME_ZONE, in messages."""

    day: date
    rule: str
    held: int
    """That waited for it; each time that it had one wait."""
    cancelled: int
    warned: int
    """That went out all the same."""

    def as_row(self) -> dict[str, Any]:
        """The line as a row of a file."""
        return asdict(self)


@dataclass(frozen=True, slots=True, kw_only=True)
class HeldBack:
    """How many messages a rule has made wait since yesterday began, those that went out since too."""

    rule: str
    messages: int
    until: datetime | None
    """When its hours open; None: they are open, or it waits for each number's own time."""


def rules_used(session: Reader, choice: Choice) -> list[RuleUsed]:
    """The last day first, and then by name."""
    sums = [func.coalesce(func.sum(_u.messages).filter(_u.did == did), 0).label(did) for did in Did]
    query = select(_u.day, _u.rule, *sums).where(*choice.where({"day": _u.day})).group_by(_u.day, _u.rule)
    rows = session.execute(query.order_by(_u.day.desc(), _u.rule))
    return [RuleUsed(**{name: _plain(each) for name, each in row._mapping.items()}) for row in rows]


def held_back(session: Reader, rules: Sequence[Rule], now: datetime) -> list[HeldBack]:
    """What rules that hold today have made wait, the most first. now: in TIME_ZONE."""
    held: Counter[str] = Counter()
    for each in rules_used(session, Choice(since=now.date() - timedelta(days=1))):
        held[each.rule] += each.held
    untils = {rule.name: rule.opens(now, now.tzinfo) for rule in hours_of(rules) if now.tzinfo}
    return [HeldBack(rule=rule, messages=n, until=untils.get(rule)) for rule, n in (+held).most_common()]


def _plain(value: Any) -> Any:
    """Postgres adds whole numbers up to a numeric."""
    return int(value) if isinstance(value, Decimal) else value
