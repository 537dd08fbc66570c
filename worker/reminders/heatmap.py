"""A simulation as one HTML page that needs nothing else: a calendar whose cells say how many, and darken with it.

The number and a sign say it all; the colour only says it faster. Nothing needs a mouse: names stand below each month.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from html import escape
from typing import Literal

from worker.reminders.months import Cell, Month, busiest, legend, months
from worker.reminders.simulate import Day, Simulation

Language = Literal["en", "vi"]

SIGNS = {"late": "!", "over": "$", "odd": "*"}
NAMES_SHOWN = 3  # of a month's rules; each day of the month has all of them

_STYLE = """
:root { color-scheme: light; }
body { font: 14px system-ui, sans-serif; margin: clamp(.5rem, 3vw, 2rem); color: #1b1b1b; background: #fff; }
h1 { font-size: 1.3rem; } h2 { font-size: 1rem; margin: 0 0 .2rem; }
.months { display: grid; grid-template-columns: repeat(auto-fill, minmax(min(100%, 22rem), 1fr)); gap: 1.5rem; }
table { border-collapse: collapse; width: 100%; table-layout: fixed; }
th { font-weight: normal; color: #555; font-size: .75rem; }
td { border: 1px solid #ddd; height: 3rem; vertical-align: top; padding: .1rem .2rem; font-size: .7rem; }
td b { display: block; font-size: clamp(.65rem, 2.6vw, .9rem); text-align: right; }
td.late, td.over { outline: 2px solid #b00020; outline-offset: -2px; }
.d1 { background: #e8f1fa; } .d2 { background: #c5dcf2; } .d3 { background: #93bfe6; }
.d4 { background: #5b9bd5; } .d5 { background: #2f6fae; color: #fff; } .d6 { background: #143d66; color: #fff; }
.names { margin: 0 0 .3rem; color: #333; overflow-wrap: anywhere; }
.legend span { display: inline-block; padding: .1rem .5rem; border: 1px solid #ddd; }
details { margin-top: .3rem; } summary { cursor: pointer; }
.list td { height: auto; font-size: .85rem; overflow-wrap: anywhere; } .list { width: auto; table-layout: auto; }
.list td, .list th { text-align: left; } .list td.n { text-align: right; white-space: nowrap; }
"""

_WORDS: Mapping[Language, Mapping[str, str]] = {
    "en": {
        "weekdays": "Mon Tue Wed Thu Fri Sat Sun",
        "title": "Reminders, {first} to {last}",
        "messages": "{count} messages.",
        "signs": "Signs: ! more than the rate lets out in time, $ over the balance, * odd dates (29 February, lunar).",
        "colours": "Messages a day:",
        "days": "Each day by name",
        "rest": "and {count} more",
        "odd": "Odd dates",
        "heads": "day|rule|what|people",
    },
    "vi": {
        "weekdays": "T2 T3 T4 T5 T6 T7 CN",
        "title": "Nhắc hẹn từ {first} đến {last}",
        "messages": "{count} tin.",
        "signs": "Ký hiệu: ! nhiều hơn mức gửi kịp trong ngày, $ vượt số dư, * ngày đặc biệt (29/2, âm lịch).",
        "colours": "Số tin mỗi ngày:",
        "days": "Từng ngày, theo tên",
        "rest": "và {count} tên khác",
        "odd": "Ngày đặc biệt",
        "heads": "ngày|quy tắc|điều cần biết|số người",
    },
}


def page(simulation: Simulation, language: Language = "en") -> str:
    """The whole page."""
    words, days = _WORDS[language], simulation.days
    calendars = "".join(_month(month, words) for month in months(simulation))
    title = words["title"].format(first=days[0].day, last=days[-1].day)
    return (
        f'<!doctype html><html lang="{language}"><meta charset="utf-8">'
        f'<meta name="viewport" content="width=device-width, initial-scale=1"><title>{title}</title>'
        f"<style>{_STYLE}</style><h1>{title}</h1>"
        f"<p>{words['messages'].format(count=f'{simulation.messages:,}')} {words['signs']}</p>"
        f"{_legend(simulation, words)}"
        f'<div class="months">{calendars}</div>{_odd(simulation, words)}</html>'
    )


def _legend(simulation: Simulation, words: Mapping[str, str]) -> str:
    """Each darkness with the numbers that it stands for."""
    shown = [f'<span class="d{step}">{_span(*of)}</span>' for step, of in legend(busiest(simulation)).items()]
    return f'<p class="legend">{words["colours"]} {" ".join(shown)}</p>' if shown else ""


def _span(least: int, most: int) -> str:
    return f"{least:,}" if least == most else f"{least:,} – {most:,}"


def _month(month: Month, words: Mapping[str, str]) -> str:
    rows = "".join(f"<tr>{''.join(map(_cell, week))}</tr>" for week in month.weeks)
    heads = "".join(f"<th>{day}</th>" for day in words["weekdays"].split())
    return (
        f"<section><h2>{month.first:%Y-%m} · {month.messages:,}</h2>{_names(month.names, words)}"
        f"<table><tr>{heads}</tr>{rows}</table>{_by_day(month.days, words)}</section>"
    )


def _names(names: Counter[str], words: Mapping[str, str]) -> str:
    """What the month consists of, mostly."""
    told = [_name(name, count) for name, count in names.most_common(NAMES_SHOWN)]
    if len(names) > NAMES_SHOWN:
        told.append(words["rest"].format(count=len(names) - NAMES_SHOWN))
    return f'<p class="names">{" · ".join(told)}</p>' if told else ""


def _by_day(days: Sequence[Day], words: Mapping[str, str]) -> str:
    rows = "".join(
        f'<tr><td class="n">{day.day:%d}</td><td class="n">{day.messages:,}</td><td>{_all_names(day)}</td></tr>'
        for day in days
        if day.messages
    )
    shown = f'<table class="list">{rows}</table>'
    return f"<details><summary>{words['days']}</summary>{shown}</details>" if rows else ""


def _all_names(day: Day) -> str:
    return "; ".join(_name(name, count) for name, count in day.names.most_common())


def _name(name: str, count: int) -> str:
    return f"{escape(name, quote=True)}: {count:,}"


def _cell(cell: Cell | None) -> str:
    if cell is None or cell.day is None:
        return f"<td>{cell.number if cell else ''}</td>"
    day = cell.day
    marks = {"late": day.late > 0, "over": day.over_balance, "odd": cell.odd}
    signs = "".join(SIGNS[mark] for mark, holds in marks.items() if holds)
    classes = " ".join([f"d{cell.step}", *(mark for mark, holds in marks.items() if holds)])
    shown = f"{day.messages:,}" if day.messages else ""
    return f'<td class="{classes}" title="{day.day}: {_all_names(day)}">{cell.number} {signs}<b>{shown}</b></td>'


def _odd(simulation: Simulation, words: Mapping[str, str]) -> str:
    if not simulation.odd:
        return ""
    rows = "".join(
        f"<tr><td>{each.day}</td><td>{escape(each.rule)}</td><td>{escape(each.what)}</td><td>{each.people:,}</td></tr>"
        for each in simulation.odd
    )
    heads = "".join(f"<th>{head}</th>" for head in words["heads"].split("|"))
    return f'<h2>{words["odd"]}</h2><table class="list"><tr>{heads}</tr>{rows}</table>'
