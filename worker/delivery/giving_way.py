"""How fast others are sent while codes are under way: everything that is sent needs the same cores."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from math import inf

ASK_EVERY = 1.0  # seconds


@dataclass
class GivingWay:
    """How one process gives way: asked before each send; it looks only now and then whether codes come."""

    codes_come: Callable[[], bool]
    beside_codes: int  # requests a second
    _rate: float = inf
    _ask_at: float = -inf

    def rate(self) -> float:
        """So many requests a second of each lane of others may go out now."""
        if (now := time.monotonic()) >= self._ask_at:
            self._rate, self._ask_at = self.beside_codes if self.codes_come() else inf, now + ASK_EVERY
        return self._rate
