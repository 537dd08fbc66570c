"""The stage for the benchmarks: real servers in a folder that goes away, a stand-in for eSMS, and honest clocks.

The servers are always our own, whatever DATABASE_URL says: a benchmark empties tables.
"""

from __future__ import annotations

import os
import platform
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

import psutil
from redis import Redis
from rich.console import Console
from sqlalchemy import text

from benchmarks import provider
from benchmarks.provider import BRANDNAME
from worker import Notifier, Sms
from worker.database import Database
from worker.delivery import Drain
from worker.devkit.postgres import Postgres
from worker.devkit.processes import Child
from worker.devkit.valkey import Valkey
from worker.errors import Busy
from worker.lifecycle import Lane
from worker.migrating import migrate
from worker.runtime import Runtime

ROOT = Path(__file__).parents[1]
LATENCY = 0.05  # seconds that eSMS takes for each answer
PATIENCE = 120.0  # seconds until a run that does not end is given up
QUIET = ("--loglevel=WARNING", "--without-mingle", "--without-gossip", "--without-heartbeat")  # for Celery
LOOK_EVERY = 0.02  # seconds between two looks at Postgres

console = Console(width=None if sys.stdout.isatty() else 120)


class Stuck(Exception):
    """A benchmark that does not come to its end."""


@contextmanager
def filled(statements: Sequence[str], rows: int) -> Iterator[tuple[Database, str]]:
    """A Postgres with so many rows that nobody has counted yet, and its address."""
    with tempfile.TemporaryDirectory() as folder, Postgres(Path(folder) / "postgres", durable=False) as server:
        database = Database(server.url, limits={"statement_timeout": "0"})
        migrate(database)
        with database.begin() as session:
            for statement in statements:
                session.execute(text(statement.format(rows=rows)))
        yield database, server.url
        database.close()


@dataclass(frozen=True)
class Stage:
    """What both ways share: one Postgres with everything that protects data switched on, one Valkey, one eSMS."""

    folder: Path
    environ: dict[str, str]  # of the worker processes, and of whoever enqueues
    database: Database
    redis: Redis
    esms: provider.Running

    def scalar(self, statement: str) -> int:
        """The one number that a query gives."""
        with self.database.begin() as session:
            return int(session.execute(text(statement)).scalar_one())

    def execute(self, *statements: str) -> None:
        """In one transaction, however long it takes."""
        with self.database.begin() as session:
            session.execute(text("SET LOCAL statement_timeout = 0"))
            for statement in statements:
                session.execute(text(statement))

    def python(self, name: str, module: Sequence[str], **variables: str) -> Child:
        """`python -m` this, started; `with` it, or stop it. It reads no `.env`: it works in the stage's folder."""
        command = [sys.executable, "-m", *module]
        log = self.folder / f"{name}.log"
        return Child(name, command, env=self.environ | variables, cwd=self.folder, log=log).start()

    def settle(self) -> None:
        """Let Postgres write down now what it would else write in the middle of the next measurement."""
        outside(self.database, "CHECKPOINT")

    def until(self, holds: Callable[[], bool], what: str, *needed: Child, patience: float = PATIENCE) -> None:
        """Wait for it. Raises Stuck when it takes too long, or when a process that it needs has ended."""
        deadline = time.monotonic() + patience
        while not holds():
            if dead := [child for child in needed if not child.alive]:
                raise Stuck(f"{dead[0].name} ended with exit code {dead[0].exit_code}: {_last_words(dead[0])}")
            if time.monotonic() > deadline:
                raise Stuck(f"{what}: not so within {patience:g} s")
            time.sleep(LOOK_EVERY)


def outside(database: Database, statement: str) -> None:
    """For what Postgres does in no transaction; it may take minutes."""
    with database.engine.connect() as connection:
        autocommit = connection.execution_options(isolation_level="AUTOCOMMIT")
        autocommit.execute(text("SET statement_timeout = 0"))
        autocommit.execute(text(statement))
        autocommit.execute(text("RESET statement_timeout"))


@contextmanager
def stage(kept: Path | None = None, **settings: str) -> Iterator[Stage]:
    """Start the servers and migrate; everything ends and goes away afterwards, but for a folder that is to be kept.

    settings: Postgres's, where not its defaults.
    """
    with ExitStack() as stack:
        folder = kept or Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="esms-bench-")))
        folder.chmod(0o755)  # PostgreSQL may have to run as another user
        postgres = stack.enter_context(Postgres(folder / "postgres", settings=settings))
        valkey = stack.enter_context(Valkey(folder / "valkey"))
        esms = stack.enter_context(provider.start(folder, LATENCY))
        environ = _environ(postgres.url, valkey.url, esms)
        database = Database(postgres.url)
        stack.callback(database.close)
        redis = Redis.from_url(valkey.url)
        stack.callback(redis.close)
        migrate(database)
        yield Stage(folder, environ, database, redis, esms)


