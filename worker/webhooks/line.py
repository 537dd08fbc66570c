"""One webhook's calls: put out of the log, claimed, made side by side, written down in bulk."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from uuid import UUID

import orjson
from standardwebhooks import Webhook

from worker import backoff
from worker.database import Database
from worker.errors import Unusable
from worker.ledger import webhooks
from worker.ledger.webhooks import Call, Called
from worker.webhooks.post import CONNECT, TOTAL, Post
from worker.webhooks.target import target_of

IN_FLIGHT = 200  # calls of one webhook side by side
BATCH_MOST = 8 * IN_FLIGHT  # calls of one claim, where the last one went quickly
QUICK = 2.0  # seconds
LEASE = timedelta(seconds=4 * TOTAL)
LONGEST = TOTAL + 2 * CONNECT  # seconds of one call: a kept connection that was closed is connected anew
GONE = 410
UNMADE = "it answered too slowly for all of them"


@dataclass
class _Batch:
    """Calls that are under way."""

    calls: Sequence[Call]
    answers: Sequence[Future[int | str]]
    begun: float = field(default_factory=time.monotonic)


NOTHING = _Batch((), ())


class Line:
    """Made for one task's time. A webhook that answers slowly fills nobody's threads but its own."""

    def __init__(self, database: Database, id_: UUID, url: str, *, private: bool) -> None:
        self._database, self._id, self._url, self._private = database, id_, url, private
        self._most = IN_FLIGHT
        self._under_way = NOTHING

    def run(self, stopping: Callable[[], bool], more: Callable[[], bool]) -> None:
        """Call while there is anything to tell, until it is told to stop; where there is nothing, `more` is asked."""
        try:
            post = Post(target_of(self._url, private=self._private), private=self._private)
        except Unusable as error:
            self._end(str(error))
            return
        with closing(post), ThreadPoolExecutor(IN_FLIGHT, thread_name_prefix="webhook") as threads:
            try:
                while (self._step(post, threads) or more()) and not stopping():
                    pass
            finally:
                self._settle(NOTHING)

    def _step(self, post: Post, threads: ThreadPoolExecutor) -> bool:
        """One batch more, claimed while a quick one is still under way; False: there was nothing."""
        settled = self._most == IN_FLIGHT and self._settle(NOTHING)
        with self._database.begin() as session:
            unread = webhooks.fan_out(session, self._id)
        latest = time.monotonic() + LEASE.total_seconds() - LONGEST
        with self._database.begin() as session:
            calls = webhooks.claim_calls(session, self._id, most=self._most, lease=LEASE)
            secrets = webhooks.secrets_of(session, self._id) if calls else []
        signers = [Webhook(secret) for secret in secrets]
        answers = [threads.submit(_make, post, self._id, call, signers, latest) for call in calls]
        settled |= self._settle(_Batch(calls, answers))
        return bool(calls) or unread or settled  # after which the next of the same message may be due

    def _settle(self, following: _Batch) -> bool:
        """Wait for what is under way, and write down what came of it; False: nothing was. following: is from now on."""
        batch, self._under_way = self._under_way, following
        if not batch.calls:
            return False
        answers = [each.result() for each in batch.answers]
        self._most = BATCH_MOST if time.monotonic() - batch.begun < QUICK else IN_FLIGHT
        with self._database.begin() as session:
            webhooks.called(session, self._id, list(map(_called, batch.calls, answers)))
        if GONE in answers:
            self._end("it answered 410: gone")
        return True

    def _end(self, because: str) -> None:
        with self._database.begin() as session:
            webhooks.disable(session, self._id, because)


def _make(post: Post, id_: UUID, call: Call, signers: Sequence[Webhook], latest: float) -> int | str:
    """As Standard Webhooks has it; the id is the event's, so that whoever gets it twice can tell.

    latest: when to begin. Behind a slow endpoint a large batch outlives its lease: whoever has the call then makes it,
    and then the next of that message; made here as well, it would come twice, and after that one.
    """
    if time.monotonic() > latest:
        return UNMADE
    now, name = datetime.now(UTC), f"msg_{id_.hex}_{call.transaction}_{call.number}"
    body = orjson.dumps({"type": call.kind, "timestamp": call.at, "data": call.facts})
    signatures = " ".join(signer.sign(name, now, body.decode()) for signer in signers)
    return post.send(
        body,
        {
            "content-type": "application/json",
            "user-agent": "esms-worker",
            "webhook-id": name,
            "webhook-timestamp": str(int(now.timestamp())),
            "webhook-signature": signatures,
        },
    )


def _called(call: Call, answer: int | str) -> Called:
    if isinstance(answer, int) and 200 <= answer < 300:
        return Called(call.transaction, call.number, call.attempts)
    outcome = f"it answered {answer}" if isinstance(answer, int) else answer
    wait = timedelta(0) if answer == UNMADE else backoff.before_calling_again(call.attempts)
    return Called(call.transaction, call.number, call.attempts, outcome, wait)
