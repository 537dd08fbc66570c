"""Webhooks, and their calls: made from the log of events, claimed for a while, deleted once they were taken."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import asdict, dataclass, field
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any
from uuid import UUID

from sqlalchemy import text

from worker.event_kinds import TEST
from worker.ids import uuid7
from worker.ledger.log import FACTS, KIND, LOG_HERE, SOURCE, WHOLE_HERE, Place, place_at, snapshot
from worker.ledger.rows import as_rows

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

FAN_OUT = 5000  # rows of the log that one statement looks at
OVERLAP = timedelta(days=1)  # both secrets of a rotation sign for so long
CLEARED = 1000


@dataclass(frozen=True, slots=True, kw_only=True)
class WebhookRow:
    """A webhook, without its secrets. waiting, failed: calls that are still to be made, and that were given up."""

    id: UUID
    url: str
    source: str | None
    events: Sequence[str]
    created_at: datetime
    disabled_at: datetime | None
    disabled_because: str | None
    waiting: int
    failed: int
    outcome: str | None  # of the last call that failed


@dataclass(frozen=True, slots=True)
class Call:
    """A call that this process may make until its lease is over. attempts: its fence."""

    transaction: int
    number: int
    attempts: int
    kind: str
    at: datetime
    facts: dict[str, Any] = field(repr=False)


@dataclass(frozen=True, slots=True)
class Called:
    """What came of a call. outcome: why it failed; None: it was taken. wait: until the next try; None: given up."""

    transaction: int
    number: int
    attempts: int
    outcome: str | None = None
    wait: timedelta | None = None


_ADD = text("""
    INSERT INTO webhook (id, url, source, events, server, done)
    SELECT :id, :url, :source, :events, system_identifier, CAST(pg_current_snapshot() AS text) FROM pg_control_system()
""")
_ADD_SECRET = text("INSERT INTO webhook_secret (id, webhook_id, secret) VALUES (:id, :webhook_id, :secret)")

# The newest, and others for a while after it was made.
_SECRETS = text("""
    SELECT secret FROM webhook_secret AS s WHERE s.webhook_id = :id AND NOT EXISTS (
        SELECT FROM webhook_secret AS newer
        WHERE newer.webhook_id = s.webhook_id AND newer.id > s.id
          AND newer.created_at < now() - CAST(:overlap AS interval)
    ) ORDER BY id DESC
""")

_LIST = text("""
    SELECT w.id, w.url, w.source, w.events, w.created_at, w.disabled_at, w.disabled_because,
        count(c.*) FILTER (WHERE c.failed_at IS NULL) AS waiting, count(c.failed_at) AS failed,
        (array_agg(c.outcome ORDER BY c.due_at DESC) FILTER (WHERE c.outcome IS NOT NULL))[1] AS outcome
    FROM webhook AS w LEFT JOIN LATERAL (
        SELECT * FROM webhook_call AS c WHERE c.webhook_id = w.id LIMIT 10000
    ) AS c ON true
    GROUP BY w.id ORDER BY w.id
""")

_DISABLE = text("""
    UPDATE webhook SET disabled_at = now(), disabled_because = :because WHERE id = :id AND disabled_at IS NULL
""")
_ENABLE = text("UPDATE webhook SET disabled_at = NULL, disabled_because = NULL WHERE id = :id")
_ACTIVE = text("SELECT id, url FROM webhook WHERE disabled_at IS NULL ORDER BY id")
_IS_THERE = text("SELECT EXISTS (SELECT FROM webhook WHERE id = :id)")

_BACK = text("""
    UPDATE webhook SET done = :done, target = NULL, after_transaction = 0, after_number = 0 WHERE id = :id
""")

_PLACE = text("""
    SELECT w.*, w.server = c.system_identifier AS at_home FROM webhook AS w, pg_control_system() AS c
    WHERE w.id = :id AND w.disabled_at IS NULL FOR UPDATE OF w SKIP LOCKED
""")
_MOVE = text("""
    UPDATE webhook SET done = :done, target = :target, after_transaction = :transaction, after_number = :number,
        server = c.system_identifier
    FROM pg_control_system() AS c WHERE id = :id
