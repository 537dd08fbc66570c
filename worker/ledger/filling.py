"""Write down, some at a time, how the messages stood that were there before there were settlements.

What has happened to one since then is in its settlements already: its first row tells what it was before.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import text

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

MOST = 1000  # messages that one step locks

_STATE = text("SELECT fill_after, fill_until FROM roll_up WHERE fill_until IS NOT NULL FOR UPDATE SKIP LOCKED")

# So that none changes between the look at its settlements and the row that is made of it.
_LOCK = text("""
    SELECT id FROM message
    WHERE (CAST(:after AS uuid) IS NULL OR id > :after) AND id <= :until
    ORDER BY id LIMIT :most
    FOR NO KEY UPDATE
""")

# One that was put in since by a clock that is behind has its row, of the moment of its message's own.
# One that was sent again since has what it came to before in its first attempt.
_FILL = text("""
    INSERT INTO settlement (
        transaction, at, wanted_at, message_id, notification_id, generation, lane, status, code, network, price
    )
    SELECT CAST(CAST(pg_current_xact_id() AS text) AS bigint), m.created_at,
        coalesce(first.was_wanted_at, first.wanted_at, m.wanted_at, m.created_at), m.id, m.notification_id, 0,
        m.lane, coalesce(first.was, ended.status, m.status),
        CASE WHEN first.was IS NOT NULL THEN first.was_code WHEN ended.status IS NULL THEN m.code ELSE ended.code END,
        CASE WHEN first.was IS NOT NULL THEN NULL WHEN ended.status IS NULL THEN m.network ELSE ended.network END,
        CASE WHEN first.was IS NOT NULL THEN first.was_price WHEN ended.status IS NULL THEN m.price END
    FROM message AS m
    LEFT JOIN LATERAL (
        SELECT s.was, s.was_code, s.was_price, s.was_wanted_at, s.wanted_at FROM settlement AS s
        WHERE s.message_id = m.id ORDER BY s.id LIMIT 1
    ) AS first ON true
    LEFT JOIN LATERAL (
        SELECT a.status, a.code, a.network FROM attempt AS a
        WHERE a.message_id = m.id AND a.status <> 'queued' AND first.was IS NULL ORDER BY a.number LIMIT 1
    ) AS ended ON true
    WHERE m.id = ANY(:ids)
      AND NOT EXISTS (SELECT FROM settlement AS s WHERE s.message_id = m.id AND s.at = m.created_at AND s.was IS NULL)
""")

_ON = text("UPDATE roll_up SET fill_after = :last, fill_until = CASE WHEN :over THEN NULL ELSE fill_until END")


def fill(session: Session, *, most: int = MOST) -> bool:
    """Write down the next ones, at most so many; False: none are left, or another process is at it."""
    if (state := session.execute(_STATE).one_or_none()) is None:
        return False
    asked = {"after": state.fill_after, "until": state.fill_until, "most": most}
    ids = list(session.scalars(_LOCK, asked))
    if ids:
        session.execute(_FILL, {"ids": ids})
    over = len(ids) < most
    session.execute(_ON, {"last": ids[-1] if ids else state.fill_after, "over": over})
    return not over
