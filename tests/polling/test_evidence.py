"""What counts as proof: weak words of eSMS move nothing, and a "no" counts when it is said again."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy import text

from tests.support import Bench, eventually, otp
from worker import Sms, SmsType, TemplateCall, Ticket, reporting
from worker.esms import SentSms
from worker.evidence import PROVES, TWICE, Evidence
from worker.ledger import Lost
from worker.lifecycle import MOVES, Lane, Status
from worker.polling.matching import by_number, end_of, sighted

HOUR = timedelta(hours=1)
DELIVERED, NOT = "0901000001", "0901000002"


def asked(bench: Bench, ticket: Ticket, **columns: str) -> str:
    """Ask about it now; its status then."""
    bench.set(ticket, **({"poll_at": "now()"} | columns))
    bench.poll()
    return bench.status(ticket)


def sent(bench: Bench, number: str = NOT) -> Ticket:
    """Taken, finished at once, and asked about only when a test does."""
    bench.simulator.set(pace=0)
    bench.pace = replace(bench.pace, denied_after=HOUR, poll_first_after=HOUR)
    ticket = bench.put(otp(number))
    bench.deliver()
    return ticket


def test_all_evidence_stands_in_the_table_and_moves_only_where_a_message_may_go() -> None:
    assert set(PROVES) == set(Evidence)
    for moves in PROVES.values():
        assert all(end in MOVES[start] or end is start for start, end in moves.items())
    weak = {evidence for evidence, moves in PROVES.items() if not moves}
    assert not weak & TWICE


# The receiver list...


def test_a_first_false_moves_nothing_and_the_same_after_a_wait_does(bench: Bench) -> None:
    ticket = sent(bench)
    assert asked(bench, ticket) == "accepted"
    assert "counts when said again" in bench.message(ticket)["reason"]
    assert asked(bench, ticket, heard_since="now() - interval '59 minutes'") == "accepted"
    assert asked(bench, ticket, heard_since="now() - interval '61 minutes'") == "undelivered"
    assert [row["outcome"] for row in bench.message(ticket)["requests"]] == [
        "accepted",
        "not yet undelivered",
        "undelivered",
    ]


def test_a_false_that_was_only_early_becomes_true_and_true_wins(bench: Bench) -> None:
    ticket = sent(bench, DELIVERED)
    bench.simulator.set(false_for=3600, send_failed="true")
    assert asked(bench, ticket) == "accepted"
    bench.simulator.set(false_for=0)
    assert asked(bench, ticket, heard_since="now() - interval '1 day'") == "delivered"


def test_another_word_in_between_begins_the_proof_anew(bench: Bench) -> None:
    ticket = sent(bench)
    asked(bench, ticket)
    bench.simulator.set(force={"GetSendStatus": "code_105"})
    assert asked(bench, ticket, heard_since="now() - interval '1 day'") == "accepted"
    bench.simulator.set(force={})
    assert asked(bench, ticket, heard_since="now() - interval '1 day'") == "accepted"
    assert asked(bench, ticket) == "accepted"
    assert asked(bench, ticket, heard_since="now() - interval '1 day'") == "undelivered"


@pytest.mark.parametrize(
    "knobs", [{"is_sent": "never"}, {"is_sent": "missing"}, {"send_failed": "zero"}, {"send_failed": "missing"}]
)
def test_a_false_without_is_sent_or_against_the_counters_ends_unknown_with_what_was_last_heard(
    bench: Bench, knobs: dict[str, str]
) -> None:
    ticket = sent(bench)
    bench.simulator.set(**knobs)
    asked(bench, ticket)
    assert asked(bench, ticket, heard_since="now() - interval '1 day'") == "accepted"
    bench.set(ticket, accepted_at="now() - interval '7 days'")
    bench.look_after_ledger()
    message = bench.message(ticket)
    assert message["status"] == "unknown"
    assert "the last that was heard: eSMS says that it did not arrive" in message["reason"]


def test_slow_types_are_waited_for_hours(bench: Bench) -> None:
    bench.simulator.set(pace=0)
    bench.pace = replace(bench.pace, denied_after=timedelta(0), denied_after_bulk=6 * HOUR, poll_first_after=HOUR)
    ticket = bench.put(Sms(to=NOT, content="Sale", sms_type=SmsType.RANDOM))
    bench.deliver()
    asked(bench, ticket)
    assert asked(bench, ticket, heard_since="now() - interval '5 hours'") == "accepted"
    assert asked(bench, ticket, heard_since="now() - interval '7 hours'") == "undelivered"


def test_a_no_of_an_earlier_attempt_does_not_count_for_the_next(bench: Bench) -> None:
    ticket = sent(bench)
    asked(bench, ticket)
    asked(bench, ticket, heard_since="now() - interval '1 day'")
    bench.notifier.retry(ticket.id)
    bench.deliver()
    assert asked(bench, ticket) == "accepted"


def test_what_the_sandbox_took_has_its_own_word_at_once_and_is_never_asked_about(bench: Bench) -> None:
    alone = bench.put(Sms(to=DELIVERED, content="Ma: 1234", sms_type=SmsType.OTP, sandbox=True))
    bench.deliver()
    assert bench.status(alone) == "sandboxed"
    bench.settings = replace(bench.settings, sandbox=True)
    lost = bench.put(otp("0901000005"))  # its first answer is lost: 124 is the second
    eventually(lambda: bench.deliver() or bench.status(lost) == "sandboxed")
    bench.poll()
    assert "GetSendStatus" not in bench.simulator.stats()["by_function"]


# A group that was refused after some got it...


@pytest.mark.parametrize("send_status", [4, 6])
def test_of_a_group_that_was_refused_those_who_got_it_are_delivered(bench: Bench, send_status: int) -> None:
    bench.simulator.set(pace=0, mixed_status=send_status, plots={"0901000101": "undelivered"})
    ticket = bench.put(Sms(to=[f"0901000{n}" for n in range(100, 125)], content="Sale", sms_type=SmsType.ADVERTISING))
    bench.deliver()
    eventually(lambda: asked_about(bench, ticket) or Status.ACCEPTED not in bench.standing(ticket.id))
    assert bench.standing(ticket.id) == {Status.DELIVERED: 24, Status.REJECTED: 1}


def asked_about(bench: Bench, ticket: Ticket) -> bool:
    bench.set(ticket, poll_at="CASE WHEN poll_at IS NOT NULL THEN now() END")
    return bench.ask()


def test_a_group_is_not_refused_for_all_at_the_first_word(bench: Bench) -> None:
    bench.simulator.set(pace=0, plots={f"0901000{n}": "operator_refuses" for n in range(100, 125)})
    bench.pace = replace(bench.pace, denied_after_bulk=6 * HOUR)
    ticket = bench.put(Sms(to=[f"0901000{n}" for n in range(100, 125)], content="Sale", sms_type=SmsType.ADVERTISING))
    bench.deliver()
    asked_about(bench, ticket)
    assert bench.standing(ticket.id) == {Status.ACCEPTED: 25}
    bench.set(ticket, heard_since="now() - interval '7 hours'")
    asked_about(bench, ticket)
    assert bench.standing(ticket.id) == {Status.REJECTED: 25}


# Calls that nobody answers for...


def test_a_call_that_only_ever_gets_105_says_so_and_doctor_after_a_day(bench: Bench) -> None:
    bench.simulator.set(call_statuses=False)
    ticket = bench.put(TemplateCall(to=DELIVERED, template_id="1001", variables=["Lan"]))
    bench.deliver()
    assert asked(bench, ticket) == "accepted"
    assert "does not say what becomes of calls" in bench.message(ticket)["reason"]
    with bench.database.begin() as session:
        assert reporting.calls_nobody_knows(session) == 0
    two_days_ago = "now() - interval '2 days'"
    bench.set(ticket, accepted_at=two_days_ago, heard_since=two_days_ago)
    with bench.database.begin() as session:
        assert reporting.calls_nobody_knows(session) == 1


# The sent data...


def in_doubt(bench: Bench, number: str = "0901000005", sms: Sms | None = None) -> Ticket:
    """An SMS in doubt whose RequestId eSMS has forgotten, by default one that was taken."""
    bench.pace = replace(bench.pace, ask_again_after=HOUR, sent_data_after=HOUR, sent_data_complete=HOUR)
    ticket = bench.put(sms or otp(number), expires_at=datetime.now(UTC) + 48 * HOUR)
    bench.deliver()
    assert set(bench.standing(ticket.id)) == {Status.UNCONFIRMED}
    bench.set(ticket, in_doubt_since="now() - interval '24 hours'")
    return ticket


def not_taken(bench: Bench, sms: Sms | None = None) -> Ticket:
    bench.simulator.set(plots={"0901000100": "reset"})
    ticket = in_doubt(bench, "0901000100", sms)
    bench.simulator.set(plots={})
    return ticket


def looked_for(bench: Bench, ticket: Ticket, **columns: str) -> str:
    bench.set(ticket, **({"due_at": "now()"} | columns))
    bench.poll()
    return bench.status(ticket)


def another(bench: Bench, number: str = DELIVERED, content: str = "Ma khac: 99") -> Ticket:
    """An SMS of ours that was taken later, and has its SMSID."""
    ticket = bench.put(otp(number, content))
    bench.deliver()
    assert bench.status(ticket) == "accepted"
    return ticket


def long_ago(bench: Bench, ticket: Ticket) -> str:
    return looked_for(bench, ticket, heard_since="heard_since - interval '2 hours'")


@pytest.mark.parametrize("rows", ["manual", "published", "published_v2"])
def test_absent_twice_after_a_wait_from_a_list_that_has_caught_up_is_not_taken(bench: Bench, rows: str) -> None:
    bench.simulator.set(sent_data=rows, pace=0)
    ticket = not_taken(bench)
    another(bench)
    assert looked_for(bench, ticket) == "unconfirmed"
    assert looked_for(bench, ticket) == "unconfirmed"
    assert long_ago(bench, ticket) == "queued"


def test_absent_from_a_list_that_shows_nothing_of_ours_that_is_later_proves_nothing(bench: Bench) -> None:
    earlier = another(bench)
    ticket = not_taken(bench)
    bench.set(earlier, accepted_at="now() - interval '3 hours'")
    looked_for(bench, ticket)
    assert long_ago(bench, ticket) == "unconfirmed"
    assert "may not be complete" in bench.message(ticket)["reason"]
    assert looked_for(bench, ticket, polls="12") == "held"


@pytest.mark.parametrize("list_", ["missing", "null", "renamed", "text"])
def test_an_answer_without_a_list_is_no_absence(bench: Bench, list_: str) -> None:
    ticket = not_taken(bench)
    another(bench)
    bench.simulator.set(sent_data_list=list_)
    looked_for(bench, ticket)
    assert long_ago(bench, ticket) == "unconfirmed"
    assert "did not show the sent data" in bench.message(ticket)["reason"]


def test_a_list_that_lags_never_sends_again_what_was_taken(bench: Bench) -> None:
    bench.simulator.set(pace=0, sent_data="published")
    ticket = in_doubt(bench)
    another(bench)
    bench.simulator.set(sent_data_lag=3600)
    looked_for(bench, ticket)
    assert long_ago(bench, ticket) == "unconfirmed"
    bench.simulator.set(sent_data_lag=0)
    assert looked_for(bench, ticket) == "accepted"


@pytest.mark.parametrize("sms_type", [SmsType.ADVERTISING, SmsType.RANDOM])
def test_absent_of_a_slow_type_is_held_and_never_sent_again(bench: Bench, sms_type: SmsType) -> None:
    to = [f"0901000{n}" for n in range(100, 120)] if sms_type is SmsType.ADVERTISING else "0901000100"
    ticket = not_taken(bench, Sms(to=to, content="Sale", sms_type=sms_type))
    another(bench)
    for _ in range(2):
        bench.set(ticket, due_at="now()", heard_since="heard_since - interval '1 day'")
        bench.poll()
    assert set(bench.standing(ticket.id)) == {Status.HELD}


@pytest.mark.parametrize("shown", ["plain", "upper", "labelled", "signed"])
@pytest.mark.parametrize("rows", ["manual", "published"])
def test_a_text_that_came_back_folded_or_with_a_label_is_found(bench: Bench, shown: str, rows: str) -> None:
    bench.simulator.set(pace=0, sent_data=rows, texts_shown=shown)
    ticket = in_doubt(bench, sms=Sms(to="0901000005", content="Chào bạn Lân", sms_type=SmsType.RANDOM, unicode=True))
    another(bench)
    assert looked_for(bench, ticket) == "accepted"


def test_nobodys_text_to_the_same_number_is_several_and_never_absent(bench: Bench) -> None:
    ticket = not_taken(bench)
    another(bench)
    bench.simulator.set(foreign_rows=["0901000100 Xin chao tu trang web"])
    assert looked_for(bench, ticket) == "held"
    assert "several rows" in bench.message(ticket)["reason"]


@pytest.mark.parametrize("rows", ["manual", "published"])
def test_another_text_of_ours_to_the_same_number_is_not_counted_against_it(bench: Bench, rows: str) -> None:
    bench.simulator.set(pace=0, sent_data=rows)
    ticket = not_taken(bench)
    another(bench, "0901000100")
    another(bench)
    looked_for(bench, ticket)
    assert long_ago(bench, ticket) == "queued"


def test_the_row_of_an_earlier_attempt_is_not_the_row_of_the_next(bench: Bench) -> None:
    bench.simulator.set(pace=0, sent_data="published", plots={"0901000100": "undelivered"})
    ticket = bench.put(otp("0901000100"), expires_at=datetime.now(UTC) + 48 * HOUR)
    bench.deliver()
    eventually(lambda: asked(bench, ticket) == "undelivered")
    bench.simulator.set(plots={"0901000100": "reset"})
    bench.pace = replace(bench.pace, ask_again_after=HOUR, sent_data_after=HOUR, sent_data_complete=HOUR)
    bench.notifier.retry(ticket.id)
    bench.deliver()
    bench.set(ticket, in_doubt_since="now() - interval '24 hours'")
    assert looked_for(bench, ticket) == "unconfirmed"
    assert bench.message(ticket)["sms_id"] is None


@pytest.mark.parametrize("time", ["date", "none"])
def test_a_row_without_an_smsid_that_could_be_another_of_ours_is_nobodys_to_take(bench: Bench, time: str) -> None:
    bench.simulator.set(pace=0, sent_data="manual", sent_time=time)
    another(bench, "0901000100", "Ma: 1234")
    ticket = not_taken(bench)
    another(bench)
    assert looked_for(bench, ticket) == "held"


# Rows from before, and late answers...


def row(minutes: int | None, sms_id: str | None = "88", content: str = "Ma: 1234", **said: Any) -> SentSms:
    """A row of the lost one's number, so many minutes after its first attempt."""
    sent_at = None if minutes is None else SINCE + timedelta(minutes=minutes)
    return SentSms(phone="0901000100", content=content, sms_id=sms_id, sent_at=sent_at, **said)


