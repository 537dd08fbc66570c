"""What is in doubt stays in doubt until eSMS itself, or a person, ends it."""

from __future__ import annotations

from tests.support import Bench, eventually, otp


def test_a_refusal_of_the_second_asking_says_nothing_about_the_first(bench: Bench) -> None:
    """eSMS took it, and its answer was lost: were the refusal believed, a retry would send it twice."""
    ticket = bench.put(otp("0901000005"))
    bench.deliver()
    bench.simulator.set(force={"SendMultipleMessage_V4_get": "code_118"})
    eventually(lambda: bench.deliver() or bench.status(ticket) != "unconfirmed")
    assert bench.status(ticket) == "held"
    assert "refused" in bench.message(ticket)["reason"]
