"""Recognise a process of an earlier run, and end it.

A pid alone proves nothing, since systems use them again: the time of birth goes with it.
"""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

from worker.devkit.processes.errors import CannotStart

LOOK_EVERY = 0.02  # seconds
AFTER_KILL = 5.0  # seconds


def identity(pid: int) -> str | None:
    """Text that is the same for the same process only, and begins with its pid; None when there is none that lives."""
    birth = _birth_by_proc(pid) if sys.platform == "linux" else _birth_by_ps(pid)
    return None if birth is None else f"{pid} {birth}"


def stop_leftover(what: str, pid_file: Path, stop_signal: signal.Signals, grace: float) -> None:
    """End the process noted in `pid_file`, if it is still the same one, and wait until it is gone."""
    try:
        noted = pid_file.read_text().strip()
    except FileNotFoundError:
        return
    if noted and not _ended(noted, stop_signal, grace) and not _ended(noted, signal.SIGKILL, AFTER_KILL):
        pid = noted.split()[0]
        raise CannotStart(what, f"process {pid} of an earlier run does not end", f"end process {pid} yourself")
    pid_file.unlink(missing_ok=True)


def _ended(noted: str, by: signal.Signals, within: float) -> bool:
    pid = int(noted.split()[0])
    if identity(pid) != noted:
        return True
    os.kill(pid, by)
    deadline = time.monotonic() + within
    while identity(pid) == noted:
        if time.monotonic() > deadline:
            return False
        time.sleep(LOOK_EVERY)
    return True


def _birth_by_proc(pid: int) -> str | None:
    try:
        # The second field is the program's name in parentheses, and may hold anything.
        state, *fields = Path(f"/proc/{pid}/stat").read_text(errors="replace").rpartition(")")[2].split()
        boot = Path("/proc/sys/kernel/random/boot_id").read_text().strip()
    except (FileNotFoundError, ProcessLookupError):
        return None
    return None if state in "ZX" else f"{fields[18]} {boot}"


def _birth_by_ps(pid: int) -> str | None:
    found = subprocess.run(["ps", "-o", "lstart=", "-p", str(pid)], capture_output=True, text=True, check=False)
    return " ".join(found.stdout.split()) or None
