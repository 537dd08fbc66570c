"""Add up for the reports what happened since the last tick; first what was there before there were such sums."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from sqlalchemy.orm import Session

from worker import ledger
from worker.database import Database
from worker.maintenance.steps import take

ROUNDS = 50  # of each in one tick; the next tick goes on


def roll_up(database: Database, zone: str) -> None:
    """Any number of processes may be at it at once: one of them is, at a time. zone: whose days are counted by."""
    steps = {
        "fill history": lambda: _while_there_is_more(database, ledger.fill),
        "roll up": lambda: _while_there_is_more(database, partial(ledger.fold, zone=zone)),
    }
    take(database, steps)


def _while_there_is_more(database: Database, step: Callable[[Session], bool]) -> None:
    for _ in range(ROUNDS):
        with database.begin() as session:
            if not step(session):
                return
