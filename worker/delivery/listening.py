"""How who waits for eSMS's answers hears a bell meanwhile."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from worker.esms import Exchange, Finished
from worker.hearing import Hearing

LISTEN_EVERY = 0.005  # seconds: so soon a bell is heard where Redis does not tell of it


@dataclass
class Listening:
    """overhear: has somebody rung? Then who was rung for need not look. hearing: tells when that is worth asking."""

    overhear: Callable[[], bool]
    hearing: Hearing | None = None
    _ask_at: float = 0.0

    def take(self, exchange: Exchange, patience: float) -> list[Finished[Any]]:
        """What is back; sooner, with nothing, where somebody may have rung."""
        if (told := self._told()) is None:
            return exchange.take(min(patience, LISTEN_EVERY))
        return exchange.take(patience, unless=told)

    def rung(self) -> bool:
        """Has somebody rung whom nobody has answered?"""
        return self._is_worth_asking() and self.overhear()

    def _is_worth_asking(self) -> bool:
        if self.hearing is not None and self._told() is not None:
            return self.hearing.news()
        due = time.monotonic() >= self._ask_at
        self._ask_at = time.monotonic() + LISTEN_EVERY if due else self._ask_at
        return due

    def _told(self) -> int | None:
        return None if self.hearing is None else self.hearing.socket
