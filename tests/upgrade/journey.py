"""From the former release to this one, without a stop."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from threading import Event, Thread

import psycopg
from sqlalchemy import make_url

from tests import canary
from tests.faults.killing import FOLDER, How, Orders
from tests.upgrade import former
from tests.upgrade.former import ROOT
from worker.devkit import simulator
from worker.devkit.postgres import Postgres
from worker.devkit.processes import Child
from worker.devkit.simulator import Running
from worker.devkit.valkey import Valkey
from worker.settings import environment

STANDSTILL_MOST = 3.0  # seconds
PATIENCE = 600.0
RATE = "300"  # messages a second: what waits lasts for as long as the migration
SETTLED = "('delivered', 'undelivered', 'rejected')"
HERE = Path(__file__).parent


@dataclass(frozen=True, slots=True)
class Sizes:
    """stored, waiting: messages. reader: seconds for which a transaction stays open once the migration has begun.

    kills: before which of its commits `migrate` is killed, one run after the other, until it may do the rest.
    """

    stored: int
    waiting: int
    reader: float
    kills: Sequence[int] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """Seconds and messages."""

    migration: float
    sending_stood: float
    enqueueing_stood: float
    sent: int
    lost: int
    doubled: int
    held: float

    @property
    def broken(self) -> bool:
        stood = max(self.sending_stood, self.enqueueing_stood)
        return stood > STANDSTILL_MOST or self.lost + self.doubled + self.held > 0

    def __str__(self) -> str:
        return "\n".join(
            (
                f"migrated in {self.migration:.1f} s; messages sent meanwhile and around it: {self.sent:,}",
                f"nothing was sent for {self.sending_stood:.2f} s at most (of {STANDSTILL_MOST:g})",
                f"one enqueue took {self.enqueueing_stood:.2f} s at most (of {STANDSTILL_MOST:g})",
                f"lost {self.lost}, doubled {self.doubled}, held or unsettled {self.held:g}",
            )
        )


def travel(sizes: Sizes) -> Outcome:
    """All of it, on servers of its own."""
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="esms-upgrade-")))
        folder.chmod(0o755)  # PostgreSQL may have to run as another user
        postgres = stack.enter_context(Postgres(folder / "postgres"))
        valkey = stack.enter_context(Valkey(folder / "valkey"))
        esms = stack.enter_context(
            simulator.start(api_key=canary.API_KEY, secret_key=canary.SECRET_KEY, latency=0.02, pace=0)
        )
        with connected(postgres.url) as database:
            return _Journey(folder, environ_of(postgres.url, valkey.url, esms), database, esms, sizes).made()


def environ_of(database_url: str, redis_url: str, esms: Running) -> dict[str, str]:
    """For processes of both releases."""
    ours = ("WORKER_", "ESMS_", "CELERY_", "DATABASE_", "REDIS_")
    rest = {name: value for name, value in environment().items() if not name.startswith(ours)}
    addresses = {"DATABASE_URL": database_url, "REDIS_URL": redis_url, "ESMS_BRANDNAME": "sangbrand"}
    provider = {"ESMS_REST_URL": esms.rest_url, "ESMS_VOICE_URL": esms.voice_url}
    pace = {"WORKER_TICK": "0.5", "WORKER_RATE": RATE, "WORKER_POLL_FIRST_AFTER": "1", "WORKER_POLL_RATE": "2000"}
    return rest | addresses | provider | canary.ENVIRON | pace


@contextmanager
def connected(url: str) -> Iterator[psycopg.Connection]:
    """Beside all that the releases do."""
    address = make_url(url).set(drivername="postgresql").render_as_string(hide_password=False)
    with psycopg.connect(address, autocommit=True) as connection:
        yield connection


class _Journey:
    def __init__(
        self, folder: Path, environ: Mapping[str, str], database: psycopg.Connection, esms: Running, sizes: Sizes
    ) -> None:
        self._folder, self._environ, self._database, self._esms, self._sizes = folder, environ, database, esms, sizes
        self._old = folder / "former"
        self._stop = folder / "stop"

    def made(self) -> Outcome:
        self._stored_by_the_former()
        old = former.crew(self._old, self._environ, self._logs("old"))
        new: list[Child] = []
        try:
            producer = self._producer()
            self._until("SELECT count(*) > 500 FROM message WHERE accepted_at > now() - interval '10 s'")
            began, ended = self._migrated()
            new = former.crew(ROOT, self._environ, self._logs("new"))
            time.sleep(5)  # not waited for: both releases are to work side by side for some time
            _end(old)
            self._stop.touch()
            live = json.loads(producer.communicate()[0])
            self._until("SELECT NOT EXISTS (SELECT FROM message WHERE status IN ('queued', 'sending', 'accepted'))")
        finally:
            _end(old + new)
        return self._judged(began, ended, live)

    def _stored_by_the_former(self) -> None:
        self._old.mkdir()
        former.unpack(self._old)
        former.run(self._old, self._environ, "-m", "worker.cli", "migrate")
        self._enqueued(1, "'first'")
        one = former.crew(self._old, self._environ, self._logs("first"))
        self._until("SELECT bool_and(status = 'delivered') FROM message")
        _end(one)
        self._copied()
        self._enqueued(self._sizes.waiting, "f'waiting-{n}'")

    def _enqueued(self, count: int, reference: str) -> None:
        program = (
            "from worker import Notifier, Sms, Enqueue\n"
            f"numbers = ((n, f'0902{{n % 900:03}}{{100 + n // 900 % 900}}') for n in range({count}))\n"
            f"wanted = [Enqueue(request=Sms(to=to, content={reference}, sms_type=7), reference={reference}) "
            "for n, to in numbers]\n"
            "Notifier.from_env().enqueue_many(wanted)"
        )
        former.run(self._old, self._environ, "-c", program)

    def _copied(self) -> None:
        """A session of a day's time-out: a million rows take longer than a statement usually may."""
        with self._database.transaction():
            self._database.execute("SET LOCAL statement_timeout = '1d'")
            for statement in (HERE / "stock.sql").read_text().replace(":n", str(self._sizes.stored)).split(";\n"):
                if statement.strip():
                    self._database.execute(statement.encode())
        self._database.execute("ANALYZE")

    def _producer(self) -> subprocess.Popen[str]:
        command = [sys.executable, str(HERE / "producer.py"), str(self._stop)]
        environ = former.of(self._old, self._environ)
        return subprocess.Popen(command, cwd=self._old, env=environ, stdout=subprocess.PIPE, text=True)

    def _migrated(self) -> tuple[float, float]:
        """When it began and ended, by Postgres' clock; a report reads on meanwhile."""
        over, reading = Event(), Event()
        reader = Thread(target=self._read, args=(reading, over))
        reader.start()
        reading.wait(PATIENCE)
        began = self._now()
        for commit in self._sizes.kills:
            self._kill_before(commit)
        former.run(ROOT, self._environ, "-m", "worker.cli", "migrate")
        ended = self._now()
        over.set()
        reader.join()
        return began, ended

    def _kill_before(self, commit: int) -> None:
        orders = Orders(self._folder)
        orders.give(f"commit {commit}", How.CHILD)
        command = [sys.executable, "-m", "tests.faults.killable", "migrate"]
        environ = former.of(ROOT, self._environ) | {FOLDER: str(self._folder)}
        ended = subprocess.run(command, cwd=ROOT, env=environ, capture_output=True, text=True, check=False)
        assert ended.returncode == -signal.SIGKILL, ended.stdout + ended.stderr

    def _read(self, reading: Event, over: Event) -> None:
        with connected(self._environ["DATABASE_URL"]) as report, report.transaction():
            report.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
            report.execute("SELECT count(*) FROM message JOIN notification AS n ON n.id = notification_id")
            reading.set()
            over.wait(self._sizes.reader)

    def _judged(self, began: float, ended: float, live: Mapping[str, float]) -> Outcome:
        """By the simulator's own books."""
        books = self._esms.ledger()
        sent = 1 + self._sizes.waiting + int(live["sent"])
        return Outcome(
            migration=ended - began,
            sending_stood=self._longest_pause(began, ended),
            enqueueing_stood=live["slowest"],
            sent=sent,
            lost=sent - len(books.sms),
            doubled=len(books.twice()),
            held=self._number(
                "SELECT count(*) FROM message WHERE status NOT IN ('delivered', 'undelivered', 'rejected')"
            ),
        )

    def _longest_pause(self, began: float, ended: float) -> float:
        return self._number(
            "WITH taken AS (SELECT accepted_at AS at FROM message WHERE accepted_at BETWEEN"
            f" to_timestamp({began} - 1) AND to_timestamp({ended} + 5))"
            " SELECT max(extract(epoch FROM following - at)) FROM"
            " (SELECT at, lead(at) OVER (ORDER BY at) AS following FROM taken) AS pairs"
        )

    def _now(self) -> float:
        return self._number("SELECT extract(epoch FROM clock_timestamp())")

    def _number(self, query: str) -> float:
        [found] = self._database.execute(query.encode()).fetchone() or [0]
        return float(found or 0)

    def _until(self, question: str) -> None:
        deadline = time.monotonic() + PATIENCE
        while not self._number(f"SELECT ({question})::int"):
            assert time.monotonic() < deadline, question
            time.sleep(0.2)

    def _logs(self, name: str) -> Path:
        logs = self._folder / f"logs-{name}"
        logs.mkdir(exist_ok=True)
        return logs


def _end(children: list[Child]) -> None:
    threads = [Thread(target=child.stop) for child in children]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
