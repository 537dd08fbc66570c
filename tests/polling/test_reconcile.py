"""What was taken without an SMSID is found in the sent data: by number, text and time, or left open."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from tests.support import Bench, eventually, looked, otp
from worker import Sms, SmsType, Ticket, ledger
from worker.lifecycle import Status


def taken_without_id(bench: Bench, plot: str = "015", content: str = "Ma: 1234") -> Ticket:
    """Accepted, and its SMSID is lost: 015 answers without one, 005 loses the answer."""
    ticket = bench.put(otp("0901000" + plot, content))
    eventually(lambda: bench.deliver() or bench.status(ticket) == "accepted")
    return ticket


@pytest.mark.parametrize("plot", ["005", "006", "008", "013", "014", "015"])
@pytest.mark.parametrize("rows", ["manual", "published", "published_v2"])
def test_it_is_found_however_esms_spells_its_rows(bench: Bench, plot: str, rows: str) -> None:
    bench.simulator.set(sent_data=rows)
    ticket = taken_without_id(bench, plot)
    assert bench.message(ticket)["sms_id"] is None
    eventually(lambda: bench.poll() or bench.status(ticket) == "delivered")
    message = bench.message(ticket)
    assert "GetSmsSentData" in [row["function"] for row in message["requests"]]
    assert bench.simulator.ledger().twice() == {}


def test_two_alike_are_not_guessed_at(bench: Bench) -> None:
    bench.simulator.set(sent_data="manual")
    tickets = [taken_without_id(bench) for _ in range(2)]
    bench.poll()
    assert {bench.status(ticket) for ticket in tickets} == {"accepted"}
    assert {"several rows" in bench.message(ticket)["reason"] for ticket in tickets} == {True}


def test_a_row_of_a_message_that_knows_its_id_is_nobody_elses(bench: Bench) -> None:
    bench.simulator.set(sent_data="published", plots={"0901000015": "delivered"})
    knows = taken_without_id(bench)
    assert bench.message(knows)["sms_id"] is not None
    bench.simulator.set(plots={})
    lost = taken_without_id(bench)
    eventually(lambda: bench.poll() or bench.status(lost) == "delivered")
    assert bench.message(lost)["sms_id"] != bench.message(knows)["sms_id"]


def test_a_text_that_is_not_in_the_sent_data_stays_open(bench: Bench) -> None:
    ticket = taken_without_id(bench)
    bench.simulator.reset()
    bench.poll()
    message = bench.message(ticket)
    assert message["status"] == "accepted"
    assert "does not show it" in message["reason"]


def test_one_call_looks_for_all_of_a_day(bench: Bench) -> None:
    bench.simulator.set(plots={str(n): "no_id" for n in range(100, 140)})
    tickets = bench.notifier.enqueue_many(otp(f"0901000{n}") for n in range(100, 140))
    bench.deliver()
    before = bench.simulator.stats()["by_function"].get("GetSmsSentData", 0)
    bench.poll()
    assert bench.simulator.stats()["by_function"]["GetSmsSentData"] == before + 1
    assert all("SMSID was lost" in bench.message(ticket)["reason"] for ticket in tickets)


# In doubt, and no longer to be asked again...


def forgotten(bench: Bench, number: str = "0901000005", content: str = "Ma: 1234", **columns: str) -> Ticket:
    """An SMS in doubt whose RequestId eSMS has forgotten; 005 was taken."""
    bench.pace = replace(bench.pace, ask_again_after=timedelta(hours=1))
    ticket = bench.put(otp(number, content), expires_at=datetime.now(UTC) + timedelta(hours=1))
    bench.deliver()
    assert bench.status(ticket) == "unconfirmed"
    bench.set(ticket, in_doubt_since="now() - interval '24 hours'", due_at="now()", **columns)
    return ticket


def later(bench: Bench) -> None:
    """Another SMS of ours that eSMS took after that one: a list that shows it has caught up."""
    other = bench.put(otp("0901000001", "Ma khac: 99"))
    bench.deliver()
    bench.set(other, accepted_at="now() + interval '5 minutes'", poll_at="NULL")


def look_until(bench: Bench, ticket: Ticket, status: str) -> None:
    eventually(lambda: bench.poll() or bench.status(ticket) == status)


def outcomes(bench: Bench, ticket: Ticket) -> list[str]:
    return [row["outcome"] for row in bench.message(ticket)["requests"] if row["function"] == "GetSmsSentData"]


@pytest.mark.parametrize(("rows", "told"), [("published", ["SMSID found"]), ("manual", ["found", "delivered"])])
def test_one_match_settles_what_was_in_doubt(bench: Bench, rows: str, told: list[str]) -> None:
    bench.simulator.set(sent_data=rows)
    ticket = forgotten(bench)
    look_until(bench, ticket, "delivered")
    assert outcomes(bench, ticket) == told


def test_none_twice_in_a_row_means_not_taken_and_it_is_sent_once(bench: Bench) -> None:
    bench.simulator.set(plots={"0901000100": "reset"})
    ticket = forgotten(bench, "0901000100")
    later(bench)
    look_until(bench, ticket, "queued")
    assert outcomes(bench, ticket) == ["absent", "not taken"]
    bench.simulator.set(plots={})
    bench.deliver()
    assert bench.status(ticket) == "accepted"
    assert len(bench.simulator.sends()) == 2  # the other one, and this one once


def test_one_look_without_a_trace_proves_nothing(bench: Bench) -> None:
    bench.simulator.set(plots={"0901000100": "reset"})
    ticket = forgotten(bench, "0901000100")
    later(bench)
    bench.pace = replace(bench.pace, sent_data_after=timedelta(hours=1))
    eventually(lambda: bench.poll() or outcomes(bench, ticket))
    bench.poll()
    assert bench.status(ticket) == "unconfirmed"
    assert outcomes(bench, ticket) == ["absent"]


def test_a_silent_esms_in_between_begins_the_proof_anew(bench: Bench) -> None:
    bench.simulator.set(plots={"0901000100": "reset"})
    ticket = forgotten(bench, "0901000100")
    later(bench)
    eventually(lambda: bench.poll() or outcomes(bench, ticket))
    bench.simulator.set(force={"GetSmsSentData": "empty"})
    bench.set(ticket, due_at="now()")
    bench.poll()
    bench.simulator.set(force={})
    bench.pace = replace(bench.pace, sent_data_after=timedelta(hours=1))
    bench.set(ticket, due_at="now()")
    bench.poll()
    assert bench.status(ticket) == "unconfirmed"


def test_several_rows_leave_it_to_a_person(bench: Bench) -> None:
    tickets = [forgotten(bench), forgotten(bench)]
    for ticket in tickets:
        look_until(bench, ticket, "held")
        assert outcomes(bench, ticket) == ["held"]
        assert "several rows" in bench.message(ticket)["reason"]


def test_long_silence_leaves_it_to_a_person(bench: Bench) -> None:
    bench.simulator.set(force={"GetSmsSentData": "empty"})
    ticket = forgotten(bench, polls="10")
    bench.poll()
    assert bench.status(ticket) == "unconfirmed"
    look_until(bench, ticket, "held")


def test_a_code_past_its_date_is_never_asked_again_and_ends_expired_when_it_was_not_taken(bench: Bench) -> None:
    bench.simulator.set(plots={"0901000100": "reset"})
    ticket = forgotten(bench, "0901000100", expires_at="now()")
    bench.set(ticket, in_doubt_since="now()")
    bench.simulator.set(plots={})
    later(bench)
    look_until(bench, ticket, "queued")
    bench.deliver()
    bench.look_after_ledger()
    assert bench.status(ticket) == "expired"
    assert len(bench.simulator.sends()) == 1  # the other one


def test_a_looker_that_woke_up_late_changes_nothing(bench: Bench) -> None:
    ticket = forgotten(bench)
    asked = {"most": 9, "lease": timedelta(0), "window": timedelta(hours=23)}
    with bench.database.begin() as session:
        [slow] = ledger.claim_lost(session, **asked)  # type: ignore[arg-type]
    with bench.database.begin() as session:
        ledger.claim_lost(session, **asked)  # type: ignore[arg-type]
        assert looked(session, slow, Status.QUEUED) == {}
    assert bench.status(ticket) == "unconfirmed"


def test_recipients_of_advertising_share_an_smsid_and_are_all_found(bench: Bench) -> None:
    everybody = [f"09010001{n:02d}" for n in range(25)]
    bench.simulator.set(plots={everybody[0]: "hang"}, sent_data="published")
    bench.pace = replace(bench.pace, ask_again_after=timedelta(hours=1))
    ticket = bench.put(Sms(to=everybody, content="Giam gia", sms_type=SmsType.ADVERTISING))
    bench.deliver()
    if bench.standing(ticket.id) != {Status.UNCONFIRMED: 25}:
        pytest.fail(f"the answer was to be lost: {bench.standing(ticket.id)}")
    bench.set(ticket, in_doubt_since="now() - interval '24 hours'", due_at="now()")
    eventually(lambda: bench.poll() or Status.UNCONFIRMED not in bench.standing(ticket.id))
    assert len({message["sms_id"] for message in bench.messages(ticket)}) == 1
    assert bench.simulator.ledger().twice() == {}
