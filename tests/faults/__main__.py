"""The long form: every fault with thousands of messages, and the table of what became of them.

    python -m tests.faults [--only TEXT] [--scale 0.1] [--transport curl] [--broker rabbitmq] [--dry]

Writes the table into docs/faults.md; where only some rows are run, those alone are written anew.
Exit code 1: something was lost, doubled or held without a need, or a weak word was believed.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import groupby
from threading import Thread
from typing import Any

from rich.console import Console
from rich.progress import Progress

from tests.faults.decisions import decided
from tests.faults.doors import doors
from tests.faults.ground import Ground, ground
from tests.faults.hosts import Host
from tests.faults.judge import Verdict
from tests.faults.limits import limits
from tests.faults.outages import outages
from tests.faults.scenarios import Scenario, scenarios
from tests.faults.stock import Stock
from tests.faults.tables import rows_between, table, write_between
from tests.faults.weak_words import weak_words

HEAD = ["fault", "how", "struck", "messages", "lost", "doubled", "held", "unknown", "seconds to recover"]

console = Console()


@dataclass(frozen=True)
class Row:
    """What a scenario came to."""

    scenario: Scenario
    verdict: Verdict
    struck: int
    missed: tuple[str, ...]  # points that nobody passed: nothing is proved about them
    seconds: float  # from the end of the fault, or of the handing over, until all was settled

    @property
    def good(self) -> bool:
        return self.verdict.clean and self.struck > 0 and not self.missed

    @property
    def cells(self) -> list[str]:
        found = self.verdict
        counts = [self.struck, found.messages, found.lost, found.doubled, found.held, found.unknown]
        return [self.scenario.name, self.scenario.how, *(f"{count:,}" for count in counts), f"{self.seconds:.0f}"]


def play(on: Ground, scenario: Scenario) -> Row:
    """One row: hand over, do the deed meanwhile, wait until all is settled, judge."""
    on.forget()
    stock = on.new_stock(scenario.name)
    on.simulator.set(**({"rates": {"lost_answer": 0.2} if scenario.in_doubt else {}} | dict(scenario.knobs)))
    feeding = Thread(target=_feed, args=(on, scenario, stock), name="an application")
    feeding.start()
    scenario.deed(on, stock, feeding)
    feeding.join()
    over = time.monotonic()
    on.settles(stock)
    seconds = time.monotonic() - over
    struck = on.struck if scenario.count is None else scenario.count(on.simulator.stats())
    verdict = on.verdict(stock, scenario.allowed)
    verdict.wrong += [*on.wrong, *scenario.proof(on, stock)]
    return Row(scenario, verdict, struck, tuple(on.missed), seconds)


def _feed(on: Ground, scenario: Scenario, stock: Stock) -> None:
    """Two hundred a second, so that there is always something under way."""
    for _ in range(round(scenario.hundreds * on.scale)):
        scenario.feed(stock)
        time.sleep(0.5)


def played(wanted: list[Scenario], **how: Any) -> Iterator[Row]:
    """One after the other; those on the same ground that want the same of it. how: as for `ground`."""
    with Progress(console=console, transient=True) as progress:
        task = progress.add_task("", total=len(wanted))
        for layout, alike in groupby(wanted, key=lambda each: each.layout):
            with ground(layout, **how) as on:
                for scenario in alike:
                    progress.update(task, description=scenario.name)
                    yield play(on, scenario)
                    progress.advance(task)


def show(row: Row) -> None:
    colour = "green" if row.good else "red"
    console.print(f"[{colour}]{'good' if row.good else 'BAD '}[/] {' · '.join(row.cells[0:1] + row.cells[2:])}")
    for why, count in row.verdict.left_open.most_common(5):
        console.print(f"     {count} {why}", soft_wrap=True)
    for wrong in [*(f"nobody passed: {point}" for point in row.missed), *row.verdict.wrong[:10]]:
        console.print(f"     {wrong}")
    for line in row.verdict.explained:
        console.print(f"     {line}", soft_wrap=True)


def main() -> int:
    options = _options()
    every = [*scenarios(), *decided(), *doors(), *limits(), *outages(), *weak_words()]
    named = options.only.lower().split("|")
    wanted = [each for each in every if any(word in each.name.lower() for word in named) and _is_possible(each)]
    if not wanted:
        console.print(f"no fault's name holds {options.only!r}; there are: {', '.join(s.name for s in every)}")
        return 2
    rows: list[Row] = []
    for row in played(wanted, scale=options.scale, transport=options.transport, broker=options.broker):
        rows.append(row)
        show(row)
        if not (options.dry or options.transport or options.broker):
            _write(rows, every)
    return 0 if all(row.good for row in rows) else 1


def _is_possible(scenario: Scenario) -> bool:
    """What is not, keeps its place in the table as it last was."""
    return Host.is_possible() or not scenario.layout.abroad


def _write(rows: list[Row], every: list[Scenario]) -> None:
    """Each in its place among those that stand there already."""
    weak = {scenario.name for scenario in weak_words()}
    for mark, ours in (
        ("table", [each.cells for each in rows if each.scenario.name not in weak]),
        ("weak", [each.cells for each in rows if each.scenario.name in weak]),
    ):
        if ours:
            there = {cells[0]: cells for cells in [*rows_between(mark), *ours]}
            write_between(mark, _summed([there[each.name] for each in every if each.name in there]))


def _summed(rows: list[list[str]]) -> str:
    messages = sum(int(cells[3].replace(",", "")) for cells in rows)
    return f"{messages:,} messages in all.\n\n{table(HEAD, rows)}"


def _options() -> argparse.Namespace:
    about = (__doc__ or "").split("\n")[0]
    parser = argparse.ArgumentParser(prog="python -m tests.faults", description=about)
    parser.add_argument("--only", default="", help="the rows whose names hold one of these words, with | between")
    parser.add_argument("--scale", type=float, default=1.0, help="so many times the messages")
    parser.add_argument("--transport", default="", help="that of WORKER_TRANSPORT, where it is not auto")
    parser.add_argument(
        "--broker", default="", choices=["", "rabbitmq"], help="in Redis's place, where it is installed"
    )
    parser.add_argument("--dry", action="store_true", help="write nothing into docs/faults.md")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
