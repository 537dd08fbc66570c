"""How a process that waits for eSMS's answers hears a bell meanwhile, so that no task need be queued for it."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Any, Protocol

from worker.bell import RUNG
from worker.delivery.bell_watch import BellWatch
from worker.esms import Exchange, Finished

LISTEN_EVERY = 0.005  # seconds between two questions, where Redis does not say by itself that a bell was rung
WAIT_ANEW = 0.1  # seconds after which we say again that we listen; Redis believes it for bell.WAITS


class Overhear(Protocol):
    """`Bell.overhear` for one task: was its bell rung, with no answer yet? Then the caller looks. None: unknown.

    wait: if it was not, whoever rings counts on the caller and queues no task, until it asks without `wait`.
    """

    def __call__(self, *, wait: bool) -> bool | None: ...


@dataclass
class Listening:
    """Listens in one process that sends codes. watch: tells when to ask; None: ask every LISTEN_EVERY."""

    overhear: Overhear
    watch: BellWatch | None = None
    _waits_since: float | None = None  # when we said that we listen, so that others count on us; None: they do not
    _rung_before: bool = False  # the bell had been rung already when we said so
    _ask_at: float = 0.0

    def take(self, exchange: Exchange, patience: float, *, alone: bool) -> list[Finished[Any]]:
        """What has come back; or nothing, where the bell may have been rung. alone: we have nothing else to do."""
        if alone and self._told() is not None:
            self._wait()
        if (told := self._told()) is None:
            return exchange.take(min(patience, LISTEN_EVERY))
        return exchange.take(0.0 if self._rung_before else patience, unless=told)

    def rung(self) -> bool:
        """Was the bell rung, with no answer yet? Or must we look to be sure?"""
        return self._was_rung() or (self._is_worth_asking() and self._heard(wait=self._waits_since is not None))

    def leave(self) -> bool:
        """Before anything that may take long: nobody counts on us from now on. True: somebody may have: look."""
        return self._was_rung() or (self._waits_since is not None and self._heard(wait=False))

    def _was_rung(self) -> bool:
        rung, self._rung_before = self._rung_before, False
        return rung

    def _wait(self) -> None:
        if self._waits_since is None or time.monotonic() >= self._waits_since + WAIT_ANEW:
            self._rung_before = self._heard(wait=True)

    def _heard(self, *, wait: bool) -> bool:
        """Ask. Where others counted on us and a ring may have been missed, say yes: no task was queued for it."""
        since, self._waits_since = self._waits_since, None
        now = time.monotonic()
        if self.watch is not None:  # what came so far tells of the ring that is asked about now
            self.watch.news()
        rung = self.overhear(wait=wait)
        if self.watch is not None:  # only now: `overhear` takes the mark away, and Redis would tell of that as well
            self.watch.expect()
        is_sure = since is None or (rung is not None and now < since + RUNG / 1000 and self._told() is not None)
        if wait and not rung:
            self._waits_since = now
        return bool(rung) or not is_sure

    def _is_worth_asking(self) -> bool:
        if self.watch is not None and self._told() is not None:
            return self.watch.news()
        due = time.monotonic() >= self._ask_at
        self._ask_at = time.monotonic() + LISTEN_EVERY if due else self._ask_at
        return due

    def _told(self) -> int | None:
        return None if self.watch is None else self.watch.socket
