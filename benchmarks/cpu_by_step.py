"""What a message costs our worker, step by step: CPU of one drain in this process, without Celery around it.

Threads that send are counted by what the process used and its main thread did not, so nothing is left out, and
nothing in the sending path is slowed down by being watched. Each transport, set up as in `end_to_end`.

    python -m benchmarks.cpu_by_step [--messages 4000] [--rounds 3] [--json FILE]
"""

from __future__ import annotations

import argparse
import os
import sys
import time
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from statistics import median
from typing import Any
from unittest import mock

from rich.table import Table
from sqlalchemy.orm import Session

from benchmarks import results
from benchmarks.setups import REQUESTS, fast_setups
from benchmarks.support import (
    Stage,
    console,
    drain_of,
    enqueue_ours,
    forget_ours,
    load,
    silent,
    stage,
    unaccepted_of_ours,
)
from worker import ledger
from worker.database import Database
from worker.delivery import drain
from worker.delivery.outcomes import outcome_of
from worker.delivery.requests import prepared
from worker.esms import Exchange
from worker.lifecycle import Lane
from worker.runtime import Runtime, collect_garbage_seldom

CLIENT = "client: eSMS called, and its answer read"
CLAIM = "claim: one statement for many"
RECORD = "record: one statement for many"
PREPARE = "prepare: from a claim to a request"
OUTCOME = "outcome: from an answer to a status"
REST = "rest: the loop itself"
STEPS = (CLIENT, RECORD, CLAIM, PREPARE, OUTCOME, REST)


@dataclass
class Meter:
    """Seconds of the main thread's CPU by step."""

    spent: defaultdict[str, float] = field(default_factory=lambda: defaultdict(float))
    _step: str = REST

    def timed(self, step: str, work: Callable[..., Any]) -> Callable[..., Any]:
        """The same work, its CPU booked under the step."""

        def booked(*arguments: Any, **named: Any) -> Any:
            begun = time.thread_time()
            try:
                return work(*arguments, **named)
            finally:
                self.spent[step] += time.thread_time() - begun

        return booked

    def named(self, step: str, work: Callable[..., Any]) -> Callable[..., Any]:
        """The same work; the whole transaction that it is done in belongs to the step."""

        def marked(*arguments: Any, **named: Any) -> Any:
            self._step = step
            return work(*arguments, **named)

        return marked

    def transactions(self, begin: Callable[[Database], Any]) -> Callable[[Database], Any]:
        """The same transactions, booked under what was named in them."""

        @contextmanager
        def booked(database: Database) -> Iterator[Session]:
            begun = time.thread_time()
            with begin(database) as session:
                yield session
            self.spent[self._step] += time.thread_time() - begun

        return booked


@contextmanager
def watched(meter: Meter, transport: type[Exchange]) -> Iterator[None]:
    """The drain's steps, watched from outside."""
    with (
        mock.patch.object(Database, "begin", meter.transactions(Database.begin)),
        mock.patch.object(ledger, "due", meter.named(CLAIM, ledger.due)),
        mock.patch.object(ledger, "record", meter.named(RECORD, ledger.record)),
        mock.patch.object(drain, "prepared", meter.timed(PREPARE, prepared)),
        mock.patch.object(drain, "outcome_of", meter.timed(OUTCOME, outcome_of)),
        mock.patch.object(transport, "put", meter.timed(CLIENT, transport.put)),
        mock.patch.object(transport, "take", meter.timed(CLIENT, transport.take)),
    ):
        yield


def measure(on: Stage, parts: Runtime, messages: int) -> dict[str, float]:
    """Seconds of CPU by step for so many messages."""
    forget_ours(on)
    with silent(on) as notifier:
        enqueue_ours(notifier, messages)
    on.settle()
    meter = Meter()
    work = drain_of(parts)
    with watched(meter, type(parts.sending)):
        process, thread = time.process_time(), time.thread_time()
        work.run(list(Lane), lambda: False)
        process, thread = time.process_time() - process, time.thread_time() - thread
    assert unaccepted_of_ours(on) == 0
    spent = dict(meter.spent)
    spent[REST] = thread - sum(spent.values())
    spent[CLIENT] += process - thread  # what the threads that send used
    return spent


def by_step(on: Stage, variables: Mapping[str, str], messages: int, rounds: int) -> dict[str, float]:
    """Microseconds for each message by step, medians, of a worker with these settings."""
    os.environ.update({**on.environ, **variables})
    parts = Runtime.from_environ()
    collect_garbage_seldom()
    measure(on, parts, 300)  # imports, connections, threads
    runs = [measure(on, parts, messages) for _ in range(rounds)]
    parts.sending.close()
    parts.client.close()
    parts.limiter.close()
    parts.database.close()
    return {step: median(run[step] for run in runs) / messages * 1e6 for step in STEPS}


def _print(found: dict[str, dict[str, float]], rounds: int) -> None:
    table = Table("step", title=f"CPU of our worker for each message, µs; medians of {rounds} rounds")
    for transport in found:
        table.add_column(transport, justify="right")
        table.add_column("share", justify="right")
    for step in STEPS:
        shares = [(each[step], each[step] / sum(each.values())) for each in found.values()]
        table.add_row(step, *(cell for micros, share in shares for cell in (f"{micros:.0f}", f"{share:.0%}")))
    table.add_section()
    table.add_row("all", *(cell for each in found.values() for cell in (f"{sum(each.values()):.0f}", "")), style="bold")
    console.print(table)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--messages", type=int, default=4000)
    parser.add_argument("--rounds", type=int, default=3)
    results.add_argument(parser)
    options = parser.parse_args()
    console.print(load())
    with stage() as on:
        setups = {"requests": REQUESTS} | fast_setups()
        found = {name: by_step(on, each, options.messages, options.rounds) for name, each in setups.items()}
    _print(found, options.rounds)
    results.save(options.json, "cpu_by_step", {"micros": found})
    return 0


if __name__ == "__main__":
    sys.exit(main())
