"""Real Celery workers and beats that tests kill, freeze, wake and start again, over a network that can be cut."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from types import TracebackType
from typing import Self

import psutil

from tests import canary
from tests.faults import killing
from tests.faults.killing import How, Orders
from tests.faults.link import Link, Place, Trap, owner_of
from tests.support import as_worker, eventually
from worker.devkit.processes import Child
from worker.queues import Queue
from worker.settings import environment

ROOT = Path(__file__).parents[2]
SENDS = (b"SendMultipleMessage", b"MakeCall")
ASKS = (b"GetSendStatus", b"GetSmsReceiverStatus")

QUICK = {
    "WORKER_TICK": "0.3",
    "WORKER_DRAIN": "2",
    "WORKER_ASK_AGAIN_AFTER": "0.3",
    "WORKER_POLL_FIRST_AFTER": "0.1",
    "WORKER_SENT_DATA_AFTER": "0.2",
    "WORKER_SENT_DATA_COMPLETE": "0.5",
    "WORKER_DENIED_AFTER": "0.5",
    "WORKER_DENIED_AFTER_BULK": "1",
    "WORKER_CONNECT_TIMEOUT": "1",
    "WORKER_READ_TIMEOUT": "1",
    "WORKER_TOTAL_TIMEOUT": "2",
    "WORKER_LEASE": "10",
    "WORKER_POLL_RATE": "2000",
    "WORKER_KEEP_CODE_TEXT": "1",  # or the judge could not tell what a code was, where a row takes minutes
}


def environ_of(
    database_url: str, redis_url: str, link: Link, folder: Path, *, voice: Link | None = None
) -> dict[str, str]:
    """All that a worker process reads. voice: calls go over this link, to a base of their own."""
    ours = ("WORKER_", "ESMS_", "CELERY_", "DATABASE_", "REDIS_")
    rest = {name: value for name, value in environment().items() if not name.startswith(ours)}
    base, calls = ("http://{}:{}/MainService.svc".format(*each.address) for each in (link, voice or link))
    addresses = {
        "DATABASE_URL": as_worker(database_url),
        "REDIS_URL": redis_url,
        "ESMS_BRANDNAME": "sangbrand",
    }
    provider = {"ESMS_REST_URL": base, "ESMS_VOICE_URL": calls}
    python = {"PYTHONPATH": str(ROOT), "PYTHONUNBUFFERED": "1", "PYTHONWARNINGS": "ignore"}
    return rest | addresses | provider | canary.ENVIRON | QUICK | python | {killing.FOLDER: str(folder)}


@dataclass(frozen=True)
class Elsewhere:
    """How a process is started on another host, and what it reads there."""

    prefix: Sequence[str]
    environ: Mapping[str, str]


class Crew:
    """The processes of one installation. `said` hears what they write.

    workers: names to the pool's size; each listens to every queue. beats: how many processes with a timetable.
    elsewhere: workers that run on another host, by name.
    """

    def __init__(
        self,
        environ: Mapping[str, str],
        folder: Path,
        link: Link,
        *,
        workers: Mapping[str, int],
        beats: int,
        said: Callable[[str], None],
        elsewhere: Mapping[str, Elsewhere] | None = None,
    ) -> None:
        self._elsewhere = elsewhere or {}
        self.orders = Orders(folder)
        self._environ, self._folder, self._link, self._said = environ, folder, link, said
        self._ready: set[str] = set()
        self.workers = {name: self._worker(name, size) for name, size in workers.items()}
        self.beats = [self._beat(f"beat{number}") for number in range(beats)]

    @property
    def all(self) -> list[Child]:
        return [*self.workers.values(), *self.beats]

    def start(self) -> Self:
        """All at once; returns when all take work."""
        self.fix()
        assert all(child.alive for child in self.all), "a process ended at once: its settings can't be right"
        return self

    def fix(self) -> None:
        """Start again what has died, as a supervisor does."""
        dead = [child for child in self.all if not child.alive]
        for child in dead:
            self._ready.discard(child.name)
            child.start()
        eventually(lambda: all(child.name in self._ready or not child.alive for child in dead))

    def more_beats(self, count: int) -> list[Child]:
        """Beats besides; whoever asked for them stops them."""
        return [self._beat(f"beat{len(self.beats) + number}").start() for number in range(count)]

    def stop(self) -> None:
        """Everybody, also who was frozen or had lost his parent."""
        for pid in self.processes():
            _send(pid, signal.SIGCONT)
        with ThreadPoolExecutor(max_workers=len(self.all)) as pool:
            list(pool.map(Child.stop, self.all))

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.stop()

    def processes(self, name: str | None = None) -> list[int]:
        """The workers that run, or the one of this name, with all that they forked."""
        wanted = [child for child in self.workers.values() if child.alive and name in (None, child.name)]
        return killing.processes_of({child.pid for child in wanted})

    # What is done to them...

    def strike_at(self, point: str, how: How) -> None:
        """Whoever passes this point next; a place on the wire is said as `send: PLACE` or `ask: PLACE`."""
        which, _, place = point.partition(": ")
        if not place:
            self.orders.give(point, how)
            return
        if place == Place.CONNECTED:
            self._link.drop()  # or those that are kept would do
        functions = SENDS if which == "send" else ASKS
        caught = partial(self._strike, point, how)
        self._link.lay(Trap(Place(place), functions, caught, passes_on=how is How.FREEZE))

    def stand_down(self) -> None:
        """No more orders."""
        self.orders.withdraw()
        self._link.lay(None)

    def _strike(self, point: str, how: How, port: int) -> bool:
        if (pid := owner_of(port, self.processes())) is None:  # it was gone before
            return False
        self.orders.note(point, pid)
        killing.strike(pid, how)
        return True

    @contextmanager
    def suspended(self, *servers: int) -> Iterator[None]:
        """All of us, beats too, and these with all that they forked stand still: as on a machine that sleeps."""
        first = [*servers, *(child.pid for child in self.all if child.alive)]
        trees = [[it, *it.children(recursive=True)] for it in map(psutil.Process, first)]
        pids = [each.pid for tree in trees for each in tree]
        for pid in pids:
            _send(pid, signal.SIGSTOP)
        yield
        for pid in pids:
            _send(pid, signal.SIGCONT)

    def freeze(self, name: str) -> None:
        """A worker with all its processes stands still."""
        for pid in self.processes(name):
            _send(pid, signal.SIGSTOP)

    def wake(self, name: str) -> None:
        """And goes on."""
        for pid in self.processes(name):
            _send(pid, signal.SIGCONT)

    def end(self, name: str) -> None:
        """A worker and each of its processes are told to end, as a supervisor tells them, and do."""
        for pid in self.processes(name):
            _send(pid, signal.SIGTERM)
        self.workers[name].wait(60)

    def kill(self, name: str) -> None:
        """A worker with all its processes, at once."""
        pid = self.workers[name].pid
        if pid is not None and self.workers[name].alive:
            killing.kill_session(pid)
            self.workers[name].kill()

    # How they are started...

    def _worker(self, name: str, size: int) -> Child:
        queues = ",".join(Queue)
        options = ["--without-mingle", "--without-gossip", "-Q", queues, "-c", str(size), "-n", f"{name}@%h"]
        return self._celery(name, ["worker", *options])

    def _beat(self, name: str) -> Child:
        return self._celery(name, ["beat", "--pidfile="])

    def _celery(self, name: str, arguments: Sequence[str]) -> Child:
        celery = [sys.executable, "-m", "celery", "-A", "tests.faults.killable", "--quiet"]
        there = self._elsewhere.get(name, Elsewhere((), self._environ))
        return Child(
            name,
            [*there.prefix, *celery, *arguments, "--loglevel=INFO"],
            env=there.environ,
            cwd=self._folder,
            on_line=lambda line: self._hear(name, line),
            grace=15,
        )

    def _hear(self, name: str, line: str) -> None:
        if "process.ready" in line:
            self._ready.add(name)
        self._said(f"{name}: {line}")


def _send(pid: int, what: signal.Signals) -> None:
    try:
        os.kill(pid, what)
    except ProcessLookupError:
        return


def is_gone(pid: int) -> bool:
    """Dead, though perhaps not buried by its parent yet."""
    try:
        return psutil.Process(pid).status() == psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return True


def is_frozen(pid: int) -> bool:
    """Alive, and standing still."""
    return psutil.Process(pid).status() == psutil.STATUS_STOPPED
