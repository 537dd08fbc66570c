"""A simulation month by month: calendars whose days say how many messages they bring, and darken with it."""

from __future__ import annotations

from calendar import monthrange
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import groupby

from worker.reminders.simulate import Day, Simulation

STEPS = 6  # of darkness


@dataclass(frozen=True, slots=True)
class Cell:
    """A day of a calendar. day: what it brings; None: the simulation does not reach there."""

    number: int
    day: Day | None = None
    step: int = 0
    """How dark it is, up to 6; 0: nothing."""
    odd: bool = False
    """Something falls on it that a person should know: 29 February, a leap month."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Month:
    """One of them, in weeks from Monday on; None: a day of the month before."""

    first: date
    weeks: Sequence[Sequence[Cell | None]]
    days: Sequence[Day]

    @property
    def messages(self) -> int:
        return sum(day.messages for day in self.days)

    @property
    def names(self) -> Counter[str]:
        """The rules and events of the month, and how many messages each brings."""
        return sum((day.names for day in self.days), Counter[str]())


def months(simulation: Simulation) -> list[Month]:
    """All that the simulation touches."""
    most, odd = busiest(simulation), {each.day for each in simulation.odd}
    by_month = groupby(simulation.days, lambda day: (day.day.year, day.day.month))
    return [_month(list(days), most, odd) for _, days in by_month]


def legend(most: int) -> Mapping[int, tuple[int, int]]:
    """Each darkness with the numbers that it stands for, from least to most, where the busiest day has `most`."""
    counts: dict[int, list[int]] = {}
    for count in {1, most, *(-(-step * most // (STEPS - 1)) + by for step in range(1, STEPS) for by in (-1, 0))}:
        if 0 < count <= most:
            counts.setdefault(darkness(count, most), []).append(count)
    return {step: (min(of), max(of)) for step, of in sorted(counts.items())}


def busiest(simulation: Simulation) -> int:
    """The messages of the day that has most."""
    return max((day.messages for day in simulation.days), default=0)


def darkness(messages: int, most: int) -> int:
    """How dark a day with so many is, where another has `most`."""
    return 1 + (STEPS - 1) * messages // most if messages else 0


def _month(days: Sequence[Day], most: int, odd: set[date]) -> Month:
    first, by_number = days[0].day, {day.day.day: day for day in days}
    before, length = monthrange(first.year, first.month)
    cells: list[Cell | None] = [None] * before
    cells += [_cell(number, by_number.get(number), most, odd) for number in range(1, length + 1)]
    return Month(first=first, weeks=[cells[start : start + 7] for start in range(0, len(cells), 7)], days=days)


def _cell(number: int, day: Day | None, most: int, odd: set[date]) -> Cell:
    return Cell(number) if day is None else Cell(number, day, darkness(day.messages, most), day.day in odd)
