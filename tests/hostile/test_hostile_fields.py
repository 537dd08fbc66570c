"""Every field that a producer fills, with values of every wrong type: a named error of one short line, or taken."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

import pytest

from tests.hostile.broker_messages import JUNK
from tests.support import Bench
from worker.errors import WorkerError
from worker.lifecycle import Kind

LAST, FIRST = datetime.max, datetime.min  # noqa: DTZ901 — that is what is wrong with them
VALUES = [
    *JUNK, 5.5, float("nan"), float("inf"), -(10**400), b"bytes", object(), set(), {5: "x"}, {None: 1}, {"\ud800": "x"},
    {"a": "\ud800"}, ["\ud800"], [5], [{}], [[]], ("a", 5), {"a": {"b": 1}}, {"a": 5}, LAST, FIRST,
    "x" * 100_000, "a\x00b", "\u202e", [{"key": 5}], [{"key": "\ud800", "phone": "0901000100"}], [{5: 5}],
    [{"key": "a", "phone": 5}], [{"key": "a", "phone": "0901000100", "attributes": {5: "x"}}],
]  # fmt: skip

SMS = {"to": "0901000100", "content": "Ma: 7", "sms_type": 7, "unicode": False, "sandbox": False, "brandname": None}
BESIDES = {
    "reference": None, "source": "s", "campaign": "c", "send_date": None, "expires_at": None, "hand_over": False,
    "purpose": None,
}  # fmt: skip
CALL = {"to": "0901000100", "template_id": "1", "variables": ["a"]}
RECORD = {
    "to": "0901000100", "record_id": "1", "number_forward": None, "ivr": 1, "max_repeat": 1, "max_retry": 1,
    "time_wait_to_ivr": 1, "wait_retry": 1,
}  # fmt: skip
CONTACT = {
    "key": "1", "source": "s", "name": "Lan", "phones": "0901000100", "birth_date": "1990-08-15", "lunar_birth": None,
    "death_date": None, "lunar_death": None, "tags": "a", "attributes": {"a": "b"}, "opted_out": False, "version": 1,
}  # fmt: skip
EVENT: dict[str, Any] = {
    "source": "s", "key": "1", "starts_at": "2099-03-01T08:00", "template": "t", "offsets": ["1h"], "title": "T",
    "attendees": [{"key": "1", "phone": "0901000100"}], "place": "P", "ends_at": None, "zone": None, "attributes": {},
    "late_for": 3600, "recurrence": None, "exceptions": [], "version": 1, "all_day_at": "08:00", "series": None,
    "sms_type": 2, "brandname": None, "unicode": False,
}  # fmt: skip
CANCEL = {"source": "s", "key": "1", "version": 1}


def doors(bench: Bench) -> dict[str, tuple[Callable[[dict[Any, Any]], object], dict[str, Any]]]:
    """What takes fields, and fields that it takes."""
    notifier = bench.notifier
    return {
        "sms": (lambda fields: notifier.enqueue_fields(Kind.SMS, fields), SMS | BESIDES),
        "template_call": (lambda fields: notifier.enqueue_fields(Kind.TEMPLATE_CALL, fields), CALL | BESIDES),
        "record_call": (lambda fields: notifier.enqueue_fields(Kind.RECORD_CALL, fields), RECORD | BESIDES),
        "contact": (notifier.contacts.upsert_fields, CONTACT),
        "event": (notifier.reminders.upsert_event_fields, EVENT),
        "cancel_event": (notifier.reminders.cancel_event_fields, CANCEL),
    }


def complaint(take: Callable[[dict[Any, Any]], object], fields: dict[Any, Any]) -> str | None:
    """What is wrong with how this was refused; None where it was taken, or refused as it should be."""
    try:
        take(fields)
    except WorkerError as error:
        told = str(error)
        return None if len(told) < 1000 and told.isprintable() else f"told {len(told)} characters: {told[:80]!r}"
    except Exception as error:  # noqa: BLE001 — that is what is looked for
        return f"{type(error).__name__}: {str(error)[:150]}"
    return None


@pytest.mark.parametrize("door", ["sms", "template_call", "record_call", "contact", "event", "cancel_event"])
@pytest.mark.long
def test_a_field_of_any_type_is_taken_or_refused_by_name_in_one_short_line(door: str, bench: Bench) -> None:
    bench.notifier.templates.save("t", content="Hop luc {time}")
    take, fields = doors(bench)[door]
    take(fields)  # as they are they are right, so that each odd one is looked at
    odd: list[tuple[Any, Any, dict[Any, Any]]] = [
        (name, value, fields | {name: value}) for name in fields for value in VALUES
    ]
    odd += [(name, "x", fields | {name: "x"}) for name in (5, None, ("a",), "a\nERROR b", "x" * 5000, "\ud800")]
    found = {(name, repr(value)[:60]): complaint(take, told) for name, value, told in odd}
    assert [f"{key}: {said}" for key, said in found.items() if said] == []
