"""Draw what the benchmarks found: one SVG for each picture in `docs/`, the same file for the same figures.

Colour is never the only sign: bars have hatches, lines their own dashes and marks, and the figures stand beside them.

    python -m benchmarks.draw [--json docs/pictures/results.json] [--into docs/pictures]
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import matplotlib as mpl
from matplotlib.figure import Figure

from benchmarks import results

WIDTH = 8.0  # inches, at 100 points each: 800 pixels
OURS, THEIRS, SECOND = "#0b5fa5", "#8a8f98", "#c2570c"
INK, FAINT = "#22262b", "#d9dce1"
STYLE = {
    "svg.hashsalt": "esms-worker",
    "svg.fonttype": "path",  # looks the same wherever it is opened
    "font.size": 10,
    "axes.edgecolor": FAINT,
    "axes.labelcolor": INK,
    "axes.titlesize": 10.5,
    "axes.titleweight": "bold",
    "axes.titlelocation": "left",
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.axisbelow": True,
    "grid.color": FAINT,
    "hatch.linewidth": 0.7,
    "xtick.color": INK,
    "ytick.color": INK,
    "text.color": INK,
    "legend.frameon": False,
}


# Messages and CPU...


def speed(found: dict[str, Any]) -> Figure:
    """Bars: messages a second, and CPU for each; our ways and theirs."""
    ways = sorted(found["ways"], key=lambda way: way["rate"])
    figure = _figure(0.9 + 0.42 * len(ways))
    left, right = figure.subplots(1, 2, sharey=True)
    _bars(left, ways, "rate", "{:,.0f}")
    left.set_title("Messages a second: more is better")
    _bars(right, ways, "cpu_ms", "{:.3g} ms")
    right.set_title("CPU for a message: less is better")
    return figure


def _bars(axes: Any, ways: Sequence[dict[str, Any]], what: str, form: str) -> None:
    for place, way in enumerate(ways):
        ours = way["name"].startswith("ours")
        colour, hatch = (OURS, "") if ours else (THEIRS, "////")
        axes.barh(place, way[what], color=colour, hatch=hatch, edgecolor="white", height=0.68)
        label = form.format(way[what])
        axes.annotate(label, (way[what], place), (4, 0), textcoords="offset points", va="center", fontsize=9)
    axes.set_yticks(range(len(ways)), [way["name"] for way in ways])
    axes.set_xscale("log")
    axes.xaxis.set_major_formatter("{x:,g}")
    values = [way[what] for way in ways]
    axes.set_xlim(min(values) / 3, max(values) * 4)
    axes.tick_params(length=0)
    axes.grid(axis="x", which="major")
    axes.set_xlabel("logarithmic scale", fontsize=8)


# An OTP...


def lanes(found: dict[str, Any]) -> Figure:
    """Curves: which share of the codes was at the provider after how long, idle and busy."""
    figure = _figure(3.4)
    axes = figure.subplots()
    looks = [(OURS, "-", "o"), (SECOND, (0, (5, 2)), "s")]
    for period, (colour, dashes, mark) in zip(found["periods"], looks, strict=True):
        times = period["ms"]
        shares = [(place + 1) / len(times) * 100 for place in range(len(times))]
        axes.step(times, shares, where="post", color=colour, linestyle=dashes, linewidth=1.8)
        told = period["quantiles"]
        label = f"{period['system']}: " + ", ".join(f"{name} {at:.0f} ms" for name, at in told.items())
        percents = [int(name.removeprefix("p")) for name in told]
        axes.plot(list(told.values()), percents, color=colour, marker=mark, linewidth=0, markersize=6, label=label)
    axes.set_title("A code, from enqueue to the provider: share that is there after so many milliseconds")
    axes.set_xscale("log")
    axes.xaxis.set_major_formatter("{x:g}")
    axes.xaxis.set_minor_formatter(mpl.ticker.LogFormatter(minor_thresholds=(2, 0.5)))
    axes.set_xlabel("milliseconds, logarithmic scale", fontsize=9)
    axes.yaxis.set_major_formatter("{x:g} %")
    axes.set_ylim(0, 103)
    axes.grid()
    axes.legend(loc="lower right")
    return figure


# Claiming...


def claim_cost(found: dict[str, Any]) -> Figure:
    """Bars: what a claimed message costs at each size, side by side for each case."""
    costs = found["costs"]
    sizes = sorted({cost["rows"] for cost in costs})
    figure = _figure(3.0)
    axes = figure.subplots()
    looks = {"mixed": (OURS, "", -0.2), "all due": (SECOND, "////", 0.2)}
    names = {"mixed": "most of them due later", "all due": "all of them due"}
    for case, (colour, hatch, shift) in looks.items():
        heights = [cost["micros"] for cost in costs if cost["case"] == case]
        places = [place + shift for place in range(len(sizes))]
        axes.bar(places, heights, width=0.36, color=colour, hatch=hatch, edgecolor="white", label=names[case])
        for place, height in zip(places, heights, strict=True):
            axes.annotate(f"{height:.0f}", (place, height), (0, 3), textcoords="offset points", ha="center", fontsize=9)
    axes.set_title(f"To claim a message, {found['batch']} at once: microseconds, however many are queued")
    axes.set_xticks(range(len(sizes)), [f"{size:,} queued" for size in sizes])
    axes.set_ylim(0, 1.45 * max(cost["micros"] for cost in costs))
    axes.tick_params(length=0)
    axes.grid(axis="y")
    axes.legend(loc="upper right", ncols=2)
    return figure


# Memory...


def memory(found: dict[str, Any]) -> Figure:
    """A curve: the worker's memory over all that it sent."""
    sent, megabytes = zip(*found["samples"], strict=True)
    figure = _figure(2.6)
    axes = figure.subplots()
    axes.plot(sent, megabytes, color=OURS, linewidth=1.8, marker="o", markersize=3)
    axes.set_title("Memory of a process that sends, megabytes, over the messages that were sent")
    axes.set_ylim(0, 1.3 * max(megabytes))
    axes.set_xlim(0, 1.08 * max(sent))
    axes.xaxis.set_major_formatter("{x:,.0f}")
    last = f"{megabytes[-1]:.0f} MB"
    axes.annotate(last, (sent[-1], megabytes[-1]), (6, 0), textcoords="offset points", va="center", fontsize=9)
    axes.grid()
    return figure


