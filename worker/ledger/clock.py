"""Postgres's time, which is the one that rules, events and dates go by."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from sqlalchemy import text

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

_CLOCK = text("SELECT now()")


def clock(session: Session, now: datetime | None = None) -> datetime:
    """When this transaction began, by Postgres; `now` stands in for it where a test drives time."""
    moment: datetime = now or session.execute(_CLOCK).scalar_one()
    return moment
