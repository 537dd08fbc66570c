"""Random mixtures of absent, false, true, late, silent and wrong through the settling code, against eSMS's own books.

eSMS may say anything that proves nothing, for as long as it likes. What would prove something it says falsely only for
less than the wait after which a "no" counts, as an eSMS does that is late with its own lists.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from math import inf
from random import Random
from typing import Any

import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st
from sqlalchemy import text

from tests.support import Bench, quick_and_long
from worker import Sms, SmsType, Ticket
from worker.esms import (
    Exchange,
    Finished,
    Function,
    MaybeTaken,
    Prepared,
    ReceiverState,
    Refused,
    SendProgress,
    SentSms,
    Trace,
)
from worker.lifecycle import Status
from worker.polling import Poller, find_lost

HOUR = timedelta(hours=1)
WAIT = 4 * HOUR  # after which a "no" counts
EXAMPLES = quick_and_long("ESMS_EVIDENCE", 10, 40)


@dataclass
class Truth:
    """What eSMS's books say of one message."""

    ticket: Ticket
    phone: str
    content: str
    taken: bool
    arrives: bool
    steps: int  # until that is so; under way before
    sms_id: str
    sent_at: datetime
    lied: timedelta | None = None  # since when a falsehood that would prove something has been told, and nothing else
    hidden: timedelta | None = None  # since when its row has been missing among later ones

    def passes(self, time: timedelta) -> None:
        self.lied = None if self.lied is None else self.lied + time
        self.hidden = None if self.hidden is None else self.hidden + time

    @property
    def over(self) -> bool:
        return self.steps <= 0


class Books(Exchange):
    """Answers from the books, or whatever the dice say instead; the seam that real transports stand behind."""

    def __init__(self, dice: Random, truths: list[Truth]) -> None:
        self.dice, self.truths = dice, truths
        self._asked: list[tuple[object, Prepared[Any]]] = []

    @property
    def in_flight(self) -> int:
        return len(self._asked)

    def put(self, tag: object, prepared: Prepared[Any], *, until: float = inf) -> None:  # noqa: ARG002  nothing stands in line
        self._asked.append((tag, prepared))

    def take(self, timeout: float, unless: int | None = None) -> list[Finished[Any]]:  # noqa: ARG002  it has all answers at once
        asked, self._asked = self._asked, []
        return [self._answer(*each) for each in asked]

    def close(self) -> None:
        pass

    def _answer(self, tag: Any, prepared: Prepared[Any]) -> Finished[Any]:
        trace = Trace(function=prepared.function, started_at=datetime.now(UTC), seconds=0.01, http_status=200)
        word = self.dice.choice(["honest", "honest", "doubtful", "silent", "unknown id"])
        if word == "silent":
            return Finished(tag, trace, None, MaybeTaken("no answer"))
        if prepared.function is Function.GET_SENT_DATA:
            return Finished(tag, trace, self._rows(), None)
        if word == "unknown id":
            self._of(tag).lied = None
            return Finished(tag, trace, None, Refused("unknown", code="105"))
        if prepared.function is Function.GET_SEND_STATUS:
            return Finished(tag, trace, self._progress(self._of(tag), word), None)
        return Finished(tag, trace, (self._receiver(self._of(tag), tag[1]),), None)

    def _of(self, tag: Any) -> Truth:
        return next(truth for truth in self.truths if truth.sms_id == tag[0].sms_id)

    def _progress(self, truth: Truth, word: str) -> SendProgress:
        """Finished too early, or never; and counters that do not know yet."""
        status: int | None = 5 if truth.over else 3
        if word == "doubtful":
            status = self.dice.choice([0, 1, 2, 3, 5, 7, 9, None])
        if status != 5:
            truth.lied = None
            return SendProgress(sms_id=truth.sms_id, send_status=status, success=0, failed=0)
        counters: list[tuple[int | None, int | None]] = [(0, 0), (None, None), (0, 1)]
        if truth.over and truth.arrives:
            counters.append((1, 0))
        success, failed = self.dice.choice(counters)
        return SendProgress(sms_id=truth.sms_id, send_status=5, success=success, failed=failed)

    def _receiver(self, truth: Truth, progress: SendProgress) -> ReceiverState:
        if truth.over and not truth.arrives:
            truth.lied = None
            return ReceiverState(phone=truth.phone, is_sent=True, delivered=False)
        if progress.failed and may_lie(truth.lied) and self.dice.choice((True, False)):
            truth.lied = truth.lied or timedelta()
            return ReceiverState(phone=truth.phone, is_sent=True, delivered=False)
        truth.lied = None
        if truth.over and self.dice.choice((True, False)):
            return ReceiverState(phone=truth.phone, is_sent=True, delivered=True)
        weak = [(False, False), (None, False), (True, None)] + [(True, False)] * (not progress.failed)
        sent, delivered = self.dice.choice(weak)
        return ReceiverState(phone=truth.phone, is_sent=sent, delivered=delivered)

    def _rows(self) -> tuple[SentSms, ...]:
        """In the order in which they were taken, up to where the list has come, but for one that is late."""
        taken = sorted((truth for truth in self.truths if truth.taken), key=lambda truth: truth.sent_at)
        come = self.dice.randint(0, len(taken))
        late = self.dice.choice([None, *taken])
        shown = [truth for truth in taken[:come] if not (truth is late and may_lie(truth.hidden))]
        for truth in taken:
            truth.hidden = None if truth in shown else truth.hidden or timedelta() if truth is late else None
        with_ids, with_times = self.dice.choice((True, False)), self.dice.choice((True, False))
        return tuple(self._row(truth, with_ids=with_ids, with_times=with_times) for truth in shown)

    def _row(self, truth: Truth, *, with_ids: bool, with_times: bool) -> SentSms:
        text_ = truth.content
        arrived = truth.over and truth.arrives
        statuses = [None, 5, 3] if truth.over else [None, 1, 2, 3, 7]
        return SentSms(
            phone=truth.phone,
            content=self.dice.choice([text_, text_.upper(), f"[QC] {text_}", f"{text_}  SHOP"]),
            sms_id=truth.sms_id if with_ids else None,
            sent_at=truth.sent_at if with_times and truth.over else None,
            delivered=arrived if truth.over and self.dice.choice((True, False)) else None,
            send_status=self.dice.choice(statuses),
            sent_status=str(arrived).lower(),
            code=self.dice.choice([None, "100", "99", "160", "777"]),
        )


