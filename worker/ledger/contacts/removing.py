"""Forget contacts, and what is queued to remind them; what was sent to them stays on record."""

from __future__ import annotations

from collections.abc import Collection
from typing import TYPE_CHECKING
from uuid import UUID

from sqlalchemy import text

from worker.ledger.cancelling import cancelled
from worker.ledger.plans import still
from worker.lifecycle import PURPOSE

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

# What is queued for another person with the same number stays: a reminder's reference holds its contact's id.
_REMINDERS = f"""
    c.id = ANY(:ids) AND m.phone = ANY(c.phones) AND n.id = m.notification_id AND {PURPOSE} = 'reminder'
    AND (strpos(n.reference, c.id::text) > 0 OR NOT EXISTS (
        SELECT FROM contact AS other WHERE other.phones && c.phones AND other.id <> ALL(:ids)))
"""
_FOLLOW_NONE = text(f"""
    UPDATE follow_up AS f SET due_at = NULL, outcome = 'nothing'
    FROM message AS m, contact AS c, notification AS n
    WHERE {_REMINDERS} AND f.message_id = m.id AND f.due_at IS NOT NULL
""")
_CANCEL_REMINDERS = text(f"""
    UPDATE message AS m SET {cancelled("'the contact was removed'")}
    FROM contact AS c, notification AS n
    WHERE {_REMINDERS} AND {still("queued")}
""")

_REMEMBER_OPT_OUTS = text("""
    INSERT INTO opt_out (phone, since, source)
    SELECT phones[1], opted_out_at, source FROM contact
    WHERE id = ANY(:ids) AND opted_out_at IS NOT NULL AND phones <> '{}' ORDER BY phones[1]
    ON CONFLICT (phone) DO NOTHING
""")

_REMOVE = text("DELETE FROM contact WHERE id = ANY(:ids)")


def remove(session: Session, ids: Collection[UUID]) -> tuple[int, int]:
    """Forget these contacts; how many there were, and how many of their queued reminders were cancelled.

    Messages that were made for them stay, and so does an opt-out: of the main number of each.
    """
    asked = {"ids": list(ids)}
    session.execute(_FOLLOW_NONE, asked)
    cancelled: int = session.execute(_CANCEL_REMINDERS, asked).rowcount  # type: ignore[attr-defined]
    session.execute(_REMEMBER_OPT_OUTS, asked)
    removed: int = session.execute(_REMOVE, asked).rowcount  # type: ignore[attr-defined]
    return removed, cancelled
