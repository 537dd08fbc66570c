"""Store requests chunk by chunk, each while the next is being checked, so that Postgres and checks run side by side."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from contextlib import contextmanager
from time import sleep
from typing import TYPE_CHECKING, TypeVar

from worker import ledger
from worker.actor import actor_now
from worker.database import ask_alone
from worker.ledger import Put, Stored
from worker.lifecycle import Lane

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

T = TypeVar("T")

AT_ONCE = 2500  # notifications in one statement
MOST_UNDER_WAY = 2  # statements: one waits, so that Postgres goes on at once when it is done with the other
GIVES_WAY_EVERY = 50  # notifications, which take a millisecond or two
A_MOMENT = 1e-6  # seconds: as short as can be; none at all would wake nobody


class Storing:
    """Runs one transaction's statements one at a time, in `thread` where there is one.

    writes_alone: nothing else is written in the transaction. ahead: the commit of a code need not wait for the disk.
    """

    def __init__(
        self, session: Session, thread: Executor | None, *, writes_alone: bool = False, ahead: bool = False
    ) -> None:
        self._session, self._thread, self._writes_alone, self._ahead = session, thread, writes_alone, ahead
        self._under_way: deque[Future[Put]] = deque()

    def put(self, rows: Sequence[Stored], *, whole: bool = False) -> Callable[[], Put]:
        """Begin to store these, after those before; call what is returned to wait for the result.

        whole: these are all that the transaction stores, and none was refused.
        """
        if self._thread is None or len(rows) < AT_ONCE:  # the last chunk: nothing is left to check meanwhile
            self.wait()
            by_itself = whole and self._writes_alone and ledger.is_one_statement(rows)
            stored = self._put_alone(rows) if by_itself else ledger.put(self._session, rows)
            return lambda: stored
        laid_out = ledger.lay_out(rows)
        if len(self._under_way) == MOST_UNDER_WAY:
            self._under_way.popleft().result()
        self._under_way.append(self._thread.submit(ledger.put, self._session, rows, laid_out))
        return self._under_way[-1].result

    def _put_alone(self, rows: Sequence[Stored]) -> Put:
        ask_alone(self._session)
        [row] = rows
        return ledger.put(self._session, rows, ahead=self._ahead and row.terms.lane is Lane.URGENT)

    def giving_way(self, items: Iterable[T]) -> Iterator[T]:
        """The same, while now and then the thread that stores may have the interpreter.

        It needs that to take an answer and to send the next statement. Python would have it wait five milliseconds each
        time, and Postgres with it.
        """
        for place, item in enumerate(items):
            if self._under_way and not place % GIVES_WAY_EVERY:
                sleep(A_MOMENT)
            yield item

    def alone(self, ask: Callable[[Session], T]) -> T:
        """Ask something else in the transaction, once nothing is under way: a session serves one thread at a time."""
        self.wait()
        return ask(self._session)

    def wait(self) -> None:
        """Wait until nothing is under way. Raises what went wrong there."""
        while self._under_way:
            self._under_way.popleft().result()


@contextmanager
def storing(session: Session, *, beside: bool, ahead: bool) -> Iterator[Storing]:
    """beside: nobody else uses the session, so another thread may. Whatever is under way is over when this ends."""
    if not beside:
        yield Storing(session, None)
        return
    with ThreadPoolExecutor(1) as thread:  # starts none before it is given something
        yield Storing(session, thread, writes_alone=actor_now() is None, ahead=ahead)  # else it is noted who did it
