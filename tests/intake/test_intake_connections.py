"""An enqueue joins the transaction of whoever has one: SQLAlchemy Core, Django, psycopg."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import psycopg
import pytest
from psycopg.rows import dict_row
from sqlalchemy import create_engine, make_url

from tests.support import Bench, otp
from worker.errors import Conflict, Invalid


@contextmanager
def core(url: str) -> Iterator[Any]:
    engine = create_engine(url)
    with engine.connect() as connection:
        yield connection
    engine.dispose()


@contextmanager
def psycopgs(url: str) -> Iterator[Any]:
    with psycopg.connect(url.replace("+psycopg", ""), row_factory=dict_row) as connection:
        yield connection
        assert connection.execute("SELECT 1 AS one").fetchone() == {"one": 1}


@contextmanager
def djangos(url: str) -> Iterator[Any]:
    from django.conf import settings
    from django.db import connections

    parts = make_url(url)
    of = {"NAME": parts.database, "USER": parts.username, "PASSWORD": parts.password, "HOST": parts.host}
    if not settings.configured:
        engine = "django.db.backends.postgresql"
        settings.configure(USE_TZ=True, DATABASES={"default": of | {"PORT": parts.port, "ENGINE": engine}})
    connection = connections["default"]
    connection.set_autocommit(False)
    yield connection
    connection.close()


KINDS = {"SQLAlchemy Core": core, "psycopg": psycopgs, "Django": djangos}


@pytest.fixture(params=KINDS)
def connection(request: pytest.FixtureRequest, database_url: str, bench: Bench) -> Iterator[Any]:
    with KINDS[request.param](database_url) as connection:
        yield connection


def found(bench: Bench) -> int:
    return sum(line.total for line in bench.notifier.reports.summary().lines["status"])


def test_it_is_there_once_that_commits_and_not_at_all_after_a_rollback(connection: Any, bench: Bench) -> None:
    bench.notifier.enqueue(otp(), reference="R1", connection=connection)
    connection.rollback()
    assert found(bench) == 0
    ticket = bench.notifier.enqueue(otp(), reference="R1", connection=connection)
    assert len(bench.notifier.enqueue_many([otp(), otp()], connection=connection)) == 2
    assert found(bench) == 0
    connection.commit()
    assert found(bench) == 3
    assert bench.notifier.find("R1") == ticket.id


def test_what_is_refused_leaves_the_callers_transaction_as_it_was(connection: Any, bench: Bench) -> None:
    with bench.notifier.of_source("shop") as shop:
        shop.enqueue(otp(), reference="R1", connection=connection)
        with pytest.raises(Conflict):
            shop.enqueue(otp(content="another"), reference="R1", connection=connection)
        with pytest.raises(Invalid):
            shop.enqueue_many([otp(), otp("12")], connection=connection)
        connection.commit()
        assert found(bench) == 1


def test_one_that_can_not_be_joined_is_told(bench: Bench, database_url: str) -> None:
    with psycopg.connect(database_url.replace("+psycopg", ""), autocommit=True) as connection:
        for wrong, problem in ((connection, "no transaction"), (object(), "none that we can join")):
            with pytest.raises(Invalid, match=problem):
                bench.notifier.enqueue(otp(), connection=wrong)
        with connection.transaction():
            bench.notifier.enqueue(otp(), connection=connection)
    assert found(bench) == 1


def test_django_rings_once_it_has_committed(database_url: str, bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    from django.db import transaction

    rung: list[int] = []
    monkeypatch.setattr(bench.notifier._bell, "ring", lambda _: rung.append(found(bench)))
    with djangos(database_url) as connection:
        connection.set_autocommit(True)
        with transaction.atomic():
            bench.notifier.enqueue(otp(), connection=connection)
            assert rung == []
    assert rung == [1]
