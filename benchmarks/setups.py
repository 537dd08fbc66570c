"""The ways to send that are compared, and how one of them is measured: queued to accepted, everything durable."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from importlib.util import find_spec
from uuid import UUID

from benchmarks import plain_celery
from benchmarks.frameworks.contenders import Contender, Setup
from benchmarks.support import (
    QUIET,
    Stage,
    console,
    content,
    cpu_seconds,
    enqueue_ours,
    forget_ours,
    phone,
    silent,
    unaccepted_of_ours,
)
from worker.bell import Bell
from worker.devkit.processes import Child
from worker.lifecycle import Lane
from worker.queues import Queue

# Polls come in the same processes, seconds after an SMS is accepted: here they would blur what sending costs.
UNASKED = {"WORKER_POLL_FIRST_AFTER": "3600"}
REQUESTS = {"WORKER_TRANSPORT": "requests"}
CURL = {"WORKER_TRANSPORT": "curl"}
# With as much in flight as it is fastest with.
SOCKETS = {"WORKER_TRANSPORT": "sockets", "WORKER_SENDS_IN_FLIGHT": "600", "WORKER_CLAIM_MOST": "600"}
NEEDS = {"curl": "pycurl", "sockets": "httptools"}


@dataclass(frozen=True)
class Run:
    """One measurement."""

    messages: int
    seconds: float
    cpu: float  # seconds

    @property
    def rate(self) -> float:
        """Messages a second."""
        return self.messages / self.seconds

    @property
    def cost(self) -> float:
        """Milliseconds of worker CPU for each message."""
        return self.cpu / self.messages * 1000


@dataclass(frozen=True)
class Way:
    """How to empty its tables, enqueue messages without starting, start, and count what is not accepted yet."""

    name: str
    processes: list[Child]
    forget: Callable[[], None]
    enqueue: Callable[[int], None]
    go: Callable[[], object]
    unsettled: Callable[[], int]


def measure(on: Stage, way: Way, messages: int) -> Run:
    """Enqueue, start the clock, wait until all are accepted; each exactly once, or it does not count."""
    way.forget()
    way.enqueue(messages)
    on.settle()
    cpu, started = cpu_seconds(*way.processes), time.monotonic()
    way.go()
    # The provider is asked first: to count in Postgres all the time would take from it what it needs for the work.
    on.until(lambda: on.esms.tally()["messages"] >= messages, f"{way.name}: all at the provider", *way.processes)
    on.until(lambda: way.unsettled() == 0, f"{way.name}: all accepted", *way.processes)
    run = Run(messages, time.monotonic() - started, cpu_seconds(*way.processes) - cpu)
    assert on.esms.tally() == {"messages": messages, "twice": 0, "asked_again": 0}, "somebody got none, or two"
    return run


# Ours...


def fast_setups() -> dict[str, dict[str, str]]:
    """By transport, the fastest last: those that are installed; a line is printed for each that is not."""
    setups = {"curl": CURL, "sockets": SOCKETS}
    for missing in [name for name in setups if not find_spec(NEEDS[name])]:
        console.print(f"ours with {missing}: skipped, {NEEDS[missing]} is not installed (the extra `fast`)")
        del setups[missing]
    return setups


def fastest() -> dict[str, str]:
    """The settings that a worker is fastest with."""
    return [REQUESTS, *fast_setups().values()][-1]


@contextmanager
def our_way(on: Stage, name: str, variables: Mapping[str, str]) -> Iterator[Way]:
    """As `esms-worker up` runs it: one Celery worker with two processes that send."""
    queues = ",".join(Queue)
    command = ["celery", "-A", "worker.tasks", "--quiet", "worker", *QUIET, "-Q", queues, "-c", "2"]
    worker = on.python("ours", command, **{**UNASKED, **variables})
    bell = Bell(on.environ["CELERY_BROKER_URL"], on.environ["REDIS_URL"])
    with ExitStack() as stack:
        stack.callback(worker.stop)
        stack.callback(bell.close)
        notifier = stack.enter_context(silent(on))
        yield Way(
            name,
            [worker],
            forget=lambda: forget_ours(on),
            enqueue=lambda messages: enqueue_ours(notifier, messages),
            go=lambda: bell.ring({Lane.NORMAL}),
            unsettled=lambda: unaccepted_of_ours(on),
        )


# Theirs...


@contextmanager
def their_way(on: Stage, contender: Contender, setup: Setup) -> Iterator[Way]:
    """One framework's worker, set up so."""
    plain_celery.Base.metadata.create_all(on.database.engine)
    os.environ.update(on.environ)  # their apps read it
    contender.prepare(on)
    processes = contender.start(on, setup)
    try:
        yield Way(
            f"{contender.name}, {setup.label}",
            processes,
            forget=lambda: _forget_theirs(on, contender),
            enqueue=lambda messages: contender.park(on, _stored(on, messages)),
            go=lambda: contender.go(on),
            unsettled=lambda: on.scalar("SELECT count(*) FROM plain_message WHERE status <> 'accepted'"),
        )
    finally:
        for process in processes:
            process.stop()


def _stored(on: Stage, messages: int) -> list[UUID]:
    return plain_celery.store(on.database.engine, [(phone(place), content(place)) for place in range(messages)])


def _forget_theirs(on: Stage, contender: Contender) -> None:
    contender.forget(on)
    on.execute("TRUNCATE plain_message")
    on.esms.reset()
