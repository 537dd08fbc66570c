"""What follows a message by itself once it has failed: the same once more, or another channel.

Each message that something may follow has a row in `follow_up`. It is decided under the locks of that row and of the
message, in one transaction with what is made of it: whoever dies leaves both undone, and whoever comes second finds it
decided. A unique key of `message.replaces` makes sure as well that no two messages take the place of one.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import timedelta
from typing import TYPE_CHECKING, Any, NamedTuple
from uuid import UUID

from sqlalchemy import Row, TextClause, text

from worker.generations import followers
from worker.ids import uuid7s, uuid7s_as_text
from worker.ledger.cancelling import cancelled
from worker.ledger.inserts import Stored, Terms
from worker.ledger.plans import messages_of, places_of, still
from worker.ledger.reached import CALLED_BACK
from worker.ledger.replacing import STAYS, put_in_place
from worker.ledger.rows import as_array
from worker.lifecycle import IS_SET_ASIDE, Kind, Lane, Purpose
from worker.lookups import by_key

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

    from worker.database import Reader

MOST = 500
SET_ASIDE = "set aside"  # a fault of ours kept it from coming

# SQL, of a message `m` and its notification `n`: when each is due, and from when on the other channel is too late.
FALLBACK_AT = """
    coalesce(n.send_date, n.created_at) + make_interval(secs => CAST(n.follow_up ->> 'after' AS double precision))
