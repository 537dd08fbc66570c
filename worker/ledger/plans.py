"""Keep Postgres to the plan that a statement was written for, however wrong its statistics are.

They are wrong exactly when it matters: nothing was `accepted` when they were made, and a minute later two hundred
thousand messages are. Where it expects one row, Postgres walks over the whole partial index of a status rather than
look up by id, for every message or for each batch. So a condition that should only check a row is written as one that
no index can answer: a status by `still`, an SMSID beside an id by IS NOT DISTINCT FROM.
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
_FEW = 100  # rows: where Postgres expects more than this it looks them up by their keys
MANY = 1000  # of fewer than that any plan is good enough

_PLANNED_FOR = "bytes of messages that this session's plans are for"  # kept with the connection
_PUT_IN = "the transaction, and bytes of messages with those that it put in"  # kept with the session
_PAGE = 8192  # bytes
_SLACK = 64 * _PAGE  # bytes: of fewer than that any plan is good enough
_ROOM = 300  # bytes that a message takes, or its notification
_SIZE = text("SELECT pg_relation_size('message')")
_DISCARD = text("DISCARD PLANS")


def fit_to(session: Session, many: int) -> None:
    """`fit` before so many messages are put in: for each of them a plan looks its notification up as well.

    If the tables were emptied, Postgres may have planned for that since, so the plans count as made for what is there
    now. The size is asked once in a transaction. To ask with each statement costs enqueue_many a tenth: the thread that
    stores waits for the interpreter after each answer, while another one checks.
    """
    info, transaction = session.connection().info, session.get_transaction()  # `connection()` begins it
    within, size = session.info.get(_PUT_IN, (None, 0))
    if within is not transaction:
        size = session.scalar(_SIZE) or 0
        info[_PLANNED_FOR] = min(size, info.get(_PLANNED_FOR, size))
    size += many * _ROOM
    session.info[_PUT_IN] = transaction, size
    fit(session, size)


def fit(session: Session, size: int) -> None:
    """Discard this session's plans where the messages take twice the room that they were made for, or half.

    Postgres keeps a plan until its statistics change, up to a minute after a campaign of thousands came in; and one
    made while the table was empty walks over all of it for each message. A new plan sees how large it is. size: bytes.
    """
    info = session.connection().info
    planned_for = info.setdefault(_PLANNED_FOR, 0)
    if not planned_for / 2 - _SLACK <= size <= planned_for * 2 + _SLACK:
        session.execute(_DISCARD)
        info[_PLANNED_FOR] = size


# Of a table `c` of pg_class: when Postgres counted it, its pages had hardly a row in them, so Postgres expects hardly a
# row in each further page. That is so where it counted before a large commit, or after everything was removed.
FOUND_EMPTY = f"""(
    c.reltuples BETWEEN 0 AND {_FEW} AND c.relpages > 0 AND pg_relation_size(c.oid) > {_SLACK}
    AND c.reltuples / nullif(c.relpages, 0) * (pg_relation_size(c.oid) / {_PAGE}) < {_FEW}
)"""
MESSAGES_FOUND_EMPTY = f"(SELECT {FOUND_EMPTY} FROM pg_class AS c WHERE c.oid = CAST('message' AS regclass))"
# A schema of a former version has no such function, and not every login may call it: then others do.
_MAY_COUNT = text("SELECT coalesce(has_function_privilege(to_regprocedure('count_anew()'), 'EXECUTE'), false)")
_COUNT_ANEW = text("SELECT count_anew()")


def count_anew(session: Session) -> None:
    """Let Postgres count those tables again that it takes for empty and that hold many rows.

    In a transaction of its own, and a short one: until it ends, nobody can vacuum or alter these tables.
    """
    if session.scalar(_MAY_COUNT):
        session.execute(_COUNT_ANEW)


def still(*statuses: str, message: str = "m") -> str:
    """SQL: the message has (still) one of these statuses; for rows found by a key, since no index can answer this.

    A statement that is to walk along an index of a status compares the column itself.
    """
    words = ", ".join(f"'{status}'" for status in statuses)
    return f"{message}.status || '' IN ({words})" if len(statuses) > 1 else f"{message}.status || '' = {words}"


def places_of(ids: str) -> str:
    """SQL: the places (ctid) of the messages with these ids, each looked up by its key, as an array.

    For an UPDATE of rows that this transaction has locked: a row that somebody else changed would have moved.
    """
    return f"ARRAY(SELECT m.ctid FROM unnest(CAST({ids} AS uuid[])) AS i (id) {place('i.id')})"


def place(of: str) -> str:
    """SQL, to follow a FROM: joins the place (m.ctid) of the message with the id `of`."""
    return f"CROSS JOIN LATERAL (SELECT m.ctid FROM message AS m WHERE m.id = {of} OFFSET 0) AS m"


def messages_of(notifications: str) -> str:
    """SQL: the ids of these notifications' messages, as an array.

    Looked up by the index for one notification after the other, however many messages Postgres expects each to have.
    """
    return f"""ARRAY(
        SELECT of.id FROM unnest(CAST({notifications} AS uuid[])) AS i (id)
        CROSS JOIN LATERAL (SELECT m.id FROM message AS m WHERE m.notification_id = i.id OFFSET 0) AS of
    )"""
