"""The inbox's other side: what was handed over by SQL is taken out, in its order; what was no message is answered."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from dataclasses import field as dataclass_field
from datetime import timedelta
from typing import TYPE_CHECKING, Any
from uuid import UUID

import orjson
from sqlalchemy import text

from worker.ledger.rows import as_rows
from worker.lifecycle import Handed, InboxState

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

ONE_TAKER = 7203_8812  # an advisory lock's number: two at once could store an older version of a contact last
CLEARED = 1000  # rows that one statement forgets


@dataclass(frozen=True, slots=True)
class Received:
    """One call, as it was made. bound: by a login that is bound to sources."""

    id: UUID
    kind: Handed
    source: str
    reference: str | None
    fields: Mapping[str, Any] = dataclass_field(repr=False)
    bound: bool


@dataclass(frozen=True, slots=True)
class Answered:
    """What became of one that is no notification of its own. field, reason: why it was refused."""

    id: UUID
    state: InboxState
    notification_id: UUID | None = None
    field: str | None = None
    reason: str | None = None
    fields: Mapping[str, Any] | None = dataclass_field(default=None, repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Refused:
    """A request that can't be taken, to be kept. fields: what may be kept of it."""

    id: UUID
    kind: Handed
    source: str
    reference: str | None
    fields: Mapping[str, Any] = dataclass_field(repr=False)
    field: str | None
    reason: str


# Most often there is nothing: then it is one question, and nobody's lock.
_ALONE = text("SELECT pg_try_advisory_xact_lock(:number) WHERE EXISTS (SELECT FROM inbox WHERE state = 'received')")

# A row that an application's transaction is cancelling right now is left for the next time.
_RECEIVED = text("""
    SELECT id, kind, source, reference, fields, bound FROM inbox
    WHERE state = 'received' ORDER BY number LIMIT :most FOR UPDATE SKIP LOCKED
""")

_TAKEN = text("DELETE FROM inbox WHERE id = ANY(:ids)")

# Each is looked up by its key, and changed where it stands: who answers has locked it.
_ANSWERED = text("""
    UPDATE inbox AS i
    SET state = a.state, notification_id = a.notification_id, field = a.field, reason = a.reason,
        fields = coalesce(a.fields, '{}')
    FROM json_to_recordset(CAST(:rows AS json)) AS a (
        id uuid, state text, notification_id uuid, field text, reason text, fields jsonb
    ) CROSS JOIN LATERAL (SELECT t.ctid AS place FROM inbox AS t WHERE t.id = a.id OFFSET 0) AS here
    WHERE i.ctid = here.place
""")

_CLEAR = text("""
    WITH old AS MATERIALIZED (
        SELECT id FROM inbox
        WHERE state <> 'received' AND at < now() - least(CAST(:kept AS interval), CAST(:refused_kept AS interval))
            AND at < now() - CASE state WHEN 'refused' THEN CAST(:refused_kept AS interval)
                ELSE CAST(:kept AS interval) END
        LIMIT :most FOR UPDATE SKIP LOCKED
    )
    DELETE FROM inbox AS i USING old WHERE i.id = old.id
""")
# A task that comes twice is refused once.
_REFUSE = text("""
    INSERT INTO inbox (id, kind, source, reference, fields, bound, door, state, field, reason)
    VALUES (:id, :kind, :source, :reference, CAST(:fields AS jsonb), false, 'task', 'refused', :field, :reason)
    ON CONFLICT (id) DO NOTHING
""")
_REFUSED = text("""
    SELECT id, kind, source, reference, fields, bound FROM inbox
    WHERE id = :id AND state = 'refused' FOR UPDATE
""")


def received(session: Session, most: int) -> list[Received]:
    """The next ones, locked until the transaction ends; none while another process is at it."""
    if not session.scalar(_ALONE, {"number": ONE_TAKER}):
        return []
    return [
        Received(row.id, Handed(row.kind), row.source, row.reference, row.fields, row.bound)
        for row in session.execute(_RECEIVED, {"most": most})
    ]


def taken_in(session: Session, taken: Sequence[UUID], answered: Sequence[Answered]) -> None:
    """Delete the calls that are notifications now (`taken`), and keep for the others what `status()` is to say."""
    if taken:
        session.execute(_TAKEN, {"ids": list(taken)})
    if answered:
        session.execute(_ANSWERED, {"rows": as_rows([asdict(each) for each in answered])})


def refuse(session: Session, refused: Refused) -> None:
    """Keep a request that came by task and can't be taken."""
    session.execute(_REFUSE, asdict(refused) | {"fields": orjson.dumps(refused.fields).decode()})


def refused_one(session: Session, id_: UUID) -> Received | None:
    """This one, locked, as it was handed over; None: it was not refused, or is not any more."""
    row = session.execute(_REFUSED, {"id": id_}).one_or_none()
    return None if row is None else Received(row.id, Handed(row.kind), row.source, row.reference, row.fields, row.bound)


def clear_inbox(session: Session, *, kept: timedelta, refused_kept: timedelta) -> bool:
    """Forget what was answered so long ago; True: there is more of it."""
    asked = {"kept": kept, "refused_kept": refused_kept, "most": CLEARED}
    done: int = session.execute(_CLEAR, asked).rowcount  # type: ignore[attr-defined]
    return done == CLEARED
