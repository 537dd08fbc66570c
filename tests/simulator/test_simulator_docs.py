"""The tables of docs/simulator.md are those of the code; run this file as a script to write them anew."""

import json
import re
from collections.abc import Sequence
from pathlib import Path

import pytest

from worker.devkit.simulator.knobs import KNOBS, QUIRKS, Knobs
from worker.devkit.simulator.plots import PLOTS, RECIPIENTS

PAGE = Path(__file__).parents[2] / "docs" / "simulator.md"


def table(head: str, rows: Sequence[tuple[str, ...]]) -> str:
    lines = [f"| {head} |", "|" + "---|" * (head.count("|") + 1)]
    return "\n".join([*lines, *("| " + " | ".join(row) + " |" for row in rows)])


def _taken(name: str) -> str:
    plot = PLOTS[name]
    return "yes" if plot.taken else "no" if plot.tries is None else "not at first"


def _start(name: str) -> str:
    return "*hidden*" if KNOBS[name]["secret"] else f"`{json.dumps(getattr(Knobs(), name))}`"


TABLES = {
    "recipients": table(
        "ends in | plot | taken | what happens",
        [(f"`{digits}`", f"`{name}`", _taken(name), PLOTS[name].meaning) for digits, name in RECIPIENTS.items()]
        + [("other", "`delivered`", "yes", PLOTS["delivered"].meaning)],
    ),
    "others": table(
        "plot | taken | what happens",
        [(f"`{name}`", _taken(name), plot.meaning) for name, plot in PLOTS.items() if name not in RECIPIENTS.values()],
    ),
    "knobs": table("knob | at the start | meaning", [(f"`{n}`", _start(n), str(KNOBS[n]["meaning"])) for n in KNOBS]),
    "quirks": table("quirk | what it does", [(f"`{name}`", meaning) for name, meaning in QUIRKS.items()]),
}


def written(page: str) -> str:
    """The page with its tables as the code has them."""
    for name, content in TABLES.items():
        before, _, rest = page.partition(f"<!-- {name} -->\n")
        page = f"{before}<!-- {name} -->\n{content}\n<!-- /{name} -->{rest.partition(f'<!-- /{name} -->')[2]}"
    return page


@pytest.mark.parametrize("name", TABLES)
def test_the_page_has_each_table_as_the_code_has_it(name: str) -> None:
    page = PAGE.read_text()
    assert f"<!-- {name} -->\n{TABLES[name]}\n<!-- /{name} -->" in page, f"run: python {Path(__file__).name}"


def test_the_page_names_every_option_of_the_command_line() -> None:
    source = (Path(__file__).parents[2] / "worker/devkit/simulator/__main__.py").read_text()
    options = re.findall(r'"(--[a-z-]+)"', source)
    assert options
    assert [option for option in options if option not in PAGE.read_text()] == []


if __name__ == "__main__":
    PAGE.write_text(written(PAGE.read_text()))
