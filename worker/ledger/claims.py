"""Claim what is due, in one statement per lane; nobody else can hold what one process has claimed.

A claim's fence is the message's attempt number: once the lease is over and another process has claimed it,
whatever the first one writes matches nothing.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from itertools import groupby
from typing import TYPE_CHECKING, Any, NamedTuple, TypedDict
from uuid import UUID

from sqlalchemy import TextClause

from worker.ledger import limits
from worker.ledger.claim_statements import (
    CLAIM,
    CLAIM_ALONE,
    CLAIM_DOUBTFUL,
    CLAIM_DOUBTFUL_GROUP,
    CLAIM_GROUP,
    CUT,
    DUE,
    HAND_BACK,
    HAND_BACK_LATE,
    INTEND,
    LEAD,
    SOURCE,
    STREAM,
    WAS_DUE_AT,
)
from worker.ledger.claim_values import Claim, Fence
from worker.ledger.floors import Floors, Place, Walk
from worker.ledger.gate import Gate
from worker.ledger.pauses import spend_trial, trial
from worker.ledger.plans import fit
from worker.ledger.rows import LANES, as_rows, options_of
from worker.ledger.streams import came_back_unsent
from worker.lifecycle import Kind, Lane, Status

if TYPE_CHECKING:
    from sqlalchemy.orm import Session


ROUNDS = 10  # of claims for one lane in one transaction


class How(TypedDict):
    """floors, gate: those of the process."""

    lease: timedelta
    floors: Floors
    gate: Gate


class Due(NamedTuple):
    """The lanes in which `claim` may find something; is anything at all in doubt due to be asked again?

    found_empty: Postgres plans as if there were no messages; `count_anew` first.
    """

    lanes: set[Lane]
    doubts: bool
    found_empty: bool


def due(session: Session, lanes: Sequence[Lane]) -> Due:
    """Where among these lanes to look.

    What is asked in this session from now on is planned for as many messages as there are.
    """
    found = session.execute(DUE, {"lanes": [str(lane) for lane in lanes]}).one()
    fit(session, found.size)
    return Due({LANES[lane] for lane in found.lanes}, found.doubts, found.found_empty)


def claim(
    session: Session,
    lanes: Sequence[Lane],
    *,
    most: int,
    lease: timedelta,
    group_most: int,
    floors: Floors | None = None,
    gate: Gate | None = None,
) -> list[Claim]:
    """What is due in these lanes, the first lane first, up to `most` requests; theirs is the lease from now on.

    In each lane sources take turns. group_most: recipients of an advertising request. floors, gate: those of this
    process.
    """
    claims: list[Claim] = []
    gate = gate or Gate()
    asked = {"lease": lease} | gate.asked()
    for lane in lanes:
        if room := most - len(claims):
            claims += _of_lane(session, lane, room, asked, floors or Floors(), gate)
        if lane is Lane.BULK and len(claims) < most:
            claims += _group(session, asked, group_most, gate)
    return claims


def claim_alone(
    session: Session, lane: Lane, *, most: int, lease: timedelta, floors: Floors, gate: Gate
) -> tuple[list[Claim], bool]:
    """What is due in this lane and takes but this one statement, which may be the whole transaction; is there more?

    What a source's limits or a sending rule have a word in, and advertising, stays for `claim`.
    """
    which = {"lane": str(lane), "most": most, "trial": False, "sources": None, "lease": lease}
    with floors.sweeping(lane):
        rows = session.execute(CLAIM_ALONE, which | gate.asked() | {"floors": as_rows(floors.of(lane))}).all()
    left = bool(rows) and rows[0].due > len(rows)
    if not left:  # else it was passed over, and stands below
        floors.walked(lane, _walks(rows))
    return [_claim(row) for row in rows], left or bool(_with_more(rows))


def claim_trial(session: Session, lane: Lane, *, lease: timedelta, gate: Gate | None = None) -> list[Claim]:
    """One message of a paused lane, where a trial is allowed and nobody else has taken it; unspent if there is none."""
    if (pause_id := trial(session, lane)) is None:
        return []
    asked = {"lane": str(lane), "most": 1, "lease": lease, "trial": True, "floors": "[]", "sources": None}
    gate = gate or Gate()
    rows = session.execute(CLAIM, asked | gate.asked()).all()
    if claims := _charged(session, [_claim(row) for row in gate.passed(rows)], rows):
        spend_trial(session, pause_id)
    return claims


def claim_doubtful(
    session: Session,
    lanes: Sequence[Lane],
    *,
    most: int,
    lease: timedelta,
    window: timedelta,
    gate: Gate | None = None,
) -> list[Claim]:
    """SMS in doubt that are to be asked again, under their old RequestId, while eSMS still remembers it."""
    gate = gate or Gate()
    asked = {"lease": lease, "window": window} | gate.asked()
    rows = session.execute(CLAIM_DOUBTFUL, asked | {"lanes": [str(lane) for lane in lanes], "most": most}).all()
    claims = [_claim(row) for row in gate.passed(rows)]
    if Lane.BULK in lanes:
        claims += _groups(session, CLAIM_DOUBTFUL_GROUP, asked, gate)
    return claims


def intend(session: Session, fences: Sequence[Fence]) -> set[UUID]:
    """Write down, right before dialling, that these will be dialled; only those that come back may be.

    A process that dies before this commits has dialled nobody; one that dies after it leaves doubt.
    """
    return set(session.scalars(INTEND, _mine(fences)).all())


def hand_back(session: Session, claims: Sequence[Claim]) -> set[UUID]:
    """Put back what was claimed and has not been sent, as it was before: what was in doubt may have gone out then.

    Also what was rescued meanwhile, if nobody has tried again since: it was never sent, and not in doubt before.
    """
    fences, sure = _fences(claims), _fences([claim for claim in claims if not claim.in_doubt])
    back = [*session.execute(HAND_BACK, _mine(fences))]
    if sure and len(back) < len(fences):
        back += session.execute(HAND_BACK_LATE, _mine(sure))
    came_back_unsent(session, [row.id for row in back if row.status == Status.QUEUED])
    return {row.id for row in back}


def _fences(claims: Sequence[Claim]) -> list[Fence]:
    return [fence for claim in claims for fence in claim.fences]


def _mine(fences: Sequence[Fence]) -> dict[str, list[Any]]:
    return {"id": [fence.id for fence in fences], "attempt": [fence.attempt for fence in fences]}


def _of_lane(session: Session, lane: Lane, most: int, asked: dict[str, Any], floors: Floors, gate: Gate) -> list[Claim]:
    """Each source has its share; what some leave of theirs, those who have more due take in the next round.

    Not in many rounds: all of what is due may have to wait for the morning, and no transaction is to last so long.
    """
    claims: list[Claim] = []
    sources: list[str] | None = None
    for _ in range(ROUNDS):
        if len(claims) >= most or sources == []:
            break
        which = {"lane": str(lane), "most": most - len(claims), "trial": False, "sources": sources}
        with floors.sweeping(lane):
            rows = session.execute(CLAIM, asked | which | {"floors": as_rows(floors.of(lane))}).all()
        claims += _charged(session, [_claim(row) for row in gate.passed(rows)], rows)
        floors.walked(lane, _walks(rows))
        sources = _with_more(rows)
    return claims


def _charged(session: Session, claims: list[Claim], rows: Sequence[Any]) -> list[Claim]:
    """The same, counted for their sources if any of these has limits."""
    if not claims or not rows[0].limited:
        return claims
    after = limits.charge(session, [fence.id for claim in claims for fence in claim.fences])
    return [claim._replace(again_after=after) for claim in claims]


def _with_more(rows: Sequence[Any]) -> list[str]:
    """The sources that had as much due as their share, or more."""
    counted = Counter([row[SOURCE] for row in rows])
    return [source for source, count in counted.items() if count >= rows[0].share]


def _walks(rows: Sequence[Any]) -> Iterator[tuple[int, Walk]]:
    """How far each stream was gone through."""
    last: dict[int, tuple[datetime, int]] = {}
    for row in rows:  # by the id's number: many are due at one moment, and ids compare in Python
        stream, place = row[STREAM], (row[WAS_DUE_AT], row[0].int)
        if place > last.get(stream, ()):
            last[stream] = place
    return (
        (stream, Walk(Place(due_at, UUID(int=number)), rows[0].oldest, rows[0].next))
        for stream, (due_at, number) in last.items()
    )


def _groups(session: Session, statement: TextClause, asked: dict[str, Any], gate: Gate) -> list[Claim]:
    found = gate.passed(session.execute(statement, asked).all())
    rows = sorted(found, key=lambda row: (row.request_id, row.id))
    return [_of_many(list(group)) for _, group in groupby(rows, key=lambda row: row.request_id)]


def _group(session: Session, asked: dict[str, Any], most: int, gate: Gate) -> list[Claim]:
    whose = {"lane": str(Lane.BULK), "trial": False, "floors": "[]", "sources": None}
    if (lead := session.execute(LEAD, whose).one_or_none()) is None:
        return []
    request_id = lead.request_id or session.scalars(CUT, {"lead": lead.id, "group_most": most}).first()
    asked = asked | {"lead": lead.id, "request_id": request_id, "most": lead.most}
    return _charged(session, _groups(session, CLAIM_GROUP, asked, gate), [lead])


def _claim(row: Any) -> Claim:
    return _request(row, (Fence(row[0], row[1]),), (row[2],))


def _of_many(rows: Sequence[Any]) -> Claim:
    return _request(rows[0], tuple(Fence(row[0], row[1]) for row in rows), tuple(row[2] for row in rows))


def _request(row: Any, fences: tuple[Fence, ...], phones: tuple[str, ...]) -> Claim:
    # By place: columns by name would cost as much as all the rest of a claim.
    lane, request_id, failures, asked, in_doubt, kind, content, template_id, *rest = row[3:15]
    options, hand_over_at, expires_in, advertising = rest
    return Claim(
        fences=fences,
        phones=phones,
        lane=LANES[lane],
        kind=_KINDS[kind],
        request_id=request_id,
        content=content,
        template_id=template_id,
        options=options_of(options),
        hand_over_at=hand_over_at,
        expires_in=expires_in,
        advertising=advertising,
        in_doubt=in_doubt,
        failures=failures,
        asked=asked,
    )


_KINDS = {str(kind): kind for kind in Kind}
