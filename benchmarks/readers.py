"""How fast real worker processes send while others hold old snapshots: three readers that overlap, and a dump.

A window alone, one beside readers of two minutes of which each begins a while after the one before it, one alone again,
and one while all is dumped. Told are messages a second, and the CPU of workers and Postgres for each, by which it is
judged: the machine has other work to do.

    python -m benchmarks.readers [--seconds 120] [--messages 600000]
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass

from rich.table import Table

from benchmarks.hard_day import MOST_TIMES_SENDING, READERS, dump, held_snapshot
from benchmarks.setups import Way, fastest, our_way
from benchmarks.support import Stage, console, cpu_seconds, load, outside, postgres_of, stage

UNDER_WAY = 2_000  # messages, before the first window
IN_FLIGHT = "50"  # calls of a process: a thousand a second, so that a window of minutes needs no millions


@dataclass(frozen=True)
class Window:
    """A while of sending."""

    beside: str
    rate: float  # messages a second
    cpu: float  # µs for one


def postgres_cpu(on: Stage) -> float:
    """Seconds, of those of its processes that are there."""
    main = postgres_of(on)
    return sum(sum(each.cpu_times()[:2]) for each in [main, *main.children()])


@contextmanager
def readers(on: Stage, seconds: float) -> Iterator[None]:
    """Each begins an eighth of the time after the one before it; all stay to the end, and so all overlap."""
    with ExitStack() as held:
        for _ in range(READERS):
            held.enter_context(held_snapshot(on))
            time.sleep(seconds / 8)
        yield


def window(on: Stage, way: Way, beside: str, seconds: float) -> Window:
    """So long, from now."""
    sent, cpu, began = on.esms.tally()["messages"], postgres_cpu(on) + cpu_seconds(*way.processes), time.monotonic()
    time.sleep(seconds)
    sent = on.esms.tally()["messages"] - sent
    took, cpu = time.monotonic() - began, postgres_cpu(on) + cpu_seconds(*way.processes) - cpu
    assert sent and way.unsettled() > 0, "all were sent before the end: give more of them, or fewer seconds"
    return Window(beside, sent / took, cpu / sent * 1e6)


def windows(on: Stage, way: Way, seconds: float) -> Iterator[Window]:
    """Each that is beside something has one alone before it."""
    yield window(on, way, "nobody", seconds / 4)
    with readers(on, seconds):
        yield window(on, way, f"{READERS} readers", seconds)
    yield window(on, way, "nobody", seconds / 4)
    with dump(on):
        yield window(on, way, "a dump", seconds / 2)


def main() -> int:
    """Exit code 1 where a message costs more beside them than it should."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--seconds", type=float, default=120)
    parser.add_argument("--messages", type=int, default=600_000)
    options = parser.parse_args()
    console.print(load())
    variables = fastest() | {"WORKER_SENDS_IN_FLIGHT": IN_FLIGHT}
    with stage() as on, our_way(on, "ours", variables) as way:
        way.enqueue(options.messages)
        outside(on.database, "VACUUM (ANALYZE) message, notification")
        way.go()
        on.until(lambda: on.esms.tally()["messages"] > UNDER_WAY, "messages under way")
        found = list(windows(on, way, options.seconds))
    return _judged(found)


def _judged(found: list[Window]) -> int:
    table = Table("beside", "messages a second", "µs of CPU for one", "times")
    good = True
    for alone, beside in zip(found[::2], found[1::2], strict=True):
        times = beside.cpu / alone.cpu
        good &= times <= MOST_TIMES_SENDING
        table.add_row(alone.beside, f"{alone.rate:,.0f}", f"{alone.cpu:.0f}", "")
        table.add_row(beside.beside, f"{beside.rate:,.0f}", f"{beside.cpu:.0f}", f"{times:.2f}")
    console.print(table)
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
