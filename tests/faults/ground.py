"""The ground of the long form: durable servers that can be stopped and started, eSMS, a network, and the crew."""

from __future__ import annotations

import os
import signal
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path

from celery import Celery
from redis import Redis, RedisError
from sqlalchemy import text

from tests import canary
from tests.faults.judge import Allowed, Verdict, judged, unsettled
from tests.faults.killing import How
from tests.faults.link import Link
from tests.faults.processes import Crew, environ_of
from tests.faults.stock import Stock
from worker import Notifier, Unavailable
from worker.database import Database
from worker.devkit import simulator
from worker.devkit.postgres import Postgres
from worker.devkit.simulator import Running
from worker.devkit.valkey import Valkey
from worker.migrating import migrate

PATIENCE = 240.0  # seconds until everything has to be settled
LOOK_EVERY = 0.05  # seconds
QUIET = {"latency": 0.02, "pace": 0.1, "magic_numbers": False}  # of eSMS, when nothing is wrong


@dataclass
class Ground:
    """Everything that a fault can be done to."""

    folder: Path
    postgres: Postgres
    valkey: Valkey
    simulator: Running
    link: Link
    crew: Crew
    database: Database
    notifier: Notifier
    broker: Celery
    voice: Link  # what calls go over, where they have a base of their own
    scale: float = 1.0  # so many times the messages
    struck: int = 0  # how often the fault was done
    missed: list[str] = field(default_factory=list)  # points that nobody passed
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
        """Immediate mode: every session ends at once, and the next start recovers from the log."""
        os.kill(self.postgres.pid, signal.SIGQUIT)
        self.postgres.stop()
        time.sleep(away)
        self.postgres.start()

    def strike(
        self, point: str, how: How, stock: Stock, besides: Callable[[Ground, Stock], None] | None = None
    ) -> None:
        """Hand over a hundred, have a process die there, and be sure that it did."""
        before = len(self.crew.orders.landed())
        self.crew.strike_at(point, how)
        stock.hundred()
        if besides is not None:
            besides(self, stock)
        if self.wait(lambda: len(self.crew.orders.landed()) > before, 30):
            self.struck += 1
        else:
            self.missed.append(point)
        self.crew.stand_down()

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
        self.crew.mend()
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
            for table in ("request", "occurrence", "message", "notification", "attendee", "event", "template", "pause"):
                session.execute(text(f"DELETE FROM {table}"))
        self.simulator.reset()
        self.simulator.set(**QUIET)
        self.struck, self.missed = 0, []


@contextmanager
def ground(scale: float, settings: Mapping[str, str], *, voice_apart: bool) -> Iterator[Ground]:
    """Started, and all of it gone afterwards. settings: of the workers, besides the quick ones."""
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="esms-faults-")))
        folder.chmod(0o755)  # PostgreSQL may have to run as another user
        postgres = stack.enter_context(Postgres(folder / "postgres"))
        valkey = stack.enter_context(Valkey(folder / "valkey"))
        keys = {"api_key": canary.API_KEY, "secret_key": canary.SECRET_KEY}
        running = stack.enter_context(simulator.start(**keys, **QUIET))  # type: ignore[arg-type]
        link = stack.enter_context(Link(running.address))
        voice = stack.enter_context(Link(running.address))
        apart = voice if voice_apart else None
        environ = environ_of(postgres.url, valkey.url, link, folder, voice=apart) | dict(settings)
        database = stack.enter_context(Database(postgres.url))
        migrate(database)
        with database.begin() as session:
            session.execute(text("DELETE FROM law_rule"))  # or what is sent would depend on the time of day
        notifier = stack.enter_context(Notifier.from_env(environ))
        broker = stack.enter_context(Celery("an-app", broker=valkey.url, set_as_current=False))
        said = (folder / "said").open("a")
        stack.enter_context(said)
        crew = Crew(environ, folder, link, workers={"a": 3, "b": 3}, beats=1, said=_into(said.write))
        stack.enter_context(crew)
        yield Ground(folder, postgres, valkey, running, link, crew, database, notifier, broker, voice, scale)


def _into(write: Callable[[str], object]) -> Callable[[str], None]:
    lock = threading.Lock()

    def hear(line: str) -> None:
        with lock, suppress(ValueError):  # the last words of a process may come after the end
            write(line + "\n")

    return hear
