"""The long form: every fault with thousands of messages, and the table of what became of them.

    python -m tests.faults [--only TEXT] [--scale 0.1] [--dry]

Writes the table into docs/faults.md, unless only some rows are run or `--dry` is given. Exit code 1: something was
lost, doubled or held without a need.
"""

from __future__ import annotations

import argparse
import re
import sys
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from threading import Thread

from rich.console import Console
from rich.progress import Progress

from tests.faults.ground import Ground, ground
from tests.faults.judge import Verdict
from tests.faults.scenarios import Scenario, scenarios

DOCUMENT = Path(__file__).parents[2] / "docs" / "faults.md"
HEAD = ["fault", "how", "struck", "messages", "lost", "doubled", "held", "seconds to recover"]

console = Console()


@dataclass(frozen=True)
class Row:
    """What a scenario came to."""

    scenario: Scenario
    verdict: Verdict
    struck: int
    seconds: float  # from the end of the fault, or of the handing over, until all was settled

    @property
    def good(self) -> bool:
        return self.verdict.clean and self.struck > 0

    @property
    def cells(self) -> list[str]:
        found = self.verdict
        counts = [self.struck, found.messages, found.lost, found.doubled, found.held]
        return [self.scenario.name, self.scenario.how, *(f"{count:,}" for count in counts), f"{self.seconds:.0f}"]


def play(on: Ground, scenario: Scenario, scale: float) -> Row:
    """One row: hand over, do the deed meanwhile, wait until all is settled, judge."""
    on.forget()
    stock = on.new_stock(scenario.name)
    if scenario.in_doubt:
        on.simulator.set(rates={"lost_answer": 0.2})

    def feed() -> None:
        for _ in range(max(1, round(scenario.hundreds * scale))):
            scenario.feed(stock)
        stock.by_task(on.broker, round(scenario.by_task * scale))

    feeding = Thread(target=feed, name="an application")
    feeding.start()
    scenario.deed(on, feeding.is_alive)
    feeding.join()
    over = time.monotonic()
    on.settles(stock)
    seconds = time.monotonic() - over
    return Row(scenario, on.verdict(stock), on.struck, seconds)


def table(head: list[str], rows: Iterable[list[str]]) -> str:
    """As Markdown."""
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def write_between(mark: str, written: str) -> None:
    """Into the document, between `<!-- mark -->` and `<!-- /mark -->`."""
    before = DOCUMENT.read_text()
    pattern = re.compile(rf"(<!-- {mark} -->\n).*?(\n<!-- /{mark} -->)", re.DOTALL)
    DOCUMENT.write_text(pattern.sub(lambda found: found[1] + written + found[2], before))


def run(wanted: list[Scenario], scale: float, tell: Callable[[Row], None]) -> list[Row]:
    rows = []
    with Progress(console=console, transient=True) as progress, ground() as on:
        task = progress.add_task("", total=len(wanted))
        for scenario in wanted:
            progress.update(task, description=scenario.name)
            rows.append(play(on, scenario, scale))
            tell(rows[-1])
            progress.advance(task)
    return rows


def show(row: Row) -> None:
    colour = "green" if row.good else "red"
    console.print(f"[{colour}]{'good' if row.good else 'BAD '}[/] {' · '.join(row.cells[0:1] + row.cells[2:])}")
    for wrong in row.verdict.wrong[:10]:
        console.print(f"     {wrong}")


def main() -> int:
    options = _options()
    wanted = [each for each in scenarios() if options.only.lower() in each.name.lower()]
    if not wanted:
        console.print(f"no fault's name holds {options.only!r}; there are: {', '.join(s.name for s in scenarios())}")
        return 2
    rows = run(wanted, options.scale, show)
    if not (options.only or options.dry):
        write_between("table", table(HEAD, [row.cells for row in rows]))
    return 0 if all(row.good for row in rows) else 1


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.faults", description=__doc__.splitlines()[0])
    parser.add_argument("--only", default="", help="the rows whose name holds this")
    parser.add_argument("--scale", type=float, default=1.0, help="so many times the messages")
    parser.add_argument("--dry", action="store_true", help="write nothing into docs/faults.md")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
