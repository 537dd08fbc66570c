"""Occurrences in the ledger: won once for each recipient, closed with what became of them, called back while they can.

won ─▶ closed: made | skipped        made ─ recall ─▶ cancelled ─ won again ─▶ …

Winning and closing belong into one transaction, together with the notifications: a crash leaves all or nothing.
"""

from __future__ import annotations

from collections.abc import Container, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any
from uuid import UUID

from sqlalchemy import text

from worker.ledger.cancelling import cancelled
from worker.ledger.follow_ups import follow_none_of
from worker.ledger.plans import still
from worker.ledger.rows import as_array, as_rows
from worker.lifecycle import NOT_ARRIVED, OccurrenceState, Status

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

UNFINISHED = "being made"  # never seen from outside: the transaction that writes it also closes it


@dataclass(frozen=True, slots=True, kw_only=True)
class Key:
    """What stands for one occurrence and one recipient, whatever happens."""

    owner_id: UUID  # of the rule or event
    occasion: str
    before: str  # the event's offset; '' for a rule
    recipient: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Closed:
    """What became of one that was won: a notification, or why there is none."""

    key: Key
    notification_id: UUID | None
    reason: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Recalled:
    """What became of an occurrence that was made and is not wanted any more."""

    key: Key
    occurs_at: datetime
    notification_id: UUID
    called_back: bool  # it goes out no more; False: its message stands where its status says
    status: Status

    @property
    def too_late(self) -> bool:
        """It is on its way, or has arrived."""
        return not self.called_back and self.status not in NOT_ARRIVED


@dataclass(frozen=True, slots=True, kw_only=True)
class OccurrenceRow:
    """One occurrence for one recipient, as it stands."""

    key: Key
    occurs_at: datetime
    state: OccurrenceState
    notification_id: UUID | None
    reason: str | None
    status: Status | None  # of its message


# In the order of the key: two that want the same occurrences queue up instead of deadlocking.
_WIN = text(f"""
    INSERT INTO occurrence (owner_id, occasion, before, recipient, occurs_at, state, reason, created_at, changed_at)
    SELECT :owner_id, :occasion, :before, r.recipient, :occurs_at, 'skipped', '{UNFINISHED}', :now, :now
    FROM unnest(CAST(:recipients AS text[])) AS r (recipient)
    ORDER BY r.recipient
    ON CONFLICT (owner_id, occasion, before, recipient) DO UPDATE
    SET state = 'skipped', reason = '{UNFINISHED}', notification_id = NULL, occurs_at = excluded.occurs_at,
        changed_at = :now, round = occurrence.round + CASE WHEN occurrence.state = 'cancelled' THEN 1 ELSE 0 END
    WHERE occurrence.state <> 'made'
    RETURNING recipient, round
""")

_CLOSE = text("""
    UPDATE occurrence AS o
    SET notification_id = c.notification_id, reason = c.reason,
        state = CASE WHEN c.notification_id IS NULL THEN 'skipped' ELSE 'made' END
    FROM json_to_recordset(CAST(:rows AS json)) AS c (
        owner_id uuid, occasion text, before text, recipient text, notification_id uuid, reason text
    )
    WHERE (o.owner_id, o.occasion, o.before, o.recipient) = (c.owner_id, c.occasion, c.before, c.recipient)
      AND o.state = 'skipped'
""")

# Step by step and not in one statement: what a CTE holds has no statistics, and Postgres would join 50,000 with 50,000
# row by row.
_MADE = text("""
    SELECT owner_id, occasion, before, recipient, occurs_at, notification_id
    FROM occurrence
    WHERE owner_id = :owner_id AND state = 'made' AND occurs_at >= :since
      AND (CAST(:recipients AS text[]) IS NULL OR recipient = ANY(CAST(:recipients AS text[])))
""")

_CALL_BACK = text(f"""
    UPDATE message AS m SET {cancelled(":reason")}
    WHERE m.notification_id = ANY(CAST(:ids AS uuid[])) AND {still("queued")}
    RETURNING m.notification_id
""")

_NOTE = text("""
    UPDATE occurrence AS o
    SET state = 'cancelled', reason = :reason, changed_at = :now
    WHERE o.owner_id = :owner_id AND o.occurs_at >= :since AND o.state = 'made'
      AND o.notification_id = ANY(CAST(:ids AS uuid[]))
""")

_STANDING = text("""
    SELECT notification_id, status FROM message WHERE notification_id = ANY(CAST(:ids AS uuid[]))
""")

_OF = text("""
    SELECT o.owner_id, o.occasion, o.before, o.recipient, o.occurs_at, o.state, o.notification_id, o.reason, m.status
    FROM occurrence AS o LEFT JOIN message AS m ON m.notification_id = o.notification_id
    WHERE o.recipient = :recipient AND (CAST(:owner_id AS uuid) IS NULL OR o.owner_id = :owner_id)
      AND o.occurs_at >= :since AND o.occurs_at < :until
    ORDER BY o.occurs_at
""")

