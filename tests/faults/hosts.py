"""Hosts besides this one: a worker's, as a network namespace that can be cut off; and a replica of Postgres."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType
from typing import Self

import psycopg
from sqlalchemy import make_url

from tests.faults import killing
from tests.faults.killing import Orders
from tests.faults.link import Address, Link
from tests.faults.processes import Elsewhere
from worker.devkit.postgres import Postgres
from worker.devkit.simulator import Running

OURS, POSTGRES, THEIRS = "10.213.7.1", "10.213.7.3", "10.213.7.2"  # on the wire between the two hosts
BROKERS = ("REDIS_URL", "CELERY_BROKER_URL")


def at(url: str, address: Address) -> str:
    """The same server's address, reached there."""
    return make_url(url).set(host=address[0], port=address[1]).render_as_string(hide_password=False)


class Listening(Postgres):
    """A server that may listen on another address besides."""

    addresses = "127.0.0.1"

    def _command(self) -> Sequence[str | Path]:
        return [*super()._command(), "-c", f"listen_addresses={self.addresses}"]


class Host:
    """A host with one wire to ours. Postgres has an address of its own on it, which can be taken away.

    `orders` are for the processes that run there.
    """

    def __init__(self, folder: Path, environ: Mapping[str, str], postgres: Listening, esms: Running) -> None:
        self._name = f"esms{os.getpid()}"
        self._folder, self._environ, self._postgres = folder / "abroad", environ, postgres
        self._esms = esms
        self._links = ExitStack()
        self.orders = Orders(self._folder)

    @staticmethod
    def is_possible() -> bool:
        """It takes root's rights, and `ip`."""
        return os.geteuid() == 0 and _ran("ip", "netns", "list")

    @property
    def elsewhere(self) -> Elsewhere:
        """For who runs there."""
        port = make_url(self._postgres.url).port or 0
        esms = self._links.enter_context(Link(self._esms.address, OURS))
        base = "http://{}:{}/MainService.svc".format(*esms.address)
        there = {
            "DATABASE_URL": at(self._environ["DATABASE_URL"], (POSTGRES, port)),
            **{name: self._over_the_wire(self._environ[name]) for name in BROKERS if name in self._environ},
            "ESMS_REST_URL": base,
            "ESMS_VOICE_URL": base,
            killing.FOLDER: str(self._folder),
        }
        return Elsewhere(["ip", "netns", "exec", self._name], {**self._environ, **there})

    def _over_the_wire(self, url: str) -> str:
        """The address by which this server of ours is reached there."""
        parts = make_url(url)
        link = self._links.enter_context(Link((str(parts.host), parts.port or 0), OURS))
        return at(url, link.address)

    def cut_from_postgres(self) -> None:
        """Whatever is on its way to Postgres, or from it, arrives nowhere; nobody is told."""
        _run("ip", "addr", "del", f"{POSTGRES}/24", "dev", self._wire)

    def fix(self) -> None:
        """Postgres is there again."""
        _run("ip", "addr", "add", f"{POSTGRES}/24", "dev", self._wire)

    @property
    def _wire(self) -> str:
        return f"{self._name}o"

    def __enter__(self) -> Self:
        self._folder.mkdir()
        theirs = f"{self._name}t"
        _run("ip", "netns", "add", self._name)
        _run("ip", "link", "add", self._wire, "type", "veth", "peer", "name", theirs, "netns", self._name)
        _run("ip", "addr", "add", f"{OURS}/24", "dev", self._wire)
        _run("ip", "link", "set", self._wire, "up")
        for what in (["addr", "add", f"{THEIRS}/24", "dev", theirs], ["link", "set", theirs, "up"]):
            _run("ip", "-n", self._name, *what)
        _run("ip", "-n", self._name, "link", "set", "lo", "up")
        self.fix()
        self._let_in()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._links.close()
        _run("ip", "netns", "del", self._name)  # and the wire with it

    def _let_in(self) -> None:
        """Postgres listens on the wire, too: that takes a start."""
        self._postgres.stop()
        with (self._postgres.data / "pg_hba.conf").open("a") as known:
            known.write(f"host all all {THEIRS}/32 scram-sha-256\n")
        self._postgres.addresses = f"127.0.0.1,{POSTGRES}"
        self._postgres.start()


class Replica(Postgres):
    """Asynchronous: it follows a server over a link, and lacks what that does not bring any more."""

    def __init__(self, folder: Path, of: Postgres, through: Link) -> None:
        super().__init__(folder)
        self._of, self._through = of, through

    @property
    def url(self) -> str:
        return at(self._of.url, ("127.0.0.1", self.port))

    def promote(self) -> None:
        """From now on it is the one that is written to."""
        with psycopg.connect(self.url.replace("+psycopg", ""), autocommit=True) as connection:
            connection.execute("SELECT pg_promote()")

    def _is_ready(self) -> bool:
        lines = self._postmaster_lines()
        return len(lines) > 7 and lines[0] == str(self.pid) and lines[7].strip() in ("ready", "standby")

    def _make_data(self) -> None:
        password = make_url(self._of.url).password or ""
        host, port = self._through.address
        reached = ["-h", host, "-p", str(port), "-U", "postgres"]
        command = [str(self._programs / "pg_basebackup"), *reached, "-D", str(self.data), "-R", "-X", "stream"]
        subprocess.run(command, env={**os.environ, "PGPASSWORD": str(password)}, check=True, capture_output=True)
        owner = self._of.data.stat()
        for each in [self.data, *self.data.rglob("*")]:
            os.chown(each, owner.st_uid, owner.st_gid)


def _run(*command: str) -> None:
    subprocess.run(command, check=True, capture_output=True)


def _ran(*command: str) -> bool:
    return subprocess.run(command, check=False, capture_output=True).returncode == 0
