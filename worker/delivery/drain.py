"""One doorbell's work: keep N sends in flight and write down what comes back, until nothing is due.

What a killed process leaves in doubt is what it had in flight; so little is put on the wire ahead of its turn.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import partial
from math import inf
from typing import TYPE_CHECKING, Any, TypeVar
from uuid import UUID

from worker import ledger
from worker.database import Database, ask_alone
from worker.delivery.breaker import Breaker
from worker.delivery.claiming import Claiming
from worker.delivery.lines import Lines, Until, windows
from worker.delivery.listening import Listening
from worker.delivery.outcomes import outcome_of, unsendable
from worker.delivery.requests import prepared
from worker.delivery.window import Window
from worker.errors import Unavailable
from worker.esms import AccountTrouble, Client, EsmsError, Exchange, Finished, InvalidRequest, TooFast
from worker.ledger import Claim, Floors, Gate, Outcome
from worker.lifecycle import Lane, PauseCode
from worker.limiter import Limiter
from worker.settings import Pace, Settings, usable_lease_after
from worker.telemetry import emit

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

T = TypeVar("T")

MANY = 100  # messages of one claim, or as many as it may have: an idle process may join in
RECORD_EVERY = 0.1  # seconds: an answer is on disk no later than this
SHARE_OF = 8  # this part of what may be in flight is each lane's own: a flood in one starves no other
REST_MOST = 0.05  # seconds without a look around, while the rate limit lets nothing out


def gate(settings: Settings, pace: Pace) -> Gate:
    """What all claims of a process pass: its rules are read every few seconds, not for each task."""
    return Gate(settings.allow_only, settings.time_zone, pace.lease, settings.advertising_least)


@dataclass
class Drain:
    """Sends what is due in some lanes."""

    database: Database
    client: Client
    exchange: Exchange
    limiter: Limiter
    settings: Settings
    pace: Pace
    call_timeout: float  # seconds; no call takes longer
    call_help: Callable[[], object] = lambda: None  # much is due: an idle process may join in
    listening: Listening | None = None  # has somebody rung meanwhile? None: whom it was rung for will look
    breaker: Breaker | None = None  # that of the process; None: one of its own
    windows: Mapping[Lane, Window] | None = None  # the same
    floors: Floors = field(default_factory=Floors)  # those of the process
    beside_codes: Callable[[], float] = lambda: inf  # requests a second of each lane but theirs
    gate: Gate | None = None  # the same; None: one of its own, which reads the rules anew
    _claiming: Claiming = field(init=False)
    _lines: Lines = field(default_factory=lambda: Lines((), lambda _: None, {}))
    _breaker: Breaker = field(default_factory=lambda: Breaker(inf))
    _answers: list[Outcome] = field(default_factory=list)
    _record_at: float = 0.0
    _sent: int = 0
    _called: bool = False
    _paused: set[Lane] = field(default_factory=set)
    _stopping: Callable[[], bool] = lambda: False

    def run(self, lanes: Sequence[Lane], stopping: Callable[[], bool], *, rung: bool = False) -> bool:
        """Send until nothing is due (False), or until the time is up or a stop is asked for (True: there may be more).

        Whatever is in flight then is waited for and recorded; what was only claimed is handed back. rung: somebody has
        just rung, and waits.
        """
        self._stopping = stopping
        sizes = self.windows or windows(self.pace, self.call_timeout)
        self._lines = Lines(lanes, self.limiter.rate, sizes, self.beside_codes)
        self._claiming = self._claims_from(self._lines, rung)
        self._breaker = self.breaker or Breaker(self.pace.break_after)
        started = time.monotonic()
        try:
            more = self._until(started + self.pace.drain.total_seconds())
        except BaseException:
            if self._left():  # who counted on us is left to others
                self.call_help()
            raise
        if self._sent:
            emit("batch.sent", requests=self._sent, seconds=round(time.monotonic() - started, 3))
        return more

    def _until(self, finish_at: float) -> bool:
        more = True
        while more or self._busy():
            if self._stopping() or time.monotonic() > finish_at:
                self._finish()
                return True
            others_wait = self._claim()
            self._launch()
            if not others_wait:
                self._collect()
            more = self._lines.more
        return more

    def _claims_from(self, lines: Lines, rung: bool) -> Claiming:
        passed = self.gate or gate(self.settings, self.pace)
        return Claiming(self.database, self.settings, self.pace, self.floors, passed, lines, rung)

    def _busy(self) -> bool:
        return bool(self._lines or self._answers or self.exchange.in_flight)

    def _finish(self) -> None:
        """Wait for what is in flight and write it down; put back the rest."""
        if self.listening is not None:  # it may take as long as a call: others look now, also for what was overheard
            self.listening.leave()
            self.listening = None
            self.call_help()
        self._hand_back(self._lines.drop(lambda _: True))
        while self._busy():
            self._collect()

    def _committed(self, step: str, action: Callable[[Session], T], nothing: T) -> T:
        """`Database.committed`, while nobody counts on us."""
        self._leave()
        return self.database.committed(step, action, nothing)

    # Claiming...

    def _claim(self) -> bool:
        """True: codes were found, and others are to be claimed as soon as these are on the wire."""
        if not any(line.room(self.pace.claim_most) for _, line in self._lines):
            return False
        self._leave()
        # Counted from before the claim: our idea of the lease ends earlier than the database's, never later.
        now = time.monotonic()
        send_until = now + (self.pace.lease - usable_lease_after(self.call_timeout)).total_seconds()
        claims = self._claiming.claim()
        self._go_on({claim.lane for claim in claims})
        self._lines.add((claim, _until(now + _seconds(claim.expires_in), send_until)) for claim in claims)
        if len(claims) >= min(MANY, self.pace.claim_most) and not self._called:
            self._called = True
            self.call_help()
        return self._claiming.others_wait

    def _go_on(self, lanes: set[Lane]) -> None:
        """What can be claimed is paused no longer; should its trouble come back, it is to be paused again."""
        for lane in lanes & self._paused:
            self._paused.discard(lane)
            self._breaker.forget(lane)

    def _hand_back(self, claims: list[Claim]) -> None:
        if claims:
            nothing: set[UUID] = set()
            self._committed("hand back", lambda session: ledger.hand_back(session, claims), nothing)

    # Sending...

    def _launch(self) -> None:
        """As many as there is room for, and as the rate limit grants: the first lane first, and each lane its share."""
        most = self.pace.sends_in_flight
        room = most + most // 4 - self.exchange.in_flight
        for lane, line in self._lines:
            wanted = min(len(line.waiting), self._lines.allowed(lane, room, share=max(1, most // SHARE_OF)))
            if wanted > 0 and (granted := self.limiter.take(lane, wanted)):
                self._start([line.waiting.popleft() for _ in range(granted)])
                room -= granted
                if lane is Lane.URGENT:  # on the wire before others are claimed or made ready
                    self._take(self.exchange.take(0.0))

    def _start(self, ready: list[tuple[Claim, Until]]) -> None:
        now = time.monotonic()
        self._hand_back([claim for claim, until in ready if now >= until.put])  # too little is left of their time
        for claim, until in self._intended([(claim, until) for claim, until in ready if now < until.put]):
            self._put(claim, until=until.sent)

    def _intended(self, ready: list[tuple[Claim, Until]]) -> list[tuple[Claim, Until]]:
        """The SMS, and the calls whose intent is on disk: a call is dialled only after that, and at most once."""
        calls = [claim.fences[0] for claim, _ in ready if claim.lane is Lane.VOICE]
        if not calls:
            return ready
        nothing: set[UUID] = set()
        ours = self._committed("intend", lambda session: ledger.intend(session, calls), nothing)
        dropped = [claim for claim, _ in ready if claim.lane is Lane.VOICE and claim.fences[0].id not in ours]
        if dropped:
            emit("call.dropped", calls=len(dropped), why="no intent on disk")
            self._hand_back(dropped)  # or they would stand as being sent until their lease is over
        return [(claim, until) for claim, until in ready if claim not in dropped]

    def _put(self, claim: Claim, *, until: float) -> None:
        try:
            self.exchange.put(claim, prepared(self.client, claim, self.settings, datetime.now(UTC)), until=until)
        except InvalidRequest as error:
            self._answers.append(unsendable(claim, error))
        else:
            self._sent += 1
            self._lines.flies(claim.lane)

    # Recording...

    def _collect(self) -> None:
        if self.exchange.in_flight:
            patience = RECORD_EVERY if not self._answers else max(0.0, self._record_at - time.monotonic())
            self._take(self._waited(patience))
            self._listen()
        elif self._lines or self._lines.more:
            time.sleep(REST_MOST)  # a rate lets nothing out: nobody else can tell us when it will
        if self._answers and (time.monotonic() >= self._record_at or not self.exchange.in_flight):
            self._record()

    def _waited(self, patience: float) -> list[Finished[Any]]:
        if self.listening is None or not self._could_send():
            return self.exchange.take(patience)
        return self.listening.take(self.exchange, patience, alone=not self._lines and not self._lines.more)

    def _listen(self) -> None:
        """Or a code would wait until one of those who wait for eSMS's answers is free.

        Who could not send it at once leaves the bell to them.
        """
        if self.listening is None:
            return
        if self.listening.rung() if self._could_send() else self.listening.leave():
            self._heard()

    def _leave(self) -> None:
        """Postgres may take its time: until we are back, others are to hear who rings."""
        if self._left():
            self._heard()

    def _left(self) -> bool:
        return self.listening is not None and self.listening.leave()

    def _heard(self) -> None:
        self._claiming.rung = True
        self._lines.look()
        if not self._could_send():  # no longer, and no task was rung
            self.call_help()

    def _could_send(self) -> bool:
        return self.exchange.in_flight < self.pace.sends_in_flight and self._lines.could_fly()

    def _take(self, finished: list[Finished[Any]]) -> None:
        if finished and not self._answers:
            self._record_at = time.monotonic() + RECORD_EVERY
        now = datetime.now(UTC)
        for each in finished:
            claim = each.tag
            assert isinstance(claim, Claim)
            self._answers.append(outcome_of(claim, each, self.pace, now, sandbox=self.settings.sandbox))
            trouble, answered = _error_of(each), each.trace.answered
            self._lines.landed(claim.lane, each.trace)
            if isinstance(trouble, AccountTrouble):
                self._pause(claim.lane, trouble.code or "account", trouble.reason)
            elif isinstance(trouble, TooFast):
                self.limiter.slow_down(claim.lane)
            elif answered and self._claiming.is_trial(claim):
                self._lift(claim.lane)
            if each.trace.tried and self._breaker.trips(claim.lane, answered=answered):
                self._pause(claim.lane, PauseCode.UNREACHABLE, "eSMS does not answer")

    def _record(self) -> None:
        """Write the answers down, through a restart of Postgres if need be: they are known nowhere else."""
        self._leave()
        rescued_at = time.monotonic() + self.pace.lease.total_seconds()
        won: set[UUID] | None = None
        again = False
        while won is None:
            try:
                won = self._written(again=again)
            except Unavailable:
                # While Postgres is away nobody can rescue them either: only a stop is a reason to let go.
                if self._stopping() and time.monotonic() > rescued_at:
                    raise
                again = True
                time.sleep(0.5)  # the condition to wait for is in another process
        if late := sum(len(answer.claim.fences) for answer in self._answers) - len(won):
            emit("batch.late", messages=late)
        self._answers = []

    def _written(self, *, again: bool) -> set[UUID]:
        with self.database.begin() as session:
            if ledger.are_one_statement(self._answers):
                ask_alone(session)
            return ledger.record(session, self._answers, again=again)

    def _pause(self, lane: Lane, code: str, reason: str) -> None:
        if lane in self._paused:  # all that is in flight comes back with the same trouble
            return
        self._paused.add(lane)
        if self._committed("pause", lambda session: ledger.pause(session, lane, reason, code=code), False):
            emit("lane.paused", lane=lane, code=code)
        self._hand_back(self._lines.drop(lambda claim: claim.lane is lane))

    def _lift(self, lane: Lane) -> None:
        """The message that was sent on trial got an answer of another kind: the others may go."""
        nothing: list[Lane] = []
        for lifted in self._committed("lift", partial(ledger.lift, lanes=[lane], by="trial"), nothing):
            emit("lane.lifted", lane=lifted)


def _seconds(wait: timedelta | None) -> float:
    return inf if wait is None else wait.total_seconds()


def _until(expires_at: float, lease_lasts: float) -> Until:
    return Until(min(expires_at, lease_lasts), expires_at)


def _error_of(finished: Finished[Any]) -> EsmsError | None:
    try:
        finished.result()
    except EsmsError as error:
        return error
    return None
