"""Claim what is due to be asked about, and settle it once eSMS has said what became of it.

Only `accepted` moves here, by its SMSID; an answer that comes late or twice finds nothing to move. What was heard last,
and since when nothing else, stands in the message's row: so any process on any host can tell the second "no" from the
first.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any, NamedTuple
from uuid import UUID

from sqlalchemy import text

from worker.evidence import TWICE, Evidence, proved
from worker.ledger.floors import Floors
from worker.ledger.plans import still
from worker.ledger.records import HttpCall, postpone, witness
from worker.ledger.rows import LANES, as_rows
from worker.lifecycle import Lane, Status

if TYPE_CHECKING:
    from sqlalchemy.orm import Session


class Poll(NamedTuple):
    """A question to ask: what became of this SMSID?"""

    message_id: UUID
    sms_id: str
    polls: int  # how often it has been asked, this time included
    alone: bool  # one recipient: the answer is about this message
    due_at: datetime  # since when it has been due
    lane: Lane = Lane.NORMAL


class Settlement(NamedTuple):
    """What was told of one recipient of an SMSID, or of all of them when `phone` is None.

    again_after: evidence of those in TWICE counts only if the same, and nothing else, was told at least so long ago.
    """

    poll: Poll
    phone: str | None  # E.164
    evidence: Evidence
    http_call: HttpCall
    again_after: timedelta | None = None
    reason: str | None = None
    network: str | None = None
    price: Decimal | None = None  # in dong

    @property
    def status(self) -> Status:
        """Where that takes it."""
        return proved(self.evidence, Status.ACCEPTED)

    @property
    def ends(self) -> bool:
        """Surely moves it, whatever was heard before."""
        return self.again_after is None and self.status is not Status.ACCEPTED


_CLAIM_POLLS = text("""
    WITH due AS MATERIALIZED (
        SELECT ctid AS place, poll_at FROM message
        WHERE status = 'accepted' AND poll_at <= now() AND sms_id IS NOT NULL
          AND poll_at >= coalesce(CAST(:floor AS timestamptz), '-infinity')
        ORDER BY poll_at LIMIT :most
        FOR UPDATE SKIP LOCKED
    )
    UPDATE message AS m SET poll_at = now() + :lease, polls = m.polls + 1
    FROM due WHERE m.ctid = due.place
    RETURNING m.id, m.sms_id, m.polls, NOT m.grouped AS alone, due.poll_at AS due_at, m.lane
""")

_PUT_BACK = text(f"""
    UPDATE message AS m SET poll_at = p.due_at, polls = m.polls - 1
    FROM json_to_recordset(CAST(:rows AS json)) AS p (id uuid, polls integer, due_at timestamptz)
    WHERE m.id = p.id AND m.polls = p.polls AND {still("accepted")}
""")

_ASK_LATER = text(f"""
    UPDATE message AS m SET poll_at = now() + p.wait
    FROM json_to_recordset(CAST(:rows AS json)) AS p (id uuid, sms_id text, wait interval)
    WHERE m.id = p.id AND m.sms_id IS NOT DISTINCT FROM p.sms_id AND {still("accepted")}
""")

# Whoever knows the address may call as often as he likes: after a few questions the plan goes on as if nobody did.
_ASK_NOW = text("""
    UPDATE message SET poll_at = now()
    WHERE sms_id = :sms_id AND status = 'accepted' AND poll_at > now() AND polls < :most
""")
CALLS_HEARD = 6  # questions

_TOLD = "status text, heard text, reason text, network text, price numeric, again_after interval"

# A "no" that has not been told before, or not long enough ago, is noted and moves nothing.
_SURE = """(s.status <> 'accepted' AND (
    s.again_after IS NULL OR coalesce(m.heard = s.heard AND m.heard_since <= now() - s.again_after, false)
))"""
_SETTLED = f"""
    status = CASE WHEN {_SURE} THEN s.status ELSE m.status END,
    settled_at = CASE WHEN {_SURE} THEN now() END,
    poll_at = CASE WHEN NOT {_SURE} THEN m.poll_at END,
    heard = s.heard,
    heard_since = CASE WHEN m.heard = s.heard THEN m.heard_since ELSE now() END,
    reason = s.reason || CASE WHEN s.again_after IS NULL OR {_SURE} THEN '' ELSE '; it counts when said again' END,
    network = coalesce(s.network, m.network),
    price = coalesce(s.price, m.price)
"""
# What is weak is written when it is new, and not at each question.
_NEWS = "(s.status <> 'accepted' OR m.heard IS DISTINCT FROM s.heard)"
_SAID = "m.id, m.sms_id, m.status <> 'accepted' AS moved, m.heard_since = now() AS news"

_SETTLE_ALONE = text(f"""
    UPDATE message AS m SET {_SETTLED}
    FROM json_to_recordset(CAST(:rows AS json)) AS s (message_id uuid, sms_id text, {_TOLD})
    WHERE m.id = s.message_id AND m.sms_id IS NOT DISTINCT FROM s.sms_id AND {still("accepted")} AND {_NEWS}
    RETURNING {_SAID}