# What a rule made on a day: no more than that is read, however long the ledger is.
_TO = text("""
    SELECT o.owner_id, o.occasion, o.before, o.recipient, o.occurs_at, o.state, o.notification_id, o.reason, m.status
    FROM occurrence AS o JOIN message AS m ON m.notification_id = o.notification_id
    WHERE m.phone = ANY(:phones) AND o.owner_id = :owner_id AND o.occurs_at >= :since AND o.occurs_at < :until
    ORDER BY o.occurs_at
""")

_COUNT = text("SELECT state, count(*) FROM occurrence WHERE owner_id = :owner_id GROUP BY state")


def win(
    session: Session,
    recipients: Iterable[str],
    *,
    owner_id: UUID,
    occasion: str,
    before: str = "",
    occurs_at: datetime,
    now: datetime,
) -> dict[Key, int]:
    """Claim an occurrence for these recipients; the keys that nobody has made yet, with how often they were claimed."""
    asked = {"owner_id": owner_id, "occasion": occasion, "before": before, "occurs_at": occurs_at, "now": now}
    won = session.execute(_WIN, asked | {"recipients": list(recipients)}).all()
    return {Key(owner_id=owner_id, occasion=occasion, before=before, recipient=row.recipient): row.round for row in won}


def close(session: Session, closed: Sequence[Closed]) -> None:
    """Write down what became of those that were won."""
    rows = [asdict(one.key) | {"notification_id": one.notification_id, "reason": one.reason} for one in closed]
    if rows:
        session.execute(_CLOSE, {"rows": as_rows(rows)})


def recall(
    session: Session,
    owner_id: UUID,
    *,
    reason: str,
    since: datetime,
    now: datetime,
    recipients: Sequence[str] | None = None,
    followed: bool = True,
) -> list[Recalled]:
    """Call back what was made of a rule or event and has not gone out; what came of each, also where it was too late.

    since: only what occurs from then on. recipients: only theirs; None: everybody's. followed: also what was to follow
    those that went out, or followed and waits.
    """
    asked = {"owner_id": owner_id, "reason": reason, "since": since, "now": now}
    made = session.execute(_MADE, asked | {"recipients": None if recipients is None else list(recipients)}).all()
    ids = [row.notification_id for row in made]
    if ids and followed:
        follow_none_of(session, ids, reason=reason)
    back = set(session.scalars(_CALL_BACK, asked | {"ids": as_array(map(str, ids))}).all()) if ids else set()
    if back:
        session.execute(_NOTE, asked | {"ids": as_array(map(str, back))})
    standing = _standing(session, [id_ for id_ in ids if id_ not in back])
    return [_recalled(row, back, standing) for row in made]


def _standing(session: Session, ids: Sequence[UUID]) -> dict[UUID, Status]:
    """Where the messages of these notifications stand; those that are no longer on record are not among them."""
    if not ids:
        return {}
    found = session.execute(_STANDING, {"ids": as_array(map(str, ids))})
    return {row.notification_id: Status(row.status) for row in found}


def _recalled(row: Any, back: Container[UUID], standing: Mapping[UUID, Status]) -> Recalled:
    called_back = row.notification_id in back
    return Recalled(
        key=_key(row),
        occurs_at=row.occurs_at,
        notification_id=row.notification_id,
        called_back=called_back,
        status=Status.CANCELLED if called_back else standing.get(row.notification_id, Status.UNKNOWN),
    )


def occurrences_of(
    session: Session, recipient: str, *, since: datetime, until: datetime, owner_id: UUID | None = None
) -> list[OccurrenceRow]:
    """What was made, skipped or called back for one recipient in this time."""
    asked = {"recipient": recipient, "since": since, "until": until, "owner_id": owner_id}
    return [_occurrence(row) for row in session.execute(_OF, asked)]


def occurrences_to(
    session: Session, phones: Sequence[str], owner_id: UUID, *, since: datetime, until: datetime
) -> list[OccurrenceRow]:
    """What a rule or event made in this time for these numbers (E.164), whoever had them then."""
    asked = {"phones": list(phones), "since": since, "until": until, "owner_id": owner_id}
    return [_occurrence(row) for row in session.execute(_TO, asked)]


def _occurrence(row: Any) -> OccurrenceRow:
    return OccurrenceRow(
        key=_key(row),
        occurs_at=row.occurs_at,
        state=OccurrenceState(row.state),
        notification_id=row.notification_id,
        reason=row.reason,
        status=None if row.status is None else Status(row.status),
    )


def count_occurrences(session: Session, owner_id: UUID) -> dict[OccurrenceState, int]:
    """How many of a rule or event are in which state."""
    return {OccurrenceState(row[0]): row[1] for row in session.execute(_COUNT, {"owner_id": owner_id})}


def _key(row: object) -> Key:
    return Key(**{name: getattr(row, name) for name in Key.__dataclass_fields__})
