"""Kills, or freezes, the process that passes a named point: how a test makes it die exactly there.

Nothing of it is in the product. `tests.faults.killable` arms it, and only where FAULT_FOLDER names a folder: there a
test writes its order, one process carries it out once, and says so in a line that is on disk before it dies.

Points are `STEP before commit` and `STEP after commit` for every function of the ledger that found something to do,
`bell before` and `bell after` a worker publishes a doorbell, `tick before` and `tick after` beat does, `task done`,
before Celery acknowledges it, and `commit N`, before that commit of `esms-worker migrate`. What happens on the wire is
`tests.faults.link`'s.
"""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Callable, Collection
from contextlib import suppress
from dataclasses import dataclass
from enum import StrEnum
from functools import wraps
from importlib import import_module
from itertools import count
from pathlib import Path
from typing import Any

FOLDER = "FAULT_FOLDER"

# What is done in one statement of its own is on disk before `before commit`.
SAME = {"claim_alone": "claim"}

# Steps of the ledger that are called in a room of their own.
ROOMS = {
    "worker.ledger.occurrences": ("close",),
    "worker.ledger.inbox": ("taken_in", "refuse"),
    "worker.ledger.webhooks": ("claim_calls", "called"),
    "worker.ledger.people": ("forget",),
    "worker.ledger.retention": ("move_on",),
}


class How(StrEnum):
    """What becomes of the process."""

    CHILD = "child"  # the pool's process that does the work is killed
    GROUP = "group"  # the worker with all its processes, as when a machine loses its power
    FREEZE = "freeze"  # it stands still until somebody wakes it


@dataclass(frozen=True)
class Landed:
    """What a process wrote down right before it was struck."""

    point: str
    pid: int


class Orders:
    """The folder in which a test writes what is to happen, and reads that it did."""

    def __init__(self, folder: Path) -> None:
        self._order, self._taken, self._landed = folder / "order", folder / "taken", folder / "landed"

    def give(self, point: str, how: How) -> None:
        """From now on, the first process to pass the point is struck."""
        draft = self._order.with_suffix(".new")
        draft.write_text(f"{how}|{point}")
        draft.replace(self._order)

    def withdraw(self) -> None:
        """Nobody is struck any more."""
        self._order.unlink(missing_ok=True)

    def landed(self) -> list[Landed]:
        """Who was struck so far, and where."""
        if not self._landed.exists():
            return []
        lines = [line.split("|") for line in self._landed.read_text().splitlines()]
        return [Landed(point, int(pid)) for point, pid in lines]

    def take(self, point: str) -> How | None:
        """The order for this point, given to one process of all that ask."""
        try:
            how, wanted = self._order.read_text().split("|")
            if wanted != point:
                return None
            self._order.rename(self._taken)
        except FileNotFoundError:
            return None
        return How(how)

    def note(self, point: str, pid: int) -> None:
        """Written down for good: whoever wrote it may not live to close the file."""
        with self._landed.open("a") as landed:
            landed.write(f"{point}|{pid}\n")
            landed.flush()
            os.fsync(landed.fileno())

    def pass_by(self, point: str) -> None:
        """In the product's process: here is the point."""
        if how := self.take(point):
            self.note(point, os.getpid())
            strike(os.getpid(), how)


def strike(pid: int, how: How) -> None:
    """Do it. A worker with all its processes is a session: each is started as the leader of one."""
    if how is How.GROUP:
        kill_session(os.getsid(pid))
    else:
        os.kill(pid, signal.SIGSTOP if how is How.FREEZE else signal.SIGKILL)


def kill_session(session: int) -> None:
    """All at once; ourselves last, if we are among them."""
    for pid in sorted(processes_of({session}), key=lambda pid: pid == os.getpid()):
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)


def processes_of(sessions: Collection[int | None]) -> list[int]:
    """The processes of these sessions, by id."""
    import psutil

    return [pid for pid in psutil.pids() if _session_of(pid) in sessions]


def _session_of(pid: int) -> int:
    try:
        return os.getsid(pid)
    except ProcessLookupError:
        return -1


def arm(folder: Path) -> None:
    """Watch the points of this process and of those that it forks."""
    orders = Orders(folder)
    _watch_commits(orders)
    _watch_bells(orders)


def _watch_commits(orders: Orders) -> None:
    from sqlalchemy import Engine, event
    from sqlalchemy.orm import Session

    from worker import ledger

    rooms = [(import_module(room), step) for room, steps in ROOMS.items() for step in steps]
    for module, step in [(ledger, name) for name in ledger.__all__] + rooms:
        function = getattr(module, step)
        if callable(function) and not isinstance(function, type):
            setattr(module, step, _noting(SAME.get(step, step), function))

    def passing(moment: str, session: Session) -> None:
        for step in session.info.get("steps", ()):
            orders.pass_by(f"{step} {moment} commit")

    event.listen(Session, "before_commit", lambda session: passing("before", session))
    event.listen(Session, "after_commit", lambda session: passing("after", session))
    if "migrate" in sys.argv:
        commits = count(1)
        event.listen(Engine, "commit", lambda _: orders.pass_by(f"commit {next(commits)}"))


def _noting(step: str, function: Callable[..., Any]) -> Callable[..., Any]:
    """It notes in the transaction that it had something to do in it; what is asked without one is no step."""
    from sqlalchemy.orm import Session

    @wraps(function)
    def noted(session: Any, *arguments: Any, **options: Any) -> Any:
        found = function(session, *arguments, **options)
        if isinstance(session, Session) and _did(found):
            session.info.setdefault("steps", []).append(step)
        return found

    return noted


def _did(found: Any) -> bool:
    """Had it something to do? `claim_alone` tells besides whether there is more, `put` of repeats only."""
    found = found[0] if isinstance(found, tuple) and len(found) == 2 and isinstance(found[0], list) else found
    return bool(found) or found is None or isinstance(found, dict)


def _watch_bells(orders: Orders) -> None:
    from celery.signals import after_task_publish, before_task_publish, task_postrun

    bell = "tick" if "beat" in sys.argv else "bell"
    before_task_publish.connect(lambda **_: orders.pass_by(f"{bell} before"), weak=False)
    after_task_publish.connect(lambda **_: orders.pass_by(f"{bell} after"), weak=False)
    task_postrun.connect(lambda **_: orders.pass_by("task done"), weak=False)
