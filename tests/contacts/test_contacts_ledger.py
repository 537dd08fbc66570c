"""Contacts in the ledger: each once, only what a row brings is changed, found by an index and forgotten on demand."""

from __future__ import annotations

from datetime import date
from importlib import import_module
from typing import Any

import pytest
from sqlalchemy import text

from tests.contacts.people import HOA, LAN, found, person, upsert
from tests.support import Bench, otp
from worker import Sms
from worker.database import Database
from worker.ledger import contacts
from worker.ledger.contacts import Counts, Day
from worker.ledger.templates import StoredTemplate, add_template, remove_template, template, templates, versions_of
from worker.lifecycle import Kind


def test_a_contact_is_added_then_unchanged_then_updated_and_never_doubled(database: Database) -> None:
    lan = person("1", name="Lan", birth_date=date(1990, 8, 15), birth_day=815)
    assert upsert(database, lan) == Counts(added=1)
    assert upsert(database, lan) == Counts(unchanged=1)
    assert upsert(database, person("1", name="Lan Anh")) == Counts(updated=1)
    row = found(database, "1")
    assert (row.name, row.birth_date, row.phones) == ("Lan Anh", date(1990, 8, 15), [LAN])


def test_the_same_key_of_two_sources_is_two_people(database: Database) -> None:
    assert upsert(database, person("1", name="Lan"), person("1", source="shop", name="Hoa")) == Counts(added=2)
    assert found(database, "1", "shop").name == "Hoa"


def test_rows_that_bring_different_columns_go_together(database: Database) -> None:
    upsert(database, person("1", name="Lan", tags=["staff"]), person("2", name="Hoa"))
    counts = upsert(database, person("1", name="Lan", tags=[]), person("2"), person("3", name="Mai", tags=["new"]))
    assert counts == Counts(added=1, updated=1, unchanged=1)
    assert (found(database, "1").tags, found(database, "2").name, found(database, "3").tags) == ([], "Hoa", ["new"])


def test_attributes_are_added_to_and_a_null_one_goes(database: Database) -> None:
    upsert(database, person("1", attributes={"room": "A1", "class": "5B", "gone": None}))
    assert found(database, "1").attributes == {"room": "A1", "class": "5B"}
    upsert(database, person("1", attributes={"room": None, "seat": "7"}))
    assert found(database, "1").attributes == {"class": "5B", "seat": "7"}


def test_an_older_version_changes_nothing_and_says_so(database: Database) -> None:
    upsert(database, person("1", name="new", version=3))
    assert upsert(database, person("1", name="old", version=2)) == Counts(older=1)
    assert upsert(database, person("1", name="newest", version=4)) == Counts(updated=1)
    assert upsert(database, person("1", name="newest")) == Counts(unchanged=1)
    assert (found(database, "1").name, found(database, "1").version) == ("newest", 4)


def test_a_version_counts_even_when_nothing_else_changed(database: Database) -> None:
    for version, name in ((1, "A"), (3, "A"), (2, "B")):
        upsert(database, person("1", name=name, version=version))
    assert found(database, "1").name == "A"


def keys_of(database: Database, *keys: Day, **how: object) -> list[str]:
    with database.begin() as session:
        return sorted(row.key for row in contacts.born_on(session, keys, **how))  # type: ignore[arg-type]


def test_birthdays_are_found_by_day_tag_and_source(database: Database) -> None:
    upsert(
        database,
        person("lan", birth_day=815, tags=["staff", "hanoi"]),
        person("hoa", birth_day=815, tags=["vip"]),
        person("mai", birth_day=229, source="shop"),
        person("ha", birth_day=816),
    )
    assert keys_of(database, 815) == ["hoa", "lan"]
    assert keys_of(database, 229, 301, 815) == ["hoa", "lan", "mai"]
    assert keys_of(database, 815, tags=["vip", "none"]) == ["hoa"]
    assert keys_of(database, 815, 229, source="shop") == ["mai"]
    assert keys_of(database, 815, death=True) == keys_of(database, 815, lunar=True) == []


def test_lunar_days_tell_leap_months_apart_when_asked_to(database: Database) -> None:
    upsert(
        database,
        person("leap", lunar_birth_day=601, lunar_birth_leap=True),
        person("plain", lunar_birth_day=601, lunar_birth_leap=False),
    )
    assert keys_of(database, (601, None), lunar=True) == ["leap", "plain"]
    assert keys_of(database, (601, True), lunar=True) == ["leap"]
    assert keys_of(database, (601, False), (630, None), lunar=True) == ["plain"]


def test_nobody_congratulates_the_dead_and_their_anniversary_is_found(database: Database) -> None:
    ago: dict[str, Any] = {"birth_day": 815, "lunar_birth_day": 701, "lunar_birth_leap": False}
    upsert(database, person("1", **ago, lunar_death_day=310, lunar_death_leap=False), person("2", **ago, death_day=101))
    assert keys_of(database, 815) == keys_of(database, (701, None), lunar=True) == []
    assert keys_of(database, (310, None), lunar=True, death=True) == ["1"]
    assert keys_of(database, 101, death=True) == ["2"]


@pytest.mark.parametrize("most", [1, 2, 5, 100])
@pytest.mark.parametrize("days", [[229], [229, 301], [228, 229, 301]])
def test_pages_of_birthdays_hold_everybody_once(database: Database, most: int, days: list[int]) -> None:
    people = [person(str(n), birth_day=[228, 229, 301, 302][n % 4]) for n in range(20)]
    upsert(database, *people)
    seen: list[str] = []
    after = None
    with database.begin() as session:
        while rows := contacts.born_on(session, days, after=after, most=most):
            seen += [row.key for row in rows]
            after = rows[-1].id
    assert sorted(seen) == sorted(row.key for row in people if row.values["birth_day"] in days)


