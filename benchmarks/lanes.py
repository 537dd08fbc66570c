"""An OTP overtakes everything: its time to the provider while nothing else is due, and while 100,000 others are.

All our processes run as in the Procfile, with the fastest transport that is there and as many calls open as it is
fastest with; others give way to codes (WORKER_SENDS_BESIDE_CODES). This process is the producer: it enqueues one code
after another, each at a moment of its own. The time counts from before `enqueue` until the provider has read the
request, by the machine's monotonic clock, which both share. The others are bulk messages, all due: so many that at the
end more than 100,000 still are.

    python -m benchmarks.lanes [--codes 1000] [--bulk 200000] [--json FILE]

So many codes while nothing else is due, a quarter of them beside the others: of a few hundred, one pause of the disk
would be the 99th percentile.
"""

from __future__ import annotations

import argparse
import random
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from statistics import median, quantiles

import psutil
from rich.table import Table

from benchmarks import results
from benchmarks.processes import crew
from benchmarks.setups import fastest
from benchmarks.support import Stage, console, content, forget_ours, load, phone, silent, stage
from worker import Notifier, Sms, SmsType
from worker.bell import Bell
from worker.lifecycle import Lane

MOST_TIMES = 3.0  # that a busy system may take, of an idle one's median
WARM_UP = 10  # codes
UNDER_WAY = 2_000  # bulk messages that went out before the first code is timed
PERCENT = (50, 95, 99)
CODES = "032"  # their numbers begin so, and nobody else's


@dataclass(frozen=True)
class Period:
    """How long codes took while the system was so."""

    system: str
    seconds: list[float]
    bulk: int  # messages that went out meanwhile
    cpu: float  # of all cores, percent

    def quantile(self, percent: int) -> float:
        """Milliseconds."""
        return quantiles(self.seconds, n=100)[percent - 1] * 1000


def codes(notifier: Notifier, count: int, first: int) -> Iterator[tuple[str, float]]:
    """Enqueue so many, one by one; each one's number, and when it was."""
    dice = random.Random(first)  # the moments are the same in each run, and meet no rhythm of ours
    for place in range(first, first + count):
        time.sleep(dice.uniform(0.005, 0.045))
        number, started = f"{CODES}{place:07}", time.monotonic()
        notifier.enqueue(Sms(to=number, content=f"Ma xac nhan: {place:06}", sms_type=SmsType.OTP))
        yield number, started


def measure(on: Stage, notifier: Notifier, system: str, count: int, first: int) -> Period:
    """Time so many codes."""
    before = on.esms.tally()["messages"]
    psutil.cpu_percent()
    started = dict(codes(notifier, count, first))
    busy = psutil.cpu_percent()
    bulk = on.esms.tally()["messages"] - before - count
    on.until(lambda: started.keys() <= on.esms.arrivals(CODES).keys(), "all codes at the provider")
    arrived = on.esms.arrivals(CODES)
    return Period(system, [arrived[number] - at for number, at in started.items()], max(0, bulk), busy)


def while_busy(on: Stage, notifier: Notifier, count: int, bulk: int) -> Period:
    """With so many bulk messages due, and some of them still due at the end."""
    with silent(on) as unheard:
        unheard.enqueue_many(
            (_wish(place) for place in range(bulk)), purpose="service"
        )  # nothing of it waits for its hours
    on.settle()
    bell = Bell(on.environ["CELERY_BROKER_URL"], on.environ["REDIS_URL"])
    bell.ring({Lane.BULK})
    on.until(lambda: on.esms.tally()["messages"] > UNDER_WAY, "bulk messages under way")
    period = measure(on, notifier, f"{bulk:,} others due", count, 10_000)
    bell.close()
    left = on.scalar("SELECT count(*) FROM message WHERE status = 'queued' AND lane = 'bulk'")
    assert left > 0, "the bulk messages were all sent before the last code: give more of them, or fewer codes"
    return period


def _wish(place: int) -> Sms:
    return Sms(to=phone(place), content=content(place), sms_type=SmsType.RANDOM)


def _print(periods: list[Period], ratio: float) -> None:
    table = Table("system", title="A code, from enqueue to the provider, milliseconds")
    for name in ("codes", "p50", "p95", "p99", "CPU busy", "others sent meanwhile"):
        table.add_column(name, justify="right")
    for each in periods:
        shown = (f"{each.quantile(percent):.1f}" for percent in PERCENT)
        table.add_row(each.system, str(len(each.seconds)), *shown, f"{each.cpu:.0f} %", f"{each.bulk:,}")
    console.print(table)
    console.print(f"median beside the idle system's: {ratio:.1f} times, wanted {MOST_TIMES:g} or less")


def found(periods: list[Period], ratio: float) -> dict[str, object]:
    """For the results file."""
    return {
        "ratio": ratio,
        "wanted": MOST_TIMES,
        "periods": [
            {
                "system": each.system,
                "cpu": each.cpu,
                "bulk": each.bulk,
                "ms": sorted(round(at * 1000, 2) for at in each.seconds),
                "quantiles": {f"p{percent}": each.quantile(percent) for percent in PERCENT},
            }
            for each in periods
        ],
    }


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--codes", type=int, default=1000)
    parser.add_argument("--bulk", type=int, default=200_000)
    results.add_argument(parser)
    options = parser.parse_args()
    variables = fastest()
    console.print(load(), *(f"{name}={value}" for name, value in variables.items()), sep="\n")
    with stage() as on, crew(on, variables), Notifier.from_env(on.environ) as notifier:
        measure(on, notifier, "warm-up", WARM_UP, 90_000)
        on.settle()
        idle = measure(on, notifier, "nothing else due", options.codes, 0)
        forget_ours(on)
        periods = [idle, while_busy(on, notifier, options.codes // 4, options.bulk)]
    ratio = median(periods[1].seconds) / median(periods[0].seconds)
    _print(periods, ratio)
    results.save(options.json, "lanes", found(periods, ratio))
    return 0 if ratio <= MOST_TIMES else 1


if __name__ == "__main__":
    sys.exit(main())
