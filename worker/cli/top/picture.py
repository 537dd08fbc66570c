"""The last hour as a line of blocks for each of sent, delivered and failed."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import tzinfo
from typing import TYPE_CHECKING

from rich.text import Text

if TYPE_CHECKING:
    from worker.reporting.now import Minute

MINUTES = 60
BLOCKS = "▁▂▃▄▅▆▇█"
SERIES = {"sent": "blue", "delivered": "green", "failed": "red"}
NAMES, COUNTS, GAP = max(map(len, SERIES)), 7, 2  # characters: before the blocks and after them, and between


def picture(minutes: Sequence[Minute], zone: tzinfo, width: int) -> Iterator[Text]:
    """Lines of at most this width. All three are drawn to one measure; where there is no room for each minute, a block
    is the highest of some.
    """
    hour = minutes[-MINUTES:]
    most = {name: max((getattr(each, name) for each in hour), default=0) for name in SERIES}
    if not (top := max(most.values())):
        yield Text("Nothing moved in the last hour")
        return
    together = -(-MINUTES // max(1, width - NAMES - COUNTS - 2 * GAP))
    yield Text(f"Each minute of the last hour{_peak(hour, zone)}")
    for name, colour in SERIES.items():
        counts = [getattr(each, name) for each in hour]
        highest = [max(counts[at : at + together]) for at in range(0, len(counts), together)]
        blocks = "".join(_block(count, top) for count in highest)
        yield Text.assemble(f"{name:{NAMES + GAP}}", (blocks, colour), f"{' ' * GAP}{most[name]:>{COUNTS},}")
    yield _times(hour, zone, -(-len(hour) // together))


def _peak(hour: Sequence[Minute], zone: tzinfo) -> str:
    peak = max(hour, key=lambda each: each.sent)
    return f"; most sent: {peak.sent:,}, at {peak.at.astimezone(zone):%H:%M}" if peak.sent else ""


def _block(count: int, top: int) -> str:
    """The least that there is can be seen, too."""
    return BLOCKS[max(0, round(len(BLOCKS) * count / top) - 1)] if count else " "


def _times(hour: Sequence[Minute], zone: tzinfo, columns: int) -> Text:
    first, middle, last = (hour[at].at.astimezone(zone).strftime("%H:%M") for at in (0, len(hour) // 2, -1))
    if columns < 3 * len(first) + 2:
        middle = ""
    between = columns - len(first) - len(last)
    return Text(f"{' ' * (NAMES + GAP)}{first}{middle:^{max(1, between)}}{last}")