SINCE = datetime(2026, 11, 25, 3, tzinfo=UTC)
LOST = Lost(
    message_id=uuid4(),
    status=Status.UNCONFIRMED,
    request_id=None,
    phone="+84901000100",
    content="Ma: 1234",
    lane=Lane.URGENT,
    since=SINCE,
    until=SINCE + 23 * HOUR,
    handed_over=False,
    polls=1,
)


@pytest.mark.parametrize(
    ("rows", "evidence"),
    [
        ([row(1)], Evidence.ROW_WITH_ID),
        ([row(None)], Evidence.ROW_WITH_ID),
        ([row(-600)], Evidence.SEVERAL),
        ([row(-600), row(1, "89")], Evidence.ROW_WITH_ID),
        ([row(1), row(2, "89")], Evidence.SEVERAL),
        ([row(1, content="Ma: 12345")], Evidence.SEVERAL),
        ([], Evidence.ABSENT),
    ],
)
def test_a_row_from_before_the_attempt_is_not_its_own_and_proves_no_absence(
    rows: list[SentSms], evidence: Evidence
) -> None:
    seen = sighted(LOST, by_number(rows), {}, SINCE + 30 * HOUR, old=SINCE)
    assert seen.evidence is evidence
    assert seen.row == (rows[-1] if evidence is Evidence.ROW_WITH_ID else None)


