"""What takes another's place stands in the ledger as what is handed over does; only the chain is told besides."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import text

from tests.support import Bench
from worker import Corrected, Enqueue, Failed, RecordCall, Sms, TemplateCall
from worker.ledger.opt_out import opt_out
from worker.lifecycle import Purpose, SmsType

LATER = datetime.now(UTC).replace(microsecond=0) + timedelta(days=3)
ADVERTISED = [f"+8490300{n:04d}" for n in range(30)]
BRAND: dict[str, Any] = {"sms_type": SmsType.CUSTOMER_CARE, "brandname": "SangBrand"}
WILL_NOT = "+84901000005"

# What failed; each to numbers of its own, by which the rows are told apart.
SMS = (
    Enqueue(request=Sms(to="+84901000001", content="Don hang 1", **BRAND), purpose=Purpose.SERVICE),
    Enqueue(request=Sms(to="+84901000002", content="Don hang 1", **BRAND), purpose=Purpose.SERVICE),
    Enqueue(request=Sms(to="+84901000003", content="Đơn hàng 3", **BRAND), purpose=Purpose.SERVICE, source="crm"),
    Enqueue(request=Sms(to="+84901000004", content="Ma: 4", **BRAND), purpose=Purpose.CODE, expires_at=LATER),
    Enqueue(request=Sms(to=WILL_NOT, content="Hen 5", **BRAND), purpose=Purpose.REMINDER),
    Enqueue(request=Sms(to=["+84901000007", "+84901000006"], content="Hai", **BRAND), purpose=Purpose.SERVICE),
    Enqueue(request=Sms(to="+84901000008", content="Thử", sandbox=True, **BRAND), purpose=Purpose.SERVICE),
)
ADVERTISING = Enqueue(request=Sms(to=ADVERTISED, content="Sale", sms_type=SmsType.ADVERTISING, brandname="SangBrand"))
CALLS = (
    Enqueue(request=TemplateCall(to="+84901000011", template_id="9", variables=["An"])),
    Enqueue(request=TemplateCall(to="+84901000012", template_id="9", variables=["An"])),
    Enqueue(request=TemplateCall(to="+842838123456", template_id="9", variables=["Binh"])),
    Enqueue(request=RecordCall(to="+84901000013", record_id="9", max_retry=2), expires_at=LATER),
)

NOTIFICATIONS = "to_jsonb(n) - CAST('{id,created_at}' AS text[])"
# Of moments, what lies between them.
MESSAGES = """
    to_jsonb(m) - CAST('{id,notification_id,created_at,due_at,wanted_at,expires_at,settled_at,request_id}' AS text[])
    || jsonb_build_object(
        'due', m.due_at >= m.wanted_at, 'horizon', CASE WHEN n.expires_at IS NULL THEN m.expires_at - m.wanted_at END,
        'expires', m.expires_at = n.expires_at, 'settled', m.settled_at IS NOT NULL, 'group', m.request_id IS NOT NULL
    )
"""
CHAIN = ("replaces", "generation", "wanted_by")


def rows_of(bench: Bench, which: str) -> list[tuple[dict[str, Any], dict[str, Any]]]:
    """Each message of theirs with its notification, by number."""
    with bench.database.begin() as session:
        return [
            (row.notification, row.message)
            for row in session.execute(
                text(f"""
                    SELECT {NOTIFICATIONS} AS notification, {MESSAGES} AS message
                    FROM message AS m JOIN notification AS n ON n.id = m.notification_id WHERE {which} ORDER BY m.phone
                """)
            )
        ]


def corrected(bench: Bench, stock: Sequence[Enqueue], correction: Corrected) -> list[Any]:
    """All of them fail, and are sent again with it."""
    bench.notifier.enqueue_many([replace(each, campaign="tet") for each in stock])
    with bench.database.begin() as session:
        session.execute(text("UPDATE message SET status = 'undelivered', settled_at = now(), accepted_at = now()"))
    bench.notifier.again.retry(Failed(campaign="tet"), corrected=correction, by="lan")
    return rows_of(bench, "m.replaces IS NOT NULL")


def handed_over(bench: Bench, stock: Sequence[Enqueue], **changes: Any) -> list[Any]:
    """They, as new requests of their own."""
    bench.notifier.enqueue_many(
        [replace(each, campaign="tet", request=replace(each.request, **changes)) for each in stock]
    )
    return rows_of(bench, "m.replaces IS NULL AND m.generation = 0 AND m.status IN ('queued', 'cancelled')")


def told_apart(rows: Sequence[tuple[Mapping[str, Any], dict[str, Any]]]) -> set[tuple[Any, ...]]:
    """Takes what is told of the chain out of the rows."""
    return {tuple(message.pop(name) for name in CHAIN[1:]) for _, message in rows if message.pop(CHAIN[0])}


@pytest.mark.parametrize(
    ("stock", "changes", "correction"),
    [
        (SMS, {"content": "Đã giao, cảm ơn"}, Corrected(content="Đã giao, cảm ơn")),
        (SMS, {"brandname": "AnotherBrand"}, Corrected(brandname="AnotherBrand")),
        (SMS, {"sms_type": SmsType.FIXED, "brandname": None}, Corrected(sms_type=SmsType.FIXED)),
        ([ADVERTISING], {"content": "Sale 2"}, Corrected(content="Sale 2")),
        (CALLS[:3], {"template_id": "10"}, Corrected(template="10")),
        (CALLS[3:], {"record_id": "10"}, Corrected(template="10")),
    ],
)
def test_what_is_corrected_stands_as_if_it_had_been_handed_over_like_that(
    bench: Bench, stock: Sequence[Enqueue], changes: Mapping[str, Any], correction: Corrected
) -> None:
    with bench.database.begin() as session:
        opt_out(session, [WILL_NOT], "test")
    found = corrected(bench, stock, correction)
    assert told_apart(found) == {(1, "lan")}
    new = handed_over(bench, stock, **changes)
    for _, message in new:
        for name in CHAIN:
            message.pop(name)
    assert found == new
    assert len(found) == sum(1 if isinstance(each.request.to, str) else len(each.request.to) for each in stock)
