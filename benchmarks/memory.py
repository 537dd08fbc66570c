"""Does a worker grow? The resident memory of its two sending processes over 100,000 messages.

One Celery worker as `worker:` in the Procfile. Sampled while it sends; after the warm-up, the first fifth, it must not
grow.

    python -m benchmarks.memory [--messages 100000] [--json FILE]
"""

from __future__ import annotations

import argparse
import sys
from dataclasses import dataclass

import psutil
from rich.table import Table

from benchmarks import results
from benchmarks.setups import UNASKED
from benchmarks.support import Stage, console, enqueue_ours, forget_ours, load, silent, stage, unaccepted_of_ours
from worker.bell import Bell
from worker.devkit.processes import Child
from worker.lifecycle import Lane

MOST_TIMES = 1.05  # that a process may have at the end, of what it had after the warm-up
WARM = 0.2  # of all messages
SAMPLES = 50
PATIENCE = 900.0  # seconds


@dataclass(frozen=True)
class Sample:
    """After so many messages, the megabytes of the process that has the most."""

    messages: int
    megabytes: float


def resident(worker: Child) -> float:
    """Megabytes of the largest of the processes that send; Celery's own main process sends nothing."""
    children = psutil.Process(worker.pid).children(recursive=True)
    return max((child.memory_info().rss for child in children), default=0) / 1e6


def sample(on: Stage, worker: Child, messages: int) -> list[Sample]:
    """Send them all, and look every now and then."""
    samples: list[Sample] = []

    def look() -> bool:
        sent = on.esms.tally()["messages"]
        if sent and sent >= len(samples) * messages / SAMPLES:
            samples.append(Sample(sent, resident(worker)))
        return sent >= messages

    on.until(look, "all at the provider", worker, patience=PATIENCE)
    on.until(lambda: unaccepted_of_ours(on) == 0, "all accepted", worker)
    return [*samples, Sample(messages, resident(worker))]


def run(on: Stage, messages: int) -> list[Sample]:
    """Enqueue, ring, and watch."""
    with silent(on) as notifier:
        enqueue_ours(notifier, messages)
    on.settle()
    command = ["celery", "-A", "worker.tasks", "worker", "-Q", "deliver", "-c", "2", "--loglevel=WARNING"]
    bell = Bell(on.environ["CELERY_BROKER_URL"], on.environ["REDIS_URL"])
    with on.python("memory", command, **UNASKED) as worker:
        bell.ring({Lane.NORMAL})
        samples = sample(on, worker, messages)
    bell.close()
    return samples


def growth(samples: list[Sample]) -> float:
    """What the process has at the end, in times of what it had after the warm-up."""
    warm = next(each for each in samples if each.messages >= WARM * samples[-1].messages)
    return samples[-1].megabytes / warm.megabytes


def _print(samples: list[Sample]) -> None:
    table = Table(title="Memory of the larger of two processes that send")
    for name in ("messages", "MB"):
        table.add_column(name, justify="right")
    for each in samples[:: max(1, len(samples) // 10)]:
        table.add_row(f"{each.messages:,}", f"{each.megabytes:.1f}")
    console.print(table)
    console.print(f"grown {growth(samples):.3f} times after the warm-up, wanted {MOST_TIMES:g} or less")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--messages", type=int, default=100_000)
    results.add_argument(parser)
    options = parser.parse_args()
    console.print(load())
    with stage() as on:
        forget_ours(on)
        samples = run(on, options.messages)
    _print(samples)
    points = [[each.messages, round(each.megabytes, 2)] for each in samples]
    results.save(options.json, "memory", {"samples": points, "growth": growth(samples), "wanted": MOST_TIMES})
    return 0 if growth(samples) <= MOST_TIMES else 1


if __name__ == "__main__":
    sys.exit(main())
