"""What is handed over in the place of what failed, corrected."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID, uuid4

from worker import Corrected
from worker.again.compose import enqueue_of, gather
from worker.intake.terms import are_alike
from worker.lifecycle import Kind, Purpose


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
    expires_at: None = None


@dataclass
class Failure:
    notification_id: UUID
    phone: str
    id: UUID = field(default_factory=uuid4)


def test_those_of_one_campaign_have_terms_that_are_checked_once() -> None:
    requests = [Row(), Row()]
    failures = [Failure(row.id, f"+8490100000{place}") for place, row in enumerate(requests)]
    groups = gather(failures, {row.id: row for row in requests}, Corrected(content="Da giao"), {})
    one, other = (enqueue_of(group, Corrected(content="Da giao")) for group in groups)
    assert one is not None
    assert other is not None
    assert are_alike(one, other)
