"""The recipient picks the plot: what each number gets, on the wire and in the ledger."""

import http.client
import json
import socket
from typing import Any

import pytest

from tests.simulator.client import KEYS, PATIENCE, Client
from worker.devkit.simulator.plots import PLOTS, RECIPIENTS, plot_named

BROKEN = (ConnectionResetError, http.client.RemoteDisconnected, http.client.IncompleteRead, json.JSONDecodeError)


def outcomes(esms: Client, phone: str, tries: int = 3) -> list[str]:
    """What a client sees when it asks with one RequestId until it gives up: codes, or how the answer failed."""
    return [outcome(esms, phone) for _ in range(tries)]


def outcome(esms: Client, phone: str) -> str:
    try:
        answer = esms.sms(phone, f"r-{phone}")
    except BROKEN as trouble:
        return type(trouble).__name__
    return str(answer["CodeResult"]) + ("" if "SMSID" in answer else " no id")


def statuses(esms: Client, sms_id: str, asks: int = 4) -> list[Any]:
    answers = [esms.status(sms_id) for _ in range(asks)]
    return [answer.get("SendStatus", answer["CodeResponse"]) for answer in answers]


@pytest.mark.parametrize(
    ("digits", "seen", "taken"),
    [
        ("000", ["100", "124 no id", "124 no id"], 1),
        ("001", ["100", "124 no id", "124 no id"], 1),
        ("003", ["146", "146", "146"], 0),
        ("005", ["RemoteDisconnected", "124 no id", "124 no id"], 1),
        ("007", ["JSONDecodeError", "JSONDecodeError", "100"], 1),
        ("008", ["JSONDecodeError", "124 no id", "124 no id"], 1),
        ("013", ["JSONDecodeError", "124 no id", "124 no id"], 1),
        ("014", ["IncompleteRead", "124 no id", "124 no id"], 1),
        ("015", ["100 no id", "124 no id", "124 no id"], 1),
        ("016", ["99 no id", "100", "124 no id"], 1),
        ("017", ["100", "124 no id", "124 no id"], 1),
        ("018", ["103 no id", "103 no id", "100"], 1),
    ],
)
def test_a_number_picks_what_its_sender_sees_and_whether_it_was_taken(
    esms: Client, digits: str, seen: list[str], taken: int
) -> None:
    phone = f"0901234{digits}"
    assert outcomes(esms, phone) == seen
    assert esms.running.ledger().sms.get((phone, "Xin chao"), 0) == taken
    assert esms.running.ledger().requests == {f"r-{phone}": 3}


@pytest.mark.parametrize(
    ("digits", "seen", "arrived"),
    [
        ("001", [5, 5, 5, 5], 1),
        ("002", [5, 5, 5, 5], 0),
        ("004", [3, 3, 3, 5], 1),
        ("009", [4, 4, 4, 4], 0),
        ("010", [6, 6, 6, 6], 0),
        ("011", [3, 3, 3, 3], 0),
        ("012", ["105", "105", 5, 5], 1),
    ],
)
def test_a_number_picks_what_becomes_of_its_sms(esms: Client, digits: str, seen: list[Any], arrived: int) -> None:
    sms_id = esms.sms(f"0901234{digits}")["SMSID"]
    assert statuses(esms, sms_id) == seen
    assert esms.status(sms_id)["SendSuccess"] == arrived


def test_a_busy_line_ends_not_delivered(esms: Client) -> None:
    sms_id = esms.call("0901234004")["SMSID"]
    assert statuses(esms, sms_id) == [3, 3, 3, 5]
    assert esms.status(sms_id)["SendSuccess"] == 0


def test_a_refused_call_has_the_code_of_its_function(esms: Client) -> None:
    assert esms.call("0901234003")["CodeResult"] == "104"
    record = esms.ask("MakeCallRecord_V2", Phone="0901234003", TemplateId="2001")
    assert record["CodeResult"] == "106"
    assert esms.running.ledger().calls == {}


def test_a_call_dialled_again_after_its_answer_was_lost_is_counted_twice(esms: Client) -> None:
    with pytest.raises(http.client.RemoteDisconnected):
        esms.call("0901234005")
    esms.call("0901234005")
    assert esms.running.ledger().twice() == {"0901234005": 2}


def test_a_message_that_hangs_is_taken_at_once(esms: Client) -> None:
    connection = http.client.HTTPConnection(*esms.address, timeout=0.2)
    query = f"Phone=0901234006&Content=a&SmsType=4&ApiKey={KEYS['ApiKey']}&SecretKey={KEYS['SecretKey']}"
    connection.request("GET", f"/MainService.svc/json/SendMultipleMessage_V4_get?{query}")
    with pytest.raises(TimeoutError):
        connection.getresponse()
    connection.close()
    assert esms.running.ledger().sms == {("0901234006", "a"): 1}


