"""The engine and its transactions, in which database errors become ours (`postgres_errors` has what each means).

Nothing connects before the first transaction, so that Celery may fork first.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from copy import copy
from functools import cached_property
from itertools import zip_longest
from typing import TYPE_CHECKING, Any, Self, TypeVar

from sqlalchemy import Connection, Engine, create_engine, event, func, select, text
from sqlalchemy.engine import make_url
from sqlalchemy.exc import DBAPIError, IntegrityError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from worker.errors import Lack, Unavailable
from worker.postgres_errors import ours
from worker.telemetry import emit

if TYPE_CHECKING:
    from sqlalchemy.orm import Session, sessionmaker

    Reader = Connection | Session  # what a question can be asked in: a reading, or whatever transaction is under way

T = TypeVar("T")


def unless_refused(session: Session, step: Callable[[], T]) -> T | None:
    """The step's result, in a savepoint; None: a constraint or a trigger refused it, and nothing of it was done."""
    try:
        with session.begin_nested():
            return step()
    except IntegrityError:
        return None


_UNASKED = "nothing was asked in this transaction yet"


def ask_alone(session: Session) -> None:
    """Let the next statement be the whole transaction (autocommit), if nothing was asked in it yet.

    That saves the round trips of BEGIN and COMMIT, and each would wait for a core where the cores are busy.
    """
    if session.info.pop(_UNASKED, False):
        session.connection(execution_options={"isolation_level": "AUTOCOMMIT"})


_COMPILE_NOTHING = text("SELECT set_config('jit', 'off', true)")


def compile_nothing(within: Reader) -> None:
    """Switch Postgres's JIT off in this transaction too, where we can't rely on SERVER_LIMITS: behind a pooler, and in
    a transaction of the caller's. For questions that look so dear to Postgres that it would compile them each time.
    """
    within.execute(_COMPILE_NOTHING)


# The transactions of a Notifier for one source take on this role, and say which source by this setting. Postgres then
# keeps them to it, by the policies of worker/roles.
SOURCE_ROLE = "esms_source"
NARROWED_BY = "esms.source"

# In SQL: not so of a replica, nor where somebody made it read-only. That a disk is full is seen by writing alone.
TAKES_WRITES = "NOT (pg_is_in_recovery() OR current_setting('default_transaction_read_only') = 'on')"

_NARROW = text(f"SELECT set_config('role', '{SOURCE_ROLE}', true), set_config('{NARROWED_BY}', :source, true)")

# More than is sorted in memory: some megabytes on Postgres's disk, gone with the transaction. Whoever reads may ask it.
_LITTLE_MEMORY = text("SELECT set_config('work_mem', '64kB', true)")
_ON_DISK = text("""
    SELECT count(*)
    FROM (SELECT repeat('x', 1000) || n FROM generate_series(1, 4000) AS n ORDER BY 1 DESC OFFSET 0) AS sorted
""")

CONNECT_TIMEOUT = 5  # seconds
# What Postgres itself ends: a host that lost its power or network must not keep rows locked past its lease.
SERVER_LIMITS = {
    "statement_timeout": "60s",  # no statement of ours is meant to take a second
    "idle_in_transaction_session_timeout": "60s",
    "jit": "off",  # compiling a query takes longer than any of ours runs
    "tcp_keepalives_idle": "10",  # seconds
    "tcp_keepalives_interval": "5",
    "tcp_keepalives_count": "3",
    "tcp_user_timeout": "30000",  # milliseconds
    "timezone": "UTC",
}


OURS = ("pooler", "prepare_threshold")  # in the query of DATABASE_URL, for us and not for libpq