@pytest.mark.parametrize("how", [{}, {"lunar": True}, {"death": True}, {"lunar": True, "death": True}])
def test_a_birthday_is_found_by_the_index_and_never_by_a_scan(database: Database, how: dict[str, bool]) -> None:
    from worker.ledger.contacts.finding import _born_on

    statement = _born_on(lunar=how.get("lunar", False), death=how.get("death", False))
    asked = {"days": [815, 816], "leaps": [None, True], "tags": [], "source": None, "after": "0" * 32, "most": 1000}
    with database.begin() as session:
        session.execute(
            text("""
            INSERT INTO contact (id, source, key, phones, birth_day, lunar_birth_day, lunar_birth_leap,
                                 death_day, lunar_death_day, lunar_death_leap)
            SELECT gen_random_uuid(), 'hr', n::text, '{}', d, d, false, d, d, false
            FROM generate_series(1, 20000) AS n, LATERAL (SELECT (n % 12 + 1) * 100 + n % 28 + 1) AS k (d)
        """)
        )
        session.execute(text("ANALYZE contact"))
        plan = "\n".join(session.scalars(text("EXPLAIN " + statement), asked))
    assert "Seq Scan" not in plan
    assert "_day_idx" in plan


def test_thousands_of_numbers_are_looked_up_by_the_index_and_each_contact_comes_once(database: Database) -> None:
    statement = import_module("worker.ledger.contacts.finding")._BY_PHONES.text
    phones = [f"+84903{n:06d}" for n in range(2500)]
    with database.begin() as session:
        session.execute(
            text("""
            INSERT INTO contact (id, source, key, phones)
            SELECT gen_random_uuid(), 'hr', n::text, ARRAY['+84903' || lpad(n::text, 6, '0'), '+84903000000']
            FROM generate_series(1, 5000) AS n
        """)
        )
        session.execute(text("ANALYZE contact"))
        plan = "\n".join(session.scalars(text("EXPLAIN " + statement), {"phones": phones, "source": None}))
        met = contacts.by_phones(session, phones[1:])
        of_two = contacts.by_phones(session, ["+84903000007", *(["+84903999999"] * 100), "+84903000007"])
    assert "Seq Scan" not in plan
    assert [each.key for each in of_two] == ["7"]
    assert sorted(each.key for each in met) == sorted(map(str, range(1, 2500)))


def test_a_removed_contact_takes_its_reminders_along_and_leaves_its_history(database: Database, bench: Bench) -> None:
    upsert(database, person("1"), person("2", phones=[HOA]))
    lan = found(database, "1")
    sms = Sms(to=LAN, content="Chuc mung", sms_type=4)
    reminder = bench.put(sms, purpose="reminder", reference=f"7:2027-08-15:{lan.id}")
    other = bench.put(otp(LAN))
    others = bench.put(Sms(to=HOA, content="Chuc mung", sms_type=4), purpose="reminder", reference="7:2027-08-15:x")
    with database.begin() as session:
        assert contacts.remove(session, [lan.id]) == (1, 1)
    assert [bench.status(each) for each in (reminder, other, others)] == ["cancelled", "queued", "queued"]
    assert bench.message(reminder)["reason"] == "the contact was removed"


def test_a_brother_with_the_same_number_keeps_his_reminders(database: Database, bench: Bench) -> None:
    upsert(database, person("lan"), person("trung"))
    ids = {key: found(database, key).id for key in ("lan", "trung")}
    sms = Sms(to=LAN, content="Chuc mung", sms_type=4)
    tickets = {key: bench.put(sms, purpose="reminder", reference=f"7:{id_}") for key, id_ in ids.items()}
    with database.begin() as session:
        contacts.remove(session, [ids["lan"]])
    assert {key: bench.status(ticket) for key, ticket in tickets.items()} == {"lan": "cancelled", "trung": "queued"}


# Templates...


def test_a_template_is_never_changed_only_followed_by_another_version(database: Database) -> None:
    with database.begin() as session:
        birthday = StoredTemplate(name="birthday", kind=Kind.SMS, content="Chuc mung {name}")
        assert add_template(session, birthday) == 1
        assert add_template(session, birthday) == 1
        assert add_template(session, StoredTemplate(name="birthday", kind=Kind.SMS, content="Mung {name}")) == 2
        newest, first = template(session, "birthday"), template(session, "birthday", 1)
        assert newest is not None and first is not None
        assert (newest.version, newest.content, first.content) == (2, "Mung {name}", "Chuc mung {name}")


def test_a_removed_template_is_gone_by_its_name_and_may_come_back(database: Database) -> None:
    call = StoredTemplate(name="call", kind=Kind.TEMPLATE_CALL, template_id="1002", variables=("{name}", "{time}"))
    with database.begin() as session:
        add_template(session, call)
        assert remove_template(session, "call")
        assert not remove_template(session, "call")
        assert template(session, "call") is None
        assert templates(session) == []
        assert add_template(session, call) == 2
        assert [row.version for row in versions_of(session, "call")] == [1, 2]
        [row] = templates(session)
        assert [each.text for each in row.texts()] == ["{name}", "{time}"]
