"""What follows by itself, decided: another channel once the first is closed, the same again, or nothing any more."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from enum import StrEnum
from typing import TYPE_CHECKING, Any
from uuid import UUID

from worker import ledger
from worker.database import Database
from worker.errors import Forbidden, Unavailable
from worker.lifecycle import RETRIED, Status
from worker.settings import Settings
from worker.telemetry import emit, where

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

BY = "retry_undelivered"  # who has it sent again

NOT_OURS = (Unavailable, Forbidden)  # errors that say nothing of the one that is looked at

# It is where it should be, or a person or the recipient wants none of it.
SETTLED = frozenset({Status.DELIVERED, Status.CANCELLED, Status.SANDBOXED})


class Then(StrEnum):
    """What becomes of one that is looked at."""

    FALLBACK = "fallback"
    AGAIN = "again"
    LATER = "later"
    NOTHING = "nothing"  # it arrived, or was called off, or another one is in its place
    TOO_LATE = "too late"
    UNKNOWN = "unknown"  # eSMS will never say: it may have arrived
    STAYS = ledger.STAYS  # nothing follows what failed like this; what a person makes of it may be followed


def then(row: Any, limit: int) -> Then:
    """What the row asks for now. limit: how often a message is sent again at most."""
    if row.status in SETTLED or row.replaced_by is not None:
        return Then.NOTHING
    if row.fallback_due and (row.status in RETRIED or row.status == Status.QUEUED or _in_doubt(row)):
        return Then.TOO_LATE if row.fallback_late else Then.FALLBACK
    if row.status == Status.UNKNOWN:
        return Then.UNKNOWN
    if _again(row, limit):
        return Then.TOO_LATE if row.retry_late else Then.AGAIN
    if row.status not in RETRIED or _may_follow(row, limit):
        return Then.LATER
    return Then.STAYS if _times_left(row, limit) else Then.NOTHING


def _in_doubt(row: Any) -> bool:
    """Does the producer want both rather than none? What is being sent right now is waited for."""
    return bool(row.follow_up.get("in_doubt")) and row.status != Status.SENDING


def _again(row: Any, limit: int) -> bool:
    return row.status == Status.UNDELIVERED and bool(row.retry_due) and _times_left(row, limit)


def _times_left(row: Any, limit: int) -> bool:
    return bool(row.generation < min(limit, row.follow_up.get("retry", {}).get("times", 0)))


def _may_follow(row: Any, limit: int) -> bool:
    return "fallback" in row.follow_up or (row.status == Status.UNDELIVERED and _times_left(row, limit))


def follow(database: Database, settings: Settings) -> bool:
    """Look at some that are due, and do what they ask for, in one transaction; True: something was queued.

    Where we fail at that, each is looked at alone: those that we fail at are set aside. Raises Unavailable, Forbidden.
    """
    try:
        with database.begin() as session:
            return _decide(session, ledger.due_follow_ups(session), settings)
    except NOT_OURS:
        raise
    except Exception:  # noqa: BLE001 — whichever of them it is, the others must not wait for it
        return _follow_each(database, settings)


def _follow_each(database: Database, settings: Settings) -> bool:
    with database.begin() as session:
        ids = ledger.due_follow_up_ids(session)
    return True in [_follow_one(database, settings, id_) for id_ in ids]


def _follow_one(database: Database, settings: Settings, id_: UUID) -> bool:
    try:
        with database.begin() as session:
            return _decide(session, ledger.due_follow_up(session, id_), settings)
    except NOT_OURS:
        raise
    except Exception as error:  # noqa: BLE001 — one that we fail at must not be tried for ever
        emit("follow_up.failed", id=id_, error=type(error).__name__, at=where(error))
        with database.begin() as session:
            ledger.set_aside(session, id_)
    return False


def _decide(session: Session, rows: Iterable[Any], settings: Settings) -> bool:
    found: dict[Then, list[Any]] = defaultdict(list)
    for row in rows:
        found[then(row, settings.retry_limit)].append(row)
    if others := found[Then.FALLBACK]:
        ledger.fall_back(session, others)
    if again := _ids(found[Then.AGAIN]):
        ledger.send_again(session, again, settings.horizons, by=BY)
    ledger.follow_later(session, again + _ids(found[Then.LATER]))
    for end in (Then.NOTHING, Then.TOO_LATE, Then.UNKNOWN, Then.STAYS):
        ledger.follow_no_more(session, _ids(found[end]), str(end))
    return bool(others or again)


def _ids(rows: list[Any]) -> list[UUID]:
    return [row.id for row in rows]
