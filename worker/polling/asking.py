"""Ask GetSendStatus about what was accepted, and when that is finished GetSmsReceiverStatus.

Finished does not mean delivered, silence means nothing, and a "no" counts only when it is said again: whoever can't be
told apart is asked about again later. The second question is asked even where the counters of the first add up: they
count messages sent, and name neither what arrived nor the network.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from functools import partial
from typing import Any, cast

from worker import backoff, ledger
from worker.database import Database
from worker.errors import Unavailable
from worker.esms import Client, EsmsError, Exchange, Finished, ReceiverState, SendProgress, Trace
from worker.ledger import Floors, Poll, Settlement
from worker.limiter import POLL, Limiter
from worker.polling.answers import of_all, told, unknown_id
from worker.settings import Pace
from worker.telemetry import emit

WRITE_EVERY = 0.1  # seconds: an answer is on disk no later than this
UNKNOWN_ID = "105"
FREE_SHARE = 8  # this part of the questions that may be open is waited for before more are asked, but no longer than
LAUNCH_EVERY = 0.005  # seconds: those that hang keep nobody else from being asked
CLAIM_EVERY = 1.0  # seconds, while answers are awaited: a call that hangs must not keep others from being asked about


@dataclass
class Poller:
    """Keeps questions open about what is due to be asked about, the longest due first, within their own rate."""

    database: Database
    client: Client
    exchange: Exchange
    limiter: Limiter
    pace: Pace
    floors: Floors = field(default_factory=Floors)  # those of the process
    # To be asked; with the answer to the first question: by the second.
    _line: deque[tuple[Poll, SendProgress | None]] = field(default_factory=deque)
    _settled: list[Settlement] = field(default_factory=list)
    _later: list[tuple[Poll, timedelta]] = field(default_factory=list)
    _answered: int = 0  # polls whose answers are in hand, and not yet on disk
    _write_at: float = 0.0
    _launch_at: float = 0.0
    _written_at: float = field(default_factory=time.monotonic)
    _soon: float = 0.0  # polls that were answered in half a second, of late
    _claim_at: float = 0.0
    _counts: dict[str, int] = field(default_factory=lambda: {"asked": 0, "calls": 0, "settled": 0})
    _stopping: Callable[[], bool] = lambda: False

    def run(self, stopping: Callable[[], bool]) -> bool:
        """Ask until nothing is due (False), or until the time is up or a stop is asked for (True).

        Whatever is in flight then is waited for and written down; what was not asked is put back as it was.
        """
        self._stopping = stopping
        finish_at = time.monotonic() + self.pace.drain.total_seconds()
        more = True
        while more or self._line or self._unwritten():
            if stopping() or time.monotonic() > finish_at:
                self._finish()
                break
            more = self._claim_if_room(more)
            self._launch()
            self._collect()
        if self._counts["asked"]:
            emit("batch.polled", **self._counts)
        return more

    def _unwritten(self) -> bool:
        return bool(self._answered or self.exchange.in_flight)

    def _finish(self) -> None:
        self._put_back()
        while self._unwritten():
            self._collect()
        self._put_back()  # who would have been asked the second question

    # Claiming...

    def _claim_if_room(self, more: bool) -> bool:
        """Claim when half of what may be in hand is done; else what we knew before: is there more?"""
        in_hand = len(self._line) + self.exchange.in_flight + self._answered
        if in_hand > self._batch() or (not more and time.monotonic() < self._claim_at):
            return more
        self._claim_at = time.monotonic() + CLAIM_EVERY
        polls = self._claim()
        self._line.extend((poll, None) for poll in polls)
        return bool(polls)

    def _claim(self) -> list[Poll]:
        most, nothing = self._batch(), list[Poll]()
        claim = partial(ledger.claim_polls, most=most, lease=self.pace.lease, floors=self.floors)
        return self.database.committed("claim polls", claim, nothing)

    def _batch(self) -> int:
        """No more than a second's worth: what waits longer in our hands is better put back.

        The larger, the cheaper: a statement for one costs as much as another thirty in it.
        """
        rate = self.limiter.rate(POLL)
        most = min(self.pace.claim_most, max(2 * self.pace.polls_in_flight, int(self._soon)))
        return most if rate is None else max(1, min(most, int(rate)))

    def _put_back(self) -> None:
        """Without Postgres their lease ends by itself."""
        polls = [poll for poll, _ in self._line]
        self._line.clear()
        self.database.committed("put polls back", lambda session: ledger.put_back(session, polls), None)

    # Asking...

    def _free(self) -> int:
        return self.pace.polls_in_flight - self.exchange.in_flight

    def _room(self) -> int:
        return min(len(self._line), self._free())

    def _rests(self) -> bool:
        """Where most are open, not one by one: what a rate allows costs a trip to Redis."""
        return self._free() < self.pace.polls_in_flight // FREE_SHARE and time.monotonic() < self._launch_at

    def _launch(self) -> None:
        if self._rests():
            return
        self._launch_at = time.monotonic() + LAUNCH_EVERY
        for _ in range(self.limiter.take(POLL, self._room())):
            poll, progress = self._line.popleft()
            ask = self.client.prepare_send_status if progress is None else self.client.prepare_receiver_status
            self.exchange.put((poll, progress), ask(poll.sms_id))
            self._counts["calls"] += 1
            self._counts["asked"] += progress is None

    def _collect(self) -> None:
        if self.exchange.in_flight:
            for finished in self.exchange.take(self._patience()):
                self._hear(finished)
        elif self._line:
            time.sleep(self._patience())  # until the rate allows another
        idle = not self._line and not self.exchange.in_flight
        if self._answered and (idle or self._answered >= self._batch() or time.monotonic() >= self._write_at):
            self._write()

    def _patience(self) -> float:
        """Seconds until there is something else to do than to listen."""
        waits = [WRITE_EVERY]
        if self._answered:
            waits.append(self._write_at - time.monotonic())
        if self._room() > 0:
            waits.append(max(self.limiter.wait(POLL), self._launch_at - time.monotonic()))
        return max(0.0, min(waits))

    # Hearing...

    def _hear(self, finished: Finished[Any]) -> None:
        poll, progress = cast("tuple[Poll, SendProgress | None]", finished.tag)
        try:
            reply: Any = finished.result()
        except EsmsError as error:  # most of it tells nothing: no answer, or not a word we know
            again_after = self.pace.denied_again_after(poll.lane)
            heard = [unknown_id(poll, finished.trace, again_after)] if error.code == UNKNOWN_ID else []
            self._ask_later(poll, heard)
            return
        if isinstance(reply, SendProgress):
            self._on_progress(poll, reply, finished.trace)
        elif progress is not None:  # it was the answer to the first question
            self._on_receivers(poll, progress, reply, finished.trace)

    def _on_progress(self, poll: Poll, progress: SendProgress, trace: Trace) -> None:
        heard = of_all(poll, progress, trace, self.pace.denied_again_after(poll.lane))
        if heard is None:
            self._line.appendleft((poll, progress))
        else:
            self._ask_later(poll, [heard])

    def _on_receivers(
        self, poll: Poll, progress: SendProgress, receivers: Sequence[ReceiverState], trace: Trace
    ) -> None:
        self._ask_later(poll, list(told(poll, progress, receivers, trace, self.pace.denied_again_after(poll.lane))))

    def _ask_later(self, poll: Poll, heard: Sequence[Settlement]) -> None:
        """Changes nothing where all of them are settled."""
        if not (poll.alone and any(each.ends for each in heard)):
            self._later.append((poll, self._wait(poll, heard)))
        self._answer(heard)

    def _wait(self, poll: Poll, heard: Sequence[Settlement]) -> timedelta:
        """Asked sooner, a second "no" of the only one proves nothing."""
        wait = backoff.before_polling_again(poll.polls, self.pace.poll_first_after)
        least = [each.again_after for each in heard if each.again_after and poll.alone]
        return max(wait, *least) if least else wait

    def _answer(self, settled: Sequence[Settlement]) -> None:
        if not self._answered:
            self._write_at = time.monotonic() + WRITE_EVERY
        self._answered += 1
        self._settled += settled

    # Writing...

    def _write(self) -> None:
        """Write the answers down, through a restart of Postgres if need be; a stop need not wait for it."""
        away = False
        while True:
            try:
                self._counts["settled"] += self._written()
                break
            except Unavailable as error:
                if self._stopping():  # its questions can be asked again, when their lease is over
                    raise
                if not away:
                    emit("step.failed", task="write what polls found", error=error)
                away = True
                time.sleep(0.5)  # the condition to wait for is in another process
        self._note_pace()
        self._settled, self._later, self._answered = [], [], 0

    def _note_pace(self) -> None:
        now = time.monotonic()
        self._soon = 0.5 * self._answered / max(now - self._written_at, WRITE_EVERY)
        self._written_at = now

    def _written(self) -> int:
        with self.database.begin() as session:
            settled = ledger.settle(session, self._settled)
            ledger.ask_later(session, self._later)
        return len(settled)
