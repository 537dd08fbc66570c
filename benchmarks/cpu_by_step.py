"""What a message costs our worker, step by step: CPU of one drain in this process, without Celery around it.

Threads that send are counted by what the process used and its main thread did not, so nothing is left out, and
nothing in the sending path is slowed down by being watched.

    python -m benchmarks.cpu_by_step [--messages 4000] [--rounds 3]
"""

from __future__ import annotations

import argparse
import os
import sys
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from statistics import median
from typing import Any
from unittest import mock

from rich.table import Table
from sqlalchemy.orm import Session

from benchmarks.support import Stage, console, enqueue_ours, forget_ours, load, silent, stage, unaccepted_of_ours
from worker import ledger
from worker.database import Database
from worker.delivery import Drain, drain
from worker.delivery.outcomes import outcome_of
from worker.delivery.requests import prepared
from worker.esms import Exchange
from worker.lifecycle import Lane
from worker.runtime import Runtime

CLIENT = "client: eSMS called, and its answer read"
CLAIM = "claim: one statement for many"
RECORD = "record: two statements for many"
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
def watched(meter: Meter) -> Iterator[None]:
    """The drain's steps, watched from outside."""
    with (
        mock.patch.object(Database, "begin", meter.transactions(Database.begin)),
        mock.patch.object(ledger, "claim", meter.named(CLAIM, ledger.claim)),
        mock.patch.object(ledger, "record", meter.named(RECORD, ledger.record)),
        mock.patch.object(drain, "prepared", meter.timed(PREPARE, prepared)),
        mock.patch.object(drain, "outcome_of", meter.timed(OUTCOME, outcome_of)),
        mock.patch.object(Exchange, "put", meter.timed(CLIENT, Exchange.put)),
        mock.patch.object(Exchange, "take", meter.timed(CLIENT, Exchange.take)),
    ):
        yield


def measure(on: Stage, parts: Runtime, messages: int) -> dict[str, float]:
    """Seconds of CPU by step for so many messages."""
    forget_ours(on)
    with silent(on) as notifier:
        enqueue_ours(notifier, messages)
    on.settle()
    meter = Meter()
    timeout = parts.provider.total_timeout
    work = Drain(parts.database, parts.client, parts.sending, parts.limiter, parts.settings, parts.pace, timeout)
    with watched(meter):
        process, thread = time.process_time(), time.thread_time()
        work.run(list(Lane), lambda: False)
        process, thread = time.process_time() - process, time.thread_time() - thread
    assert unaccepted_of_ours(on) == 0
    spent = dict(meter.spent)
    spent[REST] = thread - sum(spent.values())
    spent[CLIENT] += process - thread  # what the threads that send used
    return spent


def _print(runs: list[dict[str, float]], messages: int, in_flight: int) -> None:
    each = {step: median(run[step] for run in runs) / messages * 1e6 for step in STEPS}
    table = Table(title=f"CPU of our worker for each message, {in_flight} in flight; medians of {len(runs)} rounds")
    table.add_column("step")
    table.add_column("µs", justify="right")
    table.add_column("share", justify="right")
    for step, spent in each.items():
        table.add_row(step, f"{spent:.0f}", f"{spent / sum(each.values()):.0%}")
    table.add_section()
    table.add_row("all", f"{sum(each.values()):.0f}", "", style="bold")
    console.print(table)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--messages", type=int, default=4000)
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    console.print(load())
    with stage() as on:
        os.environ.update(on.environ)
        parts = Runtime.from_environ()
        measure(on, parts, 300)  # imports, connections, threads
        runs = [measure(on, parts, options.messages) for _ in range(options.rounds)]
        _print(runs, options.messages, parts.pace.sends_in_flight)
        parts.client.close()
        parts.database.close()
    return 0


if __name__ == "__main__":
    sys.exit(main())
