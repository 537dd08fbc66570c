"""Real servers for the tests: one PostgreSQL and one Valkey for the run, a database and a simulator per xdist worker.

TEST_DATABASE_URL and TEST_REDIS_URL name servers to use instead; there we make and empty what is called esms_test_*.
"""

from __future__ import annotations

import gc
import os
import tempfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, contextmanager
from functools import partial
from pathlib import Path
from types import ModuleType

import pytest
from hypothesis import HealthCheck, Phase, settings
from sqlalchemy import Connection, NullPool, create_engine, make_url, text
from sqlalchemy.exc import OperationalError

from tests import canary
from tests.http_door import address as address
from tests.http_door import application as application
from tests.support import Bench, Kept, as_worker, empty, eventually, login, migrated, reasons_in_english_alone
from worker.database import Database
from worker.devkit import simulator as esms
from worker.devkit.postgres import Postgres
from worker.devkit.simulator import Running
from worker.devkit.valkey import Valkey
from worker.esms import Client
from worker.roles import Role

settings.register_profile("ours", deadline=None, suppress_health_check=[HealthCheck.too_slow])  # nothing is timed
settings.register_profile("first failure", settings.get_profile("ours"), phases=[Phase.generate])  # cuts nothing down
settings.load_profile("ours")

TEMPLATE = "esms_test_template"
IN_USE = "55006"  # SQLSTATE
LOGINS = (Role.OWNER, Role.WORKER, Role.PRODUCER, Role.REPORT)

_servers = ExitStack()


def pytest_configure(config: pytest.Config) -> None:
    """The controller of the run starts the servers; its xdist workers inherit their addresses."""
    config.pluginmanager.register(canary)
    if hasattr(config, "workerinput"):
        return
    folder = Path(_servers.enter_context(tempfile.TemporaryDirectory(prefix="esms-worker-tests-")))
    if "TEST_DATABASE_URL" not in os.environ:
        os.environ["TEST_DATABASE_URL"] = _servers.enter_context(Postgres(folder / "postgres", durable=False)).url
    if "TEST_REDIS_URL" not in os.environ:
        os.environ["TEST_REDIS_URL"] = _servers.enter_context(Valkey(folder / "valkey", durable=False)).url
    _create(TEMPLATE, template="template0")
    with Database(_url(TEMPLATE)) as database:
        migrated(database, LOGINS)


@pytest.hookimpl(wrapper=True)
def pytest_collection() -> Iterator[None]:
    """What is collected stays for the run: nothing in it is garbage, and nobody looks through it for some again."""
    gc.disable()
    try:
        return (yield)
    finally:
        gc.enable()
        gc.freeze()


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """xdist keeps a group together by what it adds to each name; a pytest that drops that scatters it silently."""
    if config.getoption("loadgroup", default=False):
        scattered = [each.nodeid for each in items if each.get_closest_marker("xdist_group") and "@" not in each.nodeid]
        if scattered:
            raise pytest.UsageError(f"xdist would not keep these in their group: {', '.join(scattered)}")


def pytest_unconfigure(config: pytest.Config) -> None:
    if not hasattr(config, "workerinput"):
        _servers.close()


def _url(name: str) -> str:
    server = make_url(os.environ["TEST_DATABASE_URL"])
    return server.set(database=name).render_as_string(hide_password=False)


def _create(name: str, *, template: str) -> None:
    server = os.environ["TEST_DATABASE_URL"]
    engine = create_engine(server, isolation_level="AUTOCOMMIT", poolclass=NullPool)  # nothing is left open if it fails
    with engine.connect() as connection:
        eventually(lambda: _is_created(connection, name, template))


