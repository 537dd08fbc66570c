"""Of the messages of one recipient, each in the `place` of the one before: by which one she is counted."""

from __future__ import annotations

# What was delivered reached her, whatever else was tried; what was called back before it went out leaves her where she
# was.
COUNTED_FIRST = "status = 'delivered' DESC, status <> 'cancelled' DESC, place DESC"


def counted(schema: str = "", *, message: str = "m") -> str:
    """SQL: the id of the message by which the recipient of this one is counted: it, or one of its chain."""
    return f"""CASE WHEN {message}.replaces IS NULL AND {message}.replaced_by IS NULL THEN {message}.id ELSE (
        WITH RECURSIVE before (id, replaces) AS (
            SELECT {message}.id, {message}.replaces
            UNION ALL SELECT o.id, o.replaces FROM before AS b
            CROSS JOIN LATERAL (SELECT o.id, o.replaces FROM {schema}message AS o WHERE o.id = b.replaces OFFSET 0) AS o
        ), chain (place, id, status, replaced_by) AS (
            SELECT 0, o.id, o.status, o.replaced_by FROM before AS b
            CROSS JOIN LATERAL (SELECT * FROM {schema}message AS o WHERE o.id = b.id OFFSET 0) AS o
            WHERE b.replaces IS NULL
            UNION ALL SELECT c.place + 1, o.id, o.status, o.replaced_by FROM chain AS c
            CROSS JOIN LATERAL (SELECT * FROM {schema}message AS o WHERE o.id = c.replaced_by OFFSET 0) AS o
        )
        SELECT id FROM chain ORDER BY {COUNTED_FIRST} LIMIT 1
    ) END"""  # noqa: S608 — our own schemas