class Database:
    """A ledger's Postgres: `with database.begin() as session:` commits at the end, or rolls back."""

    def __init__(self, url: str, *, pool_size: int = 4, limits: Mapping[str, str] | None = None) -> None:
        """limits: Postgres's settings, over those of SERVER_LIMITS; behind a pooler neither are set."""
        self._given = make_url(url)
        self._url = self._given.difference_update_query(OURS)
        self.engine: Engine = create_engine(
            self._url,
            pool_size=pool_size,
            max_overflow=pool_size,
            pool_pre_ping=False,  # costs a round trip a transaction; a lost connection is one failed, repeatable step
            pool_recycle=1800,
            hide_parameters=True,  # out of errors: they are people's numbers and texts
            connect_args={
                "connect_timeout": CONNECT_TIMEOUT,
                # A network that swallows packets is noticed within a minute, not within two hours.
                "keepalives_idle": 10,
                "keepalives_interval": 5,
                "keepalives_count": 3,
                "tcp_user_timeout": 30_000,  # milliseconds
                "application_name": "esms-worker",
                **_as_pooled(self._given.query, SERVER_LIMITS | dict(limits or {})),
            },
        )
        event.listen(self.engine, "checkin", _let_postgres_say)
        self._pid = os.getpid()
        self._source: str | None = None

    def of_source(self, source: str) -> Self:
        """The same connections, but every transaction sees and moves only what belongs to this source."""
        narrowed = copy(self)
        narrowed._source = source
        return narrowed

    @cached_property
    def _sessions(self) -> sessionmaker[Session]:
        from sqlalchemy.orm import sessionmaker  # a command that only asks does without it

        sessions = sessionmaker(self.engine, expire_on_commit=False)
        # Called before the first statement, whoever runs it: from then on `ask_alone` comes too late.
        event.listen(sessions, "after_begin", lambda session, *_: session.info.pop(_UNASKED, None))
        return sessions

    @contextmanager
    def begin(self) -> Iterator[Session]:
        """One transaction. Raises Unavailable when Postgres can't be reached, isn't migrated or has no room."""
        self._forget_the_parents_connections()
        with self._translated(), self._sessions.begin() as session:
            session.info[_UNASKED] = True
            self._narrow(session)
            yield session

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """A transaction that only reads, and does without the ORM. Raises as `begin` does."""
        self._forget_the_parents_connections()
        with self._translated(), self.engine.connect().execution_options(postgresql_readonly=True) as connection:
            self._narrow(connection)
            with _planned_each_time(connection):
                yield connection
            connection.commit()  # with a rollback psycopg would forget all that is prepared in this session

    @contextmanager
    def connect(self) -> Iterator[Connection]:
        """A connection, for what brings transactions of its own. Raises Unavailable."""
        self._forget_the_parents_connections()
        with self._translated(), self.engine.connect() as connection:
            yield connection

    def without_time_limit(self) -> Database:
        """The same Postgres, where a statement may take as long as it needs: for building an index."""
        return Database(self._given.render_as_string(hide_password=False), limits={"statement_timeout": "0"})

    @contextmanager
    def joined(self, session: Session | None) -> Iterator[Session]:
        """The caller's transaction, in which an error undoes what was done here alone; or one of our own."""
        if session is None:
            with self.begin() as own:
                yield own
        else:
            with self._translated(), session.begin_nested(), self._narrowed(session):
                yield session

    @contextmanager
    def _narrowed(self, session: Session) -> Iterator[None]:
        """Narrow the caller's transaction to our source for this block; after an error the savepoint undoes it."""
        if self._source is None:
            yield
            return
        before = session.scalar(select(func.current_setting("role")))
        self._narrow(session)
        yield
        session.execute(select(func.set_config("role", before, True), func.set_config(NARROWED_BY, "", True)))

    def _narrow(self, within: Session | Connection) -> None:
        """Narrow the transaction to our source until it ends. One statement, since each costs a round trip."""
        if self._source is None:
            return
        try:
            within.execute(_NARROW, {"source": f"={self._source}"})
        except DBAPIError as error:
            if getattr(error.orig, "sqlstate", None) not in {"22023", "42501"}:  # no such role, or not for us
                raise
            remedy = "let an administrator run `esms-worker migrate`, or use a login of `esms-worker producers add`"
            raise Unavailable("Postgres", f"nothing in {self.place} keeps sources apart for us", remedy) from None

    def committed(self, step: str, action: Callable[[Session], T], nothing: T) -> T:
        """What the action found, once it is committed: what is not on disk must not be acted upon.

        `nothing` while Postgres is away, for steps that a lease or a later tick makes good. `step` names it in the log.
        """
        try:
            with self.begin() as session:
                found = action(session)
        except Unavailable as error:
            emit("step.failed", task=step, error=error)
            return nothing
        return found

    def url_for(self, user: str, password: str) -> str:
        """The address by which this user reaches the same database: a secret."""
        return self._url.set(username=user, password=password).render_as_string(hide_password=False)

    @property
    def place(self) -> str:
        """Host, port and database, without the password."""
        return f"{self._servers()}/{self._url.database or self._url.username or ''}"  # unnamed, it is the user's

    def _servers(self) -> str:
        """A URL may name several in its query, by `host` and `port`: psycopg tries one after the other."""
        given = self._url.get_dialect()().create_connect_args(self._url)[1]
        hosts = str(given.get("host") or "local socket").split(",")
        ports = str(given.get("port") or "").split(",")
        return ", ".join(f"{host}:{port or 5432}" for host, port in zip_longest(hosts, ports))

    def durability(self) -> tuple[str, str]:
        """Postgres's synchronous_commit and synchronous_standby_names: which commits outlive a crash, a fail-over."""
        with self.reading() as session:
            names = ("synchronous_commit", "synchronous_standby_names")
            commit, standbys = session.execute(select(*map(func.current_setting, names))).one()
        return commit, standbys

    def is_written_to(self) -> bool:
        """Does it take writes? A replica does not."""
        with self.reading() as session:
            return bool(session.execute(text(f"SELECT {TAKES_WRITES}")).scalar_one())

    def has_room(self) -> bool:
        """Is its disk not full? Of a disk that its log alone stands on nothing is known: when that is full it ends."""
        try:
            with self.reading() as session:
                session.execute(_LITTLE_MEMORY)
                session.execute(_ON_DISK)
        except Unavailable as error:
            return error.lacks is not Lack.ROOM
        return True

    def close(self) -> None:
        """Give every connection back; the next transaction opens new ones."""
        self.engine.dispose()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _forget_the_parents_connections(self) -> None:
        """After a fork (gunicorn's preload, say): two processes on one connection would read each other's answers."""
        if self._pid != os.getpid():
            self.engine.dispose(close=False)
            self._pid = os.getpid()

    @contextmanager
    def _translated(self) -> Iterator[None]:
        try:
            yield
        except (DBAPIError, PoolTimeout) as error:
            raise ours(error, self.place) from None  # the cause quotes rows: people's numbers and texts


def _let_postgres_say(driver: Any, _: object) -> None:
    """Whether the next transaction may write. After one that only read SQLAlchemy asks for READ WRITE, which a replica
    refuses in words of its own (0A000), and a primary that was made read-only takes.
    """
    if driver is not None and driver.read_only is False:
        driver.read_only = None


@contextmanager
def _planned_each_time(connection: Connection) -> Iterator[None]:
    """Prepare no statements: rare questions are better planned for the values at hand than once for all values."""
    driver = connection.connection.driver_connection
    assert driver is not None
    before, driver.prepare_threshold = driver.prepare_threshold, None
    try:
        yield
    finally:
        driver.prepare_threshold = before


def _as_pooled(query: Mapping[str, object], limits: Mapping[str, str]) -> dict[str, object]:
    """Arguments to connect with. Behind a pooler each transaction has another session: no options, nothing prepared."""
    if query.get("pooler") == "transaction":
        return {"prepare_threshold": None}
    options: dict[str, object] = {"options": " ".join(f"-c {name}={value}" for name, value in limits.items())}
    if (threshold := query.get("prepare_threshold")) is None:
        return options
    return options | {"prepare_threshold": None if threshold == "none" else int(str(threshold))}
