"""Our way beside the plain Celery way and other frameworks: messages a second and worker CPU for each message.

All use the same Postgres, Valkey and stand-in for eSMS, which takes 50 ms, and take turns, so that a noisy machine is
noisy for all. A way's processes are warm and idle and all its messages are enqueued when the clock starts; it stops
when Postgres says that all are accepted, and each number must then have got exactly one. CPU is that of the worker
processes with all their children, from the system's accounts.

    python -m benchmarks.end_to_end [--quick|--alone] [--rounds 3] [--theirs 800] [--ours 10000] [--fast 40000]
        [--json FILE]
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from functools import partial
from statistics import median

from rich.table import Table

from benchmarks import results
from benchmarks.frameworks.contenders import CONTENDERS, PLAIN, Contender, Setup
from benchmarks.setups import REQUESTS, Run, Way, fast_setups, measure, our_way, their_way
from benchmarks.support import LATENCY, Stage, console, load, stage

# Messages before each measurement: imports, connections, threads. Ours need many batches to wake both processes.
WARM_UP, OUR_WARM_UP = 300, 5_000


@dataclass(frozen=True)
class Entry:
    """One line of the comparison, and the runs that it was given."""

    name: str
    setup: str
    messages: int  # in each round
    start: Callable[[Stage], AbstractContextManager[Way]]
    runs: list[Run]
    warm_up: int = WARM_UP

    @property
    def ours(self) -> bool:
        return self.name.startswith("ours")

    @property
    def rate(self) -> float:
        """Messages a second, the median."""
        return median(run.rate for run in self.runs)

    @property
    def cost(self) -> float:
        """Milliseconds of worker CPU for a message, the median."""
        return median(run.cost for run in self.runs)


@dataclass(frozen=True)
class Wanted:
    """A ratio of two medians, and what it must be at least."""

    what: str
    found: float
    least: float

    @property
    def met(self) -> bool:
        return self.found >= self.least


# Their best...


def best_of(on: Stage, contender: Contender, messages: int) -> Setup:
    """The setup with which this framework sends the most here."""
    trials = [(setup, _trial(on, contender, setup, messages)) for setup in contender.setups]
    best = max(trials, key=lambda trial: trial[1].rate)[0]
    table = _table(f"{contender.name}, tried with", "pool")
    for setup, run in trials:
        table.add_row(setup.label, *_figures([run]), style="bold" if setup is best else "")
    console.print(table)
    return best


def _trial(on: Stage, contender: Contender, setup: Setup, messages: int) -> Run:
    with their_way(on, contender, setup) as way:
        measure(on, way, 4 * setup.concurrency)
        return measure(on, way, messages)


# Side by side...


def compare(on: Stage, entries: list[Entry], rounds: int) -> None:
    """Give each its runs, taking turns; nobody else's processes are there meanwhile."""
    for _ in range(rounds):
        for entry in entries:
            with entry.start(on) as way:
                measure(on, way, entry.warm_up)
                entry.runs.append(measure(on, way, entry.messages))


def our_entries(requests: int, fast: int) -> list[Entry]:
    """Our transports, those that are installed."""
    ours = [_our_entry("ours, requests", REQUESTS, requests)]
    return ours + [_our_entry(f"ours, {name}", variables, fast) for name, variables in fast_setups().items()]


def _our_entry(name: str, variables: dict[str, str], messages: int) -> Entry:
    setup = "\n".join(["two processes", *(f"{variable}={value}" for variable, value in variables.items())])
    return Entry(name, setup, messages, lambda on: our_way(on, name, variables), [], OUR_WARM_UP)