def may_lie(since: timedelta | None) -> bool:
    """Not for as long as a "no" must stand to be believed."""
    return since is None or since < WAIT


NOW = datetime.now(UTC)
POLLED = {"status": "'accepted'", "accepted_at": "now() - interval '1 hour'"}
LOST = {**POLLED, "in_doubt_since": "now() - interval '1 hour'"}
DOUBT = {"status": "'unconfirmed'", "in_doubt_since": "now() - interval '24 hours'"}
KINDS = {"polled": POLLED, "lost": LOST, "in doubt, taken": DOUBT, "in doubt, not taken": DOUBT}
STANDING = text("SELECT notification_id, status FROM message")
DUE = text("UPDATE message SET poll_at = CASE WHEN poll_at IS NOT NULL THEN now() END, due_at = least(due_at, now())")


def story(bench: Bench, dice: Random) -> None:
    """A few messages, and ten rounds of asking about them."""
    with bench.database.begin() as session:
        session.execute(text("TRUNCATE request, message, notification CASCADE"))
    kinds = dice.choices(sorted(KINDS), k=dice.randint(1, 4))
    truths = [put(bench, dice, kind, number) for number, kind in enumerate(kinds)]
    truths.append(put(bench, dice, "polled", 99))  # taken after all others: a list that shows it has caught up
    books = Books(dice, truths)
    poller = Poller(bench.database, bench.client, books, bench.limiter, bench.pace)
    for _ in range(10):
        poller.run(lambda: False)
        find_lost(bench.database, bench.client, books, bench.pace)
        check(bench, truths)
        pass_time(bench, truths, dice.choice([timedelta(), HOUR, 5 * HOUR]))


def put(bench: Bench, dice: Random, kind: str, number: int) -> Truth:
    """Some of them alike: the same text to the same number."""
    last = number == 99
    phone = "0901000199" if last else dice.choice(["0901000100", "0901000101"])
    content = "Ma cuoi: 99" if last else dice.choice(["Ma: 1234", "Chào bạn Lân"])
    sms_type = SmsType.RANDOM if "Ch" in content else SmsType.OTP
    ticket = bench.put(Sms(to=phone, content=content, sms_type=sms_type, unicode="Ch" in content))
    sms_id = f"id{number}"
    known = {"sms_id": f"'{sms_id}'"} if kind == "polled" else {}
    accepted_at = {"accepted_at": "now()"} if last else {}
    polls = {"poll_at": "now()", "due_at": "now()", "attempts": "1", "expires_at": "now() + interval '9 days'"}
    polls |= {"created_at": "now() - interval '2 days'"}
    bench.set(ticket, **(KINDS[kind] | known | polls | accepted_at))
    ago = timedelta(0) if last else HOUR if kind in ("polled", "lost") else 24 * HOUR
    taken, steps = kind != "in doubt, not taken", dice.randint(0, 6)
    return Truth(ticket, phone, content, taken, dice.choice((True, False)), steps, sms_id, NOW - ago)


def pass_time(bench: Bench, truths: list[Truth], time: timedelta) -> None:
    for truth in truths:
        truth.passes(time)
        truth.steps -= 1
    with bench.database.begin() as session:
        session.execute(text("UPDATE message SET heard_since = heard_since - :time"), {"time": time})
        session.execute(DUE)


def check(bench: Bench, truths: list[Truth]) -> None:
    with bench.database.begin() as session:
        standing = {row.notification_id: Status(row.status) for row in session.execute(STANDING)}
    for truth in truths:
        status = standing[truth.ticket.id]
        failed = truth.over and not truth.arrives
        assert status is not Status.QUEUED or not truth.taken, "sent again, though it was taken"
        assert status not in (Status.UNDELIVERED, Status.REJECTED) or (truth.taken and failed), "a no that is not true"
        assert status is not Status.DELIVERED or (truth.taken and truth.over and truth.arrives), (
            "a yes that is not true"
        )
        assert status is not Status.ACCEPTED or truth.taken, "lost: another's row was taken for its own"


@pytest.mark.parametrize("examples", EXAMPLES)
def test_no_mixture_of_weak_words_ends_what_is_under_way_or_sends_again_what_was_taken(
    bench: Bench, examples: int
) -> None:
    bench.pace = replace(
        bench.pace,
        denied_after=WAIT,
        denied_after_bulk=WAIT,
        sent_data_complete=WAIT,
        poll_first_after=HOUR,
        sent_data_after=HOUR,
    )

    # A seed, and not Hypothesis's own draws: Postgres may give in any order what is due at once.
    @settings(max_examples=examples, phases=[Phase.generate])
    @given(st.integers(0, 2**32))
    def tell(seed: int) -> None:
        story(bench, Random(seed))

    tell()
