"""What is handed over in the place of what failed, corrected."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid4

import pytest

from worker import Corrected
from worker.again.compose import compose, gather
from worker.intake import Enqueue
from worker.intake.terms import are_alike
from worker.lifecycle import Kind, Purpose

OPTIONS = {"sms_type": 2, "brandname": "Sang Brand"}  # read once for all that have them


@dataclass
class Row:
    """A notification as Postgres gives it: each with texts of its own, equal as they may be."""

    id: UUID = field(default_factory=uuid4)
    kind: str = Kind.SMS.value
    purpose: str = Purpose.SERVICE.value
    source: str = field(default_factory=lambda: json.loads('"shop"'))
    campaign: str = field(default_factory=lambda: json.loads('"spring sale"'))
    content: str = "Don hang"
    options: dict[str, Any] = field(default_factory=lambda: json.loads('{"sms_type": 2, "brandname": "Sang Brand"}'))
    template_id: None = None
    expires_at: datetime | None = None
    follow_up: dict[str, Any] | None = None


@dataclass
class Failure:
    notification_id: UUID
    phone: str
    id: UUID = field(default_factory=uuid4)


def composed(requests: list[Row], corrected: Corrected, *, phone: str = "+84901000001") -> list[Enqueue | None]:
    failures = [Failure(row.id, phone) for row in requests]
    return compose(gather(failures, {row.id: row for row in requests}, corrected, {}), corrected)


def test_those_of_one_campaign_are_one_request_that_is_checked_once() -> None:
    one, other = composed([Row(options=OPTIONS), Row(options=OPTIONS)], Corrected(content="Da giao"))
    assert one is not None
    assert one is other


@pytest.mark.parametrize(
    "other",
    [
        {"purpose": "code"},
        {"source": "crm"},
        {"campaign": "tet"},
        {"content": "Don hang 2"},
        {"expires_at": datetime(2126, 1, 1, tzinfo=UTC)},
        {"options": {"sms_type": 2, "brandname": "Sang Brand", "sandbox": True}},
        {"follow_up": {"retry": {"times": 2, "wait": 3600.0}}},
    ],
    ids=lambda each: next(iter(each)),
)
def test_those_that_differ_are_checked_each(other: dict[str, Any]) -> None:
    one, different = composed([Row(options=OPTIONS), Row(**{"options": OPTIONS} | other)], Corrected(brandname="Other"))
    assert one is not None
    assert one is not different


def test_a_number_that_is_not_written_as_a_mobile_is_checked_for_itself() -> None:
    rows = [Row(options=OPTIONS), Row(options=OPTIONS)]
    one, other = composed(rows, Corrected(content="Da giao"), phone="+842838123456")
    assert one is not other


def test_those_that_are_checked_each_have_terms_that_are_checked_once() -> None:
    one, other = composed([Row(), Row()], Corrected(content="Da giao"))
    assert one is not None
    assert other is not None
    assert one is not other
    assert are_alike(one, other)
