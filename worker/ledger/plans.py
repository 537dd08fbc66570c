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

# Tables that grow with what is sent, by their keys: what is asked of them is planned by how many rows they have.
COUNTED = {
    "message": "id",
    "notification": "id",
    "request": "id",
    "settlement": "transaction, id",
    "attempt": "message_id, number",
    "follow_up": "message_id",
    "removal": "message_id, step",
    "webhook_call": "webhook_id, transaction, number",
    "happening": "transaction, number",
    "stream": "id",
    "inbox": "id",
    "contact": "id",
    "occurrence": "owner_id, occasion, before, recipient",
    "advertised": "phone, channel",
    "consent": "id",
}
_FEW = 100  # rows; who plans with more looks them up by their keys
MANY = 1000  # of fewer than that any plan is good enough

_PLANNED_FOR = "bytes of messages that this session's plans are for"  # kept with the connection
_PUT_IN = "the transaction, and bytes of messages with those that it put in"  # kept with the session
_PAGE = 8192  # bytes
_SLACK = 64 * _PAGE  # bytes: of fewer than that any plan is good enough
_ROOM = 300  # bytes that a message takes, or its notification
_SIZE = text("SELECT pg_relation_size('message')")
_DISCARD = text("DISCARD PLANS")


def fit_to(session: Session, many: int) -> None:
    """`fit`, for who is about to put in so many messages: each's notification is looked for by a plan as well.

    Where all that had been there is gone, Postgres may have planned anew since, for as little as there is. How much is
    there is asked once in a transaction: a round trip for each statement would cost who stores beside who checks a
    tenth, since it waits for the interpreter after each.
    """
    info, transaction = session.connection().info, session.get_transaction()  # which begins by the former, if need be
    within, size = session.info.get(_PUT_IN, (None, 0))
    if within is not transaction:
        size = session.scalar(_SIZE) or 0
        info[_PLANNED_FOR] = min(size, info.get(_PLANNED_FOR, size))
    size += many * _ROOM
    session.info[_PUT_IN] = transaction, size
    fit(session, size)


def fit(session: Session, size: int) -> None:
    """Let this session's plans be made anew where the messages take twice the room that they were made for, or half.

    Postgres keeps a plan until it counts again, up to a minute after a campaign of thousands came in. One that was made
    while it knew of no rows walks over all of them for each message. It asks how large a table is as it plans.
    """
    info = session.connection().info
    planned_for = info.setdefault(_PLANNED_FOR, 0)
    if not planned_for / 2 - _SLACK <= size <= planned_for * 2 + _SLACK:
        session.execute(_DISCARD)
        info[_PLANNED_FOR] = size


# Of a table `c` of pg_class: Postgres found pages and hardly a row, and expects as few in each page from then on, as
# large as it grows. So it is where it counted what was not committed yet, and where all that had been in it is gone.
FOUND_EMPTY = f"""(
    c.reltuples BETWEEN 0 AND {_FEW} AND c.relpages > 0 AND pg_relation_size(c.oid) > {_SLACK}
    AND c.reltuples / nullif(c.relpages, 0) * (pg_relation_size(c.oid) / {_PAGE}) < {_FEW}
)"""
MESSAGES_FOUND_EMPTY = f"(SELECT {FOUND_EMPTY} FROM pg_class AS c WHERE c.oid = CAST('message' AS regclass))"
# A former version's migration made no such function; who may not call it leaves it to others.
_MAY_COUNT = text("SELECT coalesce(has_function_privilege(to_regprocedure('count_anew()'), 'EXECUTE'), false)")
_COUNT_ANEW = text("SELECT count_anew()")


def count_anew(session: Session) -> None:
    """Let Postgres count the tables again in which it found nothing, and many rows are. A transaction of its own, and a
    short one: until it ends nobody can vacuum or change them.
    """
    if session.scalar(_MAY_COUNT):
        session.execute(_COUNT_ANEW)


def still(*statuses: str, message: str = "m") -> str:
    """SQL: it stands there (still), for rows that are found by a key. No index of a status can answer that.

    What walks along such an index, in its order, compares `status` itself.
    """
    words = ", ".join(f"'{status}'" for status in statuses)
    return f"{message}.status || '' IN ({words})" if len(statuses) > 1 else f"{message}.status || '' = {words}"


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
