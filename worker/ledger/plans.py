"""How a statement keeps the plan that it was written for, whatever Postgres believes of the table.

Statistics are stale exactly when it matters: nothing was `accepted` when they were made, two hundred thousand are a
minute later. For what it believes to be one row, Postgres would rather walk the whole partial index of a status than
look up by id; for every message that is asked for, or once for each batch. The same holds of an SMSID beside an id: it
is compared by IS NOT DISTINCT FROM, which no index can answer.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import text

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

_PLANNED_FOR = "bytes of messages that this session's plans are for"  # kept with the connection
_SLACK = 64 * 8192  # bytes: of fewer than that any plan is good enough
_DISCARD = text("DISCARD PLANS")


def fit(session: Session, size: int) -> None:
    """Let this session's plans be made anew where the messages take twice the room that they were made for, or half.

    Postgres keeps a plan until it counts again, up to a minute after a campaign of thousands came in. One that was made
    while it knew of no rows walks over all of them for each message. It asks how large a table is as it plans.
    """
    info = session.connection().info
    planned_for = info.setdefault(_PLANNED_FOR, size)
    if not planned_for / 2 - _SLACK <= size <= planned_for * 2 + _SLACK:
        session.execute(_DISCARD)
        info[_PLANNED_FOR] = size


def still(*statuses: str, message: str = "m") -> str:
    """SQL: it stands there (still), for rows that are found by a key. No index of a status can answer that.

    What walks along such an index, in its order, compares `status` itself.
    """
    words = ", ".join(f"'{status}'" for status in statuses)
    return f"{message}.status || '' IN ({words})" if len(statuses) > 1 else f"{message}.status || '' = {words}"


def by_key(table: str, alias: str, *, of: str, key: str = "id") -> str:
    """SQL: the row of this table that goes by `of`, looked up for one after the other. Joined, it could come first:
    where Postgres counted a table when all that had been in it was gone, it walks over the whole of it instead.
    """
    return f"CROSS JOIN LATERAL (SELECT * FROM {table} AS {alias} WHERE {alias}.{key} = {of} OFFSET 0) AS {alias}"


def places_of(ids: str) -> str:
    """SQL: where the messages with these ids stand, each looked up by its key; for an UPDATE of what this transaction
    has locked, since what somebody else changes would stand elsewhere.
    """
    return f"ARRAY(SELECT m.ctid FROM unnest(CAST({ids} AS uuid[])) AS i (id) {place('i.id')})"


def place(of: str) -> str:
    """SQL: the same of one."""
    return f"CROSS JOIN LATERAL (SELECT m.ctid FROM message AS m WHERE m.id = {of} OFFSET 0) AS m"


def messages_of(notifications: str) -> str:
    """SQL: the ids of these notifications' messages, looked up for one after the other, by the index: however many
    messages a notification has in Postgres's eyes, it does not walk over all there are.
    """
    return f"""ARRAY(
        SELECT of.id FROM unnest(CAST({notifications} AS uuid[])) AS i (id)
        CROSS JOIN LATERAL (SELECT m.id FROM message AS m WHERE m.notification_id = i.id OFFSET 0) AS of
    )"""
