"""The schema: migrations make what the models say, can be undone and done again, and wait for each other."""

from __future__ import annotations

import os
import subprocess
import sys
from datetime import timedelta

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import inspect, text
from sqlalchemy.sql.base import ReadOnlyColumnCollection

from worker import ledger
from worker.database import Database
from worker.ledger import Outcome
from worker.lifecycle import Lane, Status
from worker.migrating import downgrade, migrate, revisions
from worker.models import Base
from worker.reporting import tables as questions


@pytest.fixture
def empty(empty_database_url: str) -> Database:
    return Database(empty_database_url)


def run(database: Database, step: str, revision: str) -> None:
    if step == "upgrade":
        migrate(database, revision)
    else:
        downgrade(database, revision)


def tables(database: Database) -> set[str]:
    return set(inspect(database.engine).get_table_names()) - {"alembic_version"}


@pytest.mark.long
def test_migrations_go_up_down_and_up_again(empty: Database) -> None:
    for step, revision, made in (
        ("upgrade", "head", set(Base.metadata.tables)),
        ("downgrade", "base", set()),
        ("upgrade", "head", set(Base.metadata.tables)),
    ):
        run(empty, step, revision)
        assert tables(empty) == made
    empty.close()


def test_tags_that_were_written_in_capitals_are_folded(empty: Database) -> None:
    run(empty, "upgrade", "0012")
    with empty.begin() as session:
        put = "INSERT INTO contact (id, source, key, tags) VALUES (gen_random_uuid(), '', :key, :tags)"
        session.execute(text(put), {"key": "1", "tags": ["KHÁCH", 'a, "b"', "khách", "Đội 1"]})
        session.execute(text(put), {"key": "2", "tags": ["khách"]})
    run(empty, "upgrade", "0013")
    with empty.begin() as session:
        tags = session.scalars(text("SELECT tags FROM contact ORDER BY key")).all()
    assert tags == [["khách", 'a, "b"', "đội 1"], ["khách"]]
    empty.close()


def test_models_equal_migrations(empty: Database) -> None:
    migrate(empty)
    with empty.begin() as session:
        context = MigrationContext.configure(session.connection(), opts={"compare_server_default": True})
        assert compare_metadata(context, Base.metadata) == []
    empty.close()


def test_the_columns_that_questions_name_are_the_models() -> None:
    read = [each for each in vars(questions).values() if isinstance(each, ReadOnlyColumnCollection)]
    assert read
    for columns in read:
        model = Base.metadata.tables[columns[0].table.name]
        assert set(columns.keys()) <= set(model.c.keys())


def test_constraints_and_indexes_equal_the_models_word_for_word(empty: Database) -> None:
    migrate(empty)
    migrated = definitions(empty)
    run(empty, "downgrade", "base")
    Base.metadata.create_all(empty.engine)
    assert definitions(empty) == migrated
    empty.close()


def definitions(database: Database) -> list[str]:
    """What Postgres itself says of each constraint and index; Alembic does not compare checks."""
    query = """
        SELECT conname || ' ' || pg_get_constraintdef(oid) FROM pg_constraint
        WHERE conrelid::regclass::text <> 'alembic_version' AND connamespace = 'public'::regnamespace
        UNION SELECT indexdef FROM pg_indexes WHERE schemaname = 'public' AND tablename <> 'alembic_version'
        ORDER BY 1
    """
    with database.begin() as session:
        return list(session.scalars(text(query)))


@pytest.mark.long
def test_three_migrators_at_once_make_one_schema(empty_database_url: str) -> None:
    """As processes: that is how machines start side by side, and Alembic's commands are not for threads."""
    environ = os.environ | {"DATABASE_URL": empty_database_url}
    command_line = [sys.executable, "-m", "worker.cli", "migrate"]
    running = [subprocess.Popen(command_line, env=environ, stdout=subprocess.DEVNULL) for _ in range(3)]
    assert [process.wait() for process in running] == [0, 0, 0]
    with Database(empty_database_url) as database:
        assert len(set(revisions(database))) == 1


@pytest.mark.long
def test_what_an_older_version_stored_goes_on_under_its_request_id_and_all_of_it_goes_down_again(
    empty: Database,
) -> None:
    run(empty, "upgrade", "0005")
    put = """
        WITH n AS (
            INSERT INTO notification (id, kind, source, content, options, hand_over, fingerprint)
            VALUES (gen_random_uuid(), 'sms', 'shop', 'Ma: 1', CAST(:options AS jsonb), false, '') RETURNING id
        )
        INSERT INTO message (id, notification_id, phone, lane, status, grouped, due_at, request_id)
        SELECT gen_random_uuid(), n.id, :phone, 'urgent', :status, false, now(), :request_id FROM n
    """
    rows = [("+84901000001", "queued", "of-before"), ("+84901000002", "queued", None), ("+84901000003", "held", "x")]
    with empty.begin() as session:
        for phone, status, request_id in rows:
            values = {"phone": phone, "status": status, "request_id": request_id, "options": '{"sms_type": 7}'}
            session.execute(text(put), values)
    run(empty, "upgrade", "head")
    minute = timedelta(minutes=1)
    with empty.begin() as session:
        claims = ledger.claim(session, [Lane.URGENT], most=9, lease=minute, group_most=1000)
        of_before, new = sorted(claims, key=lambda claim: claim.phones)
        assert (of_before.request_id, new.request_id) == ("of-before", new.fences[0].id.hex)
        assert len(claims) == 2
        ledger.record(session, [Outcome(claim=of_before, status=Status.SANDBOXED)])
        ledger.record(session, [Outcome(claim=new, status=Status.QUEUED, renew_request_id=True)])
    with empty.begin() as session:
        [again] = ledger.claim(session, [Lane.URGENT], most=9, lease=minute, group_most=1000)
        assert again.request_id == f"{new.request_id}-1"
    for step, revision in (("downgrade", "0005"), ("upgrade", "head")):
        run(empty, step, revision)
        with empty.begin() as session:
            found = session.scalars(text("SELECT status FROM message ORDER BY phone")).all()
        assert found == ["unknown", "sending", "held"]
    empty.close()
