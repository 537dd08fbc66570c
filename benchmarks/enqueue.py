"""How fast a producer hands over: rows a second by `enqueue_many`, and how long one `enqueue` takes.

Both with everything that a producer gets: checks, normalised numbers, the transaction on disk, the bell.

    python -m benchmarks.enqueue [--rows 50000] [--rounds 3] [--singles 500]
"""

from __future__ import annotations

import argparse
import sys
import time
from statistics import median, quantiles

from rich.table import Table

from benchmarks.support import BRANDNAME, Stage, console, content, load, phone, stage
from worker import Notifier, Sms

LEAST = 10_000  # rows a second


def many(on: Stage, notifier: Notifier, rows: int) -> float:
    """Rows a second, from values in memory to the commit."""
    on.execute("TRUNCATE request, message, notification")
    on.settle()
    wanted = [Sms(to=phone(place), content=content(place), brandname=BRANDNAME) for place in range(rows)]
    started = time.perf_counter()
    notifier.enqueue_many(wanted, source="bench", campaign="bench")
    taken = time.perf_counter() - started
    assert on.scalar("SELECT count(*) FROM message") == rows
    return rows / taken


def singles(notifier: Notifier, count: int) -> list[float]:
    """Seconds for each of so many calls, one after another."""
    taken: list[float] = []
    for place in range(count):
        started = time.perf_counter()
        notifier.enqueue(
            Sms(to=phone(place), content=content(place), brandname=BRANDNAME), source="one", reference=f"order:{place}"
        )
        taken.append(time.perf_counter() - started)
    return taken


def _print(rows: int, rates: list[float], taken: list[float]) -> None:
    table = Table(title="Handing over")
    for name in ("what", "measured", "wanted"):
        table.add_column(name, justify="left" if name == "what" else "right")
    spread = f"{median(rates):,.0f} rows/s  ({min(rates):,.0f} to {max(rates):,.0f})"
    table.add_row(f"enqueue_many, {rows:,} SMS, median of {len(rates)}", spread, f"{LEAST:,} rows/s")
    table.add_row(f"enqueue, p50 of {len(taken):,}", f"{median(taken) * 1000:.2f} ms", "")
    table.add_row("enqueue, p99", f"{quantiles(taken, n=100)[98] * 1000:.2f} ms", "")
    console.print(table)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--rows", type=int, default=50_000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--singles", type=int, default=500)
    options = parser.parse_args()
    console.print(load())
    with stage() as on, Notifier.from_env(on.environ) as notifier:
        notifier.enqueue(Sms(to=phone(0), content="warm", brandname=BRANDNAME))  # connects, and imports what rings
        rates = [many(on, notifier, options.rows) for _ in range(options.rounds)]
        taken = singles(notifier, options.singles)
    _print(options.rows, rates, taken)
    return 0 if median(rates) >= LEAST else 1


if __name__ == "__main__":
    sys.exit(main())
