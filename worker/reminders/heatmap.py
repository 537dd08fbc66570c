"""A simulation as one HTML page that needs nothing else: a calendar whose cells say how many, and darken with it.

The number and a sign say it all; the colour only says it faster.
"""

from __future__ import annotations

from calendar import monthrange
from collections.abc import Iterator, Sequence
from datetime import date
from html import escape
from itertools import groupby

from worker.reminders.simulate import Day, Simulation

STEPS = 6  # of darkness
SIGNS = {"late": "!", "over": "$", "odd": "*"}

_STYLE = """
:root { color-scheme: light; }
body { font: 14px system-ui, sans-serif; margin: 2rem; color: #1b1b1b; background: #fff; }
h2 { font-size: 1rem; margin: 0 0 .4rem; }
.months { display: grid; grid-template-columns: repeat(auto-fill, minmax(25rem, 1fr)); gap: 1.5rem; }
table { border-collapse: collapse; width: 100%; table-layout: fixed; }
th { font-weight: normal; color: #555; font-size: .75rem; }
td { border: 1px solid #ddd; height: 3rem; vertical-align: top; padding: .15rem .25rem; font-size: .7rem; }
td b { display: block; font-size: .9rem; text-align: right; }
td.late, td.over { outline: 2px solid #b00020; outline-offset: -2px; }
.d1 { background: #e8f1fa; } .d2 { background: #c5dcf2; } .d3 { background: #93bfe6; }
.d4 { background: #5b9bd5; } .d5 { background: #2f6fae; color: #fff; } .d6 { background: #143d66; color: #fff; }
.list td { height: auto; font-size: .85rem; } .list { width: auto; table-layout: auto; }
"""
_WEEKDAYS = "".join(f"<th>{day}</th>" for day in ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"))


def page(simulation: Simulation) -> str:
    """The whole page."""
    days = simulation.days
    most = max((day.messages for day in days), default=0)
    odd = {each.day for each in simulation.odd}
    months = "".join(
        _month(list(of_it), most, odd) for _, of_it in groupby(days, lambda day: (day.day.year, day.day.month))
    )
    title = f"Reminders, {days[0].day} to {days[-1].day}" if days else "Reminders"
    return (
        f'<!doctype html><html lang="en"><meta charset="utf-8"><title>{title}</title><style>{_STYLE}</style>'
        f"<h1>{title}</h1><p>{simulation.messages:,} messages. Signs: ! more than the rate lets out in time, "
        "$ over the balance, * odd dates (29 February, lunar).</p>"
        f'<div class="months">{months}</div>{_odd(simulation)}</html>'
    )


def _month(days: Sequence[Day], most: int, odd: set[date]) -> str:
    first = days[0].day
    by_number = {day.day.day: day for day in days}
    before, length = monthrange(first.year, first.month)
    cells = ["<td></td>"] * before
    cells += [_cell(by_number.get(number), number, most, odd) for number in range(1, length + 1)]
    rows = "".join(f"<tr>{''.join(row)}</tr>" for row in _weeks(cells))
    total = sum(day.messages for day in days)
    return f"<section><h2>{first:%Y-%m} · {total:,}</h2><table><tr>{_WEEKDAYS}</tr>{rows}</table></section>"


def _weeks(cells: Sequence[str]) -> Iterator[Sequence[str]]:
    return (cells[start : start + 7] for start in range(0, len(cells), 7))


def _cell(day: Day | None, number: int, most: int, odd: set[date]) -> str:
    if day is None:
        return f"<td>{number}</td>"
    marks = {"late": day.late > 0, "over": day.over_balance, "odd": day.day in odd}
    signs = "".join(SIGNS[mark] for mark, holds in marks.items() if holds)
    classes = " ".join([_darkness(day.messages, most), *(mark for mark, holds in marks.items() if holds)])
    what = escape("; ".join(f"{name}: {count:,}" for name, count in day.names.most_common(12)), quote=True)
    shown = f"{day.messages:,}" if day.messages else ""
    return f'<td class="{classes}" title="{day.day}: {what}">{number} {signs}<b>{shown}</b></td>'


def _darkness(messages: int, most: int) -> str:
    return "d0" if not messages else f"d{1 + (STEPS - 1) * messages // most}"


def _odd(simulation: Simulation) -> str:
    if not simulation.odd:
        return ""
    rows = "".join(
        f"<tr><td>{each.day}</td><td>{escape(each.rule)}</td><td>{escape(each.what)}</td><td>{each.people:,}</td></tr>"
        for each in simulation.odd
    )
    heads = "".join(f"<th>{head}</th>" for head in ("day", "rule", "what", "people"))
    return f'<h2>Odd dates</h2><table class="list"><tr>{heads}</tr>{rows}</table>'