""")

# A replay begins those anew that were given up; what is told of one message, in the order of its numbers.
_FAN_OUT = text(f"""
    WITH batch AS MATERIALIZED ({LOG_HERE}), put AS (
        INSERT INTO webhook_call AS c (webhook_id, transaction, number, subject)
        SELECT :id, b.transaction, b.number, coalesce(CAST(b.message_id AS text), CAST(b.number AS text))
        FROM batch AS b {WHOLE_HERE}
        WHERE {KIND} = ANY(:events)
          AND (CAST(:source AS text) IS NULL OR coalesce({SOURCE}, :source) = :source)
        ORDER BY b.transaction, b.number
        ON CONFLICT (webhook_id, transaction, number) DO UPDATE SET failed_at = NULL, due_at = now(), attempts = 0
        WHERE c.failed_at IS NOT NULL
    )
    SELECT count(*) AS rows, (
        SELECT ARRAY[transaction, number] FROM batch ORDER BY transaction DESC, number DESC LIMIT 1
    ) AS last FROM batch
""")

# Whatever Postgres believes of a table that grows and empties by the minute: rows are updated by their places, which
# their locks keep, and the one before is looked for in a way that only the index of subjects can answer.
# Only the first of each subject; a webhook whose log is being put out is left until all of that stands here.
_CLAIM = text(f"""
    WITH due AS MATERIALIZED (
        SELECT c.ctid FROM webhook_call AS c
        WHERE c.webhook_id = :id AND c.failed_at IS NULL AND c.due_at <= now() AND NOT EXISTS (
            SELECT FROM webhook_call AS e
            WHERE e.webhook_id = :id AND e.subject = c.subject AND e.number < c.number
              AND coalesce(e.failed_at, 'infinity') = 'infinity'
            OFFSET 0  -- or all would be compared with all
        ) AND EXISTS (SELECT FROM webhook WHERE id = :id AND target IS NULL AND disabled_at IS NULL)
        ORDER BY c.due_at LIMIT :most FOR UPDATE SKIP LOCKED
    ), claimed AS (
        UPDATE webhook_call AS c SET due_at = now() + CAST(:lease AS interval), attempts = c.attempts + 1
        WHERE c.ctid = ANY(ARRAY(SELECT ctid FROM due))
        RETURNING c.transaction, c.number, c.attempts
    )
    SELECT claimed.transaction, claimed.number, claimed.attempts, b.at, {KIND} AS kind, {FACTS} AS facts
    FROM claimed JOIN LATERAL (
        SELECT at, message_id, notification_id, was, status, code, NULL AS kind, CAST(NULL AS jsonb) AS facts
        FROM settlement AS s WHERE s.transaction = claimed.transaction AND s.id = claimed.number
        UNION ALL
        SELECT at, NULL, NULL, NULL, NULL, NULL, kind, facts
        FROM happening AS h WHERE h.transaction = claimed.transaction AND h.number = claimed.number
    ) AS b ON true {WHOLE_HERE}
    ORDER BY claimed.transaction, claimed.number
""")

_CALLED = text("""
    WITH r AS MATERIALIZED (
        SELECT * FROM json_to_recordset(CAST(:rows AS json)) AS r (
            transaction bigint, number bigint, attempts smallint, outcome text, wait interval
        )
    ), done AS (
        DELETE FROM webhook_call AS c USING r
        WHERE c.webhook_id = :id AND (c.transaction, c.number, c.attempts) = (r.transaction, r.number, r.attempts)
          AND r.outcome IS NULL
    )
    UPDATE webhook_call AS c SET outcome = r.outcome, due_at = now() + coalesce(r.wait, interval '0'),
        failed_at = CASE WHEN r.wait IS NULL THEN now() END
    FROM r WHERE c.webhook_id = :id AND (c.transaction, c.number, c.attempts) = (r.transaction, r.number, r.attempts)
      AND r.outcome IS NOT NULL
""")

_TEST = text(f"""
    WITH put AS (
        INSERT INTO happening (transaction, kind, source, facts)
        SELECT CAST(CAST(pg_current_xact_id() AS text) AS bigint), '{TEST}', '',
            jsonb_build_object('webhook', CAST(:id AS text))
        RETURNING transaction, number
    )
    INSERT INTO webhook_call (webhook_id, transaction, number, subject)
    SELECT CAST(:id AS uuid), transaction, number, CAST(number AS text) FROM put RETURNING transaction, number
""")
_STANDS = text("""
    SELECT outcome, attempts FROM webhook_call
    WHERE webhook_id = :id AND transaction = :transaction AND number = :number
