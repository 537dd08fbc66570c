"""What a message costs us from `enqueue` to its end: our CPU to hand over, send, and ask what became of it, in turns.

One process does all three, a campaign at a time: `enqueue_many`, a drain, and then the poller, with the fastest
transport that is there and as much in flight as it is fastest with. The servers' CPU, and that of the stand-in for
eSMS, is not in it. What takes a core from us for a while makes a round dearer, so the median of many counts.

    python -m benchmarks.life [--messages 10000] [--rounds 9] [--json FILE]
"""

from __future__ import annotations

import argparse
import os
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from statistics import median

from rich.table import Table

from benchmarks import results
from benchmarks.polling import RATE, WARM_UP
from benchmarks.setups import UNASKED, fastest
from benchmarks.support import (
    Stage,
    console,
    enqueue_ours,
    forget_ours,
    load,
    send_ours,
    silent,
    stage,
    unaccepted_of_ours,
)
from worker import Notifier
from worker.polling import Poller
from worker.runtime import Runtime, collect_garbage_seldom

MOST = 180.0  # µs of our CPU for a whole life
IN_FLIGHT = "400"  # questions that are open at once: as many as sends, at most
STEPS = ("handed over", "sent", "asked about")


@dataclass(frozen=True)
class Life:
    """µs of CPU for each message, by step."""

    steps: tuple[float, ...]

    @property
    def whole(self) -> float:
        """All of them."""
        return sum(self.steps)


def lived(on: Stage, notifier: Notifier, parts: Runtime, messages: int) -> Life:
    """So many messages from their beginning to their end, all of them settled."""
    forget_ours(on)
    begun = spent(lambda: enqueue_ours(notifier, messages))
    on.settle()
    sent = spent(lambda: send_ours(parts))
    assert unaccepted_of_ours(on) == 0
    on.execute("UPDATE message SET poll_at = now()")
    on.settle()
    asked = spent(lambda: _ask(parts))
    assert on.scalar("SELECT count(*) FROM message WHERE status = 'delivered'") == messages
    return Life(tuple(step / messages * 1e6 for step in (begun, sent, asked)))


def spent(work: Callable[[], object]) -> float:
    """Seconds of this process's CPU."""
    before = time.process_time()
    work()
    return time.process_time() - before


def _ask(parts: Runtime) -> None:
    while Poller(parts.database, parts.client, parts.polling, parts.limiter, parts.pace).run(lambda: False):
        pass


def measure(on: Stage, messages: int, rounds: int) -> list[Life]:
    """Each round is a campaign of its own."""
    parts = Runtime.from_environ()
    collect_garbage_seldom()
    with silent(on) as notifier:
        lived(on, notifier, parts, WARM_UP)
        lives = [lived(on, notifier, parts, messages) for _ in range(rounds)]
    for each in (parts.client, parts.limiter, parts.database):
        each.close()
    return lives


def _print(lives: list[Life]) -> None:
    table = Table("step", title=f"A message's life, µs of our CPU; {len(lives)} rounds")
    for name in ("median", "least", "most"):
        table.add_column(name, justify="right")
    for place, step in enumerate(STEPS):
        table.add_row(step, *_shown([each.steps[place] for each in lives]))
    table.add_section()
    table.add_row("all", *_shown([each.whole for each in lives]), style="bold")
    console.print(table, f"wanted: {MOST:g} or less at the median")


def _shown(micros: list[float]) -> tuple[str, ...]:
    return tuple(f"{figure:.0f}" for figure in (median(micros), min(micros), max(micros)))


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--messages", type=int, default=10_000)
    parser.add_argument("--rounds", type=int, default=9)
    results.add_argument(parser)
    options = parser.parse_args()
    variables = fastest()
    console.print(load(), *(f"{name}={value}" for name, value in variables.items()), sep="\n")
    with stage() as on:
        os.environ.update(on.environ | UNASKED | variables)
        os.environ.update(WORKER_POLL_RATE=RATE, WORKER_POLLS_IN_FLIGHT=IN_FLIGHT)
        lives = measure(on, options.messages, options.rounds)
    _print(lives)
    results.save(options.json, "life", {"micros": [each.steps for each in lives], "wanted": MOST})
    return 0 if median(each.whole for each in lives) <= MOST else 1


if __name__ == "__main__":
    sys.exit(main())
