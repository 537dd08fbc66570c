"""Told that it was too fast, a process sends half as fast, and by and by faster again."""

from __future__ import annotations

from dataclasses import dataclass

import pytest

from worker.throttle import FREE_AFTER, LEAST, REGAIN, Throttle


@dataclass
class Clock:
    """Stands still until it is moved."""

    now: float = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


def send(throttle: Throttle, clock: Clock, seconds: float, a_tick: int = 100) -> int:
    """As many as may go in this time, looked at a hundred times a second."""
    total = 0
    for _ in range(round(seconds * 100)):
        clock.now += 0.01
        granted = throttle.allowed(a_tick)
        throttle.sent(granted)
        total += granted
    return total


def test_nothing_is_held_back_until_it_was_too_much(clock: Clock) -> None:
    throttle = Throttle(clock)
    assert throttle.allowed(10_000) == 10_000


def test_it_goes_on_half_as_fast_as_it_just_was(clock: Clock) -> None:
    throttle = Throttle(clock)
    assert send(throttle, clock, 2, a_tick=4) == 800
    throttle.halve()
    assert 180 <= send(throttle, clock, 1) <= 220


def test_all_that_comes_back_of_one_moment_halves_once(clock: Clock) -> None:
    throttle = Throttle(clock)
    send(throttle, clock, 2, a_tick=4)
    for _ in range(64):
        throttle.halve()
    assert 180 <= send(throttle, clock, 1) <= 220


def test_it_never_comes_to_a_standstill(clock: Clock) -> None:
    throttle = Throttle(clock)
    for _ in range(20):
        throttle.halve()
        clock.now += 1.01
    assert send(throttle, clock, 10) >= 10 * LEAST


def test_it_is_free_again_after_some_quiet_time(clock: Clock) -> None:
    throttle = Throttle(clock)
    send(throttle, clock, 2, a_tick=4)
    throttle.halve()
    clock.now += (FREE_AFTER - 1) / REGAIN + 1
    assert throttle.allowed(10_000) == 10_000
