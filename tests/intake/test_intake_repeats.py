"""A repeat, whatever has become of the first meanwhile: its ticket, never a refusal of what was taken."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import event, text

from tests.intake.test_intake_brandnames import know
from tests.support import Bench, let_pass, otp
from worker import Conflict, Enqueue, Invalid, Notifier, Sms, Ticket

BRANDED = Sms(to="0901000001", content="Chao Lan", sms_type=2, brandname="sangbrand")


def ago(**span: float) -> datetime:
    return datetime.now(UTC) - timedelta(**span)


def in_a_moment() -> datetime:
    return ago(seconds=-0.3)


@pytest.mark.parametrize(
    "dates",
    [
        {"expires_at": ago(minutes=1)},
        {"send_date": ago(days=2)},
        {"send_date": ago(minutes=1), "hand_over": True},
    ],
)
def test_a_repeat_whose_dates_have_passed_gets_the_first_ticket(bench: Bench, dates: dict[str, Any]) -> None:
    first = bench.put(reference="r")
    again = bench.put(reference="r", **dates)
    assert (again.id, again.repeated) == (first.id, True)
    with pytest.raises(Conflict):
        bench.put(otp(content="another"), reference="r", **dates)
    with pytest.raises(Invalid):
        bench.put(reference="new", **dates)
    with pytest.raises(Invalid):
        bench.put(reference="r", source="another", **dates)


def test_of_many_that_are_asked_for_again_too_late_each_is_a_repeat_and_a_new_one_refuses_them(bench: Bench) -> None:
    many = [Enqueue(request=otp(), reference=f"r{place}", expires_at=in_a_moment()) for place in range(3)]
    first = bench.notifier.enqueue_many(many)
    let_pass(0.4)
    again = bench.notifier.enqueue_many(many)
    assert [(each.id, each.repeated) for each in again] == [(each.id, True) for each in first]
    with pytest.raises(Invalid) as refused:
        bench.notifier.enqueue_many([*many, replace(many[0], reference="new")])
    assert (refused.value.item, refused.value.field) == (3, "expires_at")
    answers = bench.notifier.enqueue_each([*many, replace(many[0], reference="new")])
    assert [type(each) for each in answers] == [Ticket, Ticket, Ticket, Invalid]


def test_a_repeat_whose_brandname_the_account_has_no_more_gets_the_first_ticket(bench: Bench) -> None:
    first = bench.put(BRANDED, reference="r")
    know(bench, ("another", 2))
    with pytest.raises(Invalid):
        bench.put(BRANDED, reference="new")
    assert bench.put(BRANDED, reference="r").id == first.id


@contextmanager
def forgotten_in_between(bench: Bench, notifier: Notifier) -> Iterator[list[str]]:
    """Retention forgets every reference right after the statement that found it taken."""
    done: list[str] = []

    def forget(*about: Any) -> None:
        if "INSERT INTO notification" in about[2] and not done:
            done.append("forgotten")
            with bench.database.begin() as session:
                session.execute(text("UPDATE notification SET reference = NULL"))

    engine = notifier._database.engine
    event.listen(engine, "after_cursor_execute", forget)
    try:
        yield done
    finally:
        event.remove(engine, "after_cursor_execute", forget)


@pytest.mark.parametrize("many", [1, 2])
def test_what_comes_while_its_reference_is_forgotten_is_handed_over_anew(bench: Bench, many: int) -> None:
    items = [Enqueue(request=otp(), reference=f"r{place}") for place in range(many)]
    first = bench.notifier.enqueue_many(items)
    with forgotten_in_between(bench, bench.notifier) as done:
        again = bench.notifier.enqueue_many(items)
    assert done and not {each.id for each in again} & {each.id for each in first}
    assert [bench.status(each) for each in again] == ["queued"] * many


def test_a_repeat_tells_who_had_opted_out_of_the_first(bench: Bench) -> None:
    bench.notifier.contacts.opt_out_phones(["0901000001"])
    wish = Sms(to=["0901000001", "0901000002"], content="Chuc mung", sms_type=4)
    first, again = (bench.put(wish, reference="r", purpose="advertising") for _ in range(2))
    assert again.repeated and first.opted_out == again.opted_out == ("+84901000001",)
    assert bench.put(otp(), reference="r2").opted_out == ()
