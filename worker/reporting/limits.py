"""What sources may hand to eSMS at most, and what of it they have used today."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import TYPE_CHECKING

from sqlalchemy import text

from worker.source_limits import DONG_TODAY, MESSAGES_TODAY, TODAY, Limit

if TYPE_CHECKING:
    from worker.database import Reader

_ALL = text(f"""
    SELECT l.source, l.rate, l.messages_a_day, l.dong_a_day, {MESSAGES_TODAY} AS messages, {DONG_TODAY} AS dong,
        timezone(l.zone, CAST({TODAY} + 1 AS timestamp)) AS until
    FROM source_limit AS l ORDER BY l.source
""")  # noqa: S608 — our own constants


@dataclass(frozen=True, slots=True, kw_only=True)
class LimitShown(Limit):
    """The same, and what is used up today."""

    messages: int
    dong: Decimal
    """By the dearest price of the list for each: eSMS names a number's network only afterwards."""
    until: datetime
    """When the next day begins; in UTC."""

    @property
    def used_up(self) -> bool:
        """What waits goes out on the next day. Of money something may be left that no message costs."""
        messages_over = self.messages_a_day is not None and self.messages >= self.messages_a_day
        return messages_over or (self.dong_a_day is not None and self.dong >= self.dong_a_day)


def limits(session: Reader) -> list[LimitShown]:
    """The limits of all sources, with what each has used today, by source."""
    return [LimitShown(**row) for row in session.execute(_ALL).mappings()]
