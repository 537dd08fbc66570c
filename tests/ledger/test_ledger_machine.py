"""The ledger's moves in any order against a small model, with processes that die, stall and answer late.

The model knows what the ledger can't: what eSMS took. Whatever the order, no SMS and no call is taken twice unless a
person asked for it again, and no row says what eSMS's books deny.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any, TypeVar
from uuid import UUID

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)
from sqlalchemy import text
from sqlalchemy.orm import Session

from tests.support import HTTP_CALL, Bench, looked, otp, quick_and_long, retry, settle
from worker import RecordCall, Ticket, ledger
from worker.ledger import Claim, Lost, Outcome, Poll
from worker.lifecycle import Lane, Status

NOW, WINDOW, WEEK = timedelta(0), timedelta(hours=23), timedelta(days=7)
SENT = {Status.ACCEPTED, Status.DELIVERED, Status.UNDELIVERED, Status.UNKNOWN}
NOT_SENT = {Status.QUEUED, Status.REJECTED, Status.CANCELLED, Status.EXPIRED}
RETRIED = {Status.REJECTED, Status.UNDELIVERED, Status.EXPIRED}
DECISIONS = [Status.QUEUED, Status.DELIVERED, Status.UNDELIVERED, Status.CANCELLED]
EXAMPLES = quick_and_long("ESMS_MACHINE", 12, 60)
FATES = ["taken", "taken, answer lost", "answer lost", "refused", "account trouble", "never connected"]
LATE = {Status.ACCEPTED, Status.REJECTED}
ENDS = [Status.DELIVERED, Status.UNDELIVERED]
LET_LIE = -1  # no life of any message


@dataclass(eq=False)
class Message:
    """One message as it ought to stand, and what became of it in truth."""

    id: UUID
    ticket: Ticket
    call: bool
    status: Status = Status.QUEUED
    attempts: int = 0
    request_id: str | None = None
    doubtful: bool = False
    dialled: bool = False
    sms_id: str | None = None
    polls: int = 0  # the fence of who looks for it
    life: int = 0  # begins anew when a person decides
    taken: int = 0  # by eSMS, in this life
    by: str | None = None  # who asked for this life
    past: list[tuple[object, ...]] = field(default_factory=list)  # attempts that are over
    # What time has done to it:
    lease_over: bool = False
    doubt_old: bool = False  # eSMS has forgotten its RequestId
    past_date: bool = False
    silent: bool = False  # for a week

    @property
    def shown(self) -> tuple[object, ...]:
        return self.status, self.attempts, self.request_id, self.doubtful, self.dialled, self.sms_id, self.polls

    @property
    def attempt(self) -> tuple[object, ...]:
        return self.status, self.by, self.request_id, self.sms_id

    def begin_anew(self, by: str) -> None:
        """Nothing of before may speak for it; what it was stays on record."""
        self.past.append(self.attempt)
        self.by = by
        self.status, self.life, self.taken, self.polls = Status.QUEUED, self.life + 1, 0, 0
        self.request_id = self.sms_id = None
        self.doubtful = self.dialled = self.doubt_old = self.past_date = self.silent = False


@dataclass(eq=False)
class Hand:
    """A process that has claimed a message, and what it has heard since. It may be slow, or dead."""

    claim: Claim
    message: Message
    life: int
    ready: bool  # to go out: a call is only once its intent is on disk
    outcome: Outcome | None = None

    @property
    def attempt(self) -> int:
        return self.claim.fences[0].attempt

    @property
    def holds(self) -> bool:
        return self.message.status is Status.SENDING and self.message.attempts == self.attempt

    @property
    def may_write(self) -> bool:
        """Also late, if no other attempt was made since and the answer leaves no doubt."""
        ends = {Status.UNCONFIRMED: {*LATE, Status.QUEUED}, Status.HELD: LATE}.get(self.message.status, set())
        return self.holds or (self.message.attempts == self.attempt and self.answer.status in ends)

    @property
    def may_be_handed_back(self) -> bool:
        """Also late, if no other attempt was made since and none before it is in doubt."""
        message = self.message
        rescued = message.status is Status.UNCONFIRMED and message.attempts == self.attempt
        return not message.dialled and (self.holds or (rescued and not self.claim.in_doubt))

    @property
    def answer(self) -> Outcome:
        assert self.outcome is not None
        return self.outcome

    def finish(self, status: Status, **facts: Any) -> None:
        """What it would write down now."""
        self.outcome = Outcome(claim=self.claim, status=status, wait=NOW, poll_wait=NOW, http_call=HTTP_CALL, **facts)


Step = TypeVar("Step", bound=Callable[..., None])
PICK, NUMBER, FATE = st.integers(0, 19), st.integers(0, 2), st.sampled_from(FATES)


def when(some: Callable[[LedgerMachine], Collection[object]]) -> Callable[[Step], Step]:
    """Tried only where there is something to do it to: else most steps would do nothing."""
    return precondition(lambda machine: bool(some(machine)))


class LedgerMachine(RuleBasedStateMachine):
    """Rules are what producers, people, processes, beats and time do."""

    def __init__(self, bench: Bench) -> None:
        super().__init__()
        self.bench = bench
        self.all: dict[UUID, Message] = {}
        self.processes: list[Hand | None] = [None, None, None]
        self.recorded: list[Hand] = []
        self.remembered: dict[str, Message] = {}  # eSMS's RequestIds
        self.looks: list[Lost] = []
        self.sms_ids = count(1)
        self._run("TRUNCATE request, message, notification CASCADE")

    # Producers and people...

    @precondition(lambda self: len(self.waiting()) < 2)
    @rule(call=st.booleans())
    def put(self, call: bool) -> None:
        ticket = self.bench.put(RecordCall(to="0901000001", record_id="2001") if call else otp())
        message = Message(UUID(self.bench.message(ticket)["id"]), ticket, call)
        self.all[message.id] = message

    @when(lambda self: self._in(Status.SENDING))
    @rule(pick=PICK)
    def cancel(self, pick: int) -> None:
        message = self._one(pick, self._in(Status.SENDING))
        won = self._do(lambda session: ledger.cancel(session, [message.ticket.id]))
        assert won == (message.status is Status.QUEUED)
        if won:
            message.status = Status.CANCELLED

    @when(lambda self: self._in(*RETRIED))
    @rule(pick=PICK)
    def retry(self, pick: int) -> None:
        message = self._one(pick, self._in(*RETRIED))
        won = self._do(lambda session: retry(session, self.bench.settings, message.ticket, by="anna"))
        assert won == (message.status in RETRIED)
        if won:
            message.begin_anew("anna")

    @when(lambda self: self._in(Status.HELD))
    @rule(pick=PICK, status=st.sampled_from(DECISIONS))
    def resolve(self, pick: int, status: Status) -> None:
        message = self._one(pick, self._in(Status.HELD))
        horizons = self.bench.settings.horizons
        won = self._do(lambda session: ledger.resolve(session, message.id, status, "test", horizons, by="ben"))
        assert won == (message.status is Status.HELD)
        if won and status is Status.QUEUED:
            message.begin_anew("ben")
        elif won:  # whatever eSMS did: the person knows
            message.status, message.life, message.taken = status, message.life + 1, int(status in SENT)

    # Processes...

    def waiting(self) -> list[Message]:
        return [each for each in self._in(Status.QUEUED) if not each.past_date]

    def askable(self) -> list[Message]:
        return [each for each in self._in(Status.UNCONFIRMED) if not (each.call or each.doubt_old or each.past_date)]

    @when(lambda self: self._work())
    @rule(fate=FATE)
    def first_process(self, fate: str) -> None:
        self._step(0, fate)

    @when(lambda self: self._work())
    @rule(fate=FATE)
    def second_process(self, fate: str) -> None:
        self._step(1, fate)

    @when(lambda self: self._work())
    @rule(fate=FATE)
    def third_process(self, fate: str) -> None:
        self._step(2, fate)

    def _step(self, number: int, fate: str) -> None:
        """The next thing that this process does; it may have stood still for long."""
        hand = self.processes[number]
        if hand is None:
            self.processes[number] = self._claimed()
        elif hand.outcome is not None:
            self._record(hand)
            self.processes[number] = None
        elif hand.ready:
            self._send(hand, fate)
        elif not self._intend(hand):
            self.processes[number] = None

    @when(lambda self: self._busy())
    @rule(number=NUMBER, dies=st.booleans())
    def a_process_stops(self, number: int, dies: bool) -> None:
        """It hands back what it has not sent, or dies."""
        hand, self.processes[number] = self.processes[number], None
        if hand is None or hand.outcome is not None or dies:
            return
        won = self._do(lambda session: ledger.hand_back(session, [hand.claim]))
        assert won == hand.may_be_handed_back
        if won:
            self._handed_back(hand.message, in_doubt=hand.claim.in_doubt)

    def _handed_back(self, message: Message, *, in_doubt: bool) -> None:
        if message.status is Status.UNCONFIRMED:  # rescued meanwhile, from a process that was only slow
            message.polls = 0
        message.status = Status.UNCONFIRMED if in_doubt else Status.QUEUED
        message.doubtful, message.doubt_old = in_doubt, in_doubt and message.doubt_old

    def _busy(self) -> list[Hand]:
        return [hand for hand in self.processes if hand is not None]

    def _work(self) -> list[Hand | Message]:
        return [*self._busy(), *self.waiting(), *self.askable()]

    @when(lambda self: self.recorded)
    @rule(pick=PICK)
    def an_answer_is_recorded_again(self, pick: int) -> None:
        self._record(self.recorded[pick % len(self.recorded)])

    def _claimed(self) -> Hand | None:
        """What is in doubt comes first, as in a drain."""
        with self.bench.database.begin() as session:
            claims = ledger.claim_doubtful(session, list(Lane), most=1, lease=WINDOW, window=WINDOW)
        if claims or self.askable():
            return self._hand(claims, self.askable())
        return self._hand(self.bench.claim(most=1), self.waiting())

    def _hand(self, claims: list[Claim], waiting: list[Message]) -> Hand | None:
        assert len(claims) == min(1, len(waiting))
        if not claims:
            return None
        [claim] = claims
        message = self.all[claim.fences[0].id]
        assert message in waiting
        assert claim.in_doubt == message.doubtful
        assert message.request_id in (None, claim.request_id)
        message.status, message.dialled, message.lease_over = Status.SENDING, False, False
        message.attempts, message.request_id = message.attempts + 1, claim.request_id
        return Hand(claim, message, message.life, ready=not message.call)

    def _intend(self, hand: Hand) -> bool:
        won = self._do(lambda session: ledger.intend(session, hand.claim.fences))
        assert won == (hand.holds and not hand.message.lease_over)
        hand.ready = won
        hand.message.dialled |= won
        return won

    def _send(self, hand: Hand, fate: str) -> None:
        """Perhaps long past its lease; but not past a person's decision, who took that risk."""
        if hand.life != hand.message.life:
            fate = "never connected"
        again = not hand.message.call and self.remembered.get(hand.claim.request_id) is hand.message
        if fate in ("taken", "taken, answer lost") and not again:
            hand.message.taken += 1
            self.remembered[hand.claim.request_id] = hand.message
        self._hear(hand, fate, again=again)

    def _hear(self, hand: Hand, fate: str, *, again: bool) -> None:
        """As worker.delivery makes it out."""
        if fate.endswith("lost"):
            hand.finish(Status.UNCONFIRMED)
        elif fate == "never connected":
            hand.finish(Status.UNCONFIRMED if hand.claim.in_doubt else Status.QUEUED, spent=True)
        elif again or fate == "taken":
            hand.finish(Status.ACCEPTED, sms_id=None if again else f"sms-id {next(self.sms_ids)}")
        elif hand.claim.in_doubt:
            hand.finish(Status.HELD if fate == "refused" else Status.UNCONFIRMED)
        elif fate == "refused":
            hand.finish(Status.REJECTED)
        else:
            hand.finish(Status.QUEUED, renew_request_id=True)

    def _record(self, hand: Hand) -> None:
        outcome = hand.answer
        may = hand.may_write
        won = self._do(lambda session: ledger.record(session, [outcome]))
        assert won == may
        self.recorded.append(hand)
        if won:
            self._recorded(hand.message, outcome)

    def _recorded(self, message: Message, outcome: Outcome) -> None:
        message.status, message.sms_id, message.polls = outcome.status, outcome.sms_id, 0
        message.silent = False
        if outcome.renew_request_id:
            message.past.append(message.attempt)
            message.request_id = None
        in_doubt = outcome.status in (Status.UNCONFIRMED, Status.HELD)
        message.doubtful = in_doubt or (outcome.status is Status.ACCEPTED and outcome.sms_id is None)
        message.doubt_old &= message.doubtful

    # What eSMS says later...

    @when(lambda self: self._in(Status.ACCEPTED))
    @rule(pick=PICK, status=st.sampled_from(ENDS), stale=st.booleans())
    def settle(self, pick: int, status: Status, stale: bool) -> None:
        message = self._one(pick, self._in(Status.ACCEPTED))
        sms_id = "of before" if stale else message.sms_id or "none"
        poll = Poll(message_id=message.id, sms_id=sms_id, polls=1, alone=True, due_at=datetime.now(UTC))
        won = self._do(lambda session: settle(session, poll, status))
        assert won == (message.status is Status.ACCEPTED and sms_id == message.sms_id)
        if won:
            message.status = status

    def missing(self) -> list[Message]:
        """What can be found only in eSMS's list of what it sent."""
        lost = [each for each in self._in(Status.ACCEPTED) if each.sms_id is None and not each.call]
        return [*lost, *(set(self._in(Status.UNCONFIRMED)) - set(self.askable()) - set(self._calls()))]

    @when(missing)
    @rule()
    def look_for_what_is_missing(self) -> None:
        with self.bench.database.begin() as session:
            found = ledger.claim_lost(session, most=1, lease=NOW, window=WINDOW)
        for lost in found:
            message = self.all[lost.message_id]
            assert message in self.missing()
            message.polls += 1
            assert (lost.polls, lost.status) == (message.polls, message.status)
            self.looks.append(lost)

    @when(lambda self: self.looks)
    @rule(pick=PICK, held=st.booleans())
    def write_what_was_found(self, pick: int, held: bool) -> None:
        """However late; eSMS's list tells the truth about that moment."""
        lost = self.looks[pick % len(self.looks)]
        message = self.all[lost.message_id]
        if message.taken:
            status, sms_id = Status.ACCEPTED, f"sms-id {next(self.sms_ids)}"
        elif lost.status is Status.UNCONFIRMED:
            status, sms_id = Status.HELD if held else Status.QUEUED, None
        else:
            return
        won = self._do(lambda session: looked(session, lost, status, sms_id))
        assert won == ((message.status, message.polls, message.sms_id) == (lost.status, lost.polls, None))
        if won:
            self._found(message, status, sms_id)

    def _found(self, message: Message, status: Status, sms_id: str | None) -> None:
        message.status, message.sms_id, message.polls = status, sms_id, 0
        if status is Status.QUEUED:
            message.doubtful = message.doubt_old = False
            self._let_lie(message)

    def _let_lie(self, message: Message) -> None:
        """The list lacked it twice, hours apart: what stood in a frozen process for that long is not sent any more."""
        for hand in self._busy():
            if hand.message is message and hand.outcome is None:
                hand.life = LET_LIE

    # Beats...

    @when(lambda self: [each for each in self._in(Status.SENDING) if each.lease_over])
    @rule()
    def rescue(self) -> None:
        self._do(lambda session: ledger.rescue(session, ask_again_after=NOW, deaths_most=99))
        for message in self._in(Status.SENDING):
            if message.lease_over:
                message.doubtful |= not message.call or message.dialled
                message.status = Status.UNCONFIRMED if message.doubtful else Status.QUEUED

    @when(lambda self: [each for each in self._in(Status.QUEUED) if each.past_date])
    @rule()
    def expire(self) -> None:
        self._do(ledger.expire)
        self._move(Status.QUEUED, Status.EXPIRED, [each for each in self.all.values() if each.past_date])

    @when(lambda self: self._in(Status.UNCONFIRMED))
    @rule()
    def hold_calls(self) -> None:
        self._do(ledger.hold_calls)
        self._move(Status.UNCONFIRMED, Status.HELD, self._calls())

    @when(lambda self: [each for each in self._in(Status.ACCEPTED) if each.silent])
    @rule()
    def give_up(self) -> None:
        self._do(lambda session: ledger.give_up(session, poll_until=WEEK))
        self._move(Status.ACCEPTED, Status.UNKNOWN, [each for each in self.all.values() if each.silent])

    def _move(self, start: Status, end: Status, which: Iterable[Message]) -> None:
        for message in which:
            if message.status is start:
                message.status = end

    # Time...

    @when(lambda self: self._in(Status.SENDING))
    @rule(pick=PICK)
    def lease_runs_out(self, pick: int) -> None:
        sending = self._in(Status.SENDING)
        message = sending[pick % len(sending)]
        self._turn(message, "lease_until = now() - interval '1 second'")
        message.lease_over = True

    @when(lambda self: self.askable())
    @rule(pick=PICK)
    def doubt_grows_old(self, pick: int) -> None:
        message = self.askable()[pick % len(self.askable())]
        self._turn(message, "in_doubt_since = now() - interval '24 hours'")
        message.doubt_old = True

    @when(lambda self: self._in(Status.QUEUED, Status.UNCONFIRMED))
    @precondition(lambda self: not any(message.past_date for message in self.all.values()))
    @rule(pick=PICK)
    def date_passes(self, pick: int) -> None:
        """To one of them only, or little would be left to send."""
        message = self._one(pick, self._in(Status.QUEUED, Status.UNCONFIRMED))
        self._turn(message, "expires_at = now()")
        message.past_date = True

    @when(lambda self: self._in(Status.ACCEPTED))
    @rule(pick=PICK)
    def a_week_passes(self, pick: int) -> None:
        accepted = self._in(Status.ACCEPTED)
        message = accepted[pick % len(accepted)]
        self._turn(message, "accepted_at = now() - interval '8 days'")
        message.silent = True

    # What must hold, whatever happened...

    @invariant()
    def the_ledger_stands_as_the_model(self) -> None:
        with self.bench.database.begin() as session:
            rows = {row.id: tuple(row[1:]) for row in session.execute(_STANDING)}
        assert rows == {message.id: message.shown for message in self.all.values()}

    @invariant()
    def nobody_gets_anything_twice_unless_a_person_asks(self) -> None:
        assert all(message.taken <= 1 for message in self.all.values())

    @invariant()
    def no_status_says_what_is_not_true(self) -> None:
        assert all(message.taken == 1 for message in self._in(*SENT))
        assert all(message.taken == 0 for message in self._in(*NOT_SENT))

    def teardown(self) -> None:
        """What `show` tells of each attempt, however many there were."""
        for message in self.all.values():
            [shown] = self.bench.notifier.show(message.ticket.id).messages
            told = [(each.status, each.asked_by, each.request_id, each.sms_id) for each in shown.history]
            assert told == [*message.past, message.attempt]

    def _in(self, *statuses: Status) -> list[Message]:
        return [message for message in self.all.values() if message.status in statuses]

    def _calls(self) -> list[Message]:
        return [message for message in self.all.values() if message.call]

    def _one(self, pick: int, fitting: list[Message]) -> Message:
        """Most often one that it fits; now and then any, to be told no."""
        candidates = fitting if pick % 5 else list(self.all.values())
        return candidates[pick % len(candidates)]

    def _do(self, move: Callable[[Session], object]) -> bool:
        with self.bench.database.begin() as session:
            return bool(move(session))

    def _run(self, statement: str, **values: object) -> None:
        with self.bench.database.begin() as session:
            session.execute(text(statement), values)

    def _turn(self, message: Message, assignment: str) -> None:
        self._run(f"UPDATE message SET {assignment} WHERE id = :id", id=message.id)


_STANDING = text("""
    SELECT id, status, attempts, request_id, in_doubt_since IS NOT NULL, dialled_at IS NOT NULL, sms_id, polls
    FROM message
""")


@pytest.mark.parametrize("examples", EXAMPLES)
def test_whatever_the_order_nothing_doubles_and_the_rows_tell_the_truth(bench: Bench, examples: int) -> None:
    many = settings(max_examples=examples, stateful_step_count=40)
    run_state_machine_as_test(lambda: LedgerMachine(bench), settings=many)  # type: ignore[arg-type]  # a factory does