"""
FALLBACK_LATE_AT = f"""
    least(n.expires_at, {FALLBACK_AT}
        + make_interval(secs => CAST(n.follow_up #>> '{{fallback,horizon}}' AS double precision)))
"""
RETRY_AT = "m.settled_at + make_interval(secs => CAST(n.follow_up #>> '{retry,wait}' AS double precision))"


def _due(which: str) -> TextClause:
    return text(f"""
        SELECT f.message_id AS id, m.status, m.phone, m.generation, m.replaced_by, n.source, n.campaign, n.expires_at,
            n.follow_up, {FALLBACK_AT} <= now() AS fallback_due, {FALLBACK_LATE_AT} <= now() AS fallback_late,
            {RETRY_AT} <= now() AS retry_due, coalesce(n.expires_at <= now(), false) AS retry_late
        FROM (
            SELECT message_id FROM follow_up WHERE due_at <= now() {which}
            FOR UPDATE SKIP LOCKED
        ) AS f
        CROSS JOIN LATERAL (
            SELECT * FROM message AS m WHERE m.id = f.message_id FOR UPDATE SKIP LOCKED
        ) AS m
        {by_key("notification", "n", of="m.notification_id")}
        LIMIT :most
    """)


# The rows that are due first, each locked, and then its message, locked as well, until there are enough; what others
# have locked is skipped. What is in doubt is looked at ever more seldom, by its age.
_DUE = _due("ORDER BY due_at LIMIT :most * 100")
_THIS_IF_DUE = _due("AND message_id = :id")
_DUE_IDS = text("SELECT message_id FROM follow_up WHERE due_at <= now() ORDER BY due_at LIMIT :most")
# Due at infinity: it stays in the index of what is open, behind everything else, so it is found and never due.
_SET_ASIDE = text(f"""
    UPDATE follow_up SET due_at = 'infinity', outcome = '{SET_ASIDE}' WHERE message_id = :id AND due_at <= now()
""")
_LET_GO = text(f"""
    UPDATE follow_up AS f SET due_at = now(), outcome = NULL
    WHERE f.message_id = :id AND {IS_SET_ASIDE} AND EXISTS (
        SELECT FROM message AS m JOIN notification AS n ON n.id = m.notification_id
        WHERE m.id = f.message_id AND n.follow_up IS NOT NULL AND n.source = coalesce(:source, n.source)
    )
    RETURNING f.message_id
""")
# In the order of the ids, some at a time, so that what is set aside anew meanwhile is not let go a second time.
_CHOSEN = f"""
    FROM follow_up AS f
    {by_key("message", "m", of="f.message_id")} {by_key("notification", "n", of="m.notification_id")}
    WHERE {IS_SET_ASIDE} AND n.follow_up IS NOT NULL AND n.source = coalesce(:source, n.source)
      AND (CAST(:campaign AS text) IS NULL OR n.campaign = :campaign)
"""
_COUNT_SET_ASIDE = text(f"SELECT count(*) {_CHOSEN}")
# Found once, before any is changed: in a join Postgres may look for the next ones again with each row of the table,
# where it last counted that while it was small. Then more than so many go, and others are passed over.
_LET_GO_SOME = text(f"""
    WITH found AS MATERIALIZED (
        SELECT f.ctid AS place {_CHOSEN} AND f.message_id > :after ORDER BY f.message_id LIMIT :most
        FOR UPDATE OF f SKIP LOCKED
    )
    UPDATE follow_up AS f SET due_at = now(), outcome = NULL FROM found WHERE f.ctid = found.place
    RETURNING f.message_id
""")
_LATER = text("""
    UPDATE follow_up AS f SET due_at = now() + greatest(interval '5 seconds', least(interval '15 minutes', (
        now() - (SELECT m.created_at FROM message AS m WHERE m.id = f.message_id)
    ) / 10))
    WHERE f.message_id = ANY(:ids)
""")
# The text that was kept for the follow-up is needed no longer, so its removal may be looked at now.
_OVER = text("""
    WITH over AS (UPDATE follow_up SET due_at = NULL, outcome = :outcome WHERE message_id = ANY(:ids))
    UPDATE removal SET look_at = now() WHERE message_id = ANY(:ids)
""")
_CALL_BACK = text(f"""
    UPDATE message AS m SET {cancelled(f"'{CALLED_BACK}'")}
    WHERE m.ctid = ANY({places_of(":ids")}) AND {still("queued")}
""")
# So they failed that nothing followed them; how they fail the next time may be another way.
_OPEN_AGAIN = text(f"""
    UPDATE follow_up SET due_at = now(), outcome = NULL WHERE message_id = ANY(:ids) AND outcome = '{STAYS}'
""")
IS_OPEN = f"(f.due_at IS NOT NULL OR f.outcome = '{STAYS}')"  # or may be once more, when a person sends it again


def closing(these: str, schema: str = "") -> str:
    """SQL: nothing is to follow these messages any more. these: an array of ids."""
    return f"""
    UPDATE {schema}follow_up AS f SET due_at = NULL, outcome = 'nothing' WHERE f.message_id = ANY({these}) AND {IS_OPEN}
    """


class _CallingOff(NamedTuple):
    """First of these, then of those that came in their places: who decides about one right now is waited for, and what
    that made is seen.
    """

    close: TextClause
    following: TextClause
    call_back: TextClause


def _calling_off(these: str) -> _CallingOff:
    chain = f"""WITH RECURSIVE {
        followers(f'''
        SELECT m.replaced_by AS id FROM unnest({these}) AS i (id)
        {by_key("message", "m", of="i.id")} WHERE m.replaced_by IS NOT NULL
        ''')
    }"""
    call_back = f"""
        {chain} UPDATE message AS m SET {cancelled(":reason")}
        WHERE m.id = ANY(ARRAY(SELECT id FROM chain)) AND {still("queued")}
    """
    return _CallingOff(text(closing(these)), text(f"{chain} SELECT id FROM chain"), text(call_back))


_OF_NOTIFICATIONS = _calling_off(messages_of(":ids"))
_OF_MESSAGES = _calling_off("CAST(:ids AS uuid[])")
_CLOSE = text(closing("CAST(:ids AS uuid[])"))
_FORGOTTEN = text(f"""
    UPDATE follow_up AS f SET due_at = NULL, outcome = 'forgotten' WHERE f.message_id = ANY(:ids) AND {IS_OPEN}
""")


def due_follow_ups(session: Session) -> Sequence[Row[*tuple[Any, ...]]]:
    """Some that are to be looked at, locked with their messages; those that somebody else moves just now come later."""
    return session.execute(_DUE, {"most": MOST}).all()


def due_follow_up(session: Session, id_: UUID) -> Sequence[Row[*tuple[Any, ...]]]:
    """The same of this one alone."""
    return session.execute(_THIS_IF_DUE, {"most": 1, "id": id_}).all()


def due_follow_up_ids(session: Session) -> Sequence[UUID]:
    """The ids of those that are to be looked at next; not locked, and nothing else read."""
    return session.scalars(_DUE_IDS, {"most": MOST}).all()


def set_aside(session: Session, id_: UUID) -> None:
    """A fault of ours keeps this one from coming: it is not looked at until a person says so."""
    session.execute(_SET_ASIDE, {"id": id_})


def let_go(session: Session, id_: UUID, *, source: str | None) -> bool:
    """A person has one that was set aside looked at after all; False: it was not, or is another source's."""
    return session.scalar(_LET_GO, {"id": id_, "source": source}) is not None


def count_set_aside(session: Reader, *, campaign: str | None, source: str | None) -> int:
    """How many are set aside, of a campaign or a source, or all; what is kept no longer can't follow."""
    return session.scalar(_COUNT_SET_ASIDE, {"campaign": campaign, "source": source}) or 0


def let_some_go(session: Session, *, campaign: str | None, source: str | None, after: UUID) -> Sequence[UUID]:
    """A person has the next ones of these looked at after all, those after this id; in the order of their ids."""
    asked = {"campaign": campaign, "source": source, "after": after, "most": MOST}
    return sorted(session.scalars(_LET_GO_SOME, asked))


def follow_later(session: Session, ids: Sequence[UUID]) -> None:
    """Look at these again later, since nothing is decided about them yet."""
    session.execute(_LATER, {"ids": list(ids)})


def follow_no_more(session: Session, ids: Sequence[UUID], outcome: str) -> None:
    """Write down what was decided about these, for good."""
    session.execute(_OVER, {"ids": list(ids), "outcome": outcome})


def follow_again(session: Session, ids: Collection[UUID]) -> None:
    """Open these again, which were sent again as they were: they may fail in a way that something follows."""
    if ids:
        session.execute(_OPEN_AGAIN, {"ids": list(ids)})


def follow_none_of(session: Session, notifications: Sequence[UUID], *, reason: str) -> int:
    """Nothing is to follow these any more, and what followed and waits is called back; how many messages that were."""
    return _call_off(session, _OF_NOTIFICATIONS, notifications, reason)


def follow_none_of_messages(session: Session, ids: Sequence[UUID], *, reason: str) -> int:
    """The same of single messages."""
    return _call_off(session, _OF_MESSAGES, ids, reason)


def _call_off(session: Session, statements: _CallingOff, ids: Sequence[UUID], reason: str) -> int:
    asked = {"ids": as_array(map(str, ids)), "reason": reason}
    session.execute(statements.close, asked)
    closed: set[UUID] = set()
    while (chain := set(session.scalars(statements.following, asked))) - closed:  # by the one that was waited for
        session.execute(_CLOSE, {"ids": as_array(map(str, chain - closed))})
        closed |= chain
    if not closed:
        return 0
    found: int = session.execute(statements.call_back, asked).rowcount  # type: ignore[attr-defined]
    return found


def follow_nobody_forgotten(session: Session, ids: Sequence[UUID]) -> None:
    """The recipient of these messages is forgotten: nothing is to follow them. They are locked by the session."""
    session.execute(_FORGOTTEN, {"ids": list(ids)})


def fall_back(session: Session, rows: Sequence[Any]) -> None:
    """Put the other channel's messages in the place of these; what of them still waits is called back."""
    session.execute(_CALL_BACK, {"ids": [row.id for row in rows]})
    ids, messages = uuid7s(len(rows)), uuid7s_as_text(len(rows))
    stored = [_stored(row, id_, message) for row, id_, message in zip(rows, ids, messages, strict=True)]
    put_in_place(session, stored)
    follow_no_more(session, [row.id for row in rows], "fallback")


def _stored(row: Any, id_: UUID, message: str) -> Stored:
    other = row.follow_up["fallback"]
    return Stored(
        id=id_,
        terms=_terms(row, other),
        messages=[(message, row.phone)],
        requests=(),
        reference=None,
        content=other["content"],
        segments=other["segments"],
        plain_segments=other["plain_segments"],
        template_id=other["template_id"],
        fingerprint=other["fingerprint"],
        replaces={row.phone: row.id},
    )


def _terms(row: Any, other: dict[str, Any]) -> Terms:
    return Terms(
        kind=Kind(other["kind"]),
        purpose=Purpose(other["purpose"]),
        lane=Lane(other["lane"]),
        grouped=False,
        source=row.source,
        campaign=row.campaign,
        options=other["options"],
        send_date=None,
        hand_over=False,
        expires_at=row.expires_at,
        horizon=timedelta(seconds=other["horizon"]),
        wanted_by="fallback",
    )
