"""What follows by itself: another channel once the first is closed, or the same again; never both by fault."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import text

from tests.support import Bench, otp
from worker import RecordCall, Retry, Sms, TemplateCall, Ticket, again, ledger
from worker.catalogue.problems import in_vietnamese
from worker.errors import Conflict, Invalid
from worker.lifecycle import Kind

CALL = TemplateCall(template_id="9", variables=["1234"])
FAILED = {"status": "'undelivered'", "settled_at": "now()", "accepted_at": "now()"}


def put(bench: Bench, **besides: Any) -> Ticket:
    return bench.put(otp(), **({"fallback": CALL, "fallback_after": "10m"} | besides))


def pass_time(bench: Bench, minutes: int = 11) -> None:
    """For everything that was handed over."""
    with bench.database.begin() as session:
        session.execute(text(f"UPDATE notification SET created_at = created_at - interval '{minutes} minutes'"))
        session.execute(text("UPDATE follow_up SET due_at = now() WHERE due_at IS NOT NULL"))


def calls(bench: Bench) -> int:
    with bench.database.begin() as session:
        return int(session.scalar(text("SELECT count(*) FROM message WHERE lane = 'voice'")) or 0)


@pytest.mark.parametrize(
    ("stands", "in_doubt", "made"),
    [
        (FAILED, False, 1),
        ({"status": "'rejected'", "code": "'104'", "settled_at": "now()"}, False, 1),
        ({"status": "'expired'", "settled_at": "now()"}, False, 1),
        ({}, False, 1),  # waits still: it is called back
        ({"status": "'delivered'", "settled_at": "now()", "accepted_at": "now()"}, True, 0),
        ({"status": "'cancelled'", "settled_at": "now()"}, True, 0),
        ({"status": "'accepted'", "accepted_at": "now()"}, False, 0),
        ({"status": "'unconfirmed'", "in_doubt_since": "now()"}, False, 0),
        ({"status": "'held'", "reason": "'test'"}, False, 0),
        ({"status": "'unknown'", "settled_at": "now()"}, False, 0),
        ({"status": "'sending'", "lease_until": "now()"}, True, 0),
        ({"status": "'accepted'", "accepted_at": "now()"}, True, 1),
        ({"status": "'held'", "reason": "'test'"}, True, 1),
    ],
)
def test_the_other_channel_follows_once_the_first_is_closed_and_only_once(
    bench: Bench, stands: dict[str, str], in_doubt: bool, made: int
) -> None:
    ticket = put(bench, fallback_in_doubt=in_doubt)
    if stands:
        bench.set(ticket, **stands)
    again.follow(bench.database, bench.settings)
    assert calls(bench) == 0  # not before its time
    for _ in range(3):
        pass_time(bench)
        again.follow(bench.database, bench.settings)
    assert calls(bench) == made
    assert (bench.message(ticket)["replaced_by"] is not None) == bool(made)
    if not stands:
        assert bench.status(ticket) == "cancelled"


def test_a_late_success_stops_the_call_before_it_is_dialled(bench: Bench) -> None:
    ticket = put(bench, fallback_in_doubt=True)
    bench.set(ticket, status="'accepted'", accepted_at="now()")
    pass_time(bench)
    again.follow(bench.database, bench.settings)
    bench.set(ticket, status="'delivered'", settled_at="now()")
    bench.deliver()
    assert bench.simulator.sends() == []
    call = bench.notifier.show(bench.notifier.locate(bench.message(ticket)["replaced_by"].__str__()).notification)
    assert (call.messages[0].status, call.messages[0].reason) == (
        "cancelled",
        "the message in whose place it was to go arrived after all",
    )


def test_a_success_between_the_claim_and_the_dial_stops_it_too(bench: Bench) -> None:
    ticket = put(bench, fallback_in_doubt=True)
    bench.set(ticket, status="'accepted'", accepted_at="now()")
    pass_time(bench)
    again.follow(bench.database, bench.settings)
    [claim] = bench.claim()
    bench.set(ticket, status="'delivered'", settled_at="now()")

    with bench.database.begin() as session:
        assert not ledger.intend(session, claim.fences)


def test_who_dies_before_the_commit_leaves_it_to_the_next(bench: Bench) -> None:
    bench.set(put(bench), **FAILED)
    pass_time(bench)
    with pytest.raises(RuntimeError), bench.database.begin() as session:
        ledger.fall_back(session, ledger.due_follow_ups(session))
        raise RuntimeError
    assert calls(bench) == 0
    again.follow(bench.database, bench.settings)
    assert calls(bench) == 1


def test_what_was_replaced_is_not_sent_again_by_a_person(bench: Bench) -> None:
    ticket = put(bench)
    bench.set(ticket, **FAILED)
    pass_time(bench)
    again.follow(bench.database, bench.settings)
    assert bench.notifier.retry(ticket.id).moved == 0


def test_what_was_not_delivered_goes_out_again_so_often_and_no_more(bench: Bench) -> None:
    ticket = bench.put(otp(), retry_undelivered=Retry(times=2, wait="1h"))
    for generation in (1, 2, 2):
        bench.set(ticket, **(FAILED | {"settled_at": "now() - interval '2 hours'"}))
        pass_time(bench)
        again.follow(bench.database, bench.settings)
        assert bench.message(ticket)["history"][-1]["generation"] == generation
    assert bench.message(ticket)["history"][-1]["asked_by"] == "retry_undelivered"


def test_what_its_application_wants_by_a_date_is_not_sent_again_by_itself_after_it(bench: Bench) -> None:
    """A person may still have it sent again."""
    by = datetime.now(UTC) + timedelta(hours=2)
    ticket = bench.put(otp(), retry_undelivered=Retry(times=2, wait="1h"), expires_at=by)
    bench.set(ticket, **FAILED)
    with bench.database.begin() as session:
        session.execute(text("UPDATE notification SET expires_at = now() - interval '1 second'"))
    bench.set(ticket, settled_at="now() - interval '2 hours'", expires_at="now() - interval '1 second'")
    pass_time(bench)
    again.follow(bench.database, bench.settings)
    assert bench.status(ticket) == "undelivered"
    assert bench.notifier.retry(ticket.id).moved == 1


@pytest.mark.parametrize(
    ("besides", "told"),
    [
        ({"fallback": otp(())}, "fallback: is the same as the first"),
        ({"fallback_after": "0m"}, "fallback_after: is out of range"),
        ({"fallback_after": timedelta(days=366)}, "fallback_after: is out of range"),
        ({"fallback_after": "500d"}, "fallback_after: is out of range"),
        ({"fallback_after": None}, "fallback_after: is missing: say how long after"),
        ({"fallback_after": "1h before"}, "fallback_after: is no amount of time"),
        ({"fallback": None}, "fallback: is missing"),
        ({"fallback": RecordCall(to="0909999999", record_id="1")}, "fallback: has recipients of its own"),
        ({"retry_undelivered": Retry(times=99)}, "retry_undelivered.times: is out of range"),
        ({"fallback": Sms(content="x" * 5000)}, "content: "),
    ],
)
def test_what_can_not_follow_is_one_clear_line(bench: Bench, besides: dict[str, Any], told: str) -> None:
    with pytest.raises(Invalid, match=told):
        put(bench, **besides)


def test_another_fallback_is_another_content(bench: Bench) -> None:
    first = put(bench, reference="r")
    assert put(bench, reference="r").id == first.id
    with pytest.raises(Conflict):
        put(bench, reference="r", fallback=None, fallback_after=None)


def test_it_comes_as_fields_as_well(bench: Bench) -> None:
    fields = {"to": "0901000001", "content": "Ma: 1", "sms_type": 7, "fallback_after": "5m"}
    fallback = {"kind": "template_call", "template_id": "9", "variables": ["1"]}

    ticket = bench.notifier.enqueue_fields(Kind.SMS, fields | {"fallback": fallback, "retry_undelivered": {"times": 1}})
    bench.set(ticket, **FAILED)
    pass_time(bench)
    again.follow(bench.database, bench.settings)
    assert calls(bench) == 1


def some(*each: Any) -> tuple[Any, ...]:
    """Of any types."""
    return each


ASKED: Any = {"kind": "template_call", "template_id": "9"}


@pytest.mark.parametrize(
    ("besides", "field"),
    [
        ({"fallback": ASKED | {"bogus": 1}}, "fallback.bogus"),
        ({"fallback": {"kind": "template_call"}}, "fallback.template_id"),
        ({"fallback": {}}, "fallback.content"),
        *(({"fallback": ASKED | {"kind": kind}}, "fallback.kind") for kind in some("fax", [], {}, None, 5)),
        ({"fallback": ASKED | {"variables": "x"}}, "fallback.variables"),
        ({"fallback": ASKED | {"to": None}}, "fallback"),
        *(({"fallback": fallback}, "fallback") for fallback in some([], "", 0, False, "yes", [ASKED])),
        *(({"fallback": ASKED, "fallback_after": after}, "fallback_after") for after in some(0, 30, [], {}, "", None)),
        *(({"fallback": ASKED, "fallback_in_doubt": doubt}, "fallback_in_doubt") for doubt in some("yes", 1, [], None)),
        *(
            ({"fallback_after": None, "fallback_in_doubt": doubt}, "fallback_in_doubt")
            for doubt in some("no", 0, {}, None)
        ),
        *(({"fallback_after": after}, "fallback") for after in some(0, [], {}, "")),
        *(({"retry_undelivered": retry}, "retry_undelivered") for retry in some([], "", 0, False, "2x1h", True)),
        ({"retry_undelivered": {"bogus": 1}}, "retry_undelivered.bogus"),
        *(({"retry_undelivered": {"times": n}}, "retry_undelivered.times") for n in some("2", 0, 1.0, True, None, [])),
        *(({"retry_undelivered": {"wait": wait}}, "retry_undelivered.wait") for wait in some(60, "", None, [], "1y")),
    ],
)
def test_what_is_wrong_with_fields_is_told_by_its_place_and_never_taken_for_nothing(
    bench: Bench, besides: dict[str, Any], field: str
) -> None:
    """An empty list is no *nothing follows*, and "yes" is no *no*."""
    fields = {"to": "0901000001", "content": "Ma: 1", "sms_type": 7, "fallback_after": "5m", "source": "shop"} | besides
    if "retry_undelivered" in besides:
        del fields["fallback_after"]
    with bench.notifier.refused.kept("sms", fields, task_id=None):  # as a task does it
        bench.notifier.enqueue_fields(Kind.SMS, fields, late=True)
    [row] = bench.notifier.refused.list()
    assert row.field == field, row.reason
    assert in_vietnamese(row.reason) != row.reason