""")

# By the places of what is locked, and in an index's order: each tick looks, however many wait or happened.
_CLEAR = tuple(
    text(f"""
        DELETE FROM {table} WHERE ctid = ANY(ARRAY(
            SELECT ctid FROM {table} WHERE {at} < now() - CAST(:kept AS interval)
            ORDER BY {at} LIMIT :most FOR UPDATE SKIP LOCKED
        ))
    """)
    for table, at in (("webhook_call", "failed_at"), ("happening", "at"))
)


def add_webhook(session: Session, *, url: str, source: str | None, events: Collection[str], secret: str) -> UUID:
    """Store one, which is told of what happens from now on; its id."""
    id_ = uuid7()
    session.execute(_ADD, {"id": id_, "url": url, "source": source, "events": sorted(events)})
    add_secret(session, id_, secret)
    return id_


def add_secret(session: Session, id_: UUID, secret: str) -> None:
    """Another one to sign with; the one before signs beside it for a day."""
    session.execute(_ADD_SECRET, {"id": uuid7(), "webhook_id": id_, "secret": secret})


def secrets_of(session: Session, id_: UUID) -> list[str]:
    """The secrets to sign with now, the newest first."""
    return list(session.scalars(_SECRETS, {"id": id_, "overlap": OVERLAP}))


def webhooks(session: Session) -> list[WebhookRow]:
    """All, and how many calls of each wait; of more than ten thousand, that many."""
    return [WebhookRow(**row) for row in session.execute(_LIST).mappings()]


def webhook_is_there(session: Session, id_: UUID) -> bool:
    """Is there such a one?"""
    return bool(session.scalar(_IS_THERE, {"id": id_}))


def disable(session: Session, id_: UUID, because: str) -> bool:
    """Call it no more; False where it was disabled already."""
    return bool(session.execute(_DISABLE, {"id": id_, "because": because}).rowcount)  # type: ignore[attr-defined]


def enable(session: Session, id_: UUID) -> None:
    """Call it again, with what happened since."""
    session.execute(_ENABLE, {"id": id_})


def active(session: Session) -> list[tuple[UUID, str]]:
    """Which are to be called, and where."""
    return [(row.id, row.url) for row in session.execute(_ACTIVE)]


def go_back(session: Session, id_: UUID, since: datetime) -> None:
    """Have the webhook told again of everything since then."""
    session.execute(_BACK, {"id": id_, "done": place_at(session, since).done})


def fan_out(session: Session, id_: UUID) -> bool:
    """Put out calls for what comes next in the log; True: there is more.

    In a dump that was restored elsewhere, transactions have other numbers: it goes on with what happens from now on.
    """
    row = session.execute(_PLACE, {"id": id_}).one_or_none()
    if row is None:
        return False
    now = snapshot(session)
    place = Place(row.done, row.target, row.after_transaction, row.after_number) if row.at_home else Place(now)
    target = place.target or now
    asked = place.asked(target, FAN_OUT) | {"id": id_, "events": row.events, "source": row.source}
    found = session.execute(_FAN_OUT, asked).one()
    after = place.onward(target, found.rows, FAN_OUT, tuple(found.last or (0, 0)))
    session.execute(_MOVE, asdict(after) | {"id": id_})
    return after.target is not None or place.target is not None


def claim_calls(session: Session, id_: UUID, *, most: int, lease: timedelta) -> list[Call]:
    """Calls that are due, ours for so long."""
    found = session.execute(_CLAIM, {"id": id_, "most": most, "lease": lease})
    return [Call(row.transaction, row.number, row.attempts, row.kind, row.at, row.facts) for row in found]


def called(session: Session, id_: UUID, calls: Sequence[Called]) -> None:
    """What came of them; of one that somebody else has claimed since, nothing."""
    session.execute(_CALLED, {"id": id_, "rows": as_rows([asdict(each) for each in calls])})


def put_test(session: Session, id_: UUID) -> tuple[int, int]:
    """A call that says nothing; its row's key."""
    transaction, number = session.execute(_TEST, {"id": str(id_)}).one()
    return transaction, number


def outcome_of(session: Session, id_: UUID, key: tuple[int, int]) -> tuple[str | None, int] | None:
    """What came of a call's last attempt, and how many there were; None: it was taken."""
    asked = {"id": id_, "transaction": key[0], "number": key[1]}
    row = session.execute(_STANDS, asked).one_or_none()
    return None if row is None else (row.outcome, row.attempts)


def clear_events(session: Session, *, kept: timedelta) -> bool:
    """Forget what was given up, and what happened, so long ago; True: there is more of it."""
    done = [session.execute(each, {"kept": kept, "most": CLEARED}).rowcount for each in _CLEAR]  # type: ignore[attr-defined]
    return CLEARED in done
