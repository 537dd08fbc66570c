"""One program that we run: started, waited for, heard, stopped.

Each child leads a session of its own, so that Ctrl-C in the terminal reaches us alone and we choose the order of
stopping.
"""

import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from pathlib import Path
from types import TracebackType
from typing import IO, Any, Self

from worker.devkit.processes import launch
from worker.devkit.processes.errors import CannotStart
from worker.devkit.processes.identity import identity
from worker.devkit.processes.users import User

LOOK_EVERY = 0.01  # seconds
READERS_LAST_WORDS = 2.0  # seconds


class Child:
    """A program of ours and its life.

    name: what it is called in errors and threads.
    argv: the program, by path or by its name on PATH, and its arguments. Never a secret: everybody can read them.
    env: its whole environment; ours by default.
    log: a file to which its output is added; on_line: called with each line of its output, in a thread of its own,
    without the line's end. With neither, it writes where we write.
    ready: tells whether it serves; `start` returns when it does, and fails after `ready_within` seconds.
    stop_signal, grace: how `stop` asks it to end, and for how many seconds before it is killed. Where Linux ends it
    because we died, it gets the same signal.
    pid_file: where to note the process, so that a later run recognises it (`identity.stop_leftover`).
    user: run it as this user.
    """

    def __init__(
        self,
        name: str,
        argv: Sequence[str | Path],
        *,
        env: Mapping[str, str] | None = None,
        cwd: Path | None = None,
        log: Path | None = None,
        on_line: Callable[[str], None] | None = None,
        ready: Callable[["Child"], bool] | None = None,
        ready_within: float = 30.0,
        stop_signal: signal.Signals = signal.SIGTERM,
        grace: float = 10.0,
        pid_file: Path | None = None,
        user: User | None = None,
    ) -> None:
        self.name = name
        self.argv = [str(part) for part in argv]
        self.env = None if env is None else dict(env)
        self.cwd = cwd
        self.log = log
        self.on_line = on_line
        self.ready = ready
        self.ready_within = ready_within
        self.stop_signal = stop_signal
        self.grace = grace
        self.pid_file = pid_file
        self.user = user
        self._process: subprocess.Popen[bytes] | None = None
        self._reader: threading.Thread | None = None
        self._log_start = 0

    # What it is doing

    @property
    def pid(self) -> int | None:
        """Its process id while it runs or until we have stopped it; None before."""
        return None if self._process is None else self._process.pid

    @property
    def alive(self) -> bool:
        return self._process is not None and self._process.poll() is None

    @property
    def exit_code(self) -> int | None:
        """None while it runs; a negative number is the signal that ended it, as in `subprocess`."""
        return None if self._process is None else self._process.poll()

    def wait(self, timeout: float | None = None) -> int:
        """Wait until it ends; its exit code. Raises TimeoutError after `timeout` seconds."""
        if self._process is None:
            raise ValueError(f"{self.name} was not started")
        try:
            code = self._process.wait(timeout)
        except subprocess.TimeoutExpired:
            raise TimeoutError(f"{self.name} still runs after {timeout} seconds") from None
        self._hear_the_rest()
        return code

    def log_lines(self) -> list[str]:
        """What this run has written into its log so far."""
        if self.log is None or not self.log.exists():
            return []
        with self.log.open("rb") as lines:
            lines.seek(self._log_start)
            return lines.read().decode("utf-8", "replace").splitlines()

    # Its life

    def start(self) -> Self:
        """Start it and wait until it is ready. Raises CannotStart; nothing is left running then."""
        self._process = self._spawn()
        try:
            self._note_process()
            self._listen()
            self._wait_until_ready()
        except BaseException:
            self.stop()
            raise
        return self

    def stop(self) -> int | None:
        """Ask it to end, kill it when it doesn't; its exit code. Stopping twice does nothing more."""
        if self._process is None:
            return None
        if self.alive:
            self._process.send_signal(self.stop_signal)
            self._wait_or_kill(self._process)
        self._hear_the_rest()
        if self.pid_file is not None:
            self.pid_file.unlink(missing_ok=True)
        return self._process.returncode

    def kill(self) -> None:
        """End it at once, as `kill -9` does, and leave its pid file as a crash would."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._hear_the_rest()

    def __enter__(self) -> Self:
        return self if self.alive else self.start()

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.stop()

    # Steps

    def _spawn(self) -> subprocess.Popen[bytes]:
        output, close = self._output()
        try:
            return _for_good(lambda: self._popen(output))
        finally:
            close()

    def _popen(self, output: int | IO[bytes] | None) -> subprocess.Popen[bytes]:
        return subprocess.Popen(
            self._command(),
            env=self.env,
            cwd=self.cwd,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT if output is not None else None,
            start_new_session=True,
        )

    def _output(self) -> tuple[int | IO[bytes] | None, Callable[[], None]]:
        if self.on_line is not None:
            return subprocess.PIPE, _nothing
        if self.log is None:
            return None, _nothing
        log = self.log.open("ab")
        self._log_start = log.tell()
        return log, log.close

    def _command(self) -> list[str]:
        program = shutil.which(self.argv[0])
        if program is None:
            raise CannotStart(self.name, f"there is no program {self.argv[0]}", "install it, or put it on PATH")
        return launched([program, *self.argv[1:]], self.stop_signal, self.user)

    def _note_process(self) -> None:
        if self.pid_file is not None and self.pid is not None:
            self.pid_file.write_text(identity(self.pid) or "")

    def _listen(self) -> None:
        if self.on_line is not None and self._process is not None and self._process.stdout is not None:
            self._reader = threading.Thread(
                target=_read, args=(self._process.stdout, self.on_line), name=f"lines of {self.name}", daemon=True
            )
            self._reader.start()

    def _wait_until_ready(self) -> None:
        deadline = time.monotonic() + self.ready_within
        while self.ready is not None and not self.ready(self):
            if not self.alive:
                raise CannotStart(
                    self.name, f"it ended with exit code {self.exit_code}{self._last_words()}", self._see_log()
                )
            if time.monotonic() > deadline:
                problem = f"it was not ready within {self.ready_within:g} seconds{self._last_words()}"
                raise CannotStart(self.name, problem, self._see_log())
            time.sleep(LOOK_EVERY)

    def _last_words(self) -> str:
        lines = [line.strip() for line in self.log_lines() if line.strip()]
        telling = [line for line in lines if "FATAL" in line] or lines
        return f" (it said: {telling[-1][:300]})" if telling else ""

    def _see_log(self) -> str:
        return f"see {self.log}" if self.log is not None else "see what it wrote above"

    def _wait_or_kill(self, process: subprocess.Popen[bytes]) -> None:
        try:
            process.wait(self.grace)
        except BaseException as error:  # a second Ctrl-C is impatience, and must not leave it running
            process.kill()
            process.wait()
            if not isinstance(error, subprocess.TimeoutExpired):
                raise

    def _hear_the_rest(self) -> None:
        # Not for ever: a grandchild may have inherited the pipe and live on.
        if self._reader is not None:
            self._reader.join(READERS_LAST_WORDS)
            self._reader = None


def _for_good(spawn: Callable[[], subprocess.Popen[bytes]]) -> subprocess.Popen[bytes]:
    # Linux ends a child with the thread that started it: it has to be one that stays.
    if threading.current_thread() is threading.main_thread():
        return spawn()
    return _lasting_thread().submit(spawn).result()


@cache
def _lasting_thread() -> ThreadPoolExecutor:
    return ThreadPoolExecutor(max_workers=1, thread_name_prefix="starts children")


def launched(argv: Sequence[str], death_signal: signal.Signals, user: User | None) -> list[str]:
    """The command that runs `argv` through `launch`; `argv` itself where there is nothing for it to do."""
    if user is None and sys.platform != "linux":
        return list(argv)
    ids = (-1, -1) if user is None else (user.uid, user.gid)
    needs = [str(path) for path in user.needs] if user else []
    notes = [str(number) for number in (os.getpid(), int(death_signal), *ids, len(needs))]
    return [sys.executable, "-I", "-S", str(launch.__file__), *notes, *needs, *argv]


def _read(output: IO[Any], on_line: Callable[[str], None]) -> None:
    with output:
        for line in output:
            on_line(line.decode("utf-8", "replace").rstrip("\r\n"))


def _nothing() -> None:
    """There is nothing to close."""
