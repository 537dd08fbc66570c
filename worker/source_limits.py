"""What a source may hand to eSMS at most: the value, and what of it is used up today, of its row `l` in SQL."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

TODAY = "CAST(timezone(l.zone, now()) AS date)"
MESSAGES_TODAY = f"CASE WHEN l.day = {TODAY} THEN l.messages ELSE 0 END"
DONG_TODAY = f"CASE WHEN l.day = {TODAY} THEN l.dong ELSE 0 END"


@dataclass(frozen=True, slots=True, kw_only=True)
class Limit:
    """What a source may hand to eSMS at most; None: as much as it likes."""

    source: str
    rate: float | None = None
    """Messages a second."""
    messages_a_day: int | None = None
    dong_a_day: Decimal | None = None

    @property
    def is_none(self) -> bool:
        """There is no limit in it."""
        return self.rate is None and self.messages_a_day is None and self.dong_a_day is None
