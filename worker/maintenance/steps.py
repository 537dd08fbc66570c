"""Steps that each tick takes, each by itself: what goes wrong in one stops no other, and `doctor` tells of it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial

from worker import ledger
from worker.database import Database
from worker.errors import WorkerError
from worker.telemetry import emit, where


def take(database: Database, steps: Mapping[str, Callable[[], object]]) -> None:
    """One after the other, in their order."""
    failed = {name: error for name, step in steps.items() if (error := _failure(name, step))}
    database.committed("note troubles", partial(ledger.note_troubles, tried=list(steps), failed=failed), None)


def _failure(name: str, step: Callable[[], object]) -> str | None:
    try:
        step()
    except Exception as error:  # noqa: BLE001 — expiry, holds and probes must not wait for whatever is wrong here
        told = str(error) if isinstance(error, WorkerError) else f"{type(error).__name__} at {where(error)}"
        emit("step.failed", task=name, error=told)
        return told
    return None
