"""What was under way when worker processes are told to end, and when they are killed."""

from __future__ import annotations

import os
import signal
from contextlib import suppress

import psutil
import pytest
from sqlalchemy import text

from tests.journeys.conftest import crew_at_work
from tests.support import Bench, eventually, otp
from worker import Notifier, RecordCall
from worker.cli.up import Installation

pytestmark = pytest.mark.journey


def statuses(bench: Bench) -> list[str]:
    with bench.database.begin() as session:
        return list(session.scalars(text("SELECT status FROM message")))


@pytest.mark.long
def test_sigterm_finishes_what_is_in_flight_and_hands_back_the_rest(
    environ: dict[str, str], app: Notifier, bench: Bench, said: list[str]
) -> None:
    bench.simulator.set(latency=0.5)
    app.enqueue_many(otp(f"09010{n:05d}") for n in range(20100, 20400) if n % 1000 > 50)
    with crew_at_work(environ, said) as crew:
        eventually(lambda: "accepted" in statuses(bench))
        for child in crew.apps:
            assert child.pid is not None
            os.kill(child.pid, signal.SIGTERM)
        assert [child.wait(60) for child in crew.apps] == [0] * len(crew.apps)
    assert set(statuses(bench)) <= {"accepted", "delivered", "queued"}
    taken = len(bench.simulator.ledger().sms)
    assert 0 < taken == sum(status != "queued" for status in statuses(bench))


@pytest.mark.long
def test_a_worker_that_is_killed_loses_nothing_and_doubles_nothing(
    environ: dict[str, str], app: Notifier, bench: Bench, said: list[str]
) -> None:
    bench.simulator.set(latency=2)
    environ["WORKER_LEASE"] = "12"
    app.enqueue_many(otp(f"09010{n:05d}") for n in range(20100, 20250) if n % 1000 > 50)
    app.enqueue_many(RecordCall(to=f"09020{n:05d}", record_id="2001") for n in range(20100, 20130))
    with crew_at_work(environ, said) as crew:
        eventually(lambda: "accepted" in statuses(bench))
        kill_all_celery(crew)
    assert "sending" in statuses(bench)
    bench.simulator.set(latency=0)
    with crew_at_work(environ, said):
        eventually(lambda: not {"queued", "sending", "unconfirmed"} & set(statuses(bench)))
    found = bench.simulator.ledger()
    assert found.twice() == {}
    assert (len(found.sms), set(statuses(bench)) - {"accepted", "delivered", "held"}) == (150, set())


def kill_all_celery(crew: Installation) -> None:
    """With their children, as when a machine loses its power."""
    for app in crew.apps:
        parent = psutil.Process(app.pid)
        for process in [parent, *parent.children(recursive=True)]:
            with suppress(psutil.NoSuchProcess):
                process.kill()
