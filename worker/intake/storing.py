"""Store chunk after chunk, each while the next is checked: Postgres and the producer do not wait for each other."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from contextlib import contextmanager
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


class Storing:
    """One transaction's statements, one at a time, in a thread of their own if there is one.

    writes_alone: nothing but what is put here is to be written in the transaction. ahead: a code's commit need not wait
    for the disk.
    """

    def __init__(
        self, session: Session, thread: Executor | None, *, writes_alone: bool = False, ahead: bool = False
    ) -> None:
        self._session, self._thread, self._writes_alone, self._ahead = session, thread, writes_alone, ahead
        self._running: Future[Put] | None = None

    def put(self, rows: Sequence[Stored], *, whole: bool = False) -> Callable[[], Put]:
        """Store them, or begin to once the ones before are stored; call what is returned to wait for it.

        whole: nothing comes after these, and nothing was refused beside them.
        """
        if self._thread is None or len(rows) < AT_ONCE:  # the last: nothing is left to check meanwhile
            self.wait()
            by_itself = whole and self._writes_alone and self._running is None and ledger.is_one_statement(rows)
            stored = self._put_alone(rows) if by_itself else ledger.put(self._session, rows)
            return lambda: stored
        laid_out, before = ledger.lay_out(rows), self._running
        self._running = self._thread.submit(ledger.put, self._session, rows, laid_out)
        if before is not None:  # only now: Postgres goes on with these at once
            before.result()
        return self._running.result

    def _put_alone(self, rows: Sequence[Stored]) -> Put:
        ask_alone(self._session)
        [row] = rows
        return ledger.put(self._session, rows, ahead=self._ahead and row.terms.lane is Lane.URGENT)

    def alone(self, ask: Callable[[Session], T]) -> T:
        """Ask for something else in the transaction: a session serves one thread at a time."""
        self.wait()
        return ask(self._session)

    def wait(self) -> None:
        """Until nothing is under way. Raises what went wrong there."""
        if self._running is not None:
            self._running.result()


@contextmanager
def storing(session: Session, *, beside: bool, ahead: bool) -> Iterator[Storing]:
    """beside: nobody else uses the session, so another thread may. Whatever is under way is over when this ends."""
    if not beside:
        yield Storing(session, None)
        return
    with ThreadPoolExecutor(1) as thread:  # starts none before it is given something
        yield Storing(session, thread, writes_alone=actor_now() is None, ahead=ahead)  # else it is noted who did it
