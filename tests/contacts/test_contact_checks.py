"""What a producer may tell about a person: normalised, or refused by field, and never half stored."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.contacts.people import HOA, LAN, found
from tests.support import Bench
from worker import ContactFields, Invalid, NotFound, Sms
from worker.contacts import check, upsert_fields
from worker.ledger.contacts import Counts

TODAY = date(2026, 11, 23)


def values(**fields: Any) -> dict[str, Any]:
    return dict(check(ContactFields(key="1", **fields), today=TODAY).values)


def test_only_what_is_told_is_to_be_changed() -> None:
    assert values() == {}
    assert values(name=None, phones=None, tags=None) == {"name": "", "phones": [], "tags": []}


def test_names_numbers_tags_and_attributes_are_normalised() -> None:
    told = values(
        name="  Nguye\u0302\u0303n \n Thị  Lan ",
        phones=["0901 000 001", "+84901000001", "0169 300 0001"],
        tags="staff, hanoi;staff",
        attributes={"room": " A1 ", "floor": 3, "gone": None, "empty": ""},
    )
    assert told == {
        "name": "Nguyễn Thị Lan",
        "phones": [LAN, "+84393000001"],
        "tags": ["staff", "hanoi"],
        "attributes": {"room": "A1", "floor": "3", "gone": None, "empty": None},
    }


@pytest.mark.parametrize(
    ("day", "number", "lunar", "leap"),
    [
        (date(1990, 8, 15), 815, 625, False),
        ("1990-08-15", 815, 625, False),
        (date(1992, 2, 29), 229, 126, False),
        (date(2007, 2, 17), 217, 101, False),  # Tết; a day later in China
        (date(2025, 7, 25), 725, 601, True),
    ],
)
def test_the_lunar_day_follows_from_the_date(day: Any, number: int, lunar: int, leap: bool) -> None:
    told = values(birth_date=day)
    assert (told["birth_day"], told["lunar_birth_day"]) == (number, lunar)
    assert told["lunar_birth_leap"] is leap
    assert values(death_date=day)["lunar_death_day"] == lunar


def test_a_lunar_day_that_is_told_counts_more_than_the_date() -> None:
    told = values(birth_date="1990-08-15", lunar_birth="1/7 nhuận")
    assert (told["birth_day"], told["lunar_birth_day"], told["lunar_birth_leap"]) == (815, 701, True)
    assert values(birth_date="1990-08-15", lunar_birth="")["lunar_birth_day"] == 625
    assert values(lunar_birth=None) == {"lunar_birth_day": None, "lunar_birth_leap": None}
    cleared = values(birth_date=None)
    assert cleared == dict.fromkeys(("birth_date", "birth_day", "lunar_birth_day", "lunar_birth_leap"))


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"key": ""}, "key"),
        ({"key": " 1"}, "key"),
        ({"key": 17}, "key"),
        ({"source": "a\nb"}, "source"),
        ({"name": 7}, "name"),
        ({"name": "x" * 201}, "name"),
        ({"name": "La\0n"}, "name"),
        ({"name": "La\ud800n"}, "name"),
        ({"phones": "12"}, "phones"),
        ({"phones": 901000001}, "phones"),
        ({"phones": [901000001]}, "phones"),
        ({"phones": [f"090100000{n}" for n in range(10)] + ["0901000011"]}, "phones"),
        ({"birth_date": "15/08/1990"}, "birth_date"),
        ({"birth_date": datetime(1990, 8, 15)}, "birth_date"),  # noqa: DTZ001
        ({"birth_date": TODAY.replace(year=2027)}, "birth_date"),
        ({"birth_date": date(1899, 1, 1)}, "birth_date"),
        ({"death_date": date(1, 1, 1)}, "death_date"),
        ({"lunar_death": "31/1"}, "lunar_death"),
        ({"lunar_birth": 815}, "lunar_birth"),
        ({"tags": 7}, "tags"),
        ({"tags": "x" * 65}, "tags"),
        ({"tags": [str(n) for n in range(51)]}, "tags"),
        ({"attributes": ["room"]}, "attributes"),
        ({"attributes": {"my room": "A1"}}, "attributes"),
        ({"attributes": {"room": "x" * 1001}}, "attributes.room"),
        ({"attributes": {"room": True}}, "attributes.room"),
        ({"opted_out": "yes"}, "opted_out"),
        ({"version": 1.5}, "version"),
        ({"version": -1}, "version"),
        ({"version": 2**63}, "version"),
    ],
)
def test_what_is_wrong_is_refused_by_its_field_and_never_repeated(fields: dict[str, Any], field: str) -> None:
    with pytest.raises(Invalid) as refused:
        check(ContactFields(**({"key": "1"} | fields)), today=TODAY)
    assert refused.value.field == field
    assert "\n" not in str(refused.value)
    assert "901000001" not in str(refused.value)


json = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=5,
)


@given(st.dictionaries(st.sampled_from([*ContactFields.__dataclass_fields__]), json))
def test_whatever_a_task_brings_is_taken_or_refused_in_one_line(fields: dict[str, Any]) -> None:
    try:
        check(ContactFields(**({"key": "1"} | fields)), today=TODAY)
    except Invalid as error:
        assert "\n" not in str(error)


# By notifier and by task...


def test_a_producer_adds_changes_shows_and_removes(bench: Bench) -> None:
    people = bench.notifier.contacts
    assert people.upsert(
        key="17", source="hr", name="Lan", phones="0901000001", birth_date=date(1990, 8, 15)
    ) == Counts(added=1)
    assert people.upsert(key="17", source="hr", attributes={"room": "A1"}) == Counts(updated=1)
    row = people.show("17")
    assert (row.name, row.phones, row.attributes) == ("Lan", [LAN], {"room": "A1"})
    assert people.remove("17") == 0
    with pytest.raises(NotFound):
        people.show("17")


def test_many_are_stored_all_or_none(bench: Bench) -> None:
    items = [ContactFields(key=str(n), phones="0901000001") for n in range(3)]
    with pytest.raises(Invalid, match="item 3: phones"):
        bench.notifier.contacts.upsert_many([*items, ContactFields(key="x", phones="12")])
    with pytest.raises(Invalid, match="item 3: key: item 0 has the same"):
        bench.notifier.contacts.upsert_many([*items, items[0]])
    with pytest.raises(NotFound):
        bench.notifier.contacts.show("0")


def test_it_joins_the_callers_transaction(bench: Bench) -> None:
    with pytest.raises(RuntimeError), bench.database.begin() as session:
        bench.notifier.contacts.upsert(key="1", phones="0901000001", session=session)
        raise RuntimeError
    with pytest.raises(NotFound):
        bench.notifier.contacts.show("1")


def test_a_key_of_two_sources_asks_which_one(bench: Bench) -> None:
    for source in ("hr", "shop"):
        bench.notifier.contacts.upsert(key="1", source=source, phones="0901000001")
    with pytest.raises(Invalid, match="say which one is meant"):
        bench.notifier.contacts.opt_out("1")
    assert bench.notifier.contacts.show("1", source="shop").opted_out_at is None


def test_an_unknown_field_is_refused_with_those_that_there_are(bench: Bench) -> None:
    with pytest.raises(Invalid, match="birth_date"):
        bench.notifier.contacts.upsert(key="1", birthday="1990-08-15")  # type: ignore[call-arg]


def test_opting_out_and_in_by_key_takes_every_number_along(bench: Bench) -> None:
    people = bench.notifier.contacts
    people.upsert(key="1", phones=[LAN, HOA])
    for phone in (LAN, HOA):
        bench.put(Sms(to=phone, content="Giam gia", sms_type=3))
    assert people.opt_out("1") == 2
    people.upsert(key="2", phones=[HOA])
    assert people.show("2").opted_out_at is not None
    people.opt_in("1")
    assert people.show("1").opted_out_at is people.show("2").opted_out_at is None


def test_a_contact_without_a_number_can_opt_out_too(bench: Bench) -> None:
    bench.notifier.contacts.upsert(key="1", name="Lan")
    bench.notifier.contacts.opt_out("1")
    bench.notifier.contacts.upsert(key="1", phones=[LAN])
    assert bench.notifier.contacts.show("1").opted_out_at is not None
    bench.notifier.contacts.opt_in("1")
    assert bench.notifier.contacts.show("1").opted_out_at is None


def test_opted_out_may_be_told_with_the_rest(bench: Bench) -> None:
    bench.notifier.contacts.upsert(key="1", phones=[LAN], opted_out=True)
    ticket = bench.put(Sms(to=LAN, content="Giam gia", sms_type=3))
    assert bench.status(ticket) == "cancelled"
    bench.notifier.contacts.upsert(key="1", opted_out=False)
    assert bench.notifier.contacts.show("1").opted_out_at is not None


def test_a_task_brings_json_and_absent_is_not_null(bench: Bench) -> None:
    with bench.database.begin() as session:
        upsert_fields(session, {"key": "1", "name": "Lan", "birth_date": "1990-08-15", "phones": [LAN]}, today=TODAY)
        upsert_fields(session, {"key": "1", "birth_date": None}, today=TODAY)
    row = found(bench.database, "1")
    assert (row.name, row.birth_date, row.lunar_birth_day) == ("Lan", None, None)


@pytest.mark.parametrize(("fields", "field"), [({}, "key"), ({"key": "1", "nmae": "Lan"}, "nmae")])
def test_a_task_with_wrong_fields_is_refused(bench: Bench, fields: dict[str, Any], field: str) -> None:
    with pytest.raises(Invalid) as refused, bench.database.begin() as session:
        upsert_fields(session, fields, today=TODAY)
    assert (refused.value.field, refused.value.item) == (field, None)
