"""What was claimed and waits in this process for its turn: one line a lane, and when a lane is worth a claim again."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from math import ceil, inf
from typing import NamedTuple

from worker.delivery.window import Window
from worker.esms import Trace
from worker.ledger import Claim
from worker.lifecycle import Lane
from worker.settings import Pace

# Requests that go out before eSMS has answered any: codes can't wait, and a call in doubt costs a person's time.
FIRST = {Lane.URGENT: 32, Lane.NORMAL: 16, Lane.BULK: 16, Lane.VOICE: 2}
USUAL = 64  # requests in flight for which answers in time are enough; more are allowed while answers stay as quick
SOON = 2.0  # seconds: a drain waits so long for a source's rate to let more out; else the next tick looks
CLAIM_EVERY = 0.2  # seconds between two claims in a lane that had nothing more due


def windows(pace: Pace, patience: float) -> dict[Lane, Window]:
    """How many requests of each lane may be in flight; kept as long as the process. patience: seconds for an answer."""
    return {lane: _window(lane, pace.sends_in_flight, patience) for lane in Lane}


def _window(lane: Lane, most: int, patience: float) -> Window:
    """An SMS without an answer is only asked for again, so it takes many of them to send fewer at once.

    A call without an answer is held, and so is each that was on the wire of a process that dies: so of calls there are
    never more than usual.
    """
    usual = min(USUAL, most)
    if lane is Lane.VOICE:
        return Window(patience, FIRST[lane], usual, most=usual, bears=0.0)
    return Window(patience, FIRST[lane], usual, most, bears=0.5)


def _unbounded() -> float:
    return inf


class Until(NamedTuple):
    """The moments after which a claim may no longer be given to the transport, and no longer be sent by it.

    By this process's clock (time.monotonic). In between it may stand in line there for as long as a call takes.
    """

    put: float
    sent: float


@dataclass
class Line:
    """The claims of one lane, and until when each may be sent."""

    window: Window
    rate: float | None  # requests a second that may leave it
    beside_codes: Callable[[], float]  # requests a second that may go out now, so that codes get the cores
    claim_at: float = -inf
    was_empty: bool = False  # nothing was due in it at the last look
    wakes_at: float | None = None  # when a source's rate lets more out; None: nothing waits for that
    doubt_at: float = 0.0  # when to claim again what is in doubt; 0: at once, for there was more
    waiting: deque[tuple[Claim, Until]] = field(default_factory=deque)
    flying: int = 0  # requests of this lane on the wire

    def room(self, most: int, *, beside_others: bool = False) -> int:
        """How many to claim now: no more than go out soon, since what waits here no other process can send.

        beside_others: a claim is made in any case, so looking at a lane in which nothing was due costs nothing more.
        """
        soon = min(most, 2 * self._size())
        if self.rate is not None:
            soon = min(soon, ceil(self.rate))
        worth_it = (beside_others and self.was_empty) or time.monotonic() >= self.claim_at
        return soon if worth_it and len(self.waiting) <= soon // 2 else 0

    def found(self, count: int, asked: int) -> None:
        """A claim asked for so many and found `count` due."""
        self.claim_at = -inf if count >= asked else time.monotonic() + CLAIM_EVERY

    def wakes(self, claims: Sequence[Claim]) -> None:
        """Note when to look again, if the rate of a source of these claims lets more out soon."""
        now = time.monotonic()
        after = max((claim.again_after for claim in claims if claim.again_after is not None), default=None)
        if claims:
            self.wakes_at = now + after if after is not None and after <= SOON else None
        elif self.wakes_at is not None and now >= self.wakes_at + CLAIM_EVERY:  # once more: clocks differ by a little
            self.wakes_at = None

    def may_fly(self) -> int:
        """How many more may go: what eSMS answers in time, and a quarter to stand in line so that it never waits."""
        size = self._size()
        return size + (size // 4 if size == self.window.most else 0) - self.flying

    def _size(self) -> int:
        size, rate = self.window.size(self.flying), self.beside_codes()
        return size if rate == inf or not self.window.seconds else min(size, max(1, int(rate * self.window.seconds)))

    @property
    def more(self) -> bool:
        """Was more due at the last claim than that took, or will a source's rate let more out soon?"""
        return self.claim_at == -inf or self.wakes_at is not None


class Lines:
    """The lines of the lanes that one drain serves, in the order in which they are claimed and sent."""

    def __init__(
        self,
        lanes: Iterable[Lane],
        rate: Callable[[str], float | None],
        sizes: Mapping[Lane, Window],
        beside_codes: Callable[[], float] = _unbounded,
    ) -> None:
        paces = {Lane.URGENT: _unbounded}  # codes give way to nothing
        self._lines = {lane: Line(sizes[lane], rate(lane), paces.get(lane, beside_codes)) for lane in lanes}

    def __iter__(self) -> Iterator[tuple[Lane, Line]]:
        return iter(self._lines.items())

    def __len__(self) -> int:
        return sum(len(line.waiting) for line in self._lines.values())

    def flies(self, lane: Lane) -> None:
        """One more of this lane is on the wire."""
        self._lines[lane].flying += 1
        self._lines[lane].window.sent()

    def landed(self, lane: Lane, trace: Trace) -> None:
        """One of this lane is back; of a lane that is not ours, a former drain left it."""
        if (line := self._lines.get(lane)) is None:
            return
        line.flying -= 1
        if trace.answered:
            line.window.answered(trace.seconds, line.flying + 1, unheard=trace.unheard)
        elif trace.tried:
            line.window.silent(trace.seconds)

    def allowed(self, lane: Lane, room: int, *, share: int) -> int:
        """How many of this lane may go: all the room but what others who wait have not used of their share.

        And no more than eSMS answers in time.
        """
        others = [line for other, line in self._lines.items() if other is not lane and line.waiting]
        kept = sum(max(0, share - line.flying) for line in others)
        line = self._lines[lane]
        return min(line.may_fly(), max(room - kept, min(room, share - line.flying)))

    def could_fly(self) -> bool:
        """Could one go at once that is not here yet?"""
        return any(line.may_fly() > len(line.waiting) for line in self._lines.values())

    def look(self) -> None:
        """Somebody rang: each of them is worth a claim now."""
        for line in self._lines.values():
            line.claim_at = -inf

    def rest(self) -> None:
        """Nobody could tell whether more is due: ask none of them again right now."""
        for line in self._lines.values():
            line.found(0, 1)

    @property
    def more(self) -> bool:
        """Is more due than what stands here?"""
        return any(line.more for line in self._lines.values())

    def add(self, claims: Iterable[tuple[Claim, Until]]) -> None:
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
