"""Many requests that come at the same time go into the ledger in one transaction.

No request waits for others to come: while one transaction commits, those that arrive meanwhile gather for the next. So
a lone request is as quick as before, and under load one commit serves dozens. Each gets an answer of its own.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Sequence

from anyio import to_thread

from worker.errors import Conflict, Invalid
from worker.intake import Enqueue, Ticket

TicketOrError = Ticket | Invalid | Conflict
AT_ONCE = 500  # requests in one transaction
SIDE_BY_SIDE = 2  # transactions at once


class Gathering:
    """The requests of one event loop that wait for the next transaction."""

    def __init__(self, store: Callable[[Sequence[Enqueue]], Sequence[TicketOrError]]) -> None:
        """store: hands some of them over in one transaction."""
        self._store, self._free = store, SIDE_BY_SIDE
        self._waiting: deque[tuple[Enqueue, asyncio.Future[TicketOrError]]] = deque()
        self._running: set[asyncio.Task[None]] = set()

    async def put(self, item: Enqueue) -> Ticket:
        """Its ticket, once that is on disk. Raises what `enqueue` raises."""
        future: asyncio.Future[TicketOrError] = asyncio.get_running_loop().create_future()
        self._waiting.append((item, future))
        self._start()
        answer = await future
        if isinstance(answer, Ticket):
            return answer
        raise answer

    def _start(self) -> None:
        if self._free and self._waiting:
            self._free -= 1
            task = asyncio.get_running_loop().create_task(self._run())
            self._running.add(task)  # the loop itself holds tasks only weakly
            task.add_done_callback(self._running.discard)

    async def _run(self) -> None:
        try:
            while self._waiting:
                await self._serve([self._waiting.popleft() for _ in range(min(AT_ONCE, len(self._waiting)))])
        finally:
            self._free += 1

    async def _serve(self, some: Sequence[tuple[Enqueue, asyncio.Future[TicketOrError]]]) -> None:
        try:
            answers = await to_thread.run_sync(self._store, [item for item, _ in some])
        except Exception as error:  # noqa: BLE001 — each of those who wait is told, and the next ones are served
            _tell([future for _, future in some], error)
            return
        for (_, future), answer in zip(some, answers, strict=True):
            if not future.done():  # its client went away
                future.set_result(answer)


def _tell(futures: Sequence[asyncio.Future[TicketOrError]], error: Exception) -> None:
    for future in futures:
        if not future.done():
            future.set_exception(error)
