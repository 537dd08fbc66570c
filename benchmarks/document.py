"""Fill what the benchmarks found into `docs/speed.md`, between `<!-- NAME -->` and `<!-- end of NAME -->`.

No figure there is written by hand. A place whose benchmark has not been run stays as it is.

    python -m benchmarks.document [--json docs/pictures/results.json] [--document docs/speed.md]
"""

from __future__ import annotations

import argparse
import re
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from benchmarks import results

DOCUMENT = results.ROOT / "docs" / "speed.md"


def end_to_end(found: dict[str, Any]) -> list[str]:
    """The picture, the ways, and the ratios."""
    ways = [
        (way["name"], way["setup"].replace("\n", "<br>"), f"{way['rate']:,.0f}", f"{way['cpu_ms']:.3g} ms")
        for way in found["ways"]
    ]
    ratios = [(each["what"], f"**{each['measured']:.1f}**", f"{each['wanted']:g}") for each in found["ratios"]]
    return [
        *_picture("Messages a second and CPU for each message, ours and others", "speed"),
        *_table(("way", "set up with", "messages/s", "worker CPU for one"), ways),
        "",
        *_table(("ratio of medians", "measured", "wanted, at least"), ratios),
    ]


def lanes(found: dict[str, Any]) -> list[str]:
    """The picture, and the quantiles."""
    periods = [
        (each["system"], *(f"{at:.1f} ms" for at in each["quantiles"].values()), f"{each['cpu']:.0f} %")
        for each in found["periods"]
    ]
    ratio = f"The busy median is **{found['ratio']:.1f} times** the idle one; wanted: at most {found['wanted']:g}."
    return [
        *_picture("How long a code takes to the provider, idle and busy", "lanes"),
        *_table(("system", *found["periods"][0]["quantiles"], "CPU busy"), periods),
        "",
        ratio,
    ]


def claim_cost(found: dict[str, Any]) -> list[str]:
    """The picture, and the figures that it does not show."""
    costs = [
        (each["case"], f"{each['rows']:,}", f"{each['micros']:.1f} µs", f"{each['buffers']:.1f}")
        for each in found["costs"]
    ]
    ratios = " and ".join(f"**{ratio:.2f}** ({case})" for case, ratio in found["ratios"].items())
    return [
        *_picture("What it costs to claim a message, by how many are queued", "claim_cost"),
        *_table(("case", "queued", "for each claimed message", "pages looked at, of 8 kB"), costs),
        "",
        f"The largest beside the cheapest of the others: {ratios}; wanted: at most {found['wanted']:g}.",
    ]


def memory(found: dict[str, Any]) -> list[str]:
    """The picture, and the growth."""
    sent, megabytes = found["samples"][-1]
    grown = f"**{found['growth']:.3f} times** what it had after a fifth of them; wanted: at most {found['wanted']:g}."
    picture = _picture("Memory of a worker process over the messages that it sent", "memory")
    return [*picture, f"After {sent:,} messages the larger process has {megabytes:.1f} MB, {grown}"]


def cpu_by_step(found: dict[str, Any]) -> list[str]:
    """A row for each step, with what each transport costs."""
    transports: dict[str, dict[str, float]] = found["micros"]
    whole = {name: sum(micros.values()) for name, micros in transports.items()}
    head = [cell for name in transports for cell in (f"{name}, µs per message", "share")]
    steps = [
        (step, *(cell for name, each in transports.items() for cell in _share(each[step], whole[name])))
        for step in next(iter(transports.values()))
    ]
    everything = [cell for name in transports for cell in (f"{whole[name]:.0f}", "")]
    return _table(("step", *head), [*steps, ("all", *everything)])


def _share(micros: float, whole: float) -> tuple[str, str]:
    return f"{micros:.0f}", f"{micros / whole:.0%}"


def enqueue(found: dict[str, Any]) -> list[str]:
    """What a producer pays."""
    rows = [
        (f"`enqueue_many`, {found['rows']:,} SMS, rows a second", f"{found['rate']:,.0f}", f"{found['wanted']:,}"),
        ("its CPU in the producer, per row", f"{found['cpu_micros']:.0f} µs", ""),
        ("`enqueue`, one by one, p50", f"{found['p50_ms']:.2f} ms", ""),
        ("`enqueue`, p99", f"{found['p99_ms']:.2f} ms", ""),
    ]
    return _table(("", "measured", "wanted"), rows)


def provider_rate(found: dict[str, Any]) -> list[str]:
    """Both providers."""
    rows = [
        (name, f"{each['cost']:.0f} µs", f"{1e6 / each['cost']:,.0f}")
        for name, each in found.items()
        if name != "machine"
    ]
    return _table(("", "its CPU for a request", "requests a second that one core answers"), rows)


SECTIONS: dict[str, Callable[[dict[str, Any]], list[str]]] = {
    "end_to_end": end_to_end,
    "lanes": lanes,
    "claim_cost": claim_cost,
    "memory": memory,
    "cpu_by_step": cpu_by_step,
    "enqueue": enqueue,
    "provider_rate": provider_rate,
}


def told(document: str, found: dict[str, Any]) -> str:
    """The document with every section that was measured. Raises KeyError for a place that is not in it."""
    for name, lines in ((name, by(found[name])) for name, by in SECTIONS.items() if name in found):
        place = re.compile(rf"(<!-- {name} -->\n).*?(<!-- end of {name} -->)", re.DOTALL)
        if not place.search(document):
            raise KeyError(f"the document has no place for {name}")
        filled = "\n".join(["", *lines, "", ""])
        document = place.sub(lambda found, filled=filled: found[1] + filled + found[2], document)  # type: ignore[misc]
    return document


def _table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> list[str]:
    return [_row(head), "|" + " --- |" * len(head), *(_row(row) for row in rows)]


def _row(cells: Sequence[str]) -> str:
    return "| " + " | ".join(cells) + " |"


def _picture(shows: str, name: str) -> list[str]:
    return [f"![{shows}](pictures/{name}.svg)", ""]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--json", type=Path, default=results.HOME, help="where the benchmarks kept what they found")
    parser.add_argument("--document", type=Path, default=DOCUMENT)
    options = parser.parse_args()
    options.document.write_text(told(options.document.read_text(), results.load(options.json)))
    print(f"filled in: {options.document}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
