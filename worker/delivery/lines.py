"""What was claimed and waits in this process for its turn: one line a lane, and when a lane is worth a claim again."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from math import ceil, inf

from worker.ledger import Claim
from worker.lifecycle import Lane

CLAIM_EVERY = 0.2  # seconds: no sooner is a lane asked again that had nothing more due


@dataclass
class Line:
    """The claims of one lane, and until when each may be sent, by this process's monotonic clock."""

    rate: float | None  # requests a second that may leave it
    claim_at: float = -inf
    doubt_at: float = 0.0  # when to ask again for what is in doubt; 0: at once, there was more
    waiting: deque[tuple[Claim, float]] = field(default_factory=deque)
    flying: int = 0  # requests of this lane on the wire

    def room(self, most: int) -> int:
        """How many to claim now: as many as go out soon, for what waits here nobody else can send."""
        soon = most if self.rate is None else min(most, ceil(self.rate))
        return soon if len(self.waiting) <= soon // 2 and time.monotonic() >= self.claim_at else 0

    def found(self, count: int, asked: int) -> None:
        """So many were due of those asked for."""
        self.claim_at = -inf if count >= asked else time.monotonic() + CLAIM_EVERY

    @property
    def more(self) -> bool:
        """Had it more due than one claim takes, when it was last asked?"""
        return self.claim_at == -inf


class Lines:
    """The lines of the lanes that one drain serves, in the order in which they are claimed and sent."""

    def __init__(self, lanes: Iterable[Lane], rate: Callable[[str], float | None]) -> None:
        self._lines = {lane: Line(rate(lane)) for lane in lanes}

    def __iter__(self) -> Iterator[tuple[Lane, Line]]:
        return iter(self._lines.items())

    def __len__(self) -> int:
        return sum(len(line.waiting) for line in self._lines.values())

    def flies(self, lane: Lane, requests: int) -> None:
        """So many more of this lane are on the wire, or fewer; of a lane that is not ours, a former drain left them."""
        if lane in self._lines:
            self._lines[lane].flying += requests

    def allowed(self, lane: Lane, room: int, *, share: int) -> int:
        """How many of this lane may go: all the room but what others who wait have not used of their share."""
        others = [line for other, line in self._lines.items() if other is not lane and line.waiting]
        kept = sum(max(0, share - line.flying) for line in others)
        return max(room - kept, min(room, share - self._lines[lane].flying))

    def rest(self) -> None:
        """Nobody could tell whether more is due: ask none of them again right now."""
        for line in self._lines.values():
            line.found(0, 1)

    @property
    def more(self) -> bool:
        """Is more due than what stands here?"""
        return any(line.more for line in self._lines.values())

    def add(self, claims: Iterable[tuple[Claim, float]]) -> None:
        """Each into the line of its lane."""
        for claim, until in claims:
            self._lines[claim.lane].waiting.append((claim, until))

    def drop(self, which: Callable[[Claim], bool]) -> list[Claim]:
        """Take these out of their lines."""
        dropped: list[Claim] = []
        for line in self._lines.values():
            dropped += [claim for claim, _ in line.waiting if which(claim)]
            line.waiting = deque((claim, until) for claim, until in line.waiting if not which(claim))
        return dropped