def their_entry(on: Stage, contender: Contender, messages: int) -> Entry:
    """A framework at its best."""
    setup = best_of(on, contender, messages // 2)
    return Entry(contender.name, setup.label, messages, partial(their_way, contender=contender, setup=setup), [])


def judged(entries: list[Entry]) -> list[Wanted]:
    """The ratios that are wanted, as far as they were measured."""
    ours = {entry.name: entry for entry in entries if entry.ours}
    plain, others = entries[0], [entry for entry in entries[1:] if not entry.ours]
    requests = ours.pop("ours, requests")
    wanted = [Wanted("requests: messages/s beside plain Celery", requests.rate / plain.rate, 8)]
    if others:
        best = max(others, key=lambda entry: entry.rate)
        wanted.append(Wanted(f"requests: messages/s beside the best other ({best.name})", requests.rate / best.rate, 5))
    for name, fast in ours.items():
        transport = name.removeprefix("ours, ")
        wanted.append(Wanted(f"{transport}: messages/s beside plain Celery", fast.rate / plain.rate, 40))
        cost = f"{transport}: CPU per message of plain Celery, beside its own"
        wanted.append(Wanted(cost, plain.cost / fast.cost, 40))
    return wanted


# Told...


def tell(entries: list[Entry], wanted: list[Wanted]) -> None:
    title = f"From queued to accepted, eSMS takes {LATENCY * 1000:.0f} ms; medians of {len(entries[0].runs)}, in turns"
    table = _table(title, "way", "set up with")
    for entry in entries:
        table.add_row(entry.name, entry.setup, *_figures(entry.runs))
    console.print(table)
    ratios = Table("ratio of medians", "measured", "wanted", "")
    for each in wanted:
        ratios.add_row(each.what, f"{each.found:.3g}", f"{each.least:g} or more", "" if each.met else "missed")
    console.print(ratios)


def _table(title: str, *first: str) -> Table:
    table = Table(*first, title=title)
    for name in ("messages", "messages/s", "CPU ms/message"):
        table.add_column(name, justify="right")
    return table


def _figures(runs: list[Run]) -> tuple[str, str, str]:
    rates, costs = [run.rate for run in runs], [run.cost for run in runs]
    return f"{runs[0].messages:,}", _spread(rates, ",.0f"), _spread(costs, ".3f")


def _spread(values: list[float], form: str) -> str:
    middle = format(median(values), form)
    return middle if len(values) == 1 else f"{middle} ({format(min(values), form)}–{format(max(values), form)})"


def found(entries: list[Entry], wanted: list[Wanted]) -> dict[str, object]:
    """For the results file."""
    return {
        "latency_ms": LATENCY * 1000,
        "ways": [
            {"name": entry.name, "setup": entry.setup, "messages": entry.messages, "rate": entry.rate,
             "cpu_ms": entry.cost, "rounds": [[run.rate, run.cost] for run in entry.runs]}
            for entry in entries
        ],
        "ratios": [{"what": each.what, "measured": each.found, "wanted": each.least} for each in wanted],
    }  # fmt: skip


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--theirs", type=int, default=800, help="messages in each round of every other way")
    parser.add_argument("--ours", type=int, default=10_000, help="messages in each of our rounds with requests")
    parser.add_argument("--fast", type=int, default=40_000, help="messages in each of our rounds with curl or sockets")
    parser.add_argument("--quick", action="store_true", help="only the plain way beside ours, not the other frameworks")
    parser.add_argument("--alone", action="store_true", help="only our fastest, beside nobody: nothing is judged")
    results.add_argument(parser)
    options = parser.parse_args()
    console.print(load())
    with stage() as on:
        others = () if options.quick else CONTENDERS
        contenders = () if options.alone else (PLAIN, *others)
        entries = [their_entry(on, contender, options.theirs) for contender in contenders]
        entries += our_entries(options.ours, options.fast)[-1 if options.alone else 0 :]
        compare(on, entries, options.rounds)
    wanted = [] if options.alone else judged(entries)
    tell(entries, wanted)
    results.save(options.json, "end_to_end", found(entries, wanted))
    return 0 if all(each.met for each in wanted) else 1


if __name__ == "__main__":
    sys.exit(main())
