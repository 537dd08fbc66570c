"""Who waits for eSMS's answers hears the bell meanwhile, and leaves it to others where it could not send."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from functools import partial
from threading import Thread, Timer

import pytest
from redis import Redis
from sqlalchemy import Connection, event

from tests.support import Bench, eventually, otp
from worker import Ticket, delivery, ledger
from worker.bell import Bell
from worker.delivery import Listening
from worker.hearing import Hearing
from worker.lifecycle import Lane
from worker.queues import Task
from worker.source_limits import Limit

URGENT = Task.DELIVER_URGENT


def test_who_waits_for_an_answer_sends_what_the_bell_is_rung_for_meanwhile(bench: Bench) -> None:
    bench.simulator.set(latency=0.5)
    first = bench.put()
    others: list[Ticket] = []
    seen: list[str] = []

    def overhear() -> bool:
        seen.extend(bench.status(other) for other in others)
        if not others:
            others.append(bench.put(otp("0901000100")))
        return not seen

    bench.deliver([Lane.URGENT], listening=Listening(overhear))
    assert seen[0] != "queued"
    assert [bench.status(each) for each in [first, *others]] == ["accepted", "accepted"]


def test_who_waits_for_an_answer_is_told_of_a_ring_and_need_not_ask_all_the_time(bench: Bench, redis_url: str) -> None:
    bell, hearing = Bell(redis_url, redis_url), Hearing(redis_url, Task.DELIVER_URGENT)
    assert bell.answer(Task.DELIVER_URGENT)
    hearing.attend()
    bench.simulator.set(latency=1.0)
    tickets, asked = [bench.put()], list[bool]()

    def overhear() -> bool:
        asked.append(bell.overhear(Task.DELIVER_URGENT))
        return asked[-1]

    def ring() -> None:
        tickets.append(bench.put(otp("0901000100")))
        bell.ring({Lane.URGENT})

    with closing(bell), closing(hearing):
        ringing = Timer(0.3, ring)
        ringing.start()
        bench.deliver([Lane.URGENT], listening=Listening(overhear, hearing))
        ringing.join()
    assert [bench.status(each) for each in tickets] == ["accepted", "accepted"]
    assert True in asked
    assert len(asked) < 20


class Heard:
    """A bell, and who listens to it as a worker does; statements: of Postgres, asked while others counted on it."""

    def __init__(self, bench: Bench, redis_url: str) -> None:
        self.bell, self.hearing = Bell(redis_url, redis_url), Hearing(redis_url, URGENT)
        self.redis, self.statements = Redis.from_url(redis_url), 0
        self.redis.flushdb()
        self.hearing.attend()
        event.listen(bench.workers.engine, "before_cursor_execute", self._note)
        self.listening = Listening(partial(self.bell.overhear, URGENT), self.hearing, partial(self.bell.wait, URGENT))

    def close(self) -> None:
        for each in (self.bell, self.hearing, self.redis):
            each.close()

    @property
    def waits(self) -> bool:
        return bool(self.redis.keys("esms-worker:rung:waits:*"))

    def _note(self, *_: object) -> None:
        self.statements += self.waits


@pytest.fixture
def heard(bench: Bench, redis_url: str) -> Iterator[Heard]:
    with closing(Heard(bench, redis_url)) as heard:
        yield heard


def test_no_task_is_rung_for_a_code_that_somebody_hears_who_waits(bench: Bench, heard: Heard) -> None:
    bench.simulator.set(latency=1.0)
    tickets = [bench.put()]

    def ring() -> None:
        eventually(lambda: heard.waits)
        tickets.append(bench.put(otp("0901000100")))
        heard.bell.ring({Lane.URGENT})

    ringing = Thread(target=ring)
    ringing.start()
    bench.deliver([Lane.URGENT], listening=heard.listening)
    ringing.join()
    assert [bench.status(each) for each in tickets] == ["accepted", "accepted"]
    assert heard.redis.llen("urgent") == 0


def test_nobody_is_counted_on_while_it_asks_postgres_or_once_it_has_ended(bench: Bench, heard: Heard) -> None:
    bench.simulator.set(latency=0.5)
    tickets = [bench.put(otp(f"09010001{place:02}")) for place in range(20)]
    bench.deliver([Lane.URGENT], listening=heard.listening)
    assert {bench.status(each) for each in tickets} == {"accepted"}
    assert (heard.statements, heard.waits) == (0, False)


def test_who_was_counted_on_and_is_to_end_rings_a_task(bench: Bench, heard: Heard) -> None:
    bench.simulator.set(latency=1.0)
    bench.put()
    rung = list[bool]()

    def ring() -> None:
        eventually(lambda: heard.waits)
        heard.bell.ring({Lane.URGENT})
        rung.append(True)

    ringing = Thread(target=ring)
    ringing.start()
    call_help = partial(heard.bell.again, URGENT)
    bench.deliver([Lane.URGENT], stopping=lambda: bool(rung), listening=heard.listening, call_help=call_help)
    ringing.join()
    assert (heard.redis.llen("urgent"), heard.waits) == (1, False)


def test_who_could_send_nothing_more_leaves_the_bell_to_those_who_can(bench: Bench) -> None:
    bench.simulator.set(latency=0.1)
    bench.pace = replace(bench.pace, sends_in_flight=1)
    ticket, heard = bench.put(), list[int]()

    def overhear() -> bool:
        heard.append(bench.sending.in_flight)
        return False

    bench.deliver([Lane.URGENT], listening=Listening(overhear))
    assert (bench.status(ticket), set(heard) - {0}) == ("accepted", set())


def test_who_is_to_end_leaves_the_bell_to_others_before_it_waits_for_its_answers(bench: Bench) -> None:
    bench.simulator.set(latency=0.3)
    bench.put()
    heard, helped = list[bool](), list[int]()

    def overhear() -> bool:
        heard.append(True)
        return True

    def call_help() -> None:
        helped.append(bench.sending.in_flight)

    bench.deliver([Lane.URGENT], stopping=lambda: bool(heard), listening=Listening(overhear), call_help=call_help)
    assert (heard, helped) == ([True], [1])


@pytest.mark.parametrize("limited", [False, True])
def test_a_code_that_is_rung_for_is_claimed_in_one_round_trip_unless_it_takes_more(bench: Bench, limited: bool) -> None:
    gate = delivery.gate(bench.settings, bench.pace)
    bench.deliver([Lane.URGENT], gate=gate)  # the rules are read
    with bench.database.begin() as session:
        if limited:
            ledger.set_limit(session, Limit(source="shop", messages_a_day=5), "Asia/Ho_Chi_Minh")
    ticket, claims = bench.put(source="shop"), list[bool]()

    def note(connection: Connection, _cursor: object, statement: str, *_: object) -> None:
        if "'sending'" in statement and "FROM limits" in statement:
            claims.append(bool(connection.connection.driver_connection.autocommit))  # type: ignore[union-attr]

    event.listen(bench.workers.engine, "before_cursor_execute", note)
    bench.deliver([Lane.URGENT], gate=gate, rung=True)
    assert bench.status(ticket) == "accepted"
    assert claims[0], "the rest is looked for in full"


def test_who_was_rung_for_looks_at_all_that_is_due_as_well(bench: Bench) -> None:
    gate = delivery.gate(bench.settings, bench.pace)
    doubtful = bench.put(otp("0901000005"))
    bench.deliver([Lane.URGENT], gate=gate)
    assert bench.status(doubtful) == "unconfirmed"
    code = bench.put()
    bench.deliver([Lane.URGENT], gate=gate, rung=True)
    assert (bench.status(code), bench.status(doubtful)) == ("accepted", "accepted")
