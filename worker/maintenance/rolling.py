"""Add up for the reports what happened since the last tick; first what was there before there were such sums."""

from __future__ import annotations

from functools import partial

from worker import ledger
from worker.database import Database
from worker.maintenance.steps import take, while_there_is_more


def roll_up(database: Database, zone: str) -> None:
    """Any number of processes may be at it at once: one of them is, at a time. zone: whose days are counted by."""
    steps = {
        "fill history": lambda: while_there_is_more(database, ledger.fill),
        "roll up": lambda: while_there_is_more(database, partial(ledger.fold, zone=zone)),
    }
    take(database, steps)
