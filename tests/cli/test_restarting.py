"""A process of `up` that goes on dying is started later and later; one that lived a while begins anew."""

from __future__ import annotations

import sys
from collections.abc import Iterator

import pytest

from tests.support import eventually
from worker.cli.restarting import LONGEST_WAIT, STEADY, Restarts
from worker.devkit.processes import Child


class Clock:
    """Time that a test turns."""

    now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def dying() -> Iterator[Child]:
    """A process that ends at once."""
    with Child("dying", [sys.executable, "-c", "raise SystemExit(3)"], on_line=lambda _: None) as child:
        yield child


def wait_until_started(restarts: Restarts, clock: Clock, child: Child) -> float:
    """It dies, and is looked after until it is started again: after so many seconds."""
    eventually(lambda: not child.alive)
    before, died = child.pid, clock.now
    while child.pid == before:
        restarts.look_after(child)
        clock.now += 1
    return clock.now - 1 - died


def test_each_restart_waits_twice_as_long_up_to_a_minute(dying: Child) -> None:
    clock = Clock()
    restarts = Restarts(clock)
    restarts.look_after(dying)
    waits = [wait_until_started(restarts, clock, dying) for _ in range(8)]
    assert waits == [1, 2, 4, 8, 16, 32, LONGEST_WAIT, LONGEST_WAIT]


def test_who_lived_for_a_while_is_started_soon_again(dying: Child) -> None:
    clock = Clock()
    restarts = Restarts(clock)
    restarts.look_after(dying)
    for _ in range(4):
        wait_until_started(restarts, clock, dying)
    clock.now += STEADY
    assert wait_until_started(restarts, clock, dying) == 1
