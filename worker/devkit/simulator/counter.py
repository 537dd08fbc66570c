"""A provider that serves only so many at once: the others stand in line, and their answers come later and later."""

import heapq
import time
from collections.abc import Callable


class Counter:
    """When each place is free again, by a clock that only goes forward."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._free_at: list[float] = []

    def delay(self, seconds: float, places: int) -> float:
        """How long from now a request that comes in now is answered, where serving one takes so many seconds."""
        if not places:
            return seconds
        now = self._clock()
        while self._free_at and (self._free_at[0] <= now):
            heapq.heappop(self._free_at)
        begins = heapq.heappop(self._free_at) if len(self._free_at) >= places else now
        heapq.heappush(self._free_at, begins + seconds)
        return begins + seconds - now
