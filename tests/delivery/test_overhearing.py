"""Who waits for eSMS's answers hears the bell meanwhile, and leaves it to others where it could not send."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import replace
from functools import partial
from os import dup
from socket import SHUT_RDWR, socket
from threading import Thread, Timer

import pytest
from redis import Redis
from sqlalchemy import Connection, event, text

from tests.support import Bench, eventually, otp
from worker import Ticket, delivery, ledger
from worker.bell import Bell
from worker.delivery import Listening
from worker.delivery.bell_watch import BellWatch
from worker.lifecycle import Lane
from worker.maintenance import probe_pauses
from worker.queues import Task
from worker.source_limits import Limit

URGENT = Task.DELIVER_URGENT


def test_who_waits_for_an_answer_sends_what_the_bell_is_rung_for_meanwhile(bench: Bench) -> None:
    bench.simulator.set(latency=0.5)
    first = bench.put()
    others: list[Ticket] = []
    seen: list[str] = []

    def overhear(*, wait: bool) -> bool:
        seen.extend(bench.status(other) for other in others)
        if not others:
            others.append(bench.put(otp("0901000100")))
        return not seen

    bench.deliver([Lane.URGENT], listening=Listening(overhear))
    assert seen[0] != "queued"
    assert [bench.status(each) for each in [first, *others]] == ["accepted", "accepted"]


def test_who_waits_for_an_answer_is_told_of_a_ring_and_need_not_ask_all_the_time(bench: Bench, redis_url: str) -> None:
    bell, watch = Bell(redis_url, redis_url), BellWatch(redis_url, Task.DELIVER_URGENT)
    assert bell.answer(Task.DELIVER_URGENT)
    watch.attend()
    bench.simulator.set(latency=1.0)
    tickets, asked = [bench.put()], list[bool]()

    def overhear(*, wait: bool) -> bool:
        asked.append(bool(bell.overhear(Task.DELIVER_URGENT, wait=wait)))
        return asked[-1]

    def ring() -> None:
        tickets.append(bench.put(otp("0901000100")))
        bell.ring({Lane.URGENT})

    with closing(bell), closing(watch):
        ringing = Timer(0.3, ring)
        ringing.start()
        bench.deliver([Lane.URGENT], listening=Listening(overhear, watch))
        ringing.join()
    assert [bench.status(each) for each in tickets] == ["accepted", "accepted"]
    assert True in asked
    assert len(asked) < 60, "it asks when it waits anew, not every few milliseconds"


class Heard:
    """A bell, and who listens to it as a worker does.

    statements: of Postgres, asked while others counted on it; waited: how often they could.
    """

    def __init__(self, bench: Bench, redis_url: str) -> None:
        self.bell, self.watch = Bell(redis_url, redis_url), BellWatch(redis_url, URGENT)
        self.redis, self.statements, self.waited = Redis.from_url(redis_url), 0, 0
        self.redis.flushdb()
        self.watch.attend()
        event.listen(bench.workers.engine, "before_cursor_execute", self._note)
        self.listening = Listening(self._overhear, self.watch)

    def close(self) -> None:
        for each in (self.bell, self.watch, self.redis):
            each.close()

    def cut(self) -> None:
        """The connection on which Redis tells ends, without a word."""
        assert self.watch.socket is not None
        with socket(fileno=dup(self.watch.socket)) as same:
            same.shutdown(SHUT_RDWR)

    @property
    def waits(self) -> bool:
        return bool(self.redis.keys("esms-worker:rung:waits:*"))

    @property
    def tasks(self) -> int:
        return int(self.redis.llen("urgent"))

    def soon(self, act: Callable[[], object]) -> Thread:
        """Does this as soon as somebody waits."""

        def acts() -> None:
            eventually(lambda: self.waits)
            act()

        thread = Thread(target=acts)
        thread.start()
        return thread

    def _overhear(self, *, wait: bool) -> bool | None:
        rung = self.bell.overhear(URGENT, wait=wait)
        self.waited += self.waits
        return rung

    def _note(self, *_: object) -> None:
        self.statements += self.waits


@pytest.fixture
def heard(bench: Bench, redis_url: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Heard]:
    """Who waits is believed for long: the test may be slow."""
    monkeypatch.setattr("worker.bell.WAITS", 60_000)
    with closing(Heard(bench, redis_url)) as heard:
        yield heard


def test_no_task_is_rung_for_a_code_that_somebody_hears_who_waits(bench: Bench, heard: Heard) -> None:
    bench.simulator.set(latency=1.0)
    tickets = [bench.put()]

    def ring() -> None:
        tickets.append(bench.put(otp("0901000100")))
        eventually(rung_without_a_task)

    def rung_without_a_task() -> bool:
        """Unless it came while who waits was about something else, for some milliseconds."""
        heard.bell.ring({Lane.URGENT})
        return not heard.redis.delete("urgent")

    ringing = heard.soon(ring)
    bench.deliver([Lane.URGENT], listening=heard.listening)
    ringing.join()
    assert [bench.status(each) for each in tickets] == ["accepted", "accepted"]


def test_a_bell_is_heard_that_is_rung_right_after_somebody_asked_for_it(
    bench: Bench, heard: Heard, monkeypatch: pytest.MonkeyPatch
) -> None:
    """When Redis has told of the last one, and not been told yet to tell of the next."""
    heard.bell.ring({Lane.URGENT})
    assert heard.bell.answer(URGENT)
    heard.redis.delete("urgent")
    bench.simulator.set(latency=1.0)
    tickets, out = [bench.put()], list[int]()
    overhear = heard.listening.overhear

    def ring(*, wait: bool) -> bool | None:
        rung = overhear(wait=wait)
        if rung is False and wait and len(tickets) < 3:
            tickets.append(bench.put(otp(f"09010001{len(tickets):02}")))
            heard.bell.ring({Lane.URGENT})
        out.append(bench.sending.in_flight)
        return rung

    heard.listening.overhear = ring
    for often in ("listening.WAIT_ANEW", "claiming.CLAIM_EVERY", "lines.CLAIM_EVERY"):
        monkeypatch.setattr(f"worker.delivery.{often}", 60)
    bench.deliver([Lane.URGENT], listening=heard.listening)
    assert [bench.status(each) for each in tickets] == ["accepted"] * 3
    assert max(out) == 3, "they waited for no answer to another"
    assert heard.tasks == 0


def test_nobody_is_counted_on_while_it_asks_postgres_or_once_it_has_ended(bench: Bench, heard: Heard) -> None:
    bench.simulator.set(latency=0.3)
    tickets = [bench.put(otp(f"09010001{place:02}")) for place in range(20)]
    bench.deliver([Lane.URGENT], listening=heard.listening)
    assert {bench.status(each) for each in tickets} == {"accepted"}
    assert heard.waited > 0
    assert (heard.statements, heard.waits) == (0, False)


def test_nobody_is_counted_on_while_it_pauses_a_lane_or_lifts_a_pause(bench: Bench, heard: Heard) -> None:
    bench.simulator.set(latency=0.3, balance=-5000)
    ticket = bench.put()
    bench.deliver([Lane.URGENT], listening=heard.listening)
    bench.simulator.set(postpaid=True)
    with bench.database.begin() as session:
        assert {pause.code for pause in ledger.paused(session)} == {"103"}
        session.execute(text("UPDATE pause SET probe_at = now()"))
    probe_pauses(bench.database, bench.client, bench.pace)
    eventually(lambda: bench.deliver(listening=heard.listening) or bench.status(ticket) == "accepted")
    with bench.database.begin() as session:
        assert ledger.paused(session) == []
    assert heard.waited > 1
    assert (heard.statements, heard.waits) == (0, False)


def test_who_was_counted_on_and_is_to_end_rings_a_task(bench: Bench, heard: Heard, redis_url: str) -> None:
    """Also where it did not hear the bell: another's is what it is told of here."""
    bench.simulator.set(latency=1.0)
    bench.put()
    rung = list[bool]()

    def ring() -> None:
        heard.bell.ring({Lane.URGENT})
        rung.append(True)

    with closing(BellWatch(redis_url, Task.POLL)) as deaf:
        deaf.attend()
        heard.listening.watch = deaf
        ringing = heard.soon(ring)
        call_help = partial(heard.bell.again, URGENT)
        bench.deliver([Lane.URGENT], stopping=lambda: bool(rung), listening=heard.listening, call_help=call_help)
        ringing.join()
    assert (heard.tasks, heard.waits) == (1, False)


