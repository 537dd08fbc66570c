"""What Postgres is told to hold our sessions to, so that a host that falls silent keeps nothing from the others."""

from __future__ import annotations

from contextlib import suppress
from itertools import count
from typing import Any

import pytest
from sqlalchemy import make_url, text

from tests.support import Bench, otp
from worker.database import SERVER_LIMITS, Database, ask_alone
from worker.errors import Unavailable, WorkerError
from worker.settings import Settings


@pytest.mark.parametrize(
    ("url", "place"),
    [
        ("a:5433/d", "a:5433/d"),
        ("a/d", "a:5432/d"),
        ("/d?host=a:5433&host=b", "a:5433, b:5432/d"),
        ("/d?host=a,b&port=5433,5434", "a:5433, b:5434/d"),
        ("/d", "local socket:5432/d"),
        ("a", "a:5432/u"),
    ],
)
def test_an_error_names_every_host_that_was_tried(url: str, place: str) -> None:
    with Database(f"postgresql+psycopg://u:secret@{url}") as database:
        assert database.place == place


LOCK = text("SELECT id FROM message FOR UPDATE")


@pytest.mark.parametrize("threshold", ["none", "0"])
def test_an_address_may_say_what_is_prepared(database_url: str, threshold: str) -> None:
    url = f"{database_url}?prepare_threshold={threshold}"
    settings = Settings.from_environ({"DATABASE_URL": url})
    with Database(settings.database_url) as database, database.begin() as session:
        session.execute(text("SELECT 1"))
        prepared = session.scalar(text("SELECT count(*) FROM pg_prepared_statements"))
    assert bool(prepared) == (threshold == "0")


def test_what_is_prepared_outlives_a_question_and_a_question_is_planned_each_time(database_url: str) -> None:
    """psycopg forgets all that it has prepared in a session with each ROLLBACK."""
    with Database(f"{database_url}?prepare_threshold=2") as database:
        for _ in range(5):
            with database.begin() as session:
                session.execute(text("SELECT 'said'"))
            with database.reading() as asked:
                asked.execute(text("SELECT 'asked'"))
        with database.begin() as session:
            prepared = session.scalars(text("SELECT statement FROM pg_prepared_statements")).all()
    assert prepared == ["SELECT 'said'"]


@pytest.mark.parametrize(("name", "value"), [*SERVER_LIMITS.items()])
def test_every_session_carries_its_limit(database: Database, name: str, value: str) -> None:
    wanted = {"statement_timeout": "1min", "idle_in_transaction_session_timeout": "1min"}.get(name, value)
    with database.begin() as session:
        assert session.scalar(text(f"SHOW {name}")) == wanted


def test_a_host_that_falls_silent_inside_a_transaction_lets_go_of_its_rows(bench: Bench, database_url: str) -> None:
    """To the server it looks like a host that lost its power, or its network, in the middle of a claim."""
    bench.put(otp("0901000100"))
    limits = {"idle_in_transaction_session_timeout": "200ms"}
    with (
        Database(database_url, limits=limits) as silent,
        pytest.raises(Unavailable, match="open for a minute"),
        silent.begin() as session,
    ):
        session.execute(LOCK)
        with bench.database.begin() as other:
            other.execute(LOCK)  # waits for the silent one, no longer than that
        session.execute(LOCK)


def test_a_question_can_write_nothing_and_the_next_transaction_can(database: Database) -> None:
    beat = text("INSERT INTO heartbeat (name, at) VALUES ('one', now())")
    with pytest.raises(WorkerError, match="25006"), database.reading() as asked:
        asked.execute(beat)
    with database.begin() as session:
        session.execute(beat)


def test_a_question_before_it_lets_nothing_be_written_where_postgres_takes_no_writes(database_url: str) -> None:
    with Database(database_url, limits={"default_transaction_read_only": "on"}) as database:
        for _ in range(2):
            assert not database.is_written_to()
            with pytest.raises(Unavailable, match="takes no writes"), database.begin() as session:
                session.execute(text("INSERT INTO heartbeat (name, at) VALUES ('one', now())"))


def test_what_is_asked_alone_is_on_disk_or_raises_also_where_it_is_refused_at_its_very_end(database: Database) -> None:
    """Postgres hands out the rows before it commits; they must not be acted upon."""
    with database.begin() as session:
        session.execute(
            text("CREATE TABLE late (id int PRIMARY KEY, of int REFERENCES late DEFERRABLE INITIALLY DEFERRED)")
        )
    insert = text("INSERT INTO late VALUES (:id, :of) RETURNING id")
    ids = count()
    for of in [None] * 8 + [-1] * 8:  # also once the statement is prepared
        with suppress(WorkerError), database.begin() as session:
            ask_alone(session)
            assert session.execute(insert, {"id": next(ids), "of": of}).all() and of is None
            session.rollback()  # nothing: it is on disk
    with database.begin() as session:
        assert session.scalar(text("SELECT count(*) FROM late")) == 8
        session.execute(text("DROP TABLE late"))


def test_what_comes_after_something_else_is_never_a_transaction_by_itself(database: Database) -> None:
    insert = text("INSERT INTO heartbeat (name, at) VALUES (:name, now())")
    with suppress(ZeroDivisionError), database.begin() as session:
        session.execute(insert, {"name": "first"})
        ask_alone(session)
        session.execute(insert, {"name": "second"})
        raise ZeroDivisionError
    with database.begin() as session:
        assert session.scalar(text("SELECT count(*) FROM heartbeat WHERE name IN ('first', 'second')")) == 0


@pytest.mark.parametrize("part", [{"database": "nosuch"}, {"password": "wrong"}, {"username": "nobody"}])
def test_a_postgres_that_answers_and_lets_us_not_in_is_not_told_to_be_away(
    database_url: str, part: dict[str, Any]
) -> None:
    url = make_url(database_url).set(**part).render_as_string(hide_password=False)
    with Database(url) as database, pytest.raises(Unavailable, match="lets us not in: check user, password and"):
        database.is_written_to()
