"""Many prepared requests in, results out as they come back.

The seam between what is sent and how: behind it stand threads (`threads.py`) or one loop over all sockets (`loop.py`).
"""

from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import field
from datetime import UTC, datetime
from math import inf
from types import TracebackType
from typing import Any, Generic, TypeVar

from worker.esms import lost
from worker.esms.errors import EsmsError, Trace
from worker.esms.functions import Function
from worker.esms.reading import Record
from worker.esms.transport_types import HttpAnswer, Parcel
from worker.esms.values import made_often

Reply = TypeVar("Reply")


@made_often()
class Prepared(Generic[Reply]):
    """A checked request, ready to go out, and how its reply is read. It shows no more of itself than the function."""

    function: Function
    parcel: Parcel = field(repr=False)
    read: Callable[[Record], Reply] = field(repr=False)


@made_often()
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


# What a transport calls when a request is over: its tag, the request, when it began, its seconds, what came of it, and
# for how many of the seconds nobody listened.
Finish = Callable[[object, Prepared[Any], datetime, float, HttpAnswer | EsmsError, float], Finished[Any]]

GRACE = 1.0  # seconds in line beyond those of a whole call


def held_up(finish: Finish, tag: object, prepared: Prepared[Any]) -> Finished[Any]:
    """What becomes of a request that stood in line longer than a whole call may take, or than it may be sent.

    Whoever put it in was held up meanwhile, frozen perhaps, and may have lost the right to send it.
    """
    return finish(tag, prepared, datetime.now(UTC), 0.0, lost.held_up(), 0.0)


class Exchange(ABC):
    """Keeps a number of requests on the wire. Nothing is ever sent twice: no retries, no redirects.

    Put and take from one thread. Closing waits for nothing: what stands in line is never sent, what is on the wire
    ends unseen.
    """

    @property
    @abstractmethod
    def in_flight(self) -> int:
        """How many were put in and not yet taken."""

    @abstractmethod
    def put(self, tag: object, prepared: Prepared[Any], *, until: float = inf) -> None:
        """Sends as soon as there is room, at the next take at the latest; never blocks. RuntimeError once closed.

        until: by time.monotonic(); what still stands in line then is not sent, and comes back as NotTaken.
        """

    @abstractmethod
    def take(self, timeout: float, unless: int | None = None) -> list[Finished[Any]]:
        """All that is back; waits up to timeout seconds for the first; an empty list when none came.

        unless: a file descriptor; it waits no longer than until there is something to read.
        """

    @abstractmethod
    def close(self) -> None:
        """Lets go of everything; harmless when done twice."""

    def __enter__(self) -> "Exchange":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
