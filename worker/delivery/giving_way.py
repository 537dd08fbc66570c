"""How much of the rest is in flight while codes are under way: everything that is sent needs the same cores."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from math import inf

ASK_EVERY = 1.0  # seconds


@dataclass
class GivingWay:
    """Of one process: asked before each send, while it asks whether codes come once in a while."""

    codes_come: Callable[[], bool]
    beside_codes: int
    _most: float = inf
    _ask_at: float = -inf

    def most(self) -> float:
        """So many requests of a lane of others may be in flight now."""
        if (now := time.monotonic()) >= self._ask_at:
            self._most, self._ask_at = self.beside_codes if self.codes_come() else inf, now + ASK_EVERY
        return self._most
