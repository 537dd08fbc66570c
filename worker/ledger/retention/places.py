"""How far each walk has come, and which process goes on with it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from sqlalchemy import text

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

    from worker.database import Reader

Place = Mapping[str, Any]
TEXTS = "texts of codes"  # a step without a walk: the sums bring it what has ended

_BEGIN = text("INSERT INTO retention_place (step, place) VALUES (:step, '{}') ON CONFLICT DO NOTHING")
_TAKE = text("""
    SELECT place FROM retention_place
    WHERE step = :step AND (caught_up_at IS NULL OR caught_up_at <= now() - CAST(:rest AS interval))
    FOR UPDATE SKIP LOCKED
""")
_ON = text("""
    UPDATE retention_place SET place = CAST(:place AS jsonb), caught_up_at = CASE WHEN :more THEN NULL ELSE now() END,
        behind_since = CASE WHEN :more THEN coalesce(behind_since, now()) END
    WHERE step = :step
""")
_BACKLOG = text("""
    SELECT step, behind_since FROM retention_place
    WHERE behind_since <= now() - CAST(:patience AS interval) ORDER BY behind_since
""")


@dataclass(frozen=True, slots=True)
class Backlog:
    """A walk that has not caught up since then."""

    step: str
    since: datetime


def take_place(session: Session, step: str, *, rest: timedelta) -> Place | None:
    """Where the walk is, for this transaction to go on; None: another process is at it, or it rests, caught up."""
    asked = {"step": step, "rest": rest}
    found = session.execute(_TAKE, asked).one_or_none()
    if found is None and session.execute(_BEGIN, {"step": step}).rowcount:  # type: ignore[attr-defined]
        found = session.execute(_TAKE, asked).one_or_none()
    return None if found is None else found.place


def move_on(session: Session, step: str, place: Place, *, more: bool) -> None:
    """Note how far the walk has come. more: it found as much as one step takes."""
    session.execute(_ON, {"step": step, "place": json.dumps(place, default=str), "more": more})


def backlog(session: Reader, *, patience: timedelta) -> list[Backlog]:
    """The walks that for so long have had more to do than they came to."""
    rows = session.execute(_BACKLOG, {"patience": patience})
    return [Backlog(row.step, row.behind_since) for row in rows]
