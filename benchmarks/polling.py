"""What became of 100,000 accepted messages: calls to eSMS and CPU for each, and whether memory stays flat.

All are accepted and due when it begins; the poller then asks as a worker does, task by task, until they are settled.
CPU is that of this process, which does nothing else; the servers' is not in it. A rate is set that is far above what it
can do, so that every call passes the limiter in Redis. The default rate, 50 a second, takes 67 minutes for as many.

    python -m benchmarks.polling [--messages 100000] [--in-flight 64] [--claim-most 400] [--latency 0.01]
"""

from __future__ import annotations

import argparse
import multiprocessing
import os
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass

import psutil
from rich.table import Table

from benchmarks.support import LATENCY, Stage, console, enqueue_ours, forget_ours, load, send_ours, stage
from worker import Notifier
from worker.devkit import simulator
from worker.devkit.simulator import Running
from worker.polling import Poller
from worker.runtime import Runtime, collect_garbage_seldom

CALLS = ("GetSendStatus", "GetSmsReceiverStatus_get")
RATE = "1000000"  # questions a second: far above what it can do, and every call passes the limiter
MOST_CALLS = 2.05  # for a message: at the end of a task, some wait between their two questions and are asked anew
MOST_GROWTH = 20.0  # MiB from when the caches are warm to the end
WARM_UP = 500  # messages: imports, connections, threads


@dataclass(frozen=True)
class Run:
    """One round: so many messages, all settled."""

    messages: int
    seconds: float
    cpu: float  # seconds
    calls: int
    before: float  # MiB
    most: float

    @property
    def figures(self) -> tuple[str, ...]:
        """As the table shows them."""
        each, poll = self.cpu / self.messages, self.cpu / self.calls
        return (
            f"{self.messages:,}",
            f"{self.messages / self.seconds:,.0f}",
            f"{self.calls / self.messages:.3f}",
            f"{each * 1e6:.0f}",
            f"{poll * 1e6:.0f}",
            f"{self.before:.1f}",
            f"{self.most:.1f}",
        )


@contextmanager
def asked() -> Iterator[tuple[Stage, Running]]:
    """The stage with the simulated eSMS on it, which knows what became of each message."""
    with stage() as on, simulator.start(latency=LATENCY, magic_numbers=False) as esms:
        on.environ.update(ESMS_REST_URL=esms.rest_url, ESMS_VOICE_URL=esms.voice_url)
        yield on, esms


def accept(on: Stage, esms: Running, messages: int, latency: float) -> None:
    """So many messages that eSMS has taken, all due to be asked about; another process does it, in its memory."""
    forget_ours(on)  # and eSMS turns its knobs back
    esms.reset()
    esms.set(latency=latency, pace=0)
    with ProcessPoolExecutor(1, multiprocessing.get_context("spawn")) as pool:
        pool.submit(_send, on.environ, messages).result()
    on.execute("UPDATE message SET poll_at = now() WHERE status = 'accepted'")
    on.settle()


def _send(environ: dict[str, str], messages: int) -> None:
    os.environ.update(environ)
    parts = Runtime.from_environ()
    silent = {name: value for name, value in environ.items() if name not in {"REDIS_URL", "CELERY_BROKER_URL"}}
    with Notifier.from_env(silent) as notifier:
        enqueue_ours(notifier, messages)
    send_ours(parts)
    parts.client.close()
    parts.database.close()


class Scales:
    """The most memory that this process was seen to use, looked at five times a second."""

    def __init__(self) -> None:
        self._process = psutil.Process()
        self._next = 0.0
        self.before = self.most = self._mebibytes()

    def look(self) -> bool:
        """Never a reason to stop."""
        if time.monotonic() >= self._next:
            self._next = time.monotonic() + 0.2
            self.most = max(self.most, self._mebibytes())
        return False

    def _mebibytes(self) -> float:
        return float(self._process.memory_info().rss) / 2**20


def measure(on: Stage, esms: Running, parts: Runtime, messages: int, latency: float) -> Run:
    """Settle them, one task's time after another."""
    accept(on, esms, messages, latency)
    scales, calls = Scales(), _calls(esms)
    cpu, started = time.process_time(), time.monotonic()
    while on.scalar("SELECT count(*) FROM message WHERE status = 'accepted'"):
        Poller(parts.database, parts.client, parts.polling, parts.limiter, parts.pace).run(scales.look)
    seconds, cpu = time.monotonic() - started, time.process_time() - cpu
    return Run(messages, seconds, cpu, _calls(esms) - calls, scales.before, scales.most)


def _calls(esms: Running) -> int:
    by_function = esms.stats()["by_function"]
    return sum(int(by_function.get(function, 0)) for function in CALLS)


def _print(run: Run, in_flight: int, latency: float) -> None:
    table = Table(title=f"From accepted to settled: one process, {in_flight} questions open, eSMS takes {latency:g} s")
    for name in ("messages", "a second", "calls each", "CPU µs", "µs a call", "MiB", "at most"):
        table.add_column(name, justify="right")
    table.add_row(*run.figures)
    console.print(table)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--messages", type=int, default=100_000)
    parser.add_argument("--in-flight", type=int, default=64, help="WORKER_POLLS_IN_FLIGHT")
    parser.add_argument("--claim-most", type=int, default=400, help="WORKER_CLAIM_MOST")
    parser.add_argument("--latency", type=float, default=0.01, help="seconds that eSMS takes for an answer")
    options = parser.parse_args()
    console.print(load())
    with asked() as (on, esms):
        os.environ.update(on.environ)
        os.environ.update(WORKER_POLL_RATE=RATE, WORKER_POLLS_IN_FLIGHT=str(options.in_flight))
        os.environ.update(WORKER_CLAIM_MOST=str(options.claim_most))
        parts = Runtime.from_environ()
        collect_garbage_seldom()
        measure(on, esms, parts, WARM_UP, options.latency)
        run = measure(on, esms, parts, options.messages, options.latency)
        _print(run, options.in_flight, options.latency)
        parts.client.close()
        parts.limiter.close()
        parts.database.close()
    flat = run.most - run.before <= MOST_GROWTH
    return 0 if flat and run.calls <= MOST_CALLS * run.messages else 1


if __name__ == "__main__":
    sys.exit(main())
