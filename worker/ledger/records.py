"""Record what happened to what was sent: messages and request rows in one statement, for many.

The request rows are written whoever won: an answer that comes after another attempt changes no message, yet stays as
evidence.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, NamedTuple
from uuid import UUID

from sqlalchemy import text

from worker.ledger.advertised import give_back
from worker.ledger.claim_values import Claim, Fence
from worker.ledger.plans import still
from worker.ledger.rows import as_rows
from worker.ledger.streams import came_back_unsent
from worker.lifecycle import MOVES, Status

if TYPE_CHECKING:  # a producer loads this too, and must not load the provider's client
    from sqlalchemy.orm import Session

    from worker.esms import Trace


class HttpCall(NamedTuple):
    """What one HTTP call looked like from here; already without keys. A tuple is made in half the time."""

    function: str
    at: datetime
    seconds: float
    http_status: int | None
    code: str | None
    reply: str | None  # the client has bounded it

    @classmethod
    def of(cls, trace: Trace, *, with_reply: bool = True) -> HttpCall:
        """The client's trace, as the ledger keeps it."""
        reply = trace.reply if with_reply else None
        return cls(str(trace.function), trace.started_at, trace.seconds, trace.http_status, trace.code, reply)


class Outcome(NamedTuple):
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
    http_call: HttpCall | None = None


# One statement for messages and request rows: to pass the rows twice would cost twice.
_RECORDED = f"""
    WITH o AS MATERIALIZED (
        SELECT * FROM json_to_recordset(CAST(:rows AS json)) AS o (
            id uuid, attempt integer, status text, code text, reason text, sms_id text, renew_request_id boolean,
            spent integer, wait interval, poll_wait interval, sent_at timestamptz,
            alone boolean, request_id text, function text, seconds double precision, http_status integer,
            answer_code text, reply text
        )
    ), won AS (
        UPDATE message AS m SET
            status = o.status,
            lease_until = NULL,
            code = o.code,
            reason = o.reason,
            sms_id = o.sms_id,
            request_id = CASE WHEN o.renew_request_id THEN NULL ELSE m.request_id END,
            renewals = m.renewals + CASE WHEN o.renew_request_id THEN 1 ELSE 0 END,
            earlier_ids = CASE
                WHEN m.grouped AND o.renew_request_id THEN array_append(m.earlier_ids, m.request_id)
                ELSE m.earlier_ids
            END,
            failures = CASE WHEN o.status = 'queued' THEN m.failures + o.spent ELSE 0 END,
            asked = CASE WHEN o.status = 'unconfirmed' THEN m.asked + 1 ELSE 0 END,
            rescues = 0,
            polls = 0,
            heard = NULL,
            heard_since = NULL,
            due_at = CASE WHEN o.wait IS NULL THEN m.due_at ELSE now() + o.wait END,
            in_doubt_since = CASE
                WHEN o.status IN ('unconfirmed', 'held') OR (o.status = 'accepted' AND o.sms_id IS NULL)
                -- A 124 out of the blue: it was taken in a past that this database does not know, a day ago at most.
                THEN coalesce(m.in_doubt_since, CASE
                    WHEN o.code = '124' THEN greatest(m.created_at, least(o.sent_at, now()) - interval '24 hours')
                END, least(o.sent_at, now()), now())
            END,
            accepted_at = CASE WHEN o.status = 'accepted' THEN now() END,
            settled_at = CASE WHEN o.status IN ('rejected', 'sandboxed') THEN now() END,
            poll_at = CASE WHEN o.status = 'accepted' THEN now() + o.poll_wait END
        FROM o
        WHERE m.id = o.id AND m.attempts = o.attempt AND (
            {still("sending")}
            -- Late, but nobody has tried again since: what it says for certain ends the doubt that it left.
            OR {still("unconfirmed")} AND o.status IN ('accepted', 'rejected', 'queued')
            OR {still("held")} AND o.status IN ('accepted', 'rejected')
        )
        RETURNING m.id
    ), witnessed AS (
        INSERT INTO request
            (message_id, attempt, request_id, sms_id, function, at, seconds, http_status, code, outcome, reply)
        SELECT CASE WHEN o.alone THEN o.id END, o.attempt, o.request_id, o.sms_id, o.function, o.sent_at, o.seconds,
            o.http_status, o.answer_code, CASE WHEN won.id IS NULL THEN 'late: ' ELSE '' END || o.status,
            CASE WHEN won.id IS NOT NULL OR NOT EXISTS (  -- a late answer writes no number where it was removed
                SELECT FROM message AS m JOIN notification AS n ON n.id = m.notification_id
                WHERE m.id = o.id AND coalesce(m.emptied_at, n.emptied_at) IS NOT NULL
            ) THEN o.reply END
        FROM o LEFT JOIN won ON won.id = o.id
        WHERE o.function IS NOT NULL {{unless_told}}
    )
    SELECT id FROM won
"""
_UNLESS_TOLD = """AND NOT EXISTS (
            SELECT FROM request AS r WHERE o.alone AND r.message_id = o.id AND r.at = o.sent_at
            UNION ALL
            SELECT FROM request AS r
            WHERE NOT o.alone AND r.message_id IS NULL AND r.request_id = o.request_id AND r.at = o.sent_at
        )"""