def _is_created(connection: Connection, name: str, template: str) -> bool:
    """False: somebody is about to leave it, or the template; Postgres waits five seconds for that, and no longer."""
    try:
        connection.execute(text(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)"))
        connection.execute(text(f"CREATE DATABASE {name} TEMPLATE {template}"))
    except OperationalError as error:
        if getattr(error.orig, "sqlstate", None) != IN_USE:
            raise
        return False
    return True


@pytest.fixture(scope="session")
def worker_number() -> int:
    """Which of xdist's workers this is, from 0."""
    return int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw"))


@pytest.fixture(scope="session")
def database_url(worker_number: int) -> str:
    """A migrated database of this xdist worker's own."""
    name = f"esms_test_{worker_number}"
    _create(name, template=TEMPLATE)
    return _url(name)


@pytest.fixture(scope="session")
def url_as(database_url: str) -> Callable[[str], str]:
    """The same database's address for a role of ours."""
    return partial(login, database_url)


@pytest.fixture
def empty_database_url(worker_number: int) -> str:
    """A database without any table."""
    name = f"esms_test_empty_{worker_number}"
    _create(name, template="template0")
    return _url(name)


@pytest.fixture(scope="session")
def crews_database_url(worker_number: int) -> str:
    """A migrated database for worker processes that go on from test to test: another would empty it under them."""
    name = f"esms_test_crew_{worker_number}"
    _create(name, template=TEMPLATE)
    return _url(name)


@pytest.fixture(scope="session")
def redis_url(worker_number: int) -> str:
    """A Valkey database of this xdist worker's own."""
    return os.environ["TEST_REDIS_URL"].rsplit("/", 1)[0] + f"/{worker_number + 1}"


@pytest.fixture(scope="session")
def _one_database(database_url: str) -> Iterator[Database]:
    database = Database(database_url)
    yield database
    database.close()


@contextmanager
def emptied(database: Database) -> Iterator[Database]:
    """When it is over no row may hold a key, nor a reason that has no Vietnamese."""
    empty(database)
    yield database
    with database.begin() as session:
        assert canary.rows_that_hold_a_key(session) == []
        assert reasons_in_english_alone(session) == []


@pytest.fixture
def database(_one_database: Database) -> Iterator[Database]:
    """Migrated and empty."""
    with emptied(_one_database):
        yield _one_database


@pytest.fixture(scope="session")
def _one_simulator() -> Iterator[Running]:
    with esms.start(api_key=canary.API_KEY, secret_key=canary.SECRET_KEY, latency=0, pace=0) as running:
        yield running


@pytest.fixture
def simulator(_one_simulator: Running) -> Running:
    """A simulated eSMS of its own process that has forgotten everything, and answers at once."""
    _one_simulator.reset()
    _one_simulator.set(latency=0, pace=0)
    return _one_simulator


@pytest.fixture(scope="session")
def kept(database_url: str, _one_simulator: Running) -> Iterator[Kept]:
    with closing(Kept(database_url, _one_simulator)) as kept:
        yield kept


@pytest.fixture
def bench(database: Database, database_url: str, simulator: Running, kept: Kept) -> Iterator[Bench]:
    """A ledger, a client and a simulated eSMS, put together as a worker process does it."""
    with Bench(database, database_url, simulator, kept=kept) as bench:
        yield bench


@pytest.fixture
def worker_tasks(database_url: str, redis_url: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[ModuleType]:
    """Celery's tasks, in this process as in a worker's that has just begun."""
    from worker import runtime, tasks

    environ = canary.ENVIRON | {"DATABASE_URL": as_worker(database_url), "REDIS_URL": redis_url}
    for name, value in environ.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(runtime, "_current", None)
    yield tasks
    if runtime._current is not None:
        runtime._current.database.close()
        runtime._current.bell.close()


@pytest.fixture
def lonely_bench(worker_number: int, simulator: Running) -> Iterator[Bench]:
    """A bench whose database nobody else looks at, as no page does that was opened for other tests: for `copy_of`."""
    name = f"esms_test_lonely_{worker_number}"
    _create(name, template=TEMPLATE)
    with Database(_url(name)) as database, emptied(database), Bench(database, _url(name), simulator) as bench:
        yield bench


@pytest.fixture
def copy_of(worker_number: int) -> Iterator[Callable[[Bench], Bench]]:
    """Copies a ledger as it stands, as a replica or a backup does; the copy has the same eSMS."""
    with ExitStack() as stack:

        def copy(bench: Bench) -> Bench:
            assert "lonely" in str(bench.database.engine.url.database), "nobody else may be connected to what is copied"
            bench.disconnect()
            name = f"esms_test_copy_{worker_number}"
            _create(name, template=str(bench.database.engine.url.database))
            database = stack.enter_context(Database(_url(name)))
            return stack.enter_context(Bench(database, _url(name), bench.simulator))

        yield copy


@pytest.fixture
def client(bench: Bench) -> Client:
    """A client of the simulated eSMS."""
    return bench.client
