"""Which of many files have news: by poll, or by epoll where the system has it.

poll is told of all files for each look. epoll keeps them, also those that were closed while a forked child has them
open: whoever closes one drops it first.
"""

import select
from contextlib import suppress
from typing import Any


class Watcher:
    """Watches by poll. A file may be added twice, or dropped when it is not there, as an exception may leave it."""

    def __init__(self) -> None:
        self._files: Any = select.poll()

    def add(self, file: int, events: int = select.POLLIN) -> None:
        """Tell of these from now on, or of these instead."""
        self._files.register(file, events)

    def drop(self, file: int) -> None:
        """No more of it."""
        with suppress(KeyError):
            self._files.unregister(file)

    def news(self, milliseconds: int) -> dict[int, int]:
        """What came, by file; waits for it so long."""
        return dict(self._files.poll(milliseconds))


class Epoll(Watcher):
    """Watches by epoll. After a fork the child must let go of it: both would add and drop for each other."""

    def __init__(self) -> None:
        self._files = select.epoll()

    def add(self, file: int, events: int = select.POLLIN) -> None:
        try:
            self._files.register(file, events)
        except FileExistsError:
            self._files.modify(file, events)

    def drop(self, file: int) -> None:
        with suppress(OSError):
            self._files.unregister(file)

    def news(self, milliseconds: int) -> dict[int, int]:
        return dict(self._files.poll(milliseconds / 1000))


def quickest() -> Watcher:
    """What this system has."""
    return Epoll() if hasattr(select, "epoll") else Watcher()
