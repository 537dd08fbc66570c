"""A worker that sends no codes gives way to who does, and nobody else's processes with it."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests import canary
from worker.errors import SettingsError
from worker.settings import Pace

GROUP = Path("/proc/self/autogroup")
GIVE_WAY = "from worker.niceness import give_way; give_way(7);"
TELL = "import os; print(os.getpriority(os.PRIO_PROCESS, 0), *open('/proc/self/autogroup').read().split()[-1:])"

BEFORE = os.nice(0)
MINE = min(19, BEFORE + 7)

on_linux = pytest.mark.skipif(not GROUP.exists(), reason="Linux shares cores among sessions")


def told(*, alone: bool, program: str = GIVE_WAY + TELL, **variables: str) -> list[int]:
    """The niceness of a process that gave way, and of its session: one older than the kernel's groups has none."""
    command, environ = [sys.executable, "-c", program], os.environ | variables
    done = subprocess.run(command, start_new_session=alone, env=environ, capture_output=True, text=True, check=True)
    return [int(each) for each in done.stdout.split()]


@on_linux
def test_a_session_of_its_own_gives_way_as_a_whole() -> None:
    assert told(alone=True) == [MINE, 7]


@on_linux
def test_in_a_session_of_others_the_process_alone_gives_way() -> None:
    assert told(alone=False) == [MINE, *told(alone=False, program=TELL)[1:]]


STARTED = """
from types import SimpleNamespace
from celery.signals import celeryd_after_setup
from worker.tasks import app
app.amqp.queues.select({queues})
celeryd_after_setup.send(sender="here", instance=SimpleNamespace(app=app), conf=app.conf)
import os; print(os.getpriority(os.PRIO_PROCESS, 0))
"""


@on_linux
@pytest.mark.parametrize("others", [["deliver"], ["enqueue", "deliver", "poll"]])
def test_a_worker_that_listens_for_codes_gives_way_to_nobody(others: list[str]) -> None:
    ours = {"DATABASE_URL": "postgresql://nowhere/esms", "REDIS_URL": "redis://nowhere/0", "WORKER_NICE": "7"}
    program = "".join(STARTED.format(queues=queues) for queues in (["urgent"], ["enqueue"], others))
    assert told(alone=True, program=program, **canary.ENVIRON, **ours) == [BEFORE, BEFORE, MINE]


def test_it_is_a_number_from_0_to_19() -> None:
    assert [Pace.from_environ({"WORKER_NICE": text}).nice for text in ("0", "19")] == [0, 19]
    for wrong in ("20", "-1", "little"):
        with pytest.raises(SettingsError, match="WORKER_NICE"):
            Pace.from_environ({"WORKER_NICE": wrong})
