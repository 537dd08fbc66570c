"""A migration waits for whoever is in its way, and nobody waits for it; ended anywhere, it is run again and whole."""

from __future__ import annotations

import re
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from sqlalchemy import text

from tests.migrating.lint import sql_of, unreleased
from tests.support import eventually
from worker import telemetry
from worker.database import Database
from worker.errors import Busy
from worker.migrating import migrate, revisions

IN_PIECES = [script for script in unreleased() if re.search(r"CONCURRENTLY|DO \$\$", sql_of(script))]


@pytest.fixture
def empty(empty_database_url: str) -> Iterator[Database]:
    with Database(empty_database_url) as database:
        yield database


@pytest.fixture
def heard(monkeypatch: pytest.MonkeyPatch) -> list[dict[str, Any]]:
    """The facts of each time that a migration let others pass."""
    facts: list[dict[str, Any]] = []
    monkeypatch.setattr(telemetry, "_listeners", [])
    telemetry.listen(lambda event, fact: facts.append(fact) if event == "migration.waits" else None)
    return facts


def test_while_a_migration_waits_for_a_reader_everybody_else_reads_and_writes(
    empty: Database, heard: list[dict[str, Any]]
) -> None:
    migrate(empty, "0007")
    with ThreadPoolExecutor() as pool:
        with empty.begin() as reader:
            reader.execute(text("SELECT count(*) FROM notification"))
            migrating = pool.submit(migrate, empty, "0008")
            eventually(lambda: heard)
            for _ in range(2):
                with empty.begin() as other:
                    other.execute(text("SET LOCAL statement_timeout = '20s'"))
                    other.execute(text("UPDATE notification SET content = '' WHERE false"))
            assert not migrating.done()
        migrating.result()
    assert revisions(empty)[0] == "0008"


def test_who_is_in_the_way_until_its_patience_is_over_is_named(empty: Database, heard: list[dict[str, Any]]) -> None:
    migrate(empty, "0007")
    with empty.begin() as reader:
        pid = reader.scalar(text("SELECT pg_backend_pid() FROM notification RIGHT JOIN (VALUES (1)) AS one ON true"))
        with pytest.raises(Busy, match=rf"end process {pid} of Postgres \(esms-worker, \d+ s in one transaction\)"):
            migrate(empty, "0008", patience=2)
    migrate(empty, "0008")


def test_an_index_that_a_killed_migrator_left_invalid_is_built_anew(empty: Database) -> None:
    migrate(empty, "0010")
    with empty.begin() as session:
        session.execute(text("CREATE INDEX message_phone_idx ON message (phone, created_at)"))
        wreck = "UPDATE pg_index SET indisvalid = false WHERE indexrelid = 'message_phone_idx'::regclass"
        session.execute(text(wreck))
    migrate(empty, "0011")
    with empty.begin() as session:
        assert not session.scalar(text("SELECT count(*) FROM pg_index WHERE NOT indisvalid"))


@pytest.mark.long
def test_a_migration_that_was_ended_before_its_stamp_is_run_again(empty: Database) -> None:
    for script in IN_PIECES:
        migrate(empty, script.revision)
        before = schema(empty)
        with empty.begin() as session:
            session.execute(text("UPDATE alembic_version SET version_num = :before"), {"before": script.down_revision})
        migrate(empty, script.revision)
        assert schema(empty) == before, script.revision


def schema(database: Database) -> list[str]:
    """Each column, constraint and index."""
    query = """
        SELECT table_name || '.' || column_name FROM information_schema.columns WHERE table_schema = 'public'
        UNION SELECT conname || ' ' || pg_get_constraintdef(oid) FROM pg_constraint
        UNION SELECT indexdef FROM pg_indexes WHERE schemaname = 'public'
        ORDER BY 1
    """
    with database.begin() as session:
        return list(session.scalars(text(query)))


def test_a_fill_reaches_every_row_whatever_their_number(empty: Database) -> None:
    migrate(empty, "0012")
    with empty.begin() as session:
        put = """
            INSERT INTO contact (id, source, key, tags)
            SELECT gen_random_uuid(), '', n::text, ARRAY['KHÁCH'] FROM generate_series(1, 2001) AS n
        """
        session.execute(text(put))
    migrate(empty, "0013")
    with empty.begin() as session:
        assert session.execute(text("SELECT tags, count(*) FROM contact GROUP BY tags")).all() == [(["khách"], 2001)]


@pytest.mark.long
def test_who_was_forgotten_by_the_version_before_gets_nothing_more_either(empty: Database) -> None:
    migrate(empty, "0055")
    with empty.begin() as session:
        for statement in (
            """INSERT INTO notification (id, kind, source, content, options, hand_over, fingerprint)
                VALUES (gen_random_uuid(), 'sms', '', 'chao', '{}', false, '')""",
            """INSERT INTO message (id, notification_id, phone, lane, status, grouped, due_at, code)
                SELECT gen_random_uuid(), id, '+84901777333', 'normal', 'undelivered', false, now(), n::text
                FROM notification, generate_series(1, 2) AS n""",
            "INSERT INTO follow_up (message_id, due_at) SELECT id, now() FROM message",
            """INSERT INTO removal (message_id, step, look_at)
                SELECT id, CASE code WHEN '1' THEN 'person 7' ELSE 'code' END, now() FROM message""",
        ):
            session.execute(text(statement))
    migrate(empty, "0056")
    asked = "SELECT emptied_by, outcome, f.due_at FROM message AS m JOIN follow_up AS f ON m.id = message_id"
    with empty.begin() as session:
        first, other = session.execute(text(f"{asked} ORDER BY code")).all()
    assert first == ("person", "forgotten", None)
    assert other[:2] == (None, None)
    assert other.due_at is not None
