"""One step of a sweep, in one transaction: what was found, what came of it, and how far that is."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any
from uuid import UUID

from worker import ledger, reporting
from worker.database import Database
from worker.errors import Unavailable
from worker.lifecycle import Status, SweepKind
from worker.reporting.cursors import cursor_of
from worker.reporting.finding import Search, matching, start_of, walk_on
from worker.settings import Settings
from worker.telemetry import emit, where

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

AT_ONCE = 1000  # rows that one transaction goes through


@dataclass(frozen=True, slots=True)
class Step:
    """found: messages; moved: of these, cancelled or given a date; others: by status. place: where the next begins."""

    found: int
    moved: int
    others: Mapping[str, int]
    expiring: int
    place: str | None


def go_on(database: Database, settings: Settings, sweep: UUID | None = None) -> bool:
    """Take one step of one of them, or of this one; False: there is nothing to do, or others are at it.

    Raises Unavailable; the step is undone then, and is taken again.
    """
    row = None
    try:
        with database.begin() as session:
            row = ledger.next_sweep(session, sweep)
            if row is not None:
                ledger.sweep_moved_on(session, row["id"], **asdict(_taken(session, dict(row), settings)))
    except Unavailable:
        raise
    except Exception as error:  # noqa: BLE001 — a sweep that we fail at must not be tried for ever before all others
        assert row is not None
        _stop(database, row["id"], error)
    return row is not None


def _stop(database: Database, sweep: UUID, error: Exception) -> None:
    emit("sweep.stopped", id=sweep, error=type(error).__name__, at=where(error))
    with database.begin() as session:
        ledger.stop_sweep(session, sweep)


def _taken(session: Session, sweep: Mapping[str, Any], settings: Settings) -> Step:
    search = Search.of_json(sweep["search"])
    step = _campaign_step if search.is_a_campaign else _message_step
    return step(session, sweep, search, settings)


def _message_step(session: Session, sweep: Mapping[str, Any], search: Search, settings: Settings) -> Step:
    zone, place = settings.time_zone, start_of(search, sweep["place"])
    walk = walk_on(session, search, zone, place, most=AT_ONCE, asked_at=sweep["at"])
    rows = matching(session, search, zone, walk, columns="m.id, m.created_at", most=AT_ONCE)
    ids = [row["id"] for row in rows if row["created_at"] <= sweep["at"]]
    moved, expiring = _on_messages(session, sweep, ids, settings)
    statuses = ledger.statuses_of_messages(session, ids)
    return _step(sweep, statuses, moved, expiring, None if walk.end is None else cursor_of(walk.end))


def _on_messages(
    session: Session, sweep: Mapping[str, Any], ids: Sequence[UUID], settings: Settings
) -> tuple[int, int]:
    """How many it moved, and how many stay since they expire before that date."""
    if sweep["kind"] == SweepKind.CANCEL:
        return ledger.cancel_messages(session, ids), 0
    moved = ledger.move_messages(session, ids, sweep["send_date"], settings.horizons)
    return moved, ledger.past_expiry_of(session, ids, sweep["send_date"])


def _campaign_step(session: Session, sweep: Mapping[str, Any], search: Search, settings: Settings) -> Step:
    """By whole notifications: what shares a request stays together."""
    after = None if sweep["place"] is None else UUID(sweep["place"])
    ids = ledger.notifications_of(session, str(search.campaign), after)
    moved, expiring = _on_notifications(session, sweep, ids, settings)
    statuses = {str(status): count for status, count in reporting.statuses_of(session, ids).items()}
    return _step(sweep, statuses, moved, expiring, str(ids[-1]) if len(ids) == ledger.campaigns.STEP else None)


def _on_notifications(
    session: Session, sweep: Mapping[str, Any], ids: Sequence[UUID], settings: Settings
) -> tuple[int, int]:
    if sweep["kind"] == SweepKind.CANCEL:
        return ledger.cancel(session, ids), 0
    moved = ledger.move(session, ids, sweep["send_date"], settings.horizons)
    return moved, ledger.past_expiry(session, ids, sweep["send_date"])


def _step(sweep: Mapping[str, Any], statuses: Mapping[str, int], moved: int, expiring: int, place: str | None) -> Step:
    others = Counter(statuses)
    others[str(Status.CANCELLED if sweep["kind"] == SweepKind.CANCEL else Status.QUEUED)] -= moved
    return Step(sum(statuses.values()), moved, dict(+others), expiring, place)
