"""How many requests one process may have in flight: as many as eSMS answers in time, found out by trying, as TCP does.

The number begins small, doubles with each round of answers, and is halved when answers come late, long before the read
time-out, after which an SMS is in doubt and a call held. Where answers are in time but slower than with few in flight,
each round takes a quarter away, and from then on it grows by a quarter at most. After a pause or an outage it begins
anew.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from math import inf

EASY, LATE = 1 / 4, 1 / 2  # of the patience: an answer before the one lets it grow, after the other shrink
QUIET = 1.0  # seconds with nothing in flight, after which it begins anew
FORGOTTEN = 60.0  # seconds after which a trouble no longer makes it careful
SMOOTH = 1 / 16  # the weight of each answer in the moving average
A_QUARTER = 1 / 4  # of a request, for each answer: a quarter in a round, where one pause makes every answer slow
PAYS, TOO_MANY = 1.5, 2.0  # times the usual seconds: below the one it may grow, above the other it shrinks


@dataclass
class Window:
    """How many requests of one lane may be in flight, in one thread. Sizes are requests, times seconds.

    patience: eSMS must answer within this. first: the size before anything was answered. usual: up to this size answers
    need only be in time. most: beyond `usual`, up to this, they must also be as quick as they were with fewer. bears:
    the share of answers that may be late, or never come, without any change: a network loses some at any size.
    """

    patience: float
    first: int
    usual: int
    most: int
    bears: float = 0.0
    clock: Callable[[], float] = time.monotonic
    _size: float = 0.0
    _careful_from: float = inf  # from this size on it grows by one a round, and not by as many again
    _slower_from: float = inf  # from this size on by a quarter: here answers began to take longer
    _cut_at: float = -inf
    _moved_at: float = -inf  # when something was last put on the wire, or came back
    _missing: float = 0.0  # the share that came late or not at all, of late
    _mean: float = 0.0  # seconds that an answer takes, of late
    _usual_mean: float = 0.0  # the same while no more than `usual` were in flight

    def size(self, flying: int) -> int:
        """How many may be in flight now, where so many are."""
        now = self.clock()
        if not flying and now - self._moved_at > QUIET:
            self._begin(now)
        return int(self._size)

    @property
    def seconds(self) -> float:
        """How long an answer takes, of late; 0: none has come yet."""
        return self._mean

    def sent(self) -> None:
        """One has gone out."""
        self._moved_at = self.clock()

    def answered(self, seconds: float, flying: int, *, unheard: float = 0.0) -> None:
        """An answer came, whatever it says. seconds: how long it took. flying: how many were in flight with it.

        unheard: for so many of the seconds nobody listened, so it may have been there sooner.
        """
        self._moved_at = self.clock()
        least = seconds - unheard
        self._note(self._likely(least, seconds), flying)
        if least > LATE * self.patience:
            self._miss(seconds)
            return
        self._missing -= SMOOTH * self._missing
        if self._size > self.usual and self._mean > TOO_MANY * self._usual_mean:
            self._size = self._slower_from = max(self.usual, self._size - A_QUARTER)
        elif least <= EASY * self.patience and 2 * flying >= self._size and self._pays():
            self._size = min(self.most, self._size + self._step())

    def silent(self, seconds: float) -> None:
        """No answer came in so many seconds, or no connection."""
        self._moved_at = self.clock()
        self._miss(seconds)

    def _begin(self, now: float) -> None:
        self._size, self._moved_at = min(self.first, self.most), now
        if now - self._cut_at > FORGOTTEN:
            self._careful_from = inf
        self._slower_from = inf

    def _miss(self, seconds: float) -> None:
        """Halve the size, but once for all that were in flight together: requests from before a cut cause no other."""
        now = self.clock()
        self._missing += SMOOTH * (1 - self._missing)
        if self._missing > self.bears and now - seconds >= self._cut_at:
            self._size = self._careful_from = max(1.0, self._size / 2)
            self._cut_at = now

    def _likely(self, least: float, most: float) -> float:
        """How long an answer took, known to be within these: as others of late, or as near to that as can be."""
        return max(least, min(most, self._mean)) if self._mean else most

    def _note(self, seconds: float, flying: int) -> None:
        self._mean += (seconds - self._mean) * (SMOOTH if self._mean else 1)
        if flying <= self.usual or not self._usual_mean:
            slower = self._mean > self._usual_mean > 0  # perhaps only because it was sent among more
            self._usual_mean += (self._mean - self._usual_mean) * (SMOOTH * SMOOTH if slower else 1)

    def _step(self) -> float:
        """By how much each answer lets it grow: in a round it doubles, or grows by a quarter, or by one."""
        if self._size >= self._careful_from:
            return 1 / self._size
        return 1 if self._size < self._slower_from else A_QUARTER

    def _pays(self) -> bool:
        return self._size < self.usual or self._mean <= PAYS * self._usual_mean
