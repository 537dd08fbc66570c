"""The rate that four processes keep to together, beside the rate that was wanted: with Redis, and while it is lost.

Each process asks as a sender does that always has more to send. What is counted is what they were granted in a window
in which all of them ask; for the second table Redis is stopped before it begins. A take is one round trip to Redis.

    python -m benchmarks.rate_limit [--seconds 8] [--processes 4]
"""

from __future__ import annotations

import argparse
import multiprocessing
import sys
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from uuid import uuid4

from redis import Redis
from rich.table import Table

from benchmarks.support import console, load
from worker.devkit.valkey import Valkey
from worker.limiter import Limiter
from worker.settings import Rates

RATES = (20.0, 100.0, 1000.0)  # a second
WITHIN = 0.05  # of what is wanted
MOST = 64  # requests that a process asks for at once
ACQUAINTED = 3.0  # seconds in which the processes learn of each other, before Redis is stopped


@dataclass(frozen=True)
class Asked:
    """What one process did: its grants, by a clock that all processes of a machine share, and what asking cost it."""

    grants: list[tuple[float, int]]
    takes: int
    cpu: float  # seconds


@dataclass(frozen=True)
class Run:
    """One window of all processes together."""

    rate: float
    measured: float
    fewest: float  # of the processes, as a part of the fair share
    most: float
    cost: float  # seconds of CPU for a take

    @property
    def off(self) -> float:
        """How far from what was wanted, as a part of it."""
        return self.measured / self.rate - 1


def ask(url: str, account: str, rate: float, seconds: float, processes: int) -> Asked:
    """One process: it begins when all have come."""
    limiter = Limiter(url, _rates(rate), account=account)
    _wait_for_all(url, account, processes)
    asked: list[tuple[float, int]] = []
    takes, cpu, end = 0, time.process_time(), time.monotonic() + seconds
    while (now := time.monotonic()) < end:
        takes += 1
        if granted := limiter.take("bulk", MOST):
            asked.append((now, granted))
        else:
            time.sleep(limiter.wait("bulk"))
    limiter.close()
    return Asked(asked, takes, time.process_time() - cpu)


def _rates(rate: float) -> Rates:
    return Rates(sends=rate, urgent=None, normal=None, bulk=None, voice=None, poll=None)


def _wait_for_all(url: str, account: str, processes: int) -> None:
    with Redis.from_url(url) as redis:
        redis.incr(account)
        while int(redis.get(account) or 0) < processes:
            time.sleep(0.01)


def measure(valkey: Valkey, rate: float, seconds: float, processes: int, *, lost: bool) -> Run:
    """Let them ask, and count what they were granted in a window of so many seconds."""
    account = uuid4().hex
    before = ACQUAINTED if lost else 1.0
    with ProcessPoolExecutor(processes, multiprocessing.get_context("spawn")) as pool:
        asks = [pool.submit(ask, valkey.url, account, rate, before + seconds + 1, processes) for _ in range(processes)]
        _wait_for_all(valkey.url, account, processes + 1)
        with _without(valkey, after=before) if lost else _after(before):
            since = time.monotonic()
            time.sleep(seconds)
            until = time.monotonic()
        return _run([each.result() for each in asks], rate, since, until)


@contextmanager
def _after(seconds: float) -> Iterator[None]:
    time.sleep(seconds)
    yield


@contextmanager
def _without(valkey: Valkey, *, after: float) -> Iterator[None]:
    time.sleep(after)
    valkey.stop()
    yield
    valkey.start()


def _run(asked: list[Asked], rate: float, since: float, until: float) -> Run:
    each = [sum(n for at, n in one.grants if since <= at < until) / (until - since) for one in asked]
    fair = rate / len(asked)
    cost = sum(one.cpu for one in asked) / sum(one.takes for one in asked)
    return Run(rate, sum(each), min(each) / fair, max(each) / fair, cost)


def _print(title: str, runs: list[Run]) -> None:
    table = Table(title=title)
    for name in ("wanted/s", "measured/s", "off by", "shares, of the fair one", "CPU µs/take"):
        table.add_column(name, justify="right")
    for run in runs:
        shares = f"{run.fewest:.2f}–{run.most:.2f}"
        table.add_row(f"{run.rate:g}", f"{run.measured:.1f}", f"{run.off:+.1%}", shares, f"{run.cost * 1e6:.0f}")
    console.print(table)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--seconds", type=float, default=8)
    parser.add_argument("--processes", type=int, default=4)
    options = parser.parse_args()
    console.print(load())
    missed = False
    with tempfile.TemporaryDirectory(prefix="esms-bench-") as folder, Valkey(Path(folder)) as valkey:
        for title, lost in (("shared through Redis", False), ("while Redis is lost", True)):
            runs = [measure(valkey, rate, options.seconds, options.processes, lost=lost) for rate in RATES]
            _print(f"{options.processes} processes, {options.seconds:g} s: {title}", runs)
            missed = missed or any(abs(run.off) > WITHIN for run in runs)
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
