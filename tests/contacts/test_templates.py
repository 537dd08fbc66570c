"""Templates: only known variables, nothing that runs, nobody greeted as None, and what accents cost is shown."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.contacts.people import LAN
from worker.errors import Invalid
from worker.ledger.contacts import ContactRow
from worker.lifecycle import Kind
from worker.templates import Addressee, Occasion, accents_taken_out, define_template, estimate, preview
from worker.templates.values import first_name, values_for
from worker.templates.variables import KNOWN, check_variables, parse
from worker.text import Body, Diacritics, Encoding

AT = datetime(2027, 8, 15, 8, 30, tzinfo=ZoneInfo("Asia/Ho_Chi_Minh"))


def contact(**changed: Any) -> ContactRow:
    fields: dict[str, Any] = {
        "id": None, "source": "hr", "key": "17", "name": "Nguyễn Thị Lan", "phones": [LAN],
        "birth_date": date(1990, 8, 15), "lunar_birth_day": None, "lunar_birth_leap": None, "death_date": None,
        "lunar_death_day": None, "lunar_death_leap": None, "tags": [], "attributes": {"room": "A1"},
        "opted_out_at": None, "version": None, "created_at": datetime.now(UTC), "updated_at": datetime.now(UTC),
    }  # fmt: skip
    return ContactRow(**(fields | changed))


def test_every_known_variable_has_a_value() -> None:
    lan = Addressee(name="Nguyễn Thị Lan", birth_date=date(1990, 8, 15), attributes={"room": "A1"})
    values = values_for(lan, Occasion(at=AT, title="Hop", place="Phong A"), LAN)
    assert values == {
        "name": "Nguyễn Thị Lan",
        "first_name": "Lan",
        "phone": "0901000001",
        "age": "37",
        "attr.room": "A1",
        "date": "15/08/2027",
        "time": "08:30",
        "title": "Hop",
        "place": "Phong A",
    }
    assert values.keys() - {"attr.room"} == KNOWN.keys()
    body = " ".join(f"{{{name}}}" for name in values)
    assert parse(body).render(values) == " ".join(values.values())


@pytest.mark.parametrize(("on", "age"), [((2027, 8, 14), "36"), ((2027, 8, 15), "37"), ((2028, 2, 29), "37")])
def test_a_person_is_a_year_older_on_the_day_itself(on: tuple[int, int, int], age: str) -> None:
    occasion = Occasion(at=datetime(*on, tzinfo=UTC))
    assert values_for(Addressee(birth_date=date(1990, 8, 15)), occasion, LAN)["age"] == age


@pytest.mark.parametrize(("name", "first"), [("Nguyễn Thị Lan", "Lan"), ("Lan", "Lan"), ("  ", ""), ("", "")])
def test_people_are_called_by_the_last_word_of_their_name(name: str, first: str) -> None:
    assert first_name(name) == first


@pytest.mark.parametrize(
    ("body", "problem"),
    [
        ("Chao {nmae}", "{nmae}"),
        ("Chao {firstname}", "did you mean {first_name}?"),
        ("Chao {room}", "{attr.NAME}"),
        ("Chao {attr.}", "is not a name in braces"),
        ("Chao {attr.a.b}", "is not a name in braces"),
        ("Chao {name.__class__}", "is not a name in braces"),
        ("{% for x in y %}{% endfor %}", "is not a name in braces"),
        ("{{% while true %}}", "is not a name in braces"),
        ("{0}", "{0}"),
        ("{name!r:>99999999}", "is not a name in braces"),
        ("Chao {name", "stands alone"),
        ("", "is empty"),
        ("  ", "is empty"),
        ("a\0b", "no phone can show"),
        ("x" * 10_001, "10,001 characters"),
    ],
)
def test_what_is_no_template_is_refused_when_it_is_saved(body: str, problem: str) -> None:
    if body == "{{% while true %}}":
        assert parse(body).render({}) == "{% while true %}"
        return
    with pytest.raises(Invalid) as refused:
        parse(body)
    assert problem in str(refused.value)


@pytest.mark.parametrize("missing", [{}, {"name": ""}, {"name": "  "}, {"name": None}])
def test_nobody_is_greeted_as_none(missing: dict[str, Any]) -> None:
    with pytest.raises(Invalid, match=r"^name: has no value for this recipient"):
        parse("Chao {name}").render(missing)


def test_a_value_is_never_a_template_and_never_without_bounds() -> None:
    assert parse("{name}").render({"name": "{phone} {{x}}", "phone": "1"}) == "{phone} {{x}}"
    with pytest.raises(Invalid, match="name: is longer"):
        parse("{name}").render({"name": "x" * 1001})
    with pytest.raises(Invalid, match="content: the text would have"):
        parse("{name}" * 20).render({"name": "x" * 1000})


@given(st.text(max_size=200), st.dictionaries(st.sampled_from(["name", "age"]), st.text(max_size=20)))
def test_any_text_is_rendered_or_refused_in_one_line(body: str, values: dict[str, str]) -> None:
    try:
        parse(body).render(values)
    except Invalid as error:
        assert "\n" not in str(error).replace(body, "")


def test_a_rule_without_an_event_may_narrow_what_is_known() -> None:
    check_variables(["name", "attr.room"], ["name"])
    with pytest.raises(Invalid, match=r"there is no variable \{title\}"):
        check_variables(["title"], ["name"])


def test_accents_are_taken_out_of_the_finished_text_name_and_all() -> None:
    body, values = "Chúc mừng {name}!", {"name": "Đặng Thị Ớt"}
    assert Body(body, Diacritics.STRIP).render(values) == "Chuc mung Dang Thi Ot!"
    assert Body(body).render(values) == "Chúc mừng Đặng Thị Ớt!"


# Saving and previewing...


def test_an_sms_loses_its_accents_by_default_and_a_call_keeps_them() -> None:
    sms = define_template("birthday", content="Chao {name}")
    call = define_template("visit", template_id="1002", variables=["{name}", "{time}"])
    assert (sms.kind, sms.diacritics) == (Kind.SMS, Diacritics.STRIP)
    assert (call.kind, call.diacritics) == (Kind.TEMPLATE_CALL, Diacritics.KEEP)
    assert define_template("b", content="Chào", diacritics=Diacritics.KEEP).diacritics is Diacritics.KEEP


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"name": "a b", "content": "x"}, "name"),
        ({"content": None}, "content"),
        ({"content": "x", "template_id": "1"}, "content"),
        ({"content": "x", "variables": ["{name}"]}, "variables"),
        ({"content": "x" * 1600}, "content"),
        ({"content": "{nmae}"}, "content"),
        ({"template_id": " "}, "template_id"),
        ({"template_id": "1", "variables": ["{name}", "{nmae}"]}, "variables[2]"),
        ({"template_id": "1", "variables": ["a||b"]}, "variables[1]"),
        ({"template_id": "1", "variables": [""]}, "variables[1]"),
        ({"template_id": "1", "variables": ["{name}"] * 21}, "variables"),
    ],
)
def test_what_can_not_be_sent_is_not_saved(fields: dict[str, Any], field: str) -> None:
    with pytest.raises(Invalid) as refused:
        define_template(**({"name": "t"} | fields))
    assert refused.value.field == field


def test_a_preview_shows_text_size_and_lost_accents() -> None:
    shown = preview(define_template("t", content="Chúc mừng {name}"), contact(), Occasion(at=AT), 2)
    assert list(shown.texts) == ["Chuc mung Nguyen Thi Lan"]
    assert shown.measure is not None
    assert (shown.measure.encoding, shown.measure.segments) == (Encoding.GSM7, 1)
    assert accents_taken_out(shown) == {"Chúc": "Chuc", "mừng": "mung", "Nguyễn": "Nguyen", "Thị": "Thi"}


def test_an_sms_goes_to_the_first_number_that_takes_one() -> None:
    phones = ["+842438251234", LAN]
    shown = preview(define_template("t", content="{phone}"), contact(phones=phones), Occasion(at=AT), 2)
    call = define_template("t", template_id="1002", variables=["{phone}"])
    assert list(shown.texts) == ["0901000001"]
    assert list(preview(call, contact(phones=phones), Occasion(at=AT), 2).texts) == ["02438251234"]


def test_a_preview_of_a_call_shows_its_variables_in_order() -> None:
    call = define_template("t", template_id="1002", variables=["{name}", "luc {time}", "{attr.room}"])
    shown = preview(call, contact(), Occasion(at=AT), 2)
    assert list(shown.texts) == ["Nguyễn Thị Lan", "luc 08:30", "A1"]
    assert (shown.measure, accents_taken_out(shown)) == (None, {})


@pytest.mark.parametrize(
    ("content", "sms_type", "changed", "problem"),
    [
        ("{age}", 2, {"birth_date": None}, "age: has no value"),
        ("{attr.seat}", 2, {}, "attr.seat: has no value"),
        ("{title}", 2, {}, "title: has no value"),
        ("Chao", 2, {"phones": []}, "phones: there is none"),
        ("Chao", 2, {"phones": ["+842438251234"]}, "phones: none of them takes an SMS"),
        ("{attr.room}", 1, {"attributes": {"room": "x" * 500}}, "content: is 500 characters long"),
        ("{attr.room}" * 2, 2, {"attributes": {"room": "x" * 900}}, "content: makes 12 SMS of one"),
    ],
)
def test_a_preview_says_why_somebody_can_not_get_it(
    content: str, sms_type: int, changed: dict[str, Any], problem: str
) -> None:
    shown = preview(define_template("t", content=content), contact(**changed), Occasion(at=AT), sms_type)
    assert shown.problem is not None
    assert shown.problem.startswith(problem)
    assert shown.texts == ()


def test_an_estimate_adds_up_what_is_billed_and_who_gets_nothing() -> None:
    template = define_template("t", content="{attr.room}", diacritics=Diacritics.KEEP)
    people = [{"room": "x" * 160}, {"room": "x" * 161}, {"room": "ư" * 71}, {}, {}]
    whole = estimate(preview(template, contact(attributes=each), Occasion(at=AT), 2) for each in people)
    assert (whole.contacts, whole.messages, whole.segments, whole.unicode) == (5, 3, 5, 1)
    assert list(whole.problems.values()) == [2]
