"""What was taken without an SMSID is found in the sent data: by number, text and time, or left open."""

from __future__ import annotations

import pytest

from tests.support import Bench, eventually, otp
from worker import Ticket


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
