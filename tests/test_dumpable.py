"""A process that holds keys shows them to nobody, whoever asks by the same user."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

KEY = "a-key-that-nobody-should-see"
# Root sees everything; without these rights it is a user like any other.
ORDINARY = ["setpriv", "--bounding-set", "-sys_ptrace,-perfmon,-sys_admin"] if os.geteuid() == 0 else []
FORBID = "from worker.dumpable import forbid_dumps; forbid_dumps();"

pytestmark = pytest.mark.skipif(
    sys.platform != "linux" or not all(map(shutil.which, ORDINARY[:1])), reason="Linux, and setpriv for root"
)


@contextmanager
def running(*program: str, until: str) -> Iterator[int]:
    """A Python program with a key in its environment, once it has said that; its pid."""
    command = [*ORDINARY, sys.executable, "-u", *program]
    with subprocess.Popen(command, env=os.environ | {"KEY": KEY}, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert until in process.stdout.readline()
        yield process.pid
        process.kill()


def seen(pid: int) -> bool:
    """By another process of the same user: its environment and its memory."""
    looked = subprocess.run([*ORDINARY, "cat", f"/proc/{pid}/environ"], capture_output=True, text=True, check=False)
    mapped = subprocess.run([*ORDINARY, "cat", f"/proc/{pid}/maps"], capture_output=True, text=True, check=False)
    return KEY in looked.stdout or bool(mapped.stdout)


@pytest.mark.long
def test_another_process_of_the_same_user_looks_into_a_command_no_more() -> None:
    with running("-c", "import time; print('ready'); time.sleep(60)", until="ready") as pid:
        assert seen(pid)  # or this test would show nothing
    with running("-m", "worker.cli", "simulator", "--port", "0", until="listening") as pid:
        assert not seen(pid)


def test_nor_into_what_it_forks_and_it_can_still_start_others() -> None:
    fork = "import os, time; child = os.fork(); print(child or '', end='', flush=True); time.sleep(60)"
    command = [*ORDINARY, sys.executable, "-c", FORBID + fork]
    with subprocess.Popen(command, env=os.environ | {"KEY": KEY}, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        child = int(os.read(process.stdout.fileno(), 20))
        assert not seen(child)
        os.kill(child, 9)
        process.kill()
    start = FORBID + "import subprocess, sys; print(subprocess.run([sys.executable, '-c', '']).returncode)"
    assert subprocess.run([sys.executable, "-c", start], capture_output=True, check=True).stdout == b"0\n"
