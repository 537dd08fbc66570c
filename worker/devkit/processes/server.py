"""A server of ours that lives in a folder: one at a time, on its own port, with its own password.

A subclass says how its data is made, how it is run and when it serves; the rest is the same for each.
"""

import os
import signal
import time
from abc import ABC, abstractmethod
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import ClassVar, Self

from worker.devkit.processes.child import Child
from worker.devkit.processes.errors import NO_SPACE, CannotStart, disk_full, in_words
from worker.devkit.processes.folder import Lock, folder_lock, is_free, kept_password, kept_port, write_private
from worker.devkit.processes.identity import stop_leftover
from worker.devkit.processes.users import User, can_choose, open_the_way, server_user

LOG_LIMIT = 10_000_000  # bytes; a longer log is put aside at the next start
TRIES = 20
BETWEEN_TRIES = 0.25  # seconds
PORT_TAKEN = "Address already in use"  # as C libraries word EADDRINUSE, and so every server's log
# What a server may know of our environment: not the provider's keys.
ENVIRONMENT = ("PATH", "HOME", "TMPDIR", "LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH")


class Server(ABC):
    """`with` it, or `start()` and `stop()`. The folder is made when it isn't there, and kept.

    port: the port to listen on; by default a free one, the same as in the last run where possible.
    durable: False trades the safety of the data in a power cut for speed, for tests.
    """

    name: ClassVar[str]
    stop_signal: ClassVar[signal.Signals]
    grace: ClassVar[float] = 20.0  # seconds
    passing_troubles: ClassVar[tuple[str, ...]] = ()  # words in the log after which another try may do

    def __init__(self, folder: Path, *, port: int | None = None, durable: bool = True) -> None:
        self.folder = Path(folder).absolute()
        self.durable = durable
        self._asked_port = port
        self._port: int | None = None
        self._password = ""
        self._child: Child | None = None
        self._lock: Lock | None = None

    # For its users

    @property
    @abstractmethod
    def url(self) -> str:
        """Where it listens, with the password: not for logs."""

    @property
    def port(self) -> int:
        if self._port is None:
            raise ValueError(f"{self.name} in {self.folder} has not been started")
        return self._port

    @property
    def pid(self) -> int:
        if self._child is None or self._child.pid is None:
            raise ValueError(f"{self.name} in {self.folder} is not running")
        return self._child.pid

    @property
    def alive(self) -> bool:
        return self._child is not None and self._child.alive

    @property
    def data(self) -> Path:
        return self.folder / "data"

    @property
    def log(self) -> Path:
        return self.folder / "log"

    def start(self) -> Self:
        """Start it, ending first what an earlier run left in the folder. Raises CannotStart."""
        with in_words(self.name, self.folder):
            self.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            open_the_way(self.folder)
            self._lock = folder_lock(self.folder / "lock", self.name)
            try:
                self._start_in_locked_folder()
            except BaseException:
                self.stop()
                raise
        return self

    def stop(self) -> None:
        """Let it finish and end. Stopping twice does nothing more."""
        if self._child is not None:
            self._child.stop()
            self._child = None
        if self._lock is not None:
            self._lock.release()
            self._lock = None

    def kill(self) -> None:
        """End it as `kill -9` does: what a test of crashes needs."""
        if self._child is not None:
            self._child.kill()
        self.stop()

    def __enter__(self) -> Self:
        return self if self.alive else self.start()

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.stop()

    def __repr__(self) -> str:
        return f"<{type(self).__name__} in {self.folder}>"

    # For a subclass to say

    @abstractmethod
    def _prepare(self) -> None:
        """Make or check the data, before the first try of a port."""

    @abstractmethod
    def _command(self) -> Sequence[str | Path]:
        """The program and its arguments, for the port and password we have now."""

    @abstractmethod
    def _is_ready(self) -> bool:
        """Whether it serves."""

    def _user(self) -> User | None:
        """As whom it runs; None: as we do."""
        return server_user(self.data) if can_choose() else None

    # Steps

    def _start_in_locked_folder(self) -> None:
        stop_leftover(self.name, self.folder / "pid", self.stop_signal, self.grace)
        self._put_long_log_aside()
        self._password = kept_password(self.folder / "password")
        self._prepare()
        for last in [False] * (TRIES - 1) + [True]:
            self._port = self._choose_port()
            if self._served(last):
                break
        write_private(self.folder / "port", str(self._port))

    def _choose_port(self) -> int:
        if self._asked_port is None:
            return kept_port(self.folder / "port")
        if not is_free(self._asked_port):
            raise self._port_taken(self._asked_port)
        return self._asked_port

    def _served(self, last: bool) -> bool:
        """Whether it serves now; False when another try may do better. Raises CannotStart where none would."""
        self._child = self._new_child()
        try:
            self._child.start()
        except CannotStart as trouble:
            said = "\n".join(self._child.log_lines())
            if last or not self._may_pass(said):
                raise self._explained(trouble, said) from None
            time.sleep(BETWEEN_TRIES)
            return False
        return True

    def _new_child(self) -> Child:
        return Child(
            self.name,
            self._command(),
            env=self._environment(),
            cwd=self.folder,
            log=self.log,
            ready=lambda _child: self._is_ready(),
            stop_signal=self.stop_signal,
            grace=self.grace,
            pid_file=self.folder / "pid",
            user=self._user(),
        )

    def _environment(self) -> dict[str, str]:
        return {name: os.environ[name] for name in ENVIRONMENT if name in os.environ} | {"TZ": "UTC"}

    def _put_long_log_aside(self) -> None:
        if self.log.exists() and self.log.stat().st_size > LOG_LIMIT:
            self.log.replace(self.folder / "log.old")

    # Why it did not start

    def _may_pass(self, said: str) -> bool:
        # Between our look at the port and the server's taking it, somebody else may have been quicker.
        lost_the_race = PORT_TAKEN in said and self._asked_port is None
        return lost_the_race or any(trouble in said for trouble in self.passing_troubles)

    def _explained(self, trouble: CannotStart, said: str) -> CannotStart:
        if NO_SPACE in said:
            return disk_full(self.name, self.folder)
        if PORT_TAKEN in said:
            return self._port_taken(self.port)
        return trouble

    def _port_taken(self, port: int) -> CannotStart:
        return CannotStart(
            self.name, f"port {port} of 127.0.0.1 is taken", "choose another port, or none for a free one"
        )
