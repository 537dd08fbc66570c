"""As many are in flight as eSMS answers in time; what comes late, or not at all, makes them fewer before it costs."""

from __future__ import annotations

import heapq
from dataclasses import dataclass, field

import pytest

from worker.delivery.window import LATE, QUIET, Window

PATIENCE = 15.0


@dataclass
class Clock:
    """Stands still until it is moved."""

    now: float = 1000.0

    def __call__(self) -> float:
        return self.now


@dataclass
class Provider:
    """Serves so many at once, each for so long; the others stand in line."""

    clock: Clock
    desks: int
    seconds: float
    _free: list[float] = field(default_factory=list)
    _out: list[tuple[float, float]] = field(default_factory=list)  # when it is answered, when it was sent

    def send(self) -> None:
        begins = heapq.heappop(self._free) if len(self._free) >= self.desks else self.clock.now
        ends = max(begins, self.clock.now) + self.seconds
        heapq.heappush(self._free, ends)
        heapq.heappush(self._out, (ends, self.clock.now))

    def next(self) -> tuple[float, int]:
        """The next answer: how long it took, and how many were out with it."""
        flying = len(self._out)
        at, sent_at = heapq.heappop(self._out)
        self.clock.now = max(self.clock.now, at)
        return self.clock.now - sent_at, flying


@pytest.fixture
def clock() -> Clock:
    return Clock()


def window(clock: Clock, *, first: int = 2, usual: int = 64, most: int = 64, bears: float = 0.0) -> Window:
    return Window(PATIENCE, first, usual, most, bears, clock)


def send_all(to: Window, provider: Provider, answers: int, flying: int = 0) -> list[float]:
    """Always as many as may; the seconds that each answer took."""
    took: list[float] = []
    for _ in range(answers):
        while flying < to.size(flying):
            provider.send()
            to.sent()
            flying += 1
        seconds, out = provider.next()
        to.answered(seconds, out)
        took.append(seconds)
        flying -= 1
    return took


def test_it_begins_with_few_and_has_as_many_as_it_may_after_some_rounds(clock: Clock) -> None:
    tried = window(clock)
    assert tried.size(0) == 2
    send_all(tried, Provider(clock, desks=1000, seconds=0.05), 200)
    assert tried.size(1) == 64
    assert clock.now < 1000 + 1


def test_no_answer_comes_later_than_half_its_time_although_the_provider_is_slow(clock: Clock) -> None:
    """Ten at once, a second each: with 200 in flight the last would be answered after 20 s, past the 15."""
    took = send_all(window(clock, most=200, usual=200), Provider(clock, desks=10, seconds=1), 2000)
    assert max(took) < PATIENCE * LATE
    assert clock.now < 1000 + 2000 / 10 * 1.1


def test_answers_that_come_late_make_it_fewer_before_any_is_lost(clock: Clock) -> None:
    tried = window(clock, most=400, usual=400)
    send_all(tried, Provider(clock, desks=1000, seconds=0.05), 1000)
    assert tried.size(1) > 300
    took = send_all(tried, Provider(clock, desks=40, seconds=1), 5000)
    assert max(took) < PATIENCE
    assert max(took[2000:]) < PATIENCE * LATE + 1


def test_all_that_were_out_together_halve_it_once(clock: Clock) -> None:
    tried = window(clock)
    send_all(tried, Provider(clock, desks=1000, seconds=0.05), 500)
    clock.now += PATIENCE
    for _ in range(64):
        tried.silent(PATIENCE)
    assert tried.size(1) == 32


def test_one_in_ten_lost_slows_nothing_where_it_may_but_most_of_them_do(clock: Clock) -> None:
    tried = window(clock, bears=0.5)
    send_all(tried, Provider(clock, desks=1000, seconds=0.05), 500)
    for number in range(100):
        clock.now += 1
        tried.silent(PATIENCE) if number % 10 == 0 else tried.answered(0.05, 64)
    assert tried.size(1) == 64
    for _ in range(12):
        clock.now += 1
        tried.silent(PATIENCE)
    assert tried.size(1) == 32


