"""How far claims have come in each stream, so that no claim walks over what others before it have taken.

What was claimed leaves dead entries at the head of its index. As long as any transaction looks at the past (pg_dump, a
report) nothing may take them away, and each claim would step over all of them again. So a process remembers a floor for
each stream: nothing that it could claim is below.

What may still come to stand below, and why it is found all the same:

- a producer's transaction that began before the claim and commits after it. A floor counts only from the first claim on
  that saw the end of every transaction that was under way at the claim which set it;
- what is queued again with an old date. It puts a row into `stream`, which lowers the floor of every process;
- anything else (the clock was turned back, a claim was rolled back): every second or so a claim goes without floors.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, NamedTuple
from uuid import UUID

SWEEP_EVERY = 1.0  # seconds between two claims without floors
SWEEP_SHARE = 50  # such claims, where slow, take no more than one part in so many of the time
SWEEP_LATEST = 10.0  # seconds between two at most: one may have seemed slow to a process that was frozen
PATIENCE = 60.0  # seconds: what a longer transaction puts in is found by such a claim alone
POLLS = "polls"
SLACK = timedelta(seconds=1)  # below the floor of polls: more than it takes to write one down


class Place(NamedTuple):
    """A message's place in the order of claims."""

    due_at: datetime
    id: UUID


@dataclass(frozen=True, slots=True)
class Walk:
    """How far one claim came in a stream, and what its snapshot saw.

    Every transaction numbered below `oldest` had ended, and none from `next` on had begun to write.
    """

    to: Place
    oldest: int
    next: int
    at: float = field(default_factory=time.monotonic)


@dataclass(frozen=True, slots=True)
class Floor:
    """Nothing to claim is below `place`, except what transactions numbered `seen_to` or higher have put back."""

    place: Place
    seen_to: int


@dataclass
class PollsFloor:
    """No question that this process could ask is due before this; None: nobody knows."""

    due_at: datetime | None = None

    def reached(self, asked: Iterable[datetime]) -> None:
        """Questions that were due then have been claimed. What is put back below waits for the next sweep."""
        self.due_at = max((each - SLACK for each in asked), default=self.due_at)


class Floors:
    """The floors of one process, for all its claims in one thread."""

    def __init__(self) -> None:
        self._floors: dict[tuple[str, int], Floor] = {}
        self._walks: dict[tuple[str, int], Walk] = {}
        self._polls = PollsFloor()
        self._sweeps_at: dict[str, float] = {}  # of a lane, or of POLLS

    def of(self, lane: str) -> list[dict[str, Any]]:
        """The floors of a lane's streams, as rows."""
        return [
            {"key": key, "due_at": floor.place.due_at, "id": floor.place.id, "seen_to": floor.seen_to}
            for (of, key), floor in self._floors.items()
            if of == lane
        ]

    @contextmanager
    def of_polls(self) -> Iterator[PollsFloor]:
        """The floor for one claim of polls."""
        with self.sweeping(POLLS):
            yield self._polls

    @contextmanager
    def sweeping(self, what: str) -> Iterator[None]:
        """Around a claim, of this lane or of questions: every second or so it goes without floors."""
        started = time.monotonic()
        sweeps = started >= self._sweeps_at.get(what, 0.0)
        if sweeps:
            self._forget(what)
        yield
        if sweeps:
            ended = time.monotonic()
            self._sweeps_at[what] = ended + min(SWEEP_LATEST, max(SWEEP_EVERY, (ended - started) * SWEEP_SHARE))

    def walked(self, lane: str, walks: Iterable[tuple[int, Walk]]) -> None:
        """A claim came so far in these streams, by their keys."""
        for key, walk in walks:
            self._raise((lane, key), walk)

    def forget(self) -> None:
        """What was claimed was not committed."""
        self._floors, self._walks, self._polls, self._sweeps_at = {}, {}, PollsFloor(), {}

    def _raise(self, stream: tuple[str, int], walk: Walk) -> None:
        before = self._walks.get(stream)
        if before is None:
            self._walks[stream] = walk
        elif before.next <= walk.oldest or walk.at - before.at > PATIENCE:
            self._floors[stream] = Floor(min(before.to, walk.to), walk.oldest)
            self._walks[stream] = walk

    def _forget(self, what: str) -> None:
        if what == POLLS:
            self._polls.due_at = None
        self._floors = {stream: floor for stream, floor in self._floors.items() if stream[0] != what}