# Two statements rather than one with a parameter: for that, Postgres would plan each batch anew (1 ms).
_RECORD = text(_RECORDED.format(unless_told=""))
_RECORD_AGAIN = text(_RECORDED.format(unless_told=_UNLESS_TOLD))

_WITNESS = text("""
    INSERT INTO request
        (message_id, attempt, request_id, sms_id, function, at, seconds, http_status, code, outcome, reply)
    SELECT * FROM json_to_recordset(CAST(:rows AS json)) AS r (
        message_id uuid, attempt integer, request_id text, sms_id text, function text, at timestamptz,
        seconds double precision, http_status integer, code text, outcome text, reply text
    )
""")


def are_one_statement(outcomes: Sequence[Outcome]) -> bool:
    """Does `record` need only its first statement for these? It does where all was taken, or is in doubt."""
    return not any(
        len(each.claim.fences) > 1 or each.claim.advertising or each.status is Status.QUEUED for each in outcomes
    )


def record(session: Session, outcomes: Sequence[Outcome], *, again: bool = False) -> set[UUID]:
    """Write what came of these sends. Returns the messages that were still ours to write about (see Fence).

    again: this was tried before, and nobody knows whether it was committed: no call gets a second request row.
    """
    statement = _RECORD_AGAIN if again else _RECORD
    won = set(session.scalars(statement, {"rows": as_rows(_rows(outcomes))}).all())
    postpone(session, list(_unasked(outcomes, won)))
    advertised = [each for each in outcomes if each.claim.advertising and each.status is Status.REJECTED]
    give_back(session, won & {fence.id for each in advertised for fence in each.claim.fences})
    came_back_unsent(
        session, won & {fence.id for each in outcomes if each.status is Status.QUEUED for fence in each.claim.fences}
    )
    return won


def _unasked(outcomes: Sequence[Outcome], won: set[UUID]) -> Iterator[tuple[str, timedelta]]:
    """SMSIDs of requests for many whose first message, which is asked about for all, was not ours any more."""
    for outcome in outcomes:
        first, *others = outcome.claim.fences
        if others and outcome.sms_id and outcome.poll_wait and first.id not in won and any(o.id in won for o in others):
            yield outcome.sms_id, outcome.poll_wait


# The message that is asked about for all may have ended by now: then another one with the SMSID takes its part.
_POSTPONE = text(f"""
    WITH carriers AS MATERIALIZED (
        SELECT DISTINCT ON (m.sms_id) m.id, p.wait
        FROM unnest(CAST(:sms_id AS text[]), CAST(:wait AS interval[])) AS p (sms_id, wait)
        CROSS JOIN LATERAL (
            SELECT * FROM message AS m WHERE m.sms_id = p.sms_id AND {still("accepted")}
            ORDER BY m.poll_at IS NULL, m.id LIMIT 1
        ) AS m
        ORDER BY m.sms_id, m.poll_at IS NULL, m.id
    )
    UPDATE message AS m SET poll_at = now() + c.wait
    FROM carriers AS c WHERE m.id = c.id AND {still("accepted")}
""")


def postpone(session: Session, waits: Sequence[tuple[str, timedelta]]) -> None:
    """Ask about these SMSIDs after a wait."""
    if waits:
        session.execute(_POSTPONE, {"sms_id": [sms_id for sms_id, _ in waits], "wait": [wait for _, wait in waits]})


def witness(session: Session, rows: Sequence[dict[str, Any]]) -> None:
    """Append request rows."""
    if rows:
        session.execute(_WITNESS, {"rows": as_rows([_witnessed(**row) for row in rows])})


def _witnessed(*, http_call: HttpCall, **row: Any) -> dict[str, Any]:
    return row | {
        "function": http_call.function,
        "at": http_call.at,
        "seconds": http_call.seconds,
        "http_status": http_call.http_status,
        "code": http_call.code,
        "reply": http_call.reply,
    }


def _rows(outcomes: Sequence[Outcome]) -> list[dict[str, Any]]:
    return [
        _row(outcome, fence, first=place == 0)
        for outcome in outcomes
        for place, fence in enumerate(outcome.claim.fences)
    ]


def _row(outcome: Outcome, fence: Fence, *, first: bool) -> dict[str, Any]:
    """One message; the first of those that a request was made for brings what is known of the request."""
    assert outcome.status in MOVES[Status.SENDING], outcome.status
    row = {
        "id": fence.id,
        "attempt": fence.attempt,
        "status": outcome.status,
        "code": outcome.code,
        "reason": outcome.reason,
        "sms_id": outcome.sms_id,
        "renew_request_id": outcome.renew_request_id,
        "spent": int(outcome.spent),
        "wait": outcome.wait,
        # Of the messages that share an SMSID, the first alone is asked about: its answer speaks for all. Those whose
        # SMSID is lost are looked for one by one.
        "poll_wait": outcome.poll_wait if first or outcome.sms_id is None else None,
    }
    if (http_call := outcome.http_call) is None:
        return row
    row["sent_at"] = http_call.at
    return row | _request_columns(outcome, http_call) if first else row


def _request_columns(outcome: Outcome, http_call: HttpCall) -> dict[str, Any]:
    return {
        "alone": len(outcome.claim.fences) == 1,
        "request_id": outcome.claim.request_id,
        "function": http_call.function,
        "seconds": http_call.seconds,
        "http_status": http_call.http_status,
        "answer_code": http_call.code,
        "reply": http_call.reply,
    }
