"""What a server keeps in its folder beside its data: who holds it, its port, its password.

A kept port lets programs that were told the address find the server again after a restart.
"""

import fcntl
import os
import random
import secrets
import socket
from pathlib import Path
from types import TracebackType
from typing import Self

from worker.devkit.processes.errors import CannotStart

# Below the range from which systems take the ports of outgoing connections, so that no one
# borrows our port while the server restarts.
PORTS = range(20_000, 32_000)
TRIES = 100


def free_port() -> int:
    """A port of 127.0.0.1 that nobody listens on now. Somebody may take it before you do: be ready to ask again."""
    for port in random.sample(PORTS, TRIES):
        if is_free(port):
            return port
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def is_free(port: int) -> bool:
    """Whether a server could listen on this port of 127.0.0.1 now."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
        return True


def kept_port(file: Path) -> int:
    """The port of the last run if it is free, otherwise another one."""
    try:
        port = int(file.read_text())
    except (FileNotFoundError, ValueError):
        return free_port()
    return port if 0 < port < 65_536 and is_free(port) else free_port()


def kept_password(file: Path) -> str:
    """The password of earlier runs, or a new one, in a file that only this user can read."""
    if file.exists() and (password := file.read_text().strip()):
        return password
    password = secrets.token_urlsafe(24)
    write_private(file, password)
    return password


def write_private(file: Path, text: str) -> None:
    """Write a file that only this user can read: whole or not at all, and never readable in between."""
    draft = file.with_name(file.name + ".new")
    draft.unlink(missing_ok=True)
    with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as out:
        out.write(text)
    draft.replace(file)


class Lock:
    """A held lock of `folder_lock`. The system releases it when this process ends, however it ends."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor: int | None = descriptor

    def release(self) -> None:
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.release()


def folder_lock(path: Path, what: str | None = None) -> Lock:
    """Lock the file `path` for this process, and note our pid in it.

    `what` names the thing to be started in the error; by default the folder of `path`.
    Raises CannotStart, naming the pid of the holder, when another one has it.
    """
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        os.ftruncate(descriptor, 0)
        os.pwrite(descriptor, str(os.getpid()).encode(), 0)
    except BlockingIOError:
        holder = os.pread(descriptor, 20, 0).decode("ascii", "replace").strip() or "unknown"
        os.close(descriptor)
        raise CannotStart(
            what or str(path.parent),
            f"process {holder} is already using {path.parent}",
            "stop that one first, or choose another folder",
        ) from None
    except BaseException:
        os.close(descriptor)
        raise
    return Lock(descriptor)
