"""Our way beside the plain Celery way: messages a second, and worker CPU for each message, from queued to accepted.

Both use the same Postgres, Valkey and simulated eSMS, and take turns, so that a noisy machine is noisy for both. Each
way's processes are warm and idle and all its messages are enqueued when the clock starts; it stops when Postgres says
that all are accepted. CPU is that of the worker processes with all their children, from the system's accounts.

    python -m benchmarks.end_to_end [--rounds 3] [--ours 5000] [--plain 600]
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from statistics import median

from rich.table import Table

from benchmarks import plain_celery
from benchmarks.support import (
    LATENCY,
    Stage,
    celery,
    console,
    content,
    cpu_seconds,
    enqueue_ours,
    forget_ours,
    load,
    phone,
    silent,
    stage,
    unaccepted_of_ours,
)
from worker.devkit.processes import Child
from worker.lifecycle import Lane
from worker.queues import Bell, Queue
from worker.settings import Settings

FASTER = 4.0  # times the messages a second of the plain way, at least
CHEAPER = 4.0  # of the plain way's CPU for each message we may use one such part, at most
WARM_UP = 300  # messages before the first measurement: imports, connections, threads
QUIET = ["--loglevel=WARNING", "--without-mingle", "--without-gossip", "--without-heartbeat"]
PLAIN_SETUPS = (("prefork", 8), ("prefork", 16), ("prefork", 32), ("threads", 16), ("threads", 32))


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
    on.until(lambda: way.unsettled() == 0, f"{way.name}: all accepted", *way.processes)
    run = Run(messages, time.monotonic() - started, cpu_seconds(*way.processes) - cpu)
    ledger = on.esms.ledger()
    assert len(ledger.sms) == messages and not ledger.twice(), "somebody got none, or two"
    return run


# Ours...


@contextmanager
def our_way(on: Stage) -> Iterator[Way]:
    """As `esms-worker up` runs it: two processes that send, every setting at its default."""
    queues = ",".join(Queue)
    # Polls come in the same processes, seconds after an SMS is accepted: here they would blur what sending costs.
    worker = celery(
        on, "ours", "worker.tasks", ["worker", *QUIET, "-Q", queues, "-c", "2"], WORKER_POLL_FIRST_AFTER="3600"
    )
    settings = Settings.from_environ(on.environ)
    bell = Bell(settings.broker_url, settings.redis_url)
    with ExitStack() as stack:
        stack.callback(worker.stop)
        stack.callback(bell.close)
        notifier = stack.enter_context(silent(on))
        yield Way(
            "ours",
            [worker],
            forget=lambda: forget_ours(on),
            enqueue=lambda messages: enqueue_ours(notifier, messages),
            go=lambda: bell.ring({Lane.NORMAL}),
            unsettled=lambda: unaccepted_of_ours(on),
        )


# Plain...


@contextmanager
def plain_way(on: Stage, pool: str, concurrency: int) -> Iterator[Way]:
    """One Celery worker for the plain task."""
    threads = str(concurrency) if pool == "threads" else "1"
    arguments = ["worker", *QUIET, "-Q", plain_celery.QUEUE, "-P", pool, "-c", str(concurrency)]
    worker = celery(on, "plain", "benchmarks.plain_celery", arguments, PLAIN_THREADS=threads)
    plain_celery.Base.metadata.create_all(on.database.engine)
    broker_url = on.environ["CELERY_BROKER_URL"]
    try:
        yield Way(
            f"plain, {pool} {concurrency}",
            [worker],
            forget=lambda: forget_plain(on),
            enqueue=lambda messages: plain_celery.park(
                on.database.engine, broker_url, [(phone(place), content(place)) for place in range(messages)]
            ),
            go=lambda: on.redis.rename(plain_celery.PARKED, plain_celery.QUEUE),
            unsettled=lambda: on.scalar("SELECT count(*) FROM plain_message WHERE status <> 'accepted'"),
        )
    finally:
        worker.stop()


def forget_plain(on: Stage) -> None:
    on.execute("TRUNCATE plain_message")
    on.esms.reset()


def best_plain(on: Stage, messages: int) -> tuple[str, int]:
    """The pool and concurrency with which the plain way sends the most here."""
    trials: dict[tuple[str, int], Run] = {}
    for pool, concurrency in PLAIN_SETUPS:
        with plain_way(on, pool, concurrency) as way:
            measure(on, way, 4 * concurrency)
            trials[pool, concurrency] = measure(on, way, messages)
    best = max(trials, key=lambda setup: trials[setup].rate)
    table = _table("The plain way, tried with", "pool", "concurrency")
    for setup, run in trials.items():
        table.add_row(setup[0], str(setup[1]), *_figures([run]), style="bold" if setup == best else "")
    console.print(table)
    return best


# Side by side...


def compare(on: Stage, rounds: int, ours: int, plain: int) -> tuple[list[Run], list[Run]]:
    """The runs of each way, taking turns."""
    setup = best_plain(on, plain // 2)
    our_runs: list[Run] = []
    plain_runs: list[Run] = []
    with our_way(on) as we, plain_way(on, *setup) as they:
        measure(on, we, WARM_UP)
        measure(on, they, WARM_UP)
        for _ in range(rounds):
            plain_runs.append(measure(on, they, plain))
            our_runs.append(measure(on, we, ours))
    _print(f"plain, {setup[0]} {setup[1]}", plain_runs, our_runs)
    return our_runs, plain_runs


def ratios(ours: list[Run], plain: list[Run]) -> tuple[float, float]:
    """How many times faster, and how many times cheaper, medians beside medians."""
    faster = median(run.rate for run in ours) / median(run.rate for run in plain)
    cheaper = median(run.cost for run in plain) / median(run.cost for run in ours)
    return faster, cheaper


def _print(plain_name: str, plain: list[Run], ours: list[Run]) -> None:
    table = _table(
        f"From queued to accepted, eSMS takes {LATENCY * 1000:.0f} ms; medians of {len(ours)} rounds, in turns", "way"
    )
    table.add_row(plain_name, *_figures(plain))
    table.add_row("ours", *_figures(ours))
    faster, cheaper = ratios(ours, plain)
    table.add_section()
    table.add_row("ratio", "", f"{faster:.1f}x", f"1/{cheaper:.1f}", style="bold")
    table.add_row("wanted", "", f"{FASTER:g}x", f"1/{CHEAPER:g}")
    console.print(table)


def _table(title: str, *first: str) -> Table:
    table = Table(title=title)
    for name in first:
        table.add_column(name)
    for name in ("messages", "messages/s", "CPU ms/message"):
        table.add_column(name, justify="right")
    return table


def _figures(runs: list[Run]) -> tuple[str, str, str]:
    rates, costs = [run.rate for run in runs], [run.cost for run in runs]
    return f"{runs[0].messages:,}", _spread(rates, ",.0f"), _spread(costs, ".2f")


def _spread(values: list[float], form: str) -> str:
    middle = format(median(values), form)
    return middle if len(values) == 1 else f"{middle} ({format(min(values), form)}–{format(max(values), form)})"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--ours", type=int, default=5000, help="messages in each of our rounds")
    parser.add_argument("--plain", type=int, default=600, help="messages in each round of the plain way")
    options = parser.parse_args()
    console.print(load())
    with stage() as on:
        ours, plain = compare(on, options.rounds, options.ours, options.plain)
    faster, cheaper = ratios(ours, plain)
    return 0 if faster >= FASTER and cheaper >= CHEAPER else 1


if __name__ == "__main__":
    sys.exit(main())
