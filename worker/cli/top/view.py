"""What `top` shows, fitted to the terminal: alarms, lanes, the last hour, today."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, tzinfo
from itertools import chain
from typing import TYPE_CHECKING

from rich.console import Console, ConsoleOptions, RenderableType, RenderResult
from rich.segment import Segment
from rich.table import Table
from rich.text import Text

from worker.catalogue.pages.now import WORDS
from worker.catalogue.text import Language, dong, number
from worker.cli.output import look_of, printable, table
from worker.cli.top.alarms import alarms
from worker.cli.top.picture import picture
from worker.lifecycle import Lane, Status

if TYPE_CHECKING:
    from worker.reporting.now import BalanceShown, Now

EN = Language.EN
Lines = list[list[Segment]]
Fitted = tuple[list[Lines], list[Lines]]
GAP = "  "
LEAST_ALARMS = 6  # lines: the picture, today's sums and then the lanes make room for so many


@dataclass(frozen=True, slots=True)
class Seen:
    """What was found at the last look that found anything. away: why the looks since then failed."""

    now: Now
    balance: BalanceShown | None
    away: str | None = None


@dataclass(frozen=True, slots=True)
class View:
    """height: of the screen that it is to fit, which q leaves; None: as many lines as there are."""

    seen: Seen
    zone: tzinfo
    height: int | None = None

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        def lines_of(*shown: RenderableType) -> Lines:
            return [line for each in shown for line in console.render_lines(each, free, pad=False)]

        free, now = options.reset_height(), self.seen.now
        head = lines_of(*self._head())
        said = [lines_of(each) for each in self._alarms()]
        parts = [
            lines_of("", _lanes(now)),
            lines_of("", *picture(now.minutes, self.zone, options.max_width)),
            lines_of("", *_flowing(_today(now, self.seen.balance), options.max_width)),
        ]
        if self.height is not None:
            said, parts = _fitted(said, parts, self.height - len(head), lines_of)
        for line in chain(head, *said, *parts):
            yield from line
            yield Segment.line()

    def _head(self) -> Iterator[Text]:
        now = self.seen.now
        counted = WORDS["counted"].say(EN, at=self._clock(now.counted_until)) if now.counted_until else _NOT_COUNTED
        ends = " q ends." if self.height is not None else ""
        yield Text(f"{now.at.astimezone(self.zone):%Y-%m-%d %H:%M:%S} {self.zone}. {counted}{ends}", "bold")
        if self.seen.away is not None:
            told = f"✗ old since {self._clock(now.at)}: {printable(self.seen.away)}"
            yield Text(told, "bold red", no_wrap=True, overflow="ellipsis")

    def _clock(self, at: datetime) -> str:
        return f"{at.astimezone(self.zone):%H:%M:%S}"

    def _alarms(self) -> Iterator[Table]:
        found = [each.text for each in alarms(self.seen.now, self.seen.balance, self.zone)]
        yield from (_signed("!", "bold yellow", each) for each in found)
        if self.seen.now.is_new:
            yield _signed("…", "cyan", WORDS["begin"].en)
        elif not found:
            yield _signed("✔", "green", WORDS["all_well"].en)


_NOT_COUNTED = WORDS["not_counted"].en


def _signed(sign: str, colour: str, said: str) -> Table:
    grid = Table.grid(padding=(0, 1, 0, 0))
    grid.add_row(Text(sign, colour), Text(printable(said), overflow="fold"))
    return grid


def _lanes(now: Now) -> Table:
    """What is nought is left empty, so that a narrow terminal can do without its column."""
    counted = (Status.SENDING, Status.UNCONFIRMED, Status.ACCEPTED, Status.HELD)
    shown = table("lane:id", "queued:n", "oldest:n", *(f"{status}:n" for status in counted), "state:id")
    paused = {each.lane for each in now.pauses}
    for lane in Lane:
        standing = now.standing[lane]
        due = now.oldest_due.get(lane)
        oldest = _short((now.at - due).total_seconds()) if due else ""
        counts = [f"{count:,}" if (count := standing.get(status, 0)) else "" for status in (Status.QUEUED, *counted)]
        state = "[bold yellow]! paused[/]" if lane in paused else "open"
        shown.add_row(str(lane), counts[0], oldest, *counts[1:], state)
    return shown


def _short(seconds: float) -> str:
    """How long, within six characters."""
    for size, unit in ((86_400, "d"), (3600, "h"), (60, "min")):
        if seconds >= 2 * size:
            return f"{seconds / size:.0f} {unit}"
    return f"{max(0, seconds):.0f} s"


def _today(now: Now, balance: BalanceShown | None) -> Iterator[Text]:
    """In the order of a message's life."""
    found = now.statuses_today
    yield Text("Today:" if found else "Today: nothing was to go out")
    yield from (Text.from_markup(f"{look_of(each)} {found[each]:,}") for each in Status if found[each])
    if balance is not None:
        lasts = (
            f" ({WORDS['balance_lasts'].say(EN, days=number(balance.days, EN))})" if balance.days is not None else ""
        )
        yield Text(f"balance {dong(balance.dong, EN)}{lasts}")


def _flowing(words: Iterable[Text], width: int) -> Iterator[Text]:
    """Side by side, none of them broken in two."""
    line = Text()
    for each in words:
        if line and line.cell_len + len(GAP) + each.cell_len > width:
            yield line
            line = Text()
        line = Text.assemble(line, GAP, each) if line else each
    yield line


def _fitted(said: list[Lines], parts: list[Lines], height: int, lines_of: Callable[..., Lines]) -> Fitted:
    """As many alarms and parts as there is room for; the first alarms are what a person needs most, then the lanes."""
    wanted = min(sum(map(len, said)), LEAST_ALARMS, max(1, height // 3))
    while len(parts) > 1 and height - sum(map(len, parts)) < wanted:
        del parts[1]
    room = max(wanted, height - sum(map(len, parts)))
    if sum(map(len, said)) <= room:
        return said, parts
    shown: list[Lines] = []
    while said and sum(map(len, shown)) + len(said[0]) < room:
        shown.append(said.pop(0))
    more = f"{len(said)} more: `esms-worker top --once`" if shown else f"{len(said)} alarms: `esms-worker top --once`"
    return [*shown, lines_of(_signed("!", "bold yellow", more))], parts