def test_it_never_comes_to_a_standstill(clock: Clock) -> None:
    tried = window(clock)
    for _ in range(20):
        assert tried.size(1) >= 1 or tried.size(0) >= 1
        clock.now += PATIENCE
        tried.silent(PATIENCE)
    assert tried.size(1) == 1


def test_after_a_silence_of_ours_it_begins_anew(clock: Clock) -> None:
    tried = window(clock)
    send_all(tried, Provider(clock, desks=1000, seconds=0.05), 500)
    clock.now += QUIET + 0.1
    assert tried.size(1) == 64  # one is still out: it is no silence of ours
    assert tried.size(0) == 2


def test_what_does_not_need_more_does_not_get_more(clock: Clock) -> None:
    """One at a time says nothing about how many eSMS could bear at once."""
    tried, provider = window(clock, first=16), Provider(clock, desks=1000, seconds=0.05)
    tried.size(0)
    for _ in range(500):
        provider.send()
        tried.sent()
        tried.answered(*provider.next())
    assert tried.size(1) == 16


def test_above_the_usual_it_grows_while_answers_stay_as_quick(clock: Clock) -> None:
    tried = window(clock, most=400)
    send_all(tried, Provider(clock, desks=1000, seconds=0.05), 3000)
    assert tried.size(1) == 400


def test_above_the_usual_it_stays_where_more_in_flight_only_wait_longer(clock: Clock) -> None:
    tried = window(clock, most=400)
    send_all(tried, Provider(clock, desks=64, seconds=0.05), 5000)
    assert 64 <= tried.size(1) <= 140


def test_it_doubles_with_each_round_until_answers_take_longer(clock: Clock) -> None:
    tried = window(clock, first=16, most=600)
    send_all(tried, Provider(clock, desks=1000, seconds=0.05), 16 + 32 + 64 + 128 + 256)
    assert tried.size(1) >= 500
    assert clock.now < 1000 + 6 * 0.05


def test_all_that_were_slow_together_make_it_a_quarter_fewer_and_no_more(clock: Clock) -> None:
    """One pause, of the disk say: it tells nothing of what eSMS bears, and the next round has them all again."""
    tried = window(clock, most=600)
    send_all(tried, Provider(clock, desks=1000, seconds=0.05), 3000)
    for out in range(600, 0, -1):
        tried.answered(0.5, out)
    assert 450 <= tried.size(1) < 500
    send_all(tried, Provider(clock, desks=1000, seconds=0.05), 1200)
    assert tried.size(1) == 600


def test_where_each_round_is_slow_it_comes_to_the_usual(clock: Clock) -> None:
    tried = window(clock, most=600)
    send_all(tried, Provider(clock, desks=1000, seconds=0.05), 3000)
    send_all(tried, Provider(clock, desks=64, seconds=0.05), 6000)
    assert tried.size(1) <= 140


def test_answers_that_lay_there_while_nobody_listened_make_it_no_smaller(clock: Clock) -> None:
    """The process was at Postgres, or had no core: that says nothing of eSMS."""
    tried = window(clock, most=400)
    send_all(tried, Provider(clock, desks=1000, seconds=0.05), 3000)
    for _ in range(1000):
        tried.answered(0.15, 400, unheard=0.1)
    assert tried.size(1) == 400
    for _ in range(1000):
        tried.answered(PATIENCE, 400, unheard=PATIENCE - 0.05)
    assert tried.size(1) == 400


def test_it_grows_to_what_it_may_have_while_its_process_listens_seldom(clock: Clock) -> None:
    tried = window(clock, most=400)
    for _ in range(3000):
        tried.size(0)
        tried.answered(0.05, 400)
        tried.answered(0.15, 400, unheard=0.1)
    assert tried.size(1) == 400


def test_answers_that_were_late_before_nobody_listened_make_it_fewer(clock: Clock) -> None:
    tried = window(clock)
    send_all(tried, Provider(clock, desks=1000, seconds=0.05), 500)
    tried.answered(PATIENCE, 64, unheard=PATIENCE / 4)
    assert tried.size(1) == 32
