"""The ground of the long form: durable servers that can be stopped and started, eSMS, a network, and the crew."""

from __future__ import annotations

import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path

from celery import Celery
from redis import Redis, RedisError
from sqlalchemy import make_url, text

from tests import canary
from tests.faults.hosts import Host, Listening, at
from tests.faults.judge import Allowed, Verdict, judged, unsettled
from tests.faults.killing import How
from tests.faults.link import Address, Link
from tests.faults.processes import Crew, environ_of, is_frozen, is_gone
from tests.faults.stock import Stock
from tests.rabbitmq import rabbitmq
from tests.support import crash, migrated
from worker import Notifier, Unavailable
from worker.database import Database
from worker.devkit import simulator
from worker.devkit.simulator import Running
from worker.devkit.valkey import Valkey
from worker.roles import Role

PATIENCE = 240.0  # seconds until everything has to be settled
UNTIL_SOMEBODY_PASSES = 90.0  # seconds
AGAIN_AFTER = 10.0  # seconds in which nobody passed: more is handed over
LOOK_EVERY = 0.05  # seconds
LONG = 120.0  # seconds in which a part of a row has to come about
_STANDING = text("""
    SELECT m.status, count(*) FROM message AS m JOIN notification AS n ON n.id = m.notification_id
    WHERE n.campaign = ANY(:campaigns) GROUP BY 1
""")
FORGOTTEN = ("request", "occurrence", "message", "notification", "attendee", "event", "template", "pause", "rerun")
QUIET = {"latency": 0.02, "pace": 0.1, "magic_numbers": False}  # of eSMS, when nothing is wrong


@dataclass
class Ground:
    """Everything that a fault can be done to."""

    folder: Path
    environ: Mapping[str, str]  # of its workers
    postgres: Listening
    valkey: Valkey
    simulator: Running
    link: Link
    crew: Crew
    database: Database
    notifier: Notifier
    broker: Celery
    voice: Link  # what calls go over, where they have a base of their own
    ledger: Link  # what leads to Postgres, where it is reached over a link
    kept: ExitStack  # what a row leaves here goes with the ground
    host: Host | None  # of the worker b, where it has one of its own
    scale: float = 1.0  # so many times the messages
    struck: int = 0  # how often the fault was done
    missed: list[str] = field(default_factory=list)  # points that nobody passed
    wrong: list[str] = field(default_factory=list)  # what the row itself found
    other: Stock = field(init=False)  # besides the row's own, and judged by the row alone
    _places: Iterator[int] = field(default_factory=lambda: count(1_000_000, 100_000))

    def new_stock(self, name: str) -> Stock:
        return Stock(self.notifier, name, first=next(self._places))

    # What can be done to it...

    def flush_redis(self) -> None:
        """Redis forgets everything; that it is away just now is no obstacle."""
        with suppress(RedisError), Redis.from_url(self.valkey.url) as redis:
            redis.flushall()

    def restart_redis(self, away: float) -> None:
        self.valkey.stop()
        time.sleep(away)  # seconds that it is away are the fault itself
        self.valkey.start()

    def crash_postgres(self, away: float) -> None:
        crash(self.postgres, away=away)

    def strike(
        self,
        point: str,
        how: How,
        stock: Stock,
        besides: Callable[[Ground, Stock], None] | None = None,
        *,
        hundreds: int = 1,
    ) -> None:
        """Hand over hundreds, have a process die there, and be sure that it did."""
        with self.struck_at(point, how, more=stock.hundred):
            for _ in range(hundreds):
                stock.hundred()
            if besides is not None:
                besides(self, stock)

    @contextmanager
    def struck_at(
        self, point: str, how: How = How.CHILD, *, more: Callable[[], object] | None = None
    ) -> Iterator[None]:
        """Whoever passes first while this is done, or after it; more: is done again and again until somebody does."""
        before = len(self.crew.orders.landed())
        self.crew.strike_at(point, how)
        yield
        deadline = time.monotonic() + UNTIL_SOMEBODY_PASSES
        while not self.wait(lambda: len(self.crew.orders.landed()) > before, AGAIN_AFTER):
            if time.monotonic() > deadline:
                break
            self.crew.fix()
            if more is not None:
                more()
        self.crew.stand_down()
        landed = self.crew.orders.landed()[before:]
        for each in landed:  # who is only about to die would not be started again
            self.wait(lambda pid=each.pid: (is_frozen if how is How.FREEZE else is_gone)(pid), AGAIN_AFTER)  # type: ignore[misc]
        self.struck += len(landed)
        self.missed += [] if landed else [point]

    def command(self, *arguments: str) -> int:
        """`esms-worker`, of who administers the installation, in a process that is struck where that is ordered."""
        command = [sys.executable, "-m", "tests.faults.killable", *arguments]
        return subprocess.run(
            command, env=self.administration, cwd=self.folder, capture_output=True, check=False
        ).returncode

    def kill_command(self, point: str, *arguments: str) -> None:
        """It dies there, and is given again, as a person does who saw nothing of it come about."""
        with self.struck_at(point):
            self.command(*arguments)
        self.command(*arguments)

    @property
    def administration(self) -> Mapping[str, str]:
        """The environment of who administers the installation."""
        return {**self.environ, "DATABASE_URL": self.database.engine.url.render_as_string(hide_password=False)}

    def expect(self, holds: bool, otherwise: str) -> None:
        """Told as wrong where it is not so."""
        self.wrong += [] if holds else [otherwise]

    def standing(self, stock: Stock) -> Counter[str]:
        """How many of its messages stand where."""
        with self.database.begin() as session:
            return Counter(dict(session.execute(_STANDING, {"campaigns": stock.campaigns}).tuples().all()))

    def wait(self, condition: Callable[[], bool], within: float) -> bool:
        """Whether it came true in time."""
        deadline = time.monotonic() + within
        while not condition():
            if time.monotonic() > deadline:
                return False
            time.sleep(LOOK_EVERY)
        return True

    # How it ends...

    def settles(self, stock: Stock) -> bool:
        return self.wait(lambda: self._settled(stock), PATIENCE)

    def _settled(self, stock: Stock) -> bool:
        self.crew.fix()
        try:
            return unsettled(self.database, stock) == 0
        except Unavailable:
            return False

    def verdict(self, stock: Stock, allowed: Allowed) -> Verdict:
        """Of a moment when nothing is under way, if one comes: the answer of a process that was woken may still take
        up what was held.
        """
        while (found := judged(self.database, self.simulator, stock, allowed)).under_way and self.settles(stock):
            pass
        return found

    def forget(self) -> None:
        """All is settled: nobody looks at these rows any more."""
        with self.database.begin() as session:
            for table in FORGOTTEN:
                session.execute(text(f"DELETE FROM {table}"))
        self.simulator.reset()
        self.simulator.set(**QUIET)
        self.other = self.new_stock("another")
        self.struck, self.missed, self.wrong = 0, [], []