def test_a_reset_is_a_reset_and_not_an_orderly_close(esms: Client) -> None:
    esms.running.set(force={"GetBalance": "reset"})
    with socket.create_connection(esms.address, PATIENCE) as raw:
        raw.sendall(
            b"GET /MainService.svc/json/GetBalance/simulator-key/simulator-secret HTTP/1.1\r\nHost: localhost\r\n\r\n"
        )
        with pytest.raises(ConnectionResetError):
            raw.recv(100)


def test_a_slow_answer_comes_whole_in_the_end(esms: Client) -> None:
    assert esms.sms("0901234017")["CodeResult"] == "100"


def test_first_tries_are_counted_for_each_request_id(esms: Client) -> None:
    seen = [esms.sms("0901234016", request_id)["CodeResult"] for request_id in ("a", "b", "a", "b")]
    assert seen == ["99", "99", "100", "100"]


def test_a_low_balance_is_counted_by_number_since_a_refused_request_comes_back_with_a_new_id(esms: Client) -> None:
    assert [esms.sms("0901234018", f"r-{n}")["CodeResult"] for n in range(3)] == ["103", "103", "100"]


def test_plots_are_given_to_whole_numbers_and_to_last_digits(esms: Client) -> None:
    esms.running.set(plots={"0901234567": "code_201", "67": "code_177"})
    seen = [esms.sms(phone)["CodeResult"] for phone in ("0901234567", "0901234667", "0901234668")]
    assert seen == ["201", "177", "100"]


def test_magic_numbers_can_be_put_off(esms: Client) -> None:
    esms.running.set(magic_numbers=False)
    assert esms.sms("0901234003")["CodeResult"] == "100"


def test_one_number_of_many_decides_how_the_one_answer_travels(esms: Client) -> None:
    with pytest.raises(http.client.RemoteDisconnected):
        esms.sms("0901234001,0901234005", "r-1")
    assert esms.sms("0901234001,0901234005", "r-1")["CodeResult"] == "124"
    assert sorted(esms.running.ledger().sms) == [("0901234001", "Xin chao"), ("0901234005", "Xin chao")]


@pytest.mark.parametrize("code", ["99", "101", "102", "103", "132", "140", "143", "177", "300"])
@pytest.mark.parametrize("function", ["SendMultipleMessage_V4_get", "GetSmsSentData", "GetSmsReceiverStatus_get"])
def test_every_function_gives_any_code_on_demand(esms: Client, function: str, code: str) -> None:
    esms.running.set(force={function: f"code_{code}"})
    assert esms.ask(function, Phone="0901234567", Content="a", SmsType="4", RefId="1")["CodeResult"] == code


def test_the_balance_can_be_refused_and_come_back(esms: Client) -> None:
    target = "/MainService.svc/json/GetBalance/simulator-key/simulator-secret"
    esms.running.set(force={"GetBalance": "code_102"})
    assert json.loads(esms.get(target)[2])["CodeResponse"] == "102"
    esms.running.set(force={})
    assert json.loads(esms.get(target)[2])["CodeResponse"] == "100"


@pytest.mark.parametrize(
    ("plot", "start", "taken"),
    [
        ("empty", "", 1),
        ("error_without_code", '{"error":"Invalid request"}', 0),
        ("not_utf8", '{"CodeResult":"100","SMSID":"\ufffd', 1),
        ("huge", '{"CodeResult":"100","SMSID":"1111', 1),
        ("xml_bomb", "<?xml", 1),
        ("redirect", "", 0),
        ("code_99_taken", '{"CodeResult":"99"', 1),
    ],
)
def test_odd_bodies_come_on_demand(esms: Client, plot: str, start: str, taken: int) -> None:
    esms.running.set(plots={"0901234567": plot})
    text = esms.text("SendMultipleMessage_V4_get", Phone="0901234567", Content="a", SmsType="4")
    assert text.startswith(start)
    assert esms.running.stats()["taken"]["sms"] == taken


def test_every_number_of_the_table_picks_a_plot_that_exists() -> None:
    assert all(plot_named(name) is PLOTS[name] for name in RECIPIENTS.values())


def test_a_plot_that_does_not_exist_is_refused_with_the_ones_that_do() -> None:
    with pytest.raises(LookupError, match=r"code_NNN.*lost_answer"):
        plot_named("lost_anser")
