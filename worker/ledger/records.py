"""Record what happened to what was sent: one statement for the messages, one for the request rows, one transaction.

The request rows are written whoever won: a late answer changes no message, yet stays as evidence.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.orm import Session

from worker.ledger.claims import Claim
from worker.lifecycle import MOVES, Status

REPLY_MOST = 2000  # characters of a reply that are kept


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """What one HTTP call looked like from here; already without keys."""

    function: str
    at: datetime
    seconds: float
    http_status: int | None
    code: str | None
    reply: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What a send came to: where its messages go, and why."""

    claim: Claim
    status: Status
    code: str | None = None
    reason: str | None = None
    sms_id: str | None = None
    wait: timedelta | None = None  # before it is sent, or asked, again
    poll_wait: timedelta | None = None  # before it is first asked about
    spent: bool = False  # counts as a failed try
    renew_request_id: bool = False  # eSMS surely did not take the old id: the next try has a new one
    evidence: Evidence | None = None

    def __post_init__(self) -> None:
        assert self.status in MOVES[Status.SENDING], self.status


_RECORD = text("""
    UPDATE message AS m SET
        status = o.status,
        lease_until = NULL,
        code = o.code,
        reason = o.reason,
        sms_id = o.sms_id,
        request_id = CASE WHEN o.renew_request_id THEN NULL ELSE m.request_id END,
        failures = CASE WHEN o.status = 'queued' THEN m.failures + o.spent ELSE 0 END,
        due_at = CASE WHEN o.wait IS NULL THEN m.due_at ELSE now() + o.wait END,
        in_doubt_since = CASE
            WHEN o.status IN ('unconfirmed', 'held') OR (o.status = 'accepted' AND o.sms_id IS NULL)
            THEN coalesce(m.in_doubt_since, now())
        END,
        accepted_at = CASE WHEN o.status = 'accepted' THEN now() END,
        settled_at = CASE WHEN o.status = 'rejected' THEN now() END,
        poll_at = CASE WHEN o.status = 'accepted' THEN now() + o.poll_wait END
    FROM unnest(
        CAST(:id AS uuid[]), CAST(:attempt AS integer[]), CAST(:status AS text[]), CAST(:code AS text[]),
        CAST(:reason AS text[]), CAST(:sms_id AS text[]), CAST(:renew_request_id AS boolean[]),
        CAST(:spent AS integer[]), CAST(:wait AS interval[]), CAST(:poll_wait AS interval[])
    ) AS o (id, attempt, status, code, reason, sms_id, renew_request_id, spent, wait, poll_wait)
    WHERE m.id = o.id AND m.attempts = o.attempt AND m.status = 'sending'
    RETURNING m.id
""")

_WITNESS = text("""
    INSERT INTO request
        (message_id, attempt, request_id, sms_id, function, at, seconds, http_status, code, outcome, reply)
    SELECT * FROM unnest(
        CAST(:message_id AS uuid[]), CAST(:attempt AS integer[]), CAST(:request_id AS text[]), CAST(:sms_id AS text[]),
        CAST(:function AS text[]), CAST(:at AS timestamptz[]), CAST(:seconds AS double precision[]),
        CAST(:http_status AS integer[]), CAST(:code AS text[]), CAST(:outcome AS text[]), CAST(:reply AS text[])
    )
""")


def record(session: Session, outcomes: Sequence[Outcome]) -> set[UUID]:
    """Write what came of these sends; the ids that come back were still ours to write about."""
    won = {row.id for row in session.execute(_RECORD, _columns(outcomes))}
    witness(session, [_request_row(outcome, won) for outcome in outcomes if outcome.evidence])
    return won


def witness(session: Session, rows: Sequence[dict[str, Any]]) -> None:
    """Append request rows."""
    if rows:
        names = ("message_id", "attempt", "request_id", "sms_id", "outcome")
        columns: dict[str, list[Any]] = {name: [row[name] for row in rows] for name in names}
        for name in ("function", "at", "seconds", "http_status", "code"):
            columns[name] = [getattr(row["evidence"], name) for row in rows]
        columns["reply"] = [_bounded(row["evidence"].reply) for row in rows]
        session.execute(_WITNESS, columns)


def _columns(outcomes: Sequence[Outcome]) -> dict[str, list[Any]]:
    # Of the messages that share an SMSID, the first alone is asked about: its answer speaks for all. Those whose
    # SMSID is lost are looked for one by one.
    each = [(o, fence, place == 0) for o in outcomes for place, fence in enumerate(o.claim.fences)]
    columns: dict[str, list[Any]] = {
        name: [getattr(o, name) for o, _, _ in each]
        for name in ("code", "reason", "sms_id", "renew_request_id", "wait")
    }
    return columns | {
        "id": [fence.id for _, fence, _ in each],
        "attempt": [fence.attempt for _, fence, _ in each],
        "status": [str(o.status) for o, _, _ in each],
        "spent": [int(o.spent) for o, _, _ in each],
        "poll_wait": [o.poll_wait if first or o.sms_id is None else None for o, _, first in each],
    }


def _request_row(outcome: Outcome, won: set[UUID]) -> dict[str, Any]:
    fences = outcome.claim.fences
    return {
        "message_id": fences[0].id if len(fences) == 1 else None,
        "attempt": fences[0].attempt,
        "request_id": outcome.claim.request_id,
        "sms_id": outcome.sms_id,
        "outcome": str(outcome.status) if fences[0].id in won else f"late: {outcome.status}",
        "evidence": outcome.evidence,
    }


def _bounded(reply: str | None) -> str | None:
    return None if reply is None else reply[:REPLY_MOST]
