"""Lanes that are held back: by the account's trouble until a probe says it is over, or by a person.

A paused lane's messages stay queued; nothing of theirs is spent.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from sqlalchemy import text

from worker import backoff
from worker.lifecycle import Lane

if TYPE_CHECKING:
    from sqlalchemy.orm import Session


@dataclass(frozen=True, slots=True)
class Paused:
    """A lane that is held back now."""

    id: int
    lane: Lane
    code: str | None  # eSMS's; None: a person paused it
    reason: str
    since: datetime
    probes: int


# A lane let go to try and paused again for the same reason goes on where its probes were: ever more seldom.
_PAUSE = text("""
    WITH before AS (
        SELECT coalesce(max(probes), 0) AS probes FROM pause
        WHERE lane = :lane AND code = :code AND lifted_by = 'probe' AND lifted_at > now() - interval '2 hours'
    )
    INSERT INTO pause (lane, code, reason, probes, probe_at)
    SELECT :lane, CAST(:code AS text), :reason, probes,
        CASE WHEN CAST(:code AS text) IS NOT NULL THEN now() + least(:first * power(2, least(probes, 20)), :most) END
    FROM before
    ON CONFLICT (lane) WHERE lifted_at IS NULL DO UPDATE
        -- A person's pause takes the place of the account's: no probe may lift it, and nothing goes on trial.
        SET code = NULL, reason = excluded.reason, probe_at = NULL, since = now(), trial = false
        WHERE excluded.code IS NULL AND pause.code IS NOT NULL
""")

_PAUSED = text("""
    SELECT id, lane, code, reason, since, probes FROM pause
    WHERE lifted_at IS NULL AND lane IS NOT NULL ORDER BY since
""")

_DUE = text("""
    SELECT id, lane, code, reason, since, probes FROM pause
    WHERE lifted_at IS NULL AND probe_at <= now()
    FOR UPDATE SKIP LOCKED
""")

_PROBED = text("""
    UPDATE pause SET probes = probes + 1, probe_at = now() + :wait WHERE id = :id
""")

# Not where a person has paused the lane while it was being probed.
_ALLOW_TRIAL = text("UPDATE pause SET trial = true WHERE id = :id AND lifted_at IS NULL AND code IS NOT NULL")

_TRIAL = text("SELECT id FROM pause WHERE lane = :lane AND lifted_at IS NULL AND trial FOR UPDATE SKIP LOCKED")

_SPEND_TRIAL = text("UPDATE pause SET trial = false WHERE id = :id")

_LIFT = text("""
    UPDATE pause SET lifted_at = now(), lifted_by = :by
    WHERE lifted_at IS NULL AND lane = ANY(:lanes) AND (:by NOT IN ('probe', 'trial') OR code IS NOT NULL)
    RETURNING lane
""")


def pause(
    session: Session,
    lane: Lane,
    reason: str,
    *,
    code: str | None,
    first: timedelta = backoff.PROBE_FIRST,
    most: timedelta | None = None,
) -> bool:
    """Hold a lane back; False when it is already. With a code it is probed, without one a person lifts it.

    first, most: the waits before it is probed; most is by default that of the code.
    """
    waits = {"first": first, "most": most or backoff.probe_most(code)}
    asked = {"lane": str(lane), "code": code, "reason": reason} | waits
    return getattr(session.execute(_PAUSE, asked), "rowcount", 0) > 0


def paused(session: Session) -> list[Paused]:
    """The lanes that are held back now."""
    return [Paused(row.id, Lane(row.lane), *row[2:]) for row in session.execute(_PAUSED)]


def due_probes(session: Session) -> list[Paused]:
    """The pauses to be probed now; locked until the transaction ends, so that one beat of many asks."""
    return [Paused(row.id, Lane(row.lane), *row[2:]) for row in session.execute(_DUE)]


def probed(session: Session, pause_id: int, *, wait: timedelta) -> None:
    """Note that a pause is being probed, and when it is due again unless that lifts it."""
    session.execute(_PROBED, {"id": pause_id, "wait": wait})


def allow_trial(session: Session, pause_id: int) -> None:
    """Let one message of the lane go, whoever claims it first: nothing else can tell whether the trouble is over.

    That holds until there is one. Nothing happens where a person holds the lane back by now.
    """
    session.execute(_ALLOW_TRIAL, {"id": pause_id})


def trial(session: Session, lane: Lane) -> int | None:
    """The pause whose trial is for this process, and until the transaction ends for no other."""
    found: int | None = session.scalars(_TRIAL, {"lane": str(lane)}).first()
    return found


def spend_trial(session: Session, pause_id: int) -> None:
    """One message goes: the next one only when a probe says so again."""
    session.execute(_SPEND_TRIAL, {"id": pause_id})


def lift(session: Session, lanes: Sequence[Lane], by: str) -> list[Lane]:
    """Let these lanes go on; the ones that were held back come back."""
    return [Lane(row.lane) for row in session.execute(_LIFT, {"lanes": [str(lane) for lane in lanes], "by": by})]
