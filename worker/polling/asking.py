"""Ask GetSendStatus about what was accepted, and when that is finished GetSmsReceiverStatus.

Finished does not mean delivered, and silence means nothing: whoever can't be told apart is asked about again later.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from worker import backoff, ledger, phone
from worker.database import Database
from worker.esms import Client, EsmsError, Exchange, Finished, ReceiverState, SendProgress, Trace
from worker.ledger import Evidence, Poll, Settlement
from worker.lifecycle import Status
from worker.settings import Pace
from worker.telemetry import emit

FINISHED, REFUSED, DELETED = 5, 4, 6  # SendStatus (manual II.3)
ENDS = {
    REFUSED: "the operator refused it (SendStatus 4)",
    DELETED: "it was deleted at eSMS (SendStatus 6)",
}


@dataclass
class Poller:
    """Asks about what is due to be asked about."""

    database: Database
    client: Client
    exchange: Exchange
    pace: Pace
    _settled: list[Settlement] = field(default_factory=list)
    _later: list[tuple[str, timedelta]] = field(default_factory=list)

    def run(self, stopping: Callable[[], bool]) -> bool:
        """Ask until nothing is due (False), or until the time is up or a stop is asked for (True)."""
        finish_at = time.monotonic() + self.pace.drain.total_seconds()
        asked = settled = 0
        more = True
        while more and not stopping() and time.monotonic() < finish_at:
            with self.database.begin() as session:
                polls = ledger.claim_polls(session, most=self._batch(), lease=self.pace.lease)
            more = bool(polls)
            asked += len(polls)
            settled += self._ask(polls)
        if asked:
            emit("batch.polled", asked=asked, settled=settled)
        return more

    def _batch(self) -> int:
        """Few at a time: where eSMS hangs, a whole batch is waited for before a stop is noticed."""
        return min(self.pace.claim_most, 2 * self.pace.polls_in_flight)

    def _ask(self, polls: Sequence[Poll]) -> int:
        for poll in polls:
            self.exchange.put(poll, self.client.prepare_send_status(poll.sms_id))
        while self.exchange.in_flight:
            for finished in self.exchange.take(1.0):
                self._hear(finished)
        with self.database.begin() as session:
            settled = ledger.settle(session, self._settled)
            ledger.postpone(session, self._later)
        self._settled, self._later = [], []
        return len(settled)

    def _hear(self, finished: Finished[Any]) -> None:
        poll = finished.tag
        assert isinstance(poll, Poll)
        try:
            reply: Any = finished.result()
        except EsmsError:
            self._ask_later(poll)  # unknown yet (105), no answer, or not a word we know: nothing that settles
            return
        if isinstance(reply, SendProgress):
            self._on_progress(poll, reply, finished.trace)
        else:
            self._on_receivers(poll, reply, finished.trace)

    def _on_progress(self, poll: Poll, progress: SendProgress, trace: Trace) -> None:
        if progress.send_status == FINISHED:
            self.exchange.put(poll, self.client.prepare_receiver_status(poll.sms_id))
        elif progress.send_status in ENDS:
            reason = ENDS[progress.send_status]
            self._settled.append(_settlement(poll, None, Status.REJECTED, trace, reason=reason))
        else:
            self._ask_later(poll)

    def _on_receivers(self, poll: Poll, receivers: Sequence[ReceiverState], trace: Trace) -> None:
        settled = list(_settlements(poll, receivers, trace))
        self._settled += settled
        if len(settled) < len(receivers) or not settled or not poll.alone:
            self._ask_later(poll)  # changes nothing where all of them are settled

    def _ask_later(self, poll: Poll) -> None:
        self._later.append((poll.sms_id, backoff.before_polling_again(poll.polls, self.pace.poll_first_after)))


def _settlements(poll: Poll, receivers: Sequence[ReceiverState], trace: Trace) -> Iterator[Settlement]:
    for receiver in sorted(receivers, key=lambda receiver: not receiver.delivered):  # named twice: delivered counts
        e164 = phone.e164_of(receiver.phone)
        if receiver.delivered is None or (e164 is None and not poll.alone):
            continue
        status = Status.DELIVERED if receiver.delivered else Status.UNDELIVERED
        reason = None if receiver.delivered else "the operator could not deliver it"
        yield _settlement(poll, None if poll.alone else e164, status, trace, reason=reason, network=receiver.network)


def _settlement(
    poll: Poll,
    e164: str | None,
    status: Status,
    trace: Trace,
    *,
    reason: str | None = None,
    network: str | None = None,
) -> Settlement:
    evidence = Evidence.of(trace)
    return Settlement(poll=poll, phone=e164, status=status, reason=reason, network=network, evidence=evidence)
