"""How who waits for eSMS's answers hears a bell meanwhile."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from worker.esms import Exchange, Finished
from worker.hearing import Hearing

LISTEN_EVERY = 0.005  # seconds: so soon a bell is heard where Redis does not tell of it
WAIT_ANEW = 0.1  # seconds after which others are told again that somebody waits: sooner than they would forget it


@dataclass
class Listening:
    """overhear: has somebody rung? Then who was rung for need not look.

    hearing: tells when that is worth asking. wait: until it is asked, who rings need ring no task; False: somebody has
    rung already.
    """

    overhear: Callable[[], bool]
    hearing: Hearing | None = None
    wait: Callable[[], bool] | None = None
    _waits_until: float = 0.0  # others count on us for so long; 0: they do not
    _was_rung: bool = False  # already when we would have begun to wait
    _ask_at: float = 0.0

    def take(self, exchange: Exchange, patience: float, *, alone: bool) -> list[Finished[Any]]:
        """What is back; sooner, with nothing, where somebody may have rung. alone: there is nothing else to do."""
        self._was_rung = alone and self._told() is not None and not self._waits()
        if (told := self._told()) is None:
            return exchange.take(min(patience, LISTEN_EVERY))
        return exchange.take(0.0 if self._was_rung else patience, unless=told)

    def rung(self) -> bool:
        """Has somebody rung whom nobody has answered?"""
        return (self._is_worth_asking() or self._was_rung) and self._overheard()

    def leave(self) -> bool:
        """Before anything that may take long: nobody counts on us from now on. True: somebody has rung who did."""
        return self._waits_until > 0.0 and self._overheard()

    def _waits(self) -> bool:
        """False: somebody has rung before. Older news is of that, or of what was overheard."""
        if self.wait is None or self.hearing is None or time.monotonic() < self._waits_until:
            return True
        self.hearing.news()
        self._waits_until = time.monotonic() + WAIT_ANEW
        return self.wait()

    def _overheard(self) -> bool:
        self._waits_until, self._was_rung = 0.0, False
        return self.overhear()

    def _is_worth_asking(self) -> bool:
        if self.hearing is not None and self._told() is not None:
            return self.hearing.news()
        due = time.monotonic() >= self._ask_at
        self._ask_at = time.monotonic() + LISTEN_EVERY if due else self._ask_at
        return due

    def _told(self) -> int | None:
        return None if self.hearing is None else self.hearing.socket
