"""Runs migrations while workers go on: one migrator at a time, each migration by itself, no lock waited for long.

Whoever waits for a table's lock makes all others wait behind it. So each try is short, and there is room between two.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from typing import TypeVar

from sqlalchemy import Connection, event, func, select, text

from worker.database import Database
from worker.errors import Busy
from worker.telemetry import emit

T = TypeVar("T")

ONE_MIGRATOR = 7203_8811  # an advisory lock's number: any, but the same everywhere
# Of each transaction: others wait behind a lock that we wait for, or hold, no longer than these together.
TIMEOUTS = {"lock_timeout": "500ms", "statement_timeout": "2s"}
PAUSES = (1.0, 2.0, 4.0)  # seconds between two tries, in which the others go on; the last one again and again
PATIENCE = 600.0  # seconds
ASK_EVERY = 0.5  # seconds between two looks whether another migrator is done


def run(
    database: Database, step: Callable[[Connection], T], patience: float = PATIENCE, *, role: str | None = None
) -> T:
    """Run the step, again while others are in its way, for so many seconds: it must go on where it was.

    role: as whom each of its transactions is. What comes back is the step's. Raises Unavailable.
    """
    with database.without_time_limit() as own, _alone(own):
        event.listen(own.engine, "begin", partial(_hold_up_nobody, role=role))
        deadline = time.monotonic() + patience
        pauses = _pauses()
        while True:
            try:
                with own.connect() as connection:
                    return step(connection)
            except Busy:
                _wait(database, next(pauses), deadline)  # who is in the way, that role might not see


@contextmanager
def _alone(database: Database) -> Iterator[None]:
    """While no other migrator is at work, on any machine.

    A transaction's lock, since a session's does not hold behind a pooler. It is asked for and not waited for: whoever
    waits in a statement has a snapshot, for whose end building an index would wait in turn.
    """
    while True:
        with database.begin() as session:
            if session.scalar(select(func.pg_try_advisory_xact_lock(ONE_MIGRATOR))):
                # After the question, for that one kept its snapshot until the next statement; this one has none.
                session.execute(text("SET LOCAL idle_in_transaction_session_timeout = 0"))
                yield
                return
        time.sleep(ASK_EVERY)  # the condition to wait for is in another process


def _hold_up_nobody(connection: Connection, role: str | None) -> None:
    if connection.get_execution_options().get("isolation_level") == "AUTOCOMMIT":
        return  # what runs outside of a transaction locks nobody out, and takes its time
    settings = TIMEOUTS | ({"role": role} if role else {})
    connection.execute(select(*(func.set_config(name, value, True) for name, value in settings.items())))


def _pauses() -> Iterator[float]:
    yield from PAUSES
    while True:
        yield PAUSES[-1]


def _wait(database: Database, pause: float, deadline: float) -> None:
    who = _in_the_way(database)
    if time.monotonic() + pause > deadline:
        remedy = f"{who or 'wait for what works on them'}, then migrate again: it goes on from there"
        raise Busy("Postgres", "a migration found no moment in which nobody used its tables", remedy)
    emit("migration.waits", seconds=pause, behind=who)
    time.sleep(pause)


def _in_the_way(database: Database) -> str | None:
    """The oldest transaction that could be it."""
    oldest = """
        SELECT pid, application_name, round(extract(epoch FROM clock_timestamp() - xact_start))
        FROM pg_stat_activity
        WHERE datname = current_database() AND xact_start < clock_timestamp() - interval '1 second'
          AND pid NOT IN (SELECT pid FROM pg_locks WHERE locktype = 'advisory' AND objid = :ours)
        ORDER BY xact_start LIMIT 1
    """
    with database.begin() as session:
        found = session.execute(text(oldest), {"ours": ONE_MIGRATOR}).one_or_none()
    if found is None:
        return None
    return f"end process {found[0]} of Postgres ({found[1] or 'unnamed'}, {found[2]} s in one transaction)"
