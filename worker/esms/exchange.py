"""Many prepared requests in, results out as they come back.

The seam between what is sent and how: threads stand behind it here, and anything with `put` and `take` may.
"""

import threading
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from queue import Empty, SimpleQueue
from types import TracebackType
from typing import Any, Generic, TypeVar

from worker.esms.errors import EsmsError, Trace
from worker.esms.functions import Function
from worker.esms.reading import Record
from worker.esms.wire import Parcel

Reply = TypeVar("Reply")


@dataclass(frozen=True, slots=True)
class Prepared(Generic[Reply]):
    """A checked request, ready to go out, and how its reply is read. It shows no more of itself than the function."""

    function: Function
    parcel: Parcel = field(repr=False)
    read: Callable[[Record], Reply] = field(repr=False)


@dataclass(frozen=True, slots=True)
class Finished(Generic[Reply]):
    """A request that is over. tag: what it was put in with. trace: what there is to tell about the call."""

    tag: object
    trace: Trace
    _reply: Reply | None = field(repr=False)
    _failure: EsmsError | None

    def result(self) -> Reply:
        """The typed reply; raises the EsmsError that came instead."""
        if self._failure is not None:
            raise self._failure
        return self._reply  # type: ignore[return-value]  # a reply wherever there is no failure


class Exchange:
    """Keeps at most in_flight requests on the wire, one to a thread, started as they are needed.

    Put and take from one thread. Closing waits for nothing: what stands in line is never sent, what is on the wire
    ends unseen.
    """

    def __init__(self, call: Callable[[object, Prepared[Any]], Finished[Any]], in_flight: int) -> None:
        self._call = call
        self._most = in_flight
        self._threads = 0
        self._out = 0
        self._line: SimpleQueue[tuple[object, Prepared[Any]] | None] = SimpleQueue()
        self._back: SimpleQueue[Finished[Any]] = SimpleQueue()
        self._closed = False

    @property
    def in_flight(self) -> int:
        """How many were put in and not yet taken."""
        return self._out

    def put(self, tag: object, prepared: Prepared[Any]) -> None:
        """Sends as soon as there is room; never blocks. Raises RuntimeError once closed."""
        if self._closed:
            raise RuntimeError("the exchange is closed")
        self._out += 1
        self._line.put((tag, prepared))
        if self._threads < min(self._most, self._out):
            self._threads += 1
            threading.Thread(target=self._carry, name=f"esms-{self._threads}", daemon=True).start()

    def take(self, timeout: float) -> list[Finished[Any]]:
        """All that is back; waits up to timeout seconds for the first; an empty list when none came."""
        taken: list[Finished[Any]] = []
        with suppress(Empty):
            taken.append(self._back.get(timeout=timeout) if timeout > 0 else self._back.get_nowait())
            while True:
                taken.append(self._back.get_nowait())
        self._out -= len(taken)
        return taken

    def close(self) -> None:
        self._closed = True
        for _ in range(self._threads):
            self._line.put(None)

    def __enter__(self) -> "Exchange":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _carry(self) -> None:
        while (job := self._line.get()) is not None and not self._closed:
            self._back.put(self._call(*job))
