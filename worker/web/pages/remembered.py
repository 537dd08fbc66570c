"""What many pages ask for is asked for once in a while, however many are open."""

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
        self._lock, self._known = Lock(), None  # type: tuple[Lock, tuple[float, T] | None]

    def get(self) -> T:
        """Whoever comes while it is being asked for waits for that answer."""
        with self._lock:
            if self._known is None or time.monotonic() - self._known[0] > self._seconds:
                self._known = (time.monotonic(), self._ask())
            return self._known[1]

    def forget(self) -> None:
        """Ask again next time: something was changed by this process."""
        with self._lock:
            self._known = None
