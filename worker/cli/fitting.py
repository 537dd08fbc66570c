"""Tables that fit the terminal: words stay whole where there is room, else each row stands as lines of its own.

Rich takes from the widest column until all fit, and breaks numbers, dates and ids by that.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from rich.console import Console, ConsoleOptions, RenderResult
from rich.measure import Measurement
from rich.table import Column, Table
from rich.text import Text

GAP = 2  # between columns
BROKEN_AT = 36  # a longer word may be broken where its column is as wide: addresses, names of campaigns
UNBOUND = 10_000


def without_bars_that_do_not_fit(table: Table, console: Console) -> Table:
    """The same; its last column, of bars, only where all others keep their lines beside it."""
    wanted = Measurement.get(console, console.options.update(width=UNBOUND), table).maximum
    if wanted > console.width:
        table.columns.pop()
    return table


@dataclass(slots=True)
class Size:
    """How wide a column must be, and how wide it would like to be."""

    least: int
    whole: int


class FittingTable(Table):
    """As any table of Rich's; without a header it is left to Rich."""

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        if not self.show_header or not self.columns:
            yield from super().__rich_console__(console, options)
            return
        shown, sizes = self.columns, self._sizes(console, options)
        if not fits(sizes, options.max_width):
            filled = [place for place, column in enumerate(shown) if any(map(str, column.cells))]
            shown, sizes = [shown[place] for place in filled], [sizes[place] for place in filled]
        if fits(sizes, options.max_width):
            yield from self._columns(shown, widths(sizes, options.max_width), console, options)
        else:
            yield from self._records(shown)

    def _sizes(self, console: Console, options: ConsoleOptions) -> list[Size]:
        unbound = options.update(width=UNBOUND)
        return [_size(column, console, unbound) for column in self.columns]

    def _columns(
        self, shown: Sequence[Column], wide: Sequence[int], console: Console, options: ConsoleOptions
    ) -> RenderResult:
        placed = enumerate(zip(shown, wide, strict=True))
        every = self.columns
        self.columns = [replace(column, width=width, _index=place) for place, (column, width) in placed]
        try:
            yield from super().__rich_console__(console, options)
        finally:
            self.columns = every

    def _records(self, shown: Sequence[Column]) -> RenderResult:
        if self.title:
            yield Text(str(self.title), style="italic")
        rows = zip(*(column.cells for column in shown), strict=True)
        for place, row in enumerate(rows):
            if place:
                yield Text("")
            yield _record(shown, row)


def _size(column: Column, console: Console, options: ConsoleOptions) -> Size:
    header, *cells = [Measurement.get(console, options, each) for each in (column.header, *column.cells)]
    whole = max(each.maximum for each in (header, *cells))
    if column.no_wrap:
        return Size(whole, whole)
    numbers = column.justify == "right"  # with their units
    words = [each.maximum if numbers else each.minimum for each in cells]
    return Size(min(max([header.minimum, *words]), BROKEN_AT), whole)


def fits(sizes: Sequence[Size], width: int) -> bool:
    """Is there room for what each must have?"""
    return sum(each.least for each in sizes) + GAP * (len(sizes) - 1) <= width


def widths(sizes: Sequence[Size], width: int) -> list[int]:
    """What each gets: what is over goes to those that want more, who wants least first."""
    room = width - GAP * (len(sizes) - 1) - sum(each.least for each in sizes)
    given = [each.least for each in sizes]
    wanting = sorted(range(len(sizes)), key=lambda place: sizes[place].whole - sizes[place].least)
    for done, place in enumerate(wanting):
        more = min(sizes[place].whole - sizes[place].least, room // (len(wanting) - done))
        given[place] += more
        room -= more
    return given


def _record(shown: Sequence[Column], row: Sequence[object]) -> Table:
    """Each filled cell on a line of its own, behind the name of its column."""
    grid = Table.grid(padding=(0, GAP, 0, 0))
    grid.add_column(no_wrap=True, style="bold")
    grid.add_column(overflow="fold")
    for column, cell in zip(shown, row, strict=True):
        if str(cell):
            grid.add_row(column.header, cell)  # type: ignore[arg-type]
    return grid