""")

# Each member answers to its number, and to none, which means all of them: so that a group of a thousand is one hash
# join by SMSID and number, not a thousand times a thousand comparisons.
_SETTLE_GROUPS = text(f"""
    WITH members AS MATERIALIZED (
        SELECT m.id, m.sms_id, m.phone FROM message AS m WHERE m.sms_id = ANY(:sms_ids) AND {still("accepted")}
    ), told AS MATERIALIZED (
        SELECT m.id, s.*
        FROM (SELECT id, sms_id, phone FROM members UNION ALL SELECT id, sms_id, '' FROM members) AS m
        JOIN json_to_recordset(CAST(:rows AS json)) AS s (sms_id text, phone text, {_TOLD})
          ON s.sms_id = m.sms_id AND s.phone = m.phone
    )
    UPDATE message AS m SET {_SETTLED}
    FROM told AS s WHERE m.id = s.id AND {still("accepted")} AND m.sms_id IS NOT DISTINCT FROM s.sms_id AND {_NEWS}
      AND (s.status <> 'accepted' OR s.phone <> '' OR m.heard IS NOT NULL)  -- a million wishes still under way: no news
    RETURNING {_SAID}
""")


def ask_now(session: Session, sms_id: str) -> bool:
    """Let the question about this SMSID be due; False where there is none to ask, or it has been asked often."""
    return session.execute(_ASK_NOW, {"sms_id": sms_id, "most": CALLS_HEARD}).rowcount > 0  # type: ignore[attr-defined, no-any-return]


def claim_polls(session: Session, *, most: int, lease: timedelta, floors: Floors | None = None) -> list[Poll]:
    """The questions that have been due the longest, those first; for the time of the lease nobody else asks them.

    floors: those of this process.
    """
    with (floors or Floors()).of_polls() as floor:
        due = session.execute(_CLAIM_POLLS, {"most": most, "lease": lease, "floor": floor.due_at}).all()
        # By place, here and below: a column by name costs as much as all the rest of its row.
        polls = [Poll(id_, sms_id, asked, alone, at, LANES[lane]) for id_, sms_id, asked, alone, at, lane in due]
        floor.reached(poll.due_at for poll in polls)
    return sorted(polls, key=lambda poll: poll.due_at)


def put_back(session: Session, polls: Sequence[Poll]) -> None:
    """Give back what was not asked after all: it is due as before the claim, unless somebody else has it."""
    if polls:
        rows = [{"id": poll.message_id, "polls": poll.polls, "due_at": poll.due_at} for poll in polls]
        session.execute(_PUT_BACK, {"rows": as_rows(rows)})


def ask_later(session: Session, waits: Sequence[tuple[Poll, timedelta]]) -> None:
    """Ask these again after a wait; of a group, whoever of it is still open carries the question on."""
    rows = [{"id": poll.message_id, "sms_id": poll.sms_id, "wait": wait} for poll, wait in waits if poll.alone]
    if rows:
        session.execute(_ASK_LATER, {"rows": as_rows(rows)})
    postpone(session, [(poll.sms_id, wait) for poll, wait in waits if not poll.alone])


def settle(session: Session, settlements: Sequence[Settlement]) -> set[UUID]:
    """Write what was told of them, and the request row of each answer that moved one or first said "no".

    Returns which messages moved.
    """
    said = _settle_alone(session, [each for each in settlements if each.poll.alone])
    said += _settle_groups(session, [each for each in settlements if not each.poll.alone])
    moved = {id_: sms_id for id_, sms_id, has_moved, _ in said if has_moved}
    _witness(session, settlements, set(moved.values()), {sms_id for _, sms_id, _, is_news in said if is_news})
    return set(moved)


def _settle_alone(session: Session, settlements: Sequence[Settlement]) -> list[Any]:
    if not settlements:
        return []
    rows = as_rows([_row(each) | {"message_id": each.poll.message_id} for each in settlements])
    return list(session.execute(_SETTLE_ALONE, {"rows": rows}))


def _settle_groups(session: Session, settlements: Sequence[Settlement]) -> list[Any]:
    if not settlements:
        return []
    rows = as_rows([_row(each) | {"phone": each.phone or ""} for each in settlements])
    sms_ids = list({each.poll.sms_id for each in settlements})
    return list(session.execute(_SETTLE_GROUPS, {"rows": rows, "sms_ids": sms_ids}))


def _row(settlement: Settlement) -> dict[str, Any]:
    assert (settlement.again_after is not None) == (settlement.evidence in TWICE), settlement.evidence
    return {
        "sms_id": settlement.poll.sms_id,
        "status": settlement.status,
        "heard": settlement.evidence.name,
        "reason": settlement.reason,
        "network": settlement.network,
        "price": settlement.price,
        "again_after": settlement.again_after,
    }


def _witness(session: Session, settlements: Sequence[Settlement], moved: set[str], news: set[str]) -> None:
    changed = {s.poll.sms_id: s for s in settlements if s.poll.sms_id in moved}
    weak = news - moved
    denied = {s.poll.sms_id: s for s in settlements if s.poll.sms_id in weak and s.evidence in TWICE}
    rows = [_request_row(s, str(s.status) if s.poll.alone else "settled") for s in changed.values()]
    rows += [_request_row(s, f"not yet {s.status}") for s in denied.values()]
    witness(session, rows)


def _request_row(settlement: Settlement, outcome: str) -> dict[str, Any]:
    return {
        "message_id": settlement.poll.message_id if settlement.poll.alone else None,
        "attempt": None,
        "request_id": None,
        "sms_id": settlement.poll.sms_id,
        "outcome": outcome,
        "http_call": settlement.http_call,
    }