# Files...

PICTURES: dict[str, tuple[str, Callable[[dict[str, Any]], Figure]]] = {
    "speed": ("end_to_end", speed),
    "lanes": ("lanes", lanes),
    "claim_cost": ("claim_cost", claim_cost),
    "memory": ("memory", memory),
}


def draw(found: dict[str, Any], into: Path) -> list[Path]:
    """Every picture whose figures are there."""
    into.mkdir(parents=True, exist_ok=True)
    return [
        _drawn(into / f"{name}.svg", found[section], by) for name, (section, by) in PICTURES.items() if section in found
    ]


def _drawn(file: Path, section: dict[str, Any], picture: Callable[[dict[str, Any]], Figure]) -> Path:
    with mpl.rc_context(STYLE):
        picture(section).savefig(file, metadata={"Date": None})
    return file


def _figure(height: float) -> Figure:
    return Figure(figsize=(WIDTH, height), layout="constrained", facecolor="white")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--json", type=Path, default=results.HOME, help="where the benchmarks kept what they found")
    parser.add_argument("--into", type=Path, default=results.HOME.parent)
    options = parser.parse_args()
    found = results.load(options.json)
    if not found:
        print(f"{options.json}: nothing was measured yet; run `make bench`, or a script with --json")
        return 1
    for file in draw(found, options.into):
        print(f"drawn: {file}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
