"""A circuit breaker: where eSMS gives no answer at all, it is better to wait than to bring more messages into doubt."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field

from worker.lifecycle import Lane


@dataclass
class Breaker:
    """Counts the calls of each lane in a row that no answer came to, whatever stands in an answer."""

    most: float
    _silent: dict[Lane, int] = field(default_factory=lambda: defaultdict(int))

    def trips(self, lane: Lane, *, answered: bool) -> bool:
        """Has it come to so many just now?"""
        silent = 0 if answered else self._silent[lane] + 1
        tripped = silent >= self.most
        self._silent[lane] = 0 if tripped else silent
        return tripped

    def forget(self, lane: Lane) -> None:
        """Count anew."""
        self._silent[lane] = 0
