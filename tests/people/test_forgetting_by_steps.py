"""Forgetting, and telling what it would come to, beside tables of any size: a bounded piece of each at a time."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import text
from sqlalchemy.orm import Session

from tests.ledger.test_ledger_plans import BELIEVED_EMPTY, FEW, PAGES, UNDER_WAY, pages, put, undone
from tests.people.test_people import NUMBER, care, people, she_is_known
from tests.retention.time_travel import KEY_TEXT
from tests.support import Bench, login
from tests.web.test_web_forgetting import as_things_stood
from worker import Notifier
from worker.api.people import People
from worker.database import Database
from worker.errors import Forbidden
from worker.ledger import people as ledger_people
from worker.ledger.people import Before, Known, known_by, written
from worker.lifecycle import Status
from worker.pseudonym import PrivacyKey
from worker.roles import Role
from worker.settings.retention import KEY

__all__ = ["people"]

E164 = "+84" + NUMBER[1:]
HERS = PrivacyKey(KEY_TEXT)
HASH = HERS.hide(E164)
NOTED = "SELECT (SELECT count(*) FROM person_request) + (SELECT count(*) FROM tombstone) + (SELECT count(*) FROM act)"
TEXTS = {
    "inbox": """INSERT INTO inbox (id, kind, source, fields, bound)
        SELECT gen_random_uuid(), 'sms', '', jsonb_build_object('to', {written}), false FROM {numbers}""",
    "upload_row": """INSERT INTO upload_row (upload_id, number, cells)
        SELECT CAST('{upload}' AS uuid), n, jsonb_build_array('Lan', {written}) FROM {numbers}""",
    "search": """INSERT INTO search (key, person, asked)
        SELECT 'k' || n, 'x', jsonb_build_object('to', {written}) FROM {numbers}""",
    "happening": """INSERT INTO happening (transaction, kind, facts)
        SELECT 3, 'x', jsonb_build_object('recipient', {written}) FROM {numbers}""",
}
UPLOAD = """INSERT INTO upload (id, uploaded_by, kind, name, columns, header_row, rows)
    VALUES ('{upload}', 'lan', 'campaign', 'f', '{{a,b}}', 1, 1)"""


def write(session: Session, number: str, first: int, last: int) -> None:
    """A row of each table for each of these numbers of rows, which says this SQL."""
    of = {"written": number, "numbers": f"generate_series({first}, {last}) AS n", "upload": UUID(int=first)}
    for statement in (UPLOAD, *TEXTS.values()):
        session.execute(text(statement.format(**of)))


def left(session: Session) -> dict[str, int]:
    return {table: session.scalar(text(f"SELECT count(*) FROM {table}")) or 0 for table in TEXTS}


def test_what_names_somebody_within_a_text_is_found_look_by_look_and_nothing_else_goes(
    bench: Bench, people: People, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(written, "LOOKED_AT", 3)
    with bench.database.begin() as session:
        write(session, "'+84901777334 ' || n", 1, 4)
        write(session, "'0901.777 - 333'", 11, 17)
        write(session, "'0901777' || chr(10) || '334'", 21, 22)
    foreseen = people.foresee(NUMBER)
    with bench.database.begin() as session:
        assert left(session) == dict.fromkeys(TEXTS, 13)
    assert foreseen.removed == people.forget(NUMBER, by="test").removed == dict.fromkeys(TEXTS, 7)
    with bench.database.begin() as session:
        assert left(session) == dict.fromkeys(TEXTS, 6)


def test_what_a_reminder_left_behind_while_the_texts_were_looked_through_goes_too(bench: Bench) -> None:
    began = datetime.now(UTC)
    with bench.database.begin() as session:
        write(session, f"'{E164}'", 1, 1)
        person = known_by(session, phone=E164)
        request = ledger_people.note_request(session, "forget", person.hashes(HERS), by="test")
        before = Before(since=began - timedelta(seconds=1), removed={"search": 2})
        forgot = ledger_people.forget(session, person, HERS, request, opt_out_too=False, before=before, empties=False)
    assert forgot.removed == {"search": 2, "happening": 1}


def test_what_it_would_come_to_is_told_beside_whoever_holds_what_is_hers(bench: Bench, people: People) -> None:
    she_is_known(bench)
    with bench.database.begin() as other:
        for held in ("SELECT FROM message FOR UPDATE", f"INSERT INTO tombstone (person) VALUES ('{HASH}')"):
            other.execute(text(held))
        foreseen = people.foresee(NUMBER)
        assert foreseen.cancelled == 1
        other.rollback()
    with bench.database.begin() as session:
        assert session.scalar(text(NOTED)) == 0
    assert as_things_stood(vars_of(foreseen)) == as_things_stood(vars_of(people.forget(NUMBER, by="test")))


def vars_of(told: Any) -> dict[str, Any]:
    return {name: getattr(told, name) for name in told.__slots__}


@pytest.mark.parametrize("role", [Role.PRODUCER, Role.REPORT])
def test_a_login_that_may_not_do_all_of_it_is_refused_before_anything_is_done(
    bench: Bench, database_url: str, role: Role
) -> None:
    bench.put(care())
    with (
        People.from_env({"DATABASE_URL": login(database_url, role), KEY: KEY_TEXT}) as people,
        pytest.raises(Forbidden, match="may not"),
    ):
        people.forget(NUMBER, by="test")
    nothing_was_done(bench)


@pytest.mark.parametrize(
    "right",
    ["DELETE ON happening", "DELETE ON inbox", "UPDATE ON sweep", "INSERT ON removal", "UPDATE ON person_request"],
)
def test_a_producers_login_to_which_no_migration_gave_a_right_yet_is_refused_before_anything_is_done(
    bench: Bench, database_url: str, right: str
) -> None:
    bench.put(care())
    given = f"GRANT {right} TO {Role.PRODUCER}"
    with bench.database.begin() as session:
        session.execute(text(f"REVOKE {right} FROM {Role.PRODUCER}"))
    try:
        environ = {"DATABASE_URL": login(database_url, Role.PRODUCER), KEY: KEY_TEXT}
        with Notifier.from_env(environ) as notifier, pytest.raises(Forbidden, match="may not"):
            notifier.persons.forget(NUMBER)
        nothing_was_done(bench)
    finally:
        with bench.database.begin() as session:
            session.execute(text(given))


def nothing_was_done(bench: Bench) -> None:
    with bench.database.begin() as session:
        assert session.scalar(text(NOTED)) == 0
        standing = session.execute(text("SELECT status, emptied_by FROM message")).all()
    assert [tuple(row) for row in standing] == [("queued", None)]


Step = Callable[[Session, Known], object]
ASKED_OF_HER: dict[str, Step] = {
    "call off": lambda session, person: ledger_people.call_off(session, person, HERS, 1),
    "forget": lambda session, person: ledger_people.forget(
        session, person, HERS, 1, opt_out_too=True, before=Before(since=datetime.now(UTC)), empties=False
    ),
    "foresee": lambda session, person: ledger_people.foresee(session, person, HERS, {}, opt_out_too=True),
    "may she be": lambda session, _: ledger_people.refuse_who_may_not(session, HERS, opt_out_too=True, empties=True),
}
STATES = {
    "counted": "ANALYZE",
    "believed empty": BELIEVED_EMPTY,
    "believed huge": """UPDATE pg_class SET relpages = greatest(relpages, 1), reltuples = greatest(relpages, 1) * 300
        WHERE relkind IN ('r', 'i') AND relnamespace = CAST('public' AS regnamespace)""",
}


@pytest.mark.parametrize("state", STATES.values(), ids=STATES)
def test_each_statement_of_a_forgetting_looks_at_what_is_hers_whatever_postgres_believes(
    database: Database, state: str
) -> None:
    with undone(database) as session:
        put(session, 1, UNDER_WAY, Status.DELIVERED)
        put(session, 2 * UNDER_WAY, FEW, Status.QUEUED)
        session.execute(text(f"UPDATE message SET phone = '{E164}' WHERE id >= '{UUID(int=2 * UNDER_WAY - FEW)}'"))
        session.execute(text("ANALYZE"))
        write(session, "'+849' || n", 1, UNDER_WAY)
        session.execute(text(state))
        person = Known(phones=[E164])
        looked_at = {
            name: pages(session, lambda session, _: step(session, person), [])  # noqa: B023
            for name, step in ASKED_OF_HER.items()
        }
    assert {name: count for name, count in looked_at.items() if count > PAGES} == {}


@pytest.mark.parametrize("state", STATES.values(), ids=STATES)
@pytest.mark.parametrize("table", TEXTS)
def test_each_look_at_texts_goes_along_the_key_whatever_postgres_believes(
    database: Database, table: str, state: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(written, "LOOKED_AT", 20)
    asked = Known(phones=[E164]).asked(HERS)

    def look(session: Session, after: Sequence[Any]) -> None:
        found = written.look(session, table, asked, after)
        written.remove_written(session, table, asked, found.theirs)

    with undone(database) as session:
        write(session, f"'{E164}'", 1, UNDER_WAY)
        session.execute(text(state))
        begins = written.beginning(table)
        assert pages(session, lambda session, _: look(session, begins), []) <= PAGES
