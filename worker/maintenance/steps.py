"""Steps that each tick takes, each by itself: what goes wrong in one stops no other, and `doctor` tells of it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial

from worker import ledger
from worker.database import Database
from worker.errors import where_it_failed
from worker.telemetry import emit


def take(database: Database, steps: Mapping[str, Callable[[], object]]) -> None:
    """One after the other, in their order."""
    failed = {name: error for name, step in steps.items() if (error := _failure(name, step))}
    database.committed("note troubles", partial(ledger.note_troubles, tried=list(steps), failed=failed), None)


def _failure(name: str, step: Callable[[], object]) -> str | None:
    try:
        step()
    except Exception as error:  # noqa: BLE001 — expiry, holds and probes must not wait for whatever is wrong here
        emit("step.failed", task=name, error=where_it_failed(error))
        return where_it_failed(error)
    return None
