"""How fast this process may send after it was told that it was too fast: half as fast, then by and by faster again.

Each process keeps its own: what eSMS allows an account is shared out among them by being refused, as TCP shares a line.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from math import inf

LEAST = 1.0  # requests a second
REGAIN = 0.05  # of the halved rate, each second
FREE_AFTER = 4.0  # times the halved rate: what is above it needs no throttle
WINDOW = 1.0  # seconds over which the present rate is counted; no two halvings within it


@dataclass
class Throttle:
    """No limit until `halve` is called. For one lane and one thread."""

    clock: Callable[[], float] = time.monotonic
    _halved: float = inf  # the rate that we were thrown back to
    _rate: float = inf
    _room: float = 0.0  # requests that may go now
    _at: float = -inf
    _halved_at: float = -inf
    _counts: list[int] = field(default_factory=lambda: [0, 0])  # sent in this window and in the one before
    _window: int = -1

    def allowed(self, most: int) -> int:
        """How many of these may go now."""
        if self._rate == inf:
            return most
        now = self.clock()
        self._rate += self._halved * REGAIN * (now - self._at)
        self._room = min(self._room + self._rate * (now - self._at), max(1.0, self._rate * 0.1))
        self._at = now
        if self._rate > FREE_AFTER * self._halved:
            self._rate = inf
            return most
        return min(most, int(self._room))

    def sent(self, requests: int) -> None:
        """So many have gone."""
        self._roll()
        self._counts[0] += requests
        self._room -= requests

    def halve(self) -> None:
        """Send half as fast: there were too many. Further refusals from the same moment change nothing."""
        now = self.clock()
        if now - self._halved_at < WINDOW:
            return
        self._roll()
        present = min(self._rate, max(self._counts) / WINDOW)
        self._halved = self._rate = max(LEAST, present / 2)
        self._room, self._at, self._halved_at = 0.0, now, now

    def _roll(self) -> None:
        window = int(self.clock() / WINDOW)
        if window != self._window:
            self._counts = [0, self._counts[0] if window == self._window + 1 else 0]
            self._window = window
