"""Steps that each tick takes, each by itself: what goes wrong in one stops no other, and `doctor` tells of it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial

from sqlalchemy.orm import Session

from worker import ledger
from worker.database import Database
from worker.errors import WorkerError
from worker.telemetry import emit, where

ROUNDS = 50  # of one step in one tick; the next tick goes on


def take(database: Database, steps: Mapping[str, Callable[[], object]]) -> None:
    """One after the other, in their order."""
    failed = {name: error for name, step in steps.items() if (error := _failure(name, step))}
    database.committed("note troubles", partial(ledger.note_troubles, tried=list(steps), failed=failed), None)


def while_there_is_more(database: Database, step: Callable[[Session], object]) -> None:
    """The step, each time in a transaction, until it says that nothing is left, or the tick has done enough of it."""
    for _ in range(ROUNDS):
        with database.begin() as session:
            if not step(session):
                return


def _failure(name: str, step: Callable[[], object]) -> str | None:
    try:
        step()
    except Exception as error:  # noqa: BLE001 — expiry, holds and probes must not wait for whatever is wrong here
        told = str(error) if isinstance(error, WorkerError) else f"{type(error).__name__} at {where(error)}"
        emit("step.failed", task=name, error=told)
        return told
    return None
