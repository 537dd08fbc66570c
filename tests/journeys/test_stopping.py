"""Told to end by a supervisor that signals everybody at once: calls on the wire are finished, and none is held."""

from __future__ import annotations

import os
import shlex
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from sqlalchemy import text

from tests.journeys.conftest import crew_at_work
from tests.support import Bench, eventually
from worker import Notifier, RecordCall

pytestmark = pytest.mark.journey

ROOT = Path(__file__).parents[2]
CALLS = [f"09020{number:05d}" for number in range(20100, 20160)]  # whose story is: somebody answers
SLOW = 1.5  # seconds that the provider takes


def on_the_wire(bench: Bench) -> int:
    with bench.database.begin() as session:
        dialled = text("SELECT count(*) FROM message WHERE dialled_at IS NOT NULL AND status = 'sending'")
        return int(session.execute(dialled).scalar_one())


def enqueue_slow_calls(app: Notifier, bench: Bench) -> None:
    bench.simulator.set(latency=SLOW)
    app.enqueue_many(RecordCall(to=number, record_id="2001") for number in CALLS)


def each_was_made_once_or_waits(bench: Bench) -> None:
    """By eSMS's own books."""
    with bench.database.begin() as session:
        rows = session.execute(text("SELECT status, count(*) AS messages FROM message GROUP BY status"))
        statuses = {row.status: row.messages for row in rows}
    assert set(statuses) <= {"queued", "accepted", "delivered", "undelivered"}
    made = bench.simulator.ledger().calls
    assert set(made.values()) == {1}
    assert len(made) == len(CALLS) - statuses.get("queued", 0)


def failed_in_our_code(lines: list[str]) -> bool:
    """Is there a line of a traceback in a worker's part? Not so: Celery says so of a child that has taken a bell and
    is ended before it answers, which loses nothing; and beat may say that its read was cut short.
    """
    ours = f'File "{ROOT / "worker"}/'
    return any(ours in line and "beat" not in line for line in lines)


def groups(pids: list[int | None]) -> Callable[[int], None]:
    """A signal to each process and all that it forked, as a supervisor sends it."""

    def strike(number: int) -> None:
        for pid in pids:
            assert pid is not None
            os.killpg(os.getpgid(pid), number)

    return strike


@pytest.mark.long
def test_sigterm_to_the_children_too_finishes_the_calls_on_the_wire(
    environ: dict[str, str], app: Notifier, bench: Bench, said: list[str]
) -> None:
    with crew_at_work(environ, said) as crew:
        enqueue_slow_calls(app, bench)
        eventually(lambda: on_the_wire(bench) > 0)
        groups([child.pid for child in crew.apps])(signal.SIGTERM)
        assert [child.wait(60) for child in crew.apps] == [0] * len(crew.apps)
    each_was_made_once_or_waits(bench)
    assert not failed_in_our_code(said), "\n".join(said)


@pytest.mark.long
def test_a_child_that_is_told_alone_finishes_and_its_worker_goes_on(
    environ: dict[str, str], app: Notifier, bench: Bench, said: list[str]
) -> None:
    import psutil

    with crew_at_work(environ, said) as crew:
        enqueue_slow_calls(app, bench)
        eventually(lambda: on_the_wire(bench) > 0)
        for child in crew.apps:
            for forked in psutil.Process(child.pid).children():
                forked.terminate()
        bench.simulator.set(latency=0)
        eventually(lambda: len(bench.simulator.ledger().calls) == len(CALLS))
        eventually(lambda: on_the_wire(bench) == 0)
        assert all(child.alive for child in crew.apps)
    each_was_made_once_or_waits(bench)


@pytest.mark.long
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_honcho_with_the_procfile_finishes_the_calls_on_the_wire(
    environ: dict[str, str], app: Notifier, bench: Bench, tmp_path: Path, number: signal.Signals
) -> None:
    log = tmp_path / "log"
    programs = Path(sys.executable).parent
    variables = environ | {"PYTHONPATH": str(ROOT), "PATH": f"{programs}:{os.environ['PATH']}"}
    command = [sys.executable, "-m", "honcho", "-f", str(ROOT / "Procfile"), "-e", os.devnull, "start"]
    with log.open("w") as output:
        honcho = subprocess.Popen(
            [*command, *shlex.split("urgent worker poll beat")],
            cwd=tmp_path,
            env=variables,
            stdout=output,
            stderr=output,
        )
    try:
        enqueue_slow_calls(app, bench)
        eventually(lambda: on_the_wire(bench) > 0)
        honcho.send_signal(number)
        honcho.wait(60)
    finally:
        honcho.kill()
        honcho.wait()
    each_was_made_once_or_waits(bench)
    lines = log.read_text().splitlines()
    assert not failed_in_our_code(lines), "\n".join(lines)


# Celery's own beat: told to end, and told again at the very moment in which it holds the lock of what says so.
TOLD_TWICE = """
import os, signal, sys, threading
from celery.beat import Service
from worker.tasks import app, beat_init

class Interrupted(threading.Event):
    def set(self):
        with self._cond:
            self._flag = True
            os.kill(os.getpid(), signal.SIGTERM)
            os.kill(os.getpid(), signal.SIGINT)

for number in (signal.SIGTERM, signal.SIGINT):
    signal.signal(number, lambda *_: sys.exit(0))
beat = Service(app)
beat._is_shutdown = Interrupted()
beat_init.send(sender=beat)
os.kill(os.getpid(), signal.SIGTERM)
sys.exit("it was not told")
"""


@pytest.mark.long
def test_a_beat_that_is_told_twice_ends(environ: dict[str, str]) -> None:
    command = [sys.executable, "-c", TOLD_TWICE]
    variables = environ | {"PYTHONPATH": str(ROOT)}
    told = subprocess.run(command, env=variables, capture_output=True, text=True, timeout=60)
    assert told.returncode == 0, told.stderr
