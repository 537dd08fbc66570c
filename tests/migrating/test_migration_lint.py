"""No migration may hold up the workers of the version before: what would is refused before it is released."""

from __future__ import annotations

from pathlib import Path

import pytest
from alembic.script import Script

from tests.migrating.lint import complaints, judged, unreleased

CHANGES = (Path(__file__).parents[2] / "CHANGELOG.md").read_text(encoding="utf-8")
STAMP = "UPDATE alembic_version SET version_num = '2' WHERE alembic_version.version_num = '1'"

REFUSED = {
    "CREATE INDEX a ON message (phone)": "require-concurrent-index-creation",
    "DROP INDEX a": "require-concurrent-index-deletion",
    "UPDATE message SET code = ''": "steps.fill",
    "INSERT INTO message SELECT * FROM other": "steps.fill",
    "DELETE FROM request": "steps.fill",
    "/* all */ UPDATE message SET code = ''": "steps.fill",
    "UPDATE message SET code = '' WHERE code <> 'alembic_version'": "steps.fill",
    "INSERT INTO message SELECT * FROM other WHERE a IN (VALUES (1))": "steps.fill",
    "WITH a AS (SELECT id FROM message) UPDATE message SET code = ''": "steps.fill",
    "WITH a AS (DELETE FROM request RETURNING *) SELECT count(*) FROM a": "steps.fill",
    "DO $$ BEGIN UPDATE message SET code = ''; END $$": "steps.fill",
    "CREATE TABLE a AS SELECT * FROM message": "steps.fill",
    "REFRESH MATERIALIZED VIEW a": "takes a table from everybody",
    "ALTER TABLE message SET UNLOGGED": "takes a table from everybody",
    "ALTER TABLE message SET TABLESPACE a": "takes a table from everybody",
    "ALTER TABLE message ADD COLUMN a bigserial": "takes a table from everybody",
    "ALTER TABLE message ADD COLUMN a bigint GENERATED ALWAYS AS IDENTITY": "takes a table from everybody",
    "TRUNCATE request": "takes a table from everybody",
    "LOCK TABLE message": "takes a table from everybody",
    "ALTER TABLE message ALTER COLUMN code SET NOT NULL": "adding-not-nullable-field",
    "ALTER TABLE message ALTER COLUMN code TYPE varchar": "changing-column-type",
    "ALTER TABLE message ADD COLUMN a uuid DEFAULT gen_random_uuid()": "adding-field-with-default",
    "ALTER TABLE message ADD CONSTRAINT a CHECK (attempts > 0)": "constraint-missing-not-valid",
    "ALTER TABLE message ADD CONSTRAINT a FOREIGN KEY (b) REFERENCES c (d)": "adding-foreign-key-constraint",
    "ALTER TABLE message ADD CONSTRAINT a UNIQUE (b)": "disallowed-unique-constraint",
    "ALTER TABLE message RENAME COLUMN code TO word": "renaming-column",
    "ALTER TABLE message DROP COLUMN code": "ban-drop-column",
    "DROP TABLE message": "ban-drop-table",
    "DROP TRIGGER a ON message": "the version before counts on trigger a",
    "DROP TRIGGER IF EXISTS a ON message;\nCREATE TRIGGER b": "the version before counts on trigger a",
    "ALTER TABLE message ADD COLUMN a text;\nCOMMIT;\nVALUES (1);\nBEGIN": "prefer-robust-stmts",
}
ALLOWED = (
    "ALTER TABLE message ADD COLUMN a text",
    "ALTER TABLE message ADD COLUMN a integer DEFAULT 0 NOT NULL",
    "CREATE TABLE a (b text PRIMARY KEY);\nCREATE INDEX c ON a (b)",
    "INSERT INTO a (b) VALUES ('x')",
    "INSERT INTO a VALUES ('x')",
    "DO $$ BEGIN LOOP UPDATE message SET code = '' WHERE id = ANY(batch); COMMIT; END LOOP; END $$",
    "ALTER TABLE message ADD COLUMN IF NOT EXISTS a text;\nCOMMIT;\nVALUES (1);\nBEGIN",
    "DROP TRIGGER a ON message;\nCREATE TRIGGER a BEFORE UPDATE ON message FOR EACH ROW EXECUTE FUNCTION f()",
    "CREATE FUNCTION f() RETURNS void LANGUAGE sql AS $body$ UPDATE message SET code = ''; $body$",
)


def in_a_migration(sql: str) -> str:
    return f"BEGIN;\n{sql};\n{STAMP};\nCOMMIT;\n"


@pytest.mark.parametrize("script", unreleased(), ids=lambda script: script.revision)
def test_the_workers_of_the_version_before_go_on_through_each_migration(script: Script) -> None:
    assert complaints(script, CHANGES) == []


@pytest.mark.parametrize("sql", REFUSED)
def test_what_would_hold_up_workers_is_refused(sql: str) -> None:
    assert REFUSED[sql] in "\n".join(judged(in_a_migration(sql)))


@pytest.mark.parametrize("sql", ALLOWED)
def test_what_takes_a_moment_is_not(sql: str) -> None:
    assert list(judged(in_a_migration(sql))) == []


def test_what_no_released_version_uses_may_go() -> None:
    assert list(judged(in_a_migration("ALTER TABLE message DROP COLUMN code"), may_contract=True)) == []
    assert list(judged(in_a_migration("DROP TRIGGER a ON message"), may_contract=True)) == []


def test_a_trigger_may_go_whose_work_another_does_from_then_on() -> None:
    dropped = in_a_migration("DROP TRIGGER a ON message;\nDROP TRIGGER b ON message")
    assert list(judged(dropped, taken_over=["a", "b"])) == []
    assert len(list(judged(dropped, taken_over=["a"]))) == 1