@dataclass(frozen=True)
class Layout:
    """What a row needs of its ground. settings: of the workers, besides the quick ones.

    voice_apart: calls go over a link of their own. linked: Postgres is reached over a link, which may lead elsewhere.
    abroad: the worker b is on another host.
    """

    settings: Mapping[str, str] = field(default_factory=dict)
    voice_apart: bool = False
    linked: bool = False
    abroad: bool = False


@contextmanager
def ground(layout: Layout, *, scale: float = 1.0, transport: str = "", broker: str = "") -> Iterator[Ground]:
    """Started, and all of it gone afterwards. transport, broker: those that are not the usual ones, by name."""
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="esms-faults-")))
        folder.chmod(0o755)  # PostgreSQL may have to run as another user
        postgres = stack.enter_context(Listening(folder / "postgres"))
        valkey = stack.enter_context(Valkey(folder / "valkey"))
        keys = {"api_key": canary.API_KEY, "secret_key": canary.SECRET_KEY}
        running = stack.enter_context(simulator.start(**keys, **QUIET))  # type: ignore[arg-type]
        link, voice, ledger = (
            stack.enter_context(Link(each)) for each in (running.address, running.address, _address(postgres.url))
        )
        with Database(postgres.url) as owner:
            migrated(owner, (Role.WORKER, Role.PRODUCER))
        url = at(postgres.url, ledger.address) if layout.linked else postgres.url
        environ = environ_of(url, valkey.url, link, folder, voice=voice if layout.voice_apart else None)
        environ |= dict(layout.settings) | ({"WORKER_TRANSPORT": transport} if transport else {})
        environ |= {"CELERY_BROKER_URL": stack.enter_context(rabbitmq(folder)).url} if broker == "rabbitmq" else {}
        host = stack.enter_context(Host(folder, environ, postgres, running)) if layout.abroad else None
        database = stack.enter_context(Database(url))
        notifier = stack.enter_context(Notifier.from_env(environ))
        bells = environ.get("CELERY_BROKER_URL", valkey.url)
        broker_ = stack.enter_context(Celery("an-app", broker=bells, set_as_current=False))
        kept = stack.enter_context(ExitStack())
        said = stack.enter_context((folder / "said").open("a"))
        crew = Crew(
            environ,
            folder,
            link,
            workers={"a": 3, "b": 3},
            beats=1,
            said=_into(said.write),
            elsewhere={"b": host.elsewhere} if host else {},
        )
        stack.enter_context(crew)
        yield Ground(
            folder,
            environ,
            postgres,
            valkey,
            running,
            link,
            crew,
            database,
            notifier,
            broker_,
            voice,
            ledger,
            kept,
            host,
            scale,
        )


def _address(url: str) -> Address:
    parts = make_url(url)
    return str(parts.host), int(parts.port or 0)


def _into(write: Callable[[str], object]) -> Callable[[str], None]:
    lock = threading.Lock()

    def hear(line: str) -> None:
        with lock, suppress(ValueError):  # the last words of a process may come after the end
            write(line + "\n")

    return hear
