"""How many sends a process has open is chosen by what eSMS's answers take, up to a bound that can be set."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from tests.support import Bench, otp
from worker.delivery import windows
from worker.delivery.lines import USUAL, Line
from worker.delivery.window import PAYS, Window
from worker.lifecycle import Lane

MANY = 350


@pytest.fixture
def sent_all(bench: Bench) -> Callable[[], Window]:
    """Sends many codes; what their lane's window is then."""
    bench.sending.close()
    bench.sending = bench.client.open_exchange(in_flight=bench.pace.sends_in_flight)

    def sent() -> Window:
        bench.notifier.enqueue_many(otp(f"090100{n:04d}") for n in range(1100, 1100 + MANY))
        kept = windows(bench.pace, 15.0)
        bench.deliver([Lane.URGENT], windows=kept)
        assert len(bench.simulator.ledger().sms) == MANY
        return kept[Lane.URGENT]

    return sent


@pytest.mark.long
def test_more_than_usual_are_open_where_esms_answers_them_as_quickly(
    bench: Bench, sent_all: Callable[[], Window]
) -> None:
    bench.simulator.set(latency=0.6)  # so long that what else the machine does adds little to it
    assert sent_all().size(1) > USUAL + USUAL // 4


@pytest.mark.long
def test_few_more_than_usual_are_open_where_they_only_stand_in_line_at_esms(
    bench: Bench, sent_all: Callable[[], Window]
) -> None:
    bench.simulator.set(latency=0.3, at_once=USUAL // 2)
    assert sent_all().size(1) <= PAYS * USUAL


def test_no_more_are_open_than_was_set(bench: Bench, sent_all: Callable[[], Window]) -> None:
    bench.pace = replace(bench.pace, sends_in_flight=20)
    bench.simulator.set(latency=0.02)
    assert sent_all().size(1) == 20


def test_calls_are_never_more_than_usual_for_those_of_a_process_that_dies_are_held(bench: Bench) -> None:
    assert windows(bench.pace, 15.0)[Lane.VOICE].most == USUAL < windows(bench.pace, 15.0)[Lane.NORMAL].most


def test_a_lane_in_which_nothing_was_due_is_looked_at_whenever_others_are_claimed(bench: Bench) -> None:
    line = Line(windows(bench.pace, 15.0)[Lane.BULK], None, lambda: float("inf"))
    line.found(0, 10)
    assert not line.room(10, beside_others=True)  # its lane is paused, say: each try costs a claim
    line.was_empty = True
    assert (line.room(10), line.room(10, beside_others=True)) == (0, 10)
