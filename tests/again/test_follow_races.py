"""What follows by itself, at the same moment as something else: two beats, a late success, a cancel."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest
from sqlalchemy import text

from tests.again.test_follow_ups import CALL, calls, pass_time
from tests.support import Bench, otp
from worker import Ticket, again
from worker.ledger import follow_ups

MANY = 30


def at_once(*steps: Callable[[], object]) -> None:
    """All of them, from the same moment on; none fails."""
    line = Barrier(len(steps))

    def run(step: Callable[[], object]) -> None:
        line.wait()
        step()

    with ThreadPoolExecutor(len(steps)) as hands:
        list(hands.map(run, steps))


def due(bench: Bench, status: str) -> list[Ticket]:
    """So many whose fallback is due, with doubt allowed; as they stand."""
    tickets = [
        bench.put(otp(f"09010000{n:02}"), fallback=CALL, fallback_after="10m", fallback_in_doubt=True)
        for n in range(MANY)
    ]
    with bench.database.begin() as session:
        session.execute(text(f"UPDATE message SET {status}"))
    pass_time(bench)
    return tickets


def follow(bench: Bench) -> Callable[[], object]:
    return lambda: again.follow(bench.database, bench.settings)


def test_three_beats_at_once_make_each_fallback_once(bench: Bench) -> None:
    due(bench, "status = 'undelivered', settled_at = now()")
    at_once(*[follow(bench)] * 3)
    again.follow(bench.database, bench.settings)
    assert calls(bench) == MANY
    with bench.database.begin() as session:
        assert session.scalar(text("SELECT count(DISTINCT replaces) FROM message WHERE lane = 'voice'")) == MANY


def test_messages_that_somebody_else_holds_keep_nobody_behind_them_waiting(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(follow_ups, "MOST", 4)
    due(bench, "status = 'undelivered', settled_at = now()")
    theirs = "SELECT id FROM message WHERE phone < '+84901000020'"  # twenty of them, which are due first
    sooner = f"UPDATE follow_up SET due_at = due_at - interval '1 s' WHERE message_id = ANY(ARRAY({theirs}))"
    with bench.database.begin() as session:
        session.execute(text(sooner))
    with bench.database.begin() as other:
        other.execute(text(f"{theirs} FOR UPDATE"))
        follow(bench)()
        assert calls(bench) == 4
        follow(bench)()
        assert calls(bench) == 8
    for _ in range(6):
        follow(bench)()
    assert calls(bench) == MANY


def test_a_success_at_the_same_moment_leaves_no_call_to_be_dialled(bench: Bench) -> None:
    due(bench, "status = 'accepted', accepted_at = now()")

    settled = text(
        "UPDATE message SET status = 'delivered', settled_at = now() WHERE phone = :phone AND lane = 'urgent'"
    )

    def arrive() -> None:
        for n in range(MANY):  # one by one, as polls settle them
            with bench.database.begin() as session:
                session.execute(settled, {"phone": f"+849010000{n:02}"})

    at_once(follow(bench), arrive)
    bench.deliver()
    assert bench.simulator.ledger().calls == {}
    with bench.database.begin() as session:
        assert session.scalar(text("SELECT count(*) FROM message WHERE lane = 'voice' AND status <> 'cancelled'")) == 0


@pytest.mark.parametrize("both_ways", [False, True])
def test_a_cancel_at_the_same_moment_leaves_neither_it_nor_what_came_in_its_place(
    bench: Bench, both_ways: bool
) -> None:
    tickets = due(bench, "status = 'queued'")
    moved: list[int] = []

    def cancel() -> None:
        moved.extend(bench.notifier.cancel(each.id).moved for each in (reversed(tickets) if both_ways else tickets))

    at_once(follow(bench), cancel)
    again.follow(bench.database, bench.settings)
    assert moved == [1] * MANY
    bench.deliver()
    assert bench.simulator.sends() == []
