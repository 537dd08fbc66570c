"""How who waits for eSMS's answers hears a bell meanwhile."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Any, Protocol

from worker.bell import RUNG
from worker.esms import Exchange, Finished
from worker.hearing import Hearing

LISTEN_EVERY = 0.005  # seconds: so soon a bell is heard where Redis does not tell of it
WAIT_ANEW = 0.1  # seconds after which others are told again that somebody waits


class Overhear(Protocol):
    """Has somebody rung? Then who was rung for need not look. None: nobody can tell.

    wait: else who rings from now on counts on the caller, and rings no task, until it asks without this.
    """

    def __call__(self, *, wait: bool) -> bool | None: ...


@dataclass
class Listening:
    """Of one process that sends codes. hearing: tells when it is worth asking; None: ask every few milliseconds."""

    overhear: Overhear
    hearing: Hearing | None = None
    _waits_since: float | None = None  # since when others may count on us, at the latest
    _rung_before: bool = False  # when we would have begun to wait
    _ask_at: float = 0.0

    def take(self, exchange: Exchange, patience: float, *, alone: bool) -> list[Finished[Any]]:
        """What is back; sooner, with nothing, where somebody may have rung. alone: there is nothing else to do."""
        if alone and self._told() is not None:
            self._wait()
        if (told := self._told()) is None:
            return exchange.take(min(patience, LISTEN_EVERY))
        return exchange.take(0.0 if self._rung_before else patience, unless=told)

    def rung(self) -> bool:
        """Has somebody rung whom nobody has answered?"""
        return self._was_rung() or (self._is_worth_asking() and self._heard(wait=self._waits_since is not None))

    def leave(self) -> bool:
        """Before anything that may take long: nobody counts on us from now on. True: somebody has rung who did."""
        return self._was_rung() or (self._waits_since is not None and self._heard(wait=False))

    def _was_rung(self) -> bool:
        rung, self._rung_before = self._rung_before, False
        return rung

    def _wait(self) -> None:
        if self._waits_since is None or time.monotonic() >= self._waits_since + WAIT_ANEW:
            self._rung_before = self._heard(wait=True)

    def _heard(self, *, wait: bool) -> bool:
        """Who was counted on and cannot be sure looks: no task was rung."""
        since, self._waits_since = self._waits_since, None
        now = time.monotonic()
        if self.hearing is not None:  # what came so far is of what is overheard now; or it is at its end
            self.hearing.news()
        rung = self.overhear(wait=wait)
        if self.hearing is not None:  # after it: it takes the bell's mark away, which would be told as well
            self.hearing.expect()
        is_sure = since is None or (rung is not None and now < since + RUNG / 1000 and self._told() is not None)
        if wait and not rung:
            self._waits_since = now
        return bool(rung) or not is_sure

    def _is_worth_asking(self) -> bool:
        if self.hearing is not None and self._told() is not None:
            return self.hearing.news()
        due = time.monotonic() >= self._ask_at
        self._ask_at = time.monotonic() + LISTEN_EVERY if due else self._ask_at
        return due

    def _told(self) -> int | None:
        return None if self.hearing is None else self.hearing.socket
