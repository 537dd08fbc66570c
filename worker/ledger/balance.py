"""What the account at eSMS held when it was last asked."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

from sqlalchemy import text

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

_NOTE = text("""
    INSERT INTO account_balance (id, dong) VALUES (1, :dong)
    ON CONFLICT (id) DO UPDATE SET dong = excluded.dong, at = now()
""")


def note_balance(session: Session, dong: Decimal) -> None:
    """Note what the account holds now, in đồng."""
    session.execute(_NOTE, {"dong": dong})
