"""Whatever is removed in the course of a year, every report says what it said before."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as some
from sqlalchemy import text

from tests.retention.time_travel import WITH_KEY, remove, reports, summed_anew, travel
from tests.support import Bench, empty
from tests.traces import tables_that_hold
from worker import Sms, SmsType, TemplateCall
from worker.lifecycle import Purpose

pytestmark = pytest.mark.long

ENDS = {
    "delivered": "status = 'delivered', settled_at = now(), accepted_at = now(), network = 'Viettel', price = 350",
    "undelivered": "status = 'undelivered', settled_at = now(), accepted_at = now(), code = '105'",
    "rejected": "status = 'rejected', settled_at = now(), code = '104'",
    "expired": "status = 'expired', settled_at = now(), reason = 'not sent before its expires_at'",
    "unknown": "status = 'unknown', settled_at = now(), accepted_at = now()",
    "held": "status = 'held'",
    "queued": "attempts = 0",
}
MESSAGES = some.lists(
    some.tuples(
        some.sampled_from(sorted(Purpose)),
        some.sampled_from(["", "shop", "clinic"]),
        some.sampled_from([None, "tet"]),
        some.sampled_from(sorted(ENDS)),
        some.booleans(),  # a call
    ),
    min_size=4,
    max_size=12,
)


@given(months=some.lists(MESSAGES, min_size=2, max_size=4))
@settings(max_examples=5, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_every_report_is_the_same_before_and_after_a_year_of_removing(bench: Bench, months: list[Any]) -> None:
    empty(bench.database)
    count = 0
    for month in months:
        for purpose, source, campaign, end, call in month:
            count += 1
            to = f"09015{count:05}"
            request: Any = Sms(to=to, content=f"bí mật {to}", sms_type=SmsType.NOTIFY)
            if call:
                request = TemplateCall(to=to, template_id="1", variables=[f"mat {to}"])
            reference = f"r{count}" if count % 2 else None
            ticket = bench.put(request, purpose=purpose, source=source, campaign=campaign, reference=reference)
            with bench.database.begin() as session:
                session.execute(text(f"UPDATE message SET {ENDS[end]} WHERE notification_id = :id"), {"id": ticket.id})
        travel(bench.database, timedelta(days=30))
    for _ in range(8):
        before = summed_anew(bench)
        remove(bench, WITH_KEY)
        assert reports(bench) == before
        assert summed_anew(bench) == before
        travel(bench.database, timedelta(days=60))
    under_way = sum(end in ("held", "queued") for month in months for _, _, _, end, _ in month)
    with bench.database.begin() as session:
        assert session.scalar(text("SELECT count(*) FROM message WHERE emptied_at IS NULL")) == under_way
        assert session.scalar(text("SELECT count(*) FROM notification WHERE reference IS NOT NULL")) <= under_way
    if not under_way:
        assert tables_that_hold(bench.database, ("9015000", "mat ")) == []  # four digits stand in an id, at times