def test_a_row_whose_number_can_not_be_read_proves_no_absence() -> None:
    unread = [SentSms(phone="", content="")]
    seen = sighted(LOST, by_number(unread), {}, SINCE + 30 * HOUR, old=SINCE)
    assert seen.evidence is Evidence.ABSENT_UNPROVED


@pytest.mark.parametrize(
    ("said", "evidence"),
    [
        ({"sent_status": "true"}, Evidence.ROW_ARRIVED),
        ({"delivered": True, "send_status": 5}, Evidence.ROW_ARRIVED),
        ({"sent_status": "true", "send_status": 4}, Evidence.ROW_OPEN),
        ({"sent_status": "true", "send_status": 7}, Evidence.ROW_OPEN),
        ({"sent_status": "true", "code": "146"}, Evidence.ROW_OPEN),
        ({"sent_status": "false", "send_status": 7}, Evidence.ROW_OPEN),
        ({"sent_status": "false", "send_status": 5}, Evidence.ROW_NOT_ARRIVED),
        ({"sent_status": "false"}, Evidence.ROW_NOT_ARRIVED),  # with a SentTime of long ago
        ({"sent_status": "false", "minutes": 119}, Evidence.ROW_OPEN),
        ({"sent_status": "false", "minutes": None}, Evidence.ROW_OPEN),
        ({"delivered": False, "send_status": 4}, Evidence.ROW_REFUSED),
        ({"code": "146"}, Evidence.ROW_REFUSED),
        ({"code": "99"}, Evidence.ROW_OPEN),
        ({"code": "160"}, Evidence.ROW_OPEN),
        ({"code": "777"}, Evidence.ROW_OPEN),
        ({"sent_status": "4"}, Evidence.ROW_OPEN),
    ],
)
def test_what_a_row_says_is_believed_only_as_far_as_it_can_be_known(said: dict[str, Any], evidence: Evidence) -> None:
    said = {"minutes": 1} | said
    assert end_of(row(said.pop("minutes"), None, **said), old=SINCE + HOUR) is evidence


def test_the_smsid_of_an_answer_that_came_too_late_is_not_taken_from_its_message(bench: Bench) -> None:
    bench.simulator.set(pace=0, sent_data="published")
    ticket = in_doubt(bench)
    [sent_] = bench.simulator.sends()
    late = "UPDATE request SET sms_id = :sms_id, outcome = 'late: accepted'"
    with bench.database.begin() as session:
        session.execute(text(late), {"sms_id": sent_["sms_id"]})
    assert looked_for(bench, ticket) == "accepted"
