"""PgBouncer in transaction mode before Postgres: the same journey. Runs where a pgbouncer is installed."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from sqlalchemy import make_url, text

from tests.journeys.test_journeys import test_every_kind_goes_out_and_is_settled as test_every_kind_goes_out
from tests.support import Bench, as_producer, as_worker, eventually, otp
from worker import Notifier, Unavailable
from worker.database import Database
from worker.devkit.processes import Child
from worker.devkit.processes.folder import free_port
from worker.migrating import migrate, revisions
from worker.settings import Settings

SERVER = shutil.which("pgbouncer", path=f"{os.environ.get('PATH', '')}:/usr/sbin")
pytestmark = [
    pytest.mark.journey,
    pytest.mark.long,
    pytest.mark.skipif(SERVER is None, reason="no pgbouncer here"),
    pytest.mark.xdist_group("pgbouncer"),
]

__all__ = ["test_every_kind_goes_out"]


@pytest.fixture(scope="session")
def pgbouncer(database_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The databases of the tests behind a PgBouncer that lends a session for one transaction: its address."""
    folder, port = tmp_path_factory.mktemp("pgbouncer"), free_port()
    folder.chmod(0o777)
    for above in folder.parents[:2]:
        above.chmod(0o755)  # as root it has to run as another user
    behind = make_url(database_url)
    users, file = folder / "users.txt", folder / "pgbouncer.ini"
    logins = (behind, make_url(as_worker(database_url)), make_url(as_producer(database_url)))
    users.write_text("".join(f'"{each.username}" "{each.password}"\n' for each in logins))
    file.write_text(
        f"[databases]\n* = host={behind.host} port={behind.port}\n"
        f"[pgbouncer]\nlisten_addr = 127.0.0.1\nlisten_port = {port}\nunix_socket_dir =\npool_mode = transaction\n"
        f"auth_type = plain\nauth_file = {users}\ndefault_pool_size = 5\n"
    )
    with Child("pgbouncer", _as_somebody(file), env=os.environ, cwd=folder, log=folder / "log"):
        url = behind.set(host="127.0.0.1", port=port)
        pooled = url.update_query_dict({"pooler": "transaction"}).render_as_string(hide_password=False)
        eventually(lambda: _answers(pooled))
        yield url.render_as_string(hide_password=False)


def _as_somebody(file: Path) -> list[str]:
    return [str(SERVER), *(["-u", "nobody"] if os.geteuid() == 0 else []), str(file)]


def _answers(url: str) -> bool:
    try:
        with Database(url) as database, database.begin() as session:
            return bool(session.scalar(text("SELECT true")))
    except Unavailable:
        return False


@pytest.fixture
def environ(environ: dict[str, str], pgbouncer: str) -> dict[str, str]:
    return environ | {"DATABASE_URL": pgbouncer, "WORKER_POOLER": "transaction"}


def test_two_hundred_enqueues_side_by_side_prepare_nothing_that_is_gone(environ: dict[str, str], bench: Bench) -> None:
    with Notifier.from_env(environ) as app, ThreadPoolExecutor(8) as pool:
        tickets = list(pool.map(lambda number: app.enqueue(otp(f"09040{number:05}")), range(200)))
        assert len({ticket.id for ticket in tickets}) == 200


def test_migrations_go_through_it(environ: dict[str, str], pgbouncer: str, empty_database_url: str) -> None:
    name = make_url(empty_database_url).database
    url = make_url(pgbouncer).set(database=name).render_as_string(hide_password=False)
    settings = Settings.from_environ(environ | {"DATABASE_URL": url})
    with Database(settings.database_url) as database:
        migrate(database)
        assert len(set(revisions(database))) == 1


def test_whoever_does_not_say_that_it_is_there_is_told_to(environ: dict[str, str], pgbouncer: str) -> None:
    plain = Settings.from_environ(environ | {"WORKER_POOLER": "none"})
    with (
        Database(plain.database_url) as database,
        pytest.raises(Unavailable, match=r"takes no options .* set WORKER_POOLER=transaction"),
        database.begin() as session,
    ):
        session.execute(text("SELECT 1"))
