"""Faults by rate: the same seed deals the same faults to the same requests, however they arrive."""

import http.client
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from tests.simulator.client import Client
from worker.devkit.simulator.plots import rolled

RATES = {"code_99": 0.2, "code_103": 0.1, "no_id": 0.2, "undelivered": 0.2}


def seen(esms: Client, seed: int, numbers: list[int], threads: int) -> dict[int, str]:
    esms.running.reset()
    esms.running.set(latency=0, pace=0, seed=seed, rates=RATES, magic_numbers=False)

    def ask(number: int) -> tuple[int, str]:
        answer = esms.sms(f"0901234{number:03}", f"r-{number}")
        return number, answer["CodeResult"] + ("" if "SMSID" in answer else " no id")

    with ThreadPoolExecutor(threads) as pool:
        return dict(pool.map(ask, numbers))


def test_neither_order_nor_concurrency_changes_what_the_dice_deal(esms: Client) -> None:
    numbers = list(range(60))
    alone = seen(esms, 7, numbers, threads=1)
    assert seen(esms, 7, numbers[::-1], threads=8) == alone
    assert seen(esms, 8, numbers, threads=1) != alone


def test_the_dice_keep_to_their_rates() -> None:
    rolls: list[Any] = [rolled({"a": 0.1, "b": 0.3}, 0, number) for number in range(10_000)]
    assert abs(rolls.count("a") - 1000) < 150
    assert abs(rolls.count("b") - 3000) < 250


def test_each_try_rolls_anew(esms: Client) -> None:
    esms.running.set(rates={"code_99": 0.5})
    codes = [esms.sms("0901234567", "r-1")["CodeResult"] for _ in range(20)]
    assert set(codes) == {"99", "100", "124"}
    assert codes.count("100") == 1


def test_a_number_that_picks_a_plot_is_not_diced_with(esms: Client) -> None:
    esms.running.set(rates={"code_99": 1})
    seen = [esms.sms(phone)["CodeResult"] for phone in ("0901234001", "0901234003", "0901234567")]
    assert seen == ["100", "146", "99"]


@pytest.mark.parametrize(
    "knob", [{"rates": {"lost_answer": 1}}, {"force": {"SendMultipleMessage_V4_get": "lost_answer"}}]
)
def test_a_plot_by_dice_or_by_function_strikes_later_tries_too(esms: Client, knob: dict[str, Any]) -> None:
    esms.running.set(**knob)
    for _ in range(3):
        with pytest.raises(http.client.RemoteDisconnected):
            esms.sms("0901234567", "r-1")
    ledger = esms.running.ledger()
    assert (ledger.requests, ledger.taken) == ({"r-1": 3}, {"r-1": 1})


def test_functions_that_ask_have_rates_of_their_own(esms: Client) -> None:
    esms.running.set(asking_rates={"code_99": 1})
    sms_id = esms.sms()["SMSID"]
    assert esms.status(sms_id)["CodeResponse"] == "99"
