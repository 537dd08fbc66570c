"""What many ask for again and again (open pages, scrapes) is asked for once in a while."""

from __future__ import annotations

import time
from collections.abc import Callable
from threading import Lock
from typing import Generic, TypeVar

T = TypeVar("T")


class Remembered(Generic[T]):
    """One answer for the process, as old as `seconds` at most."""

    def __init__(self, ask: Callable[[], T], *, seconds: float) -> None:
        self._ask, self._seconds = ask, seconds
        self._lock, self._known = Lock(), None  # type: tuple[Lock, tuple[float, float, T] | None]

    def get(self) -> T:
        """Whoever comes while it is being asked for waits for that answer."""
        came = time.monotonic()
        with self._lock:
            if self._known is None or self._is_old(*self._known[:2], came):
                asked = time.monotonic()
                answer = self._ask()
                self._known = (asked, time.monotonic(), answer)
            return self._known[2]

    def _is_old(self, asked: float, answered: float, came: float) -> bool:
        """Where asking takes longer than it is remembered, those who waited would else ask one after another."""
        return answered < came and came - asked > self._seconds

    def forget(self) -> None:
        """Ask again next time: something was changed by this process."""
        with self._lock:
            self._known = None