def test_who_falls_while_it_is_counted_on_rings_a_task_for_who_did(bench: Bench, heard: Heard) -> None:
    bench.simulator.set(latency=1.0)
    bench.put()

    class Fallen(Exception): ...

    def fall() -> bool:
        if heard.waits:
            heard.bell.ring({Lane.URGENT})
            raise Fallen
        return False

    call_help = partial(heard.bell.again, URGENT)
    with pytest.raises(Fallen):
        bench.deliver([Lane.URGENT], stopping=fall, listening=heard.listening, call_help=call_help)
    assert (heard.tasks, heard.waits) == (1, False)


@pytest.mark.parametrize("doubt", ["nobody can tell", "the connection has ended", "too long ago"])
def test_who_was_counted_on_and_cannot_be_sure_that_nobody_rang_looks(
    bench: Bench, heard: Heard, doubt: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    bench.simulator.set(latency=0.3)
    first, later = bench.put(), list[Ticket]()

    ended = doubt == "the connection has ended"

    def overhear(*, wait: bool) -> bool | None:
        """Once it waits, a code comes whose bell is lost."""
        if wait is ended and not later:
            later.append(bench.put(otp("0901000100")))
            if ended:
                heard.cut()
            return None if doubt == "nobody can tell" else False
        return False

    if doubt == "too long ago":
        monkeypatch.setattr("worker.delivery.listening.RUNG", 0)
    monkeypatch.setattr("worker.delivery.claiming.CLAIM_EVERY", 60)
    monkeypatch.setattr("worker.delivery.lines.CLAIM_EVERY", 60)
    bench.deliver([Lane.URGENT], listening=Listening(overhear, heard.watch))
    assert [bench.status(each) for each in [first, *later]] == ["accepted", "accepted"]


def test_who_could_send_nothing_more_leaves_the_bell_to_those_who_can(bench: Bench) -> None:
    bench.simulator.set(latency=0.1)
    bench.pace = replace(bench.pace, sends_in_flight=1)
    ticket, heard = bench.put(), list[int]()

    def overhear(*, wait: bool) -> bool:
        heard.append(bench.sending.in_flight)
        return False

    bench.deliver([Lane.URGENT], listening=Listening(overhear))
    assert (bench.status(ticket), set(heard) - {0}) == ("accepted", set())


def test_who_is_to_end_leaves_the_bell_to_others_before_it_waits_for_its_answers(bench: Bench) -> None:
    bench.simulator.set(latency=0.3)
    bench.put()
    heard, helped = list[bool](), list[int]()

    def overhear(*, wait: bool) -> bool:
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
