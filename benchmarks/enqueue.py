"""How fast a producer hands over: rows a second by `enqueue_many`, and how long one `enqueue` takes.

Both with everything that a producer gets: checks, normalised numbers, the transaction on disk, the bell.

    python -m benchmarks.enqueue [--rows 50000] [--rounds 3] [--singles 500] [--json FILE]
"""

from __future__ import annotations

import argparse
import sys
import time
from dataclasses import dataclass
from statistics import median, quantiles

from rich.table import Table

from benchmarks import results
from benchmarks.support import Stage, console, forget_ours, load, sms, stage
from worker import Notifier

LEAST = 30_000  # rows a second


@dataclass(frozen=True)
class Run:
    """One `enqueue_many`."""

    rows: int
    seconds: float
    cpu: float  # seconds, of the producer

    @property
    def rate(self) -> float:
        """Rows a second."""
        return self.rows / self.seconds

    @property
    def cost(self) -> float:
        """Microseconds of the producer's CPU for each row; the rest of the time is Postgres's."""
        return self.cpu / self.rows * 1e6


def many(on: Stage, notifier: Notifier, rows: int) -> Run:
    """From values in memory to the commit."""
    forget_ours(on)
    on.settle()
    wanted = [sms(place) for place in range(rows)]
    cpu, started = time.process_time(), time.perf_counter()
    notifier.enqueue_many(wanted, source="bench", campaign="bench")
    run = Run(rows, time.perf_counter() - started, time.process_time() - cpu)
    assert on.scalar("SELECT count(*) FROM message") == rows
    return run


def singles(notifier: Notifier, count: int) -> list[float]:
    """Seconds for each of so many calls, one after another."""
    taken: list[float] = []
    for place in range(count):
        started = time.perf_counter()
        notifier.enqueue(sms(place), source="one", reference=f"order:{place}")
        taken.append(time.perf_counter() - started)
    return taken


def _print(runs: list[Run], taken: list[float]) -> None:
    table = Table(title="Handing over, everything at its default")
    for name in ("what", "measured", "wanted"):
        table.add_column(name, justify="left" if name == "what" else "right")
    rates = [run.rate for run in runs]
    spread = f"{median(rates):,.0f}  ({min(rates):,.0f} to {max(rates):,.0f})"
    table.add_row(f"enqueue_many, {runs[0].rows:,} SMS: rows/s", spread, f"{LEAST:,}")
    table.add_row("  the producer's CPU, µs/row", f"{median(run.cost for run in runs):.0f}", "")
    table.add_row(f"enqueue, one by one, {len(taken):,} times: p50, ms", f"{median(taken) * 1000:.2f}", "")
    table.add_row("  p99, ms", f"{quantiles(taken, n=100)[98] * 1000:.2f}", "")
    console.print(table)


def found(runs: list[Run], taken: list[float]) -> dict[str, float]:
    """For the results file."""
    return {
        "rows": runs[0].rows,
        "rate": median(run.rate for run in runs),
        "wanted": LEAST,
        "cpu_micros": median(run.cost for run in runs),
        "p50_ms": median(taken) * 1000,
        "p99_ms": quantiles(taken, n=100)[98] * 1000,
    }


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--rows", type=int, default=50_000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--singles", type=int, default=500)
    results.add_argument(parser)
    options = parser.parse_args()
    console.print(load())
    with stage() as on, Notifier.from_env(on.environ) as notifier:
        notifier.enqueue(sms(0))  # connects, and imports what rings
        runs = [many(on, notifier, options.rows) for _ in range(options.rounds)]
        taken = singles(notifier, options.singles)
    _print(runs, taken)
    results.save(options.json, "enqueue", found(runs, taken))
    return 0 if median(run.rate for run in runs) >= LEAST else 1


if __name__ == "__main__":
    sys.exit(main())