def _environ(database_url: str, redis_url: str, esms: provider.Running) -> dict[str, str]:
    """The defaults of the product, and nothing that happens to be set here."""
    inherited = {name: value for name, value in os.environ.items() if not name.startswith(("WORKER_", "ESMS_"))}
    return inherited | {
        "DATABASE_URL": database_url,
        "REDIS_URL": redis_url,
        "CELERY_BROKER_URL": redis_url,
        "ESMS_API_KEY": "simulator-key",
        "ESMS_SECRET_KEY": "simulator-secret",
        "ESMS_REST_URL": esms.rest_url,
        "ESMS_VOICE_URL": esms.voice_url,
        "ESMS_BRANDNAME": BRANDNAME,
        "NO_PROXY": "127.0.0.1",
        "PYTHONPATH": str(ROOT),
    }


# Processes...


def cpu_seconds(*children: Child) -> float:
    """What these processes and all that they started have used so far, as the system counts it."""
    return sum(cpu_of_tree(psutil.Process(child.pid)) for child in children if child.alive)


def cpu_of_tree(root: psutil.Process) -> float:
    """The same of a process and what it started."""
    each = [process.cpu_times() for process in [root, *root.children(recursive=True)]]
    return sum(times.user + times.system + times.children_user + times.children_system for times in each)


def postgres_of(on: Stage) -> psutil.Process:
    """The first of its processes, which started the others."""
    pid = int((on.folder / "postgres" / "data" / "postmaster.pid").read_text().split()[0])
    return psutil.Process(pid)


def _last_words(child: Child) -> str:
    return " | ".join(child.log_lines()[-3:])


# Messages...


def phone(place: int) -> str:
    """A mobile number of its own for each place."""
    return f"09{place:08}"


def content(place: int) -> str:
    """What a shop sends."""
    return f"Don hang {place} cua quy khach da duoc giao, cam on quy khach da mua hang tai cua hang cua chung toi"


# Our way, for every script that needs it...


@contextmanager
def silent(on: Stage) -> Iterator[Notifier]:
    """A producer that rings nobody: what it enqueues waits for the starting signal."""
    environ = {name: value for name, value in on.environ.items() if name not in {"REDIS_URL", "CELERY_BROKER_URL"}}
    with Notifier.from_env(environ) as notifier:
        yield notifier


def sms(place: int) -> Sms:
    """One SMS of customer care, as a producer writes it."""
    return Sms(to=phone(place), content=content(place), brandname=BRANDNAME)


def enqueue_ours(notifier: Notifier, messages: int) -> None:
    """So many SMS, each to a number of its own."""
    notifier.enqueue_many(sms(place) for place in range(messages))


def drain_of(parts: Runtime) -> Drain:
    """As a worker's task makes one, with nobody who listens and nobody to call."""
    timeout = parts.provider.total_timeout
    return Drain(parts.database, parts.client, parts.sending, parts.limiter, parts.settings, parts.pace, timeout)


def send_ours(parts: Runtime) -> None:
    """All that is due, in this process."""
    while drain_of(parts).run(list(Lane), lambda: False):
        pass


def forget_ours(on: Stage) -> None:
    """An empty ledger, and an eSMS that has seen nothing."""
    on.until(lambda: _emptied(on), "an empty ledger")
    on.esms.reset()


def _emptied(on: Stage) -> bool:
    """False: it met a worker's transaction, and of the two this one gave way."""
    try:
        on.execute("TRUNCATE request, message, notification")
    except Busy:
        return False
    return True


def unaccepted_of_ours(on: Stage) -> int:
    """How many messages eSMS has not accepted yet, as Postgres says."""
    return on.scalar("SELECT count(*) FROM message WHERE status <> 'accepted'")


def load() -> str:
    """How busy the machine was with others' work just before, and which Python it is: the figures of a busy machine are
    worth less, and by how Python was built one costs a fifth more than another.
    """
    one, five, _ = os.getloadavg()
    built = f"Python {platform.python_version()} ({sys.base_prefix})"
    return f"load {one:.2f} in the last minute, {five:.2f} in five, on {os.cpu_count()} cores; {built}"
