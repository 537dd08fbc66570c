"""Answers that do not say what they seem to say: each is a knob, so that a client can be tried against it."""

import json
from typing import Any

import pytest

from tests.simulator.client import Client
from tests.simulator.test_simulator_functions import ADVERTISING, many, sent_data


def receivers(esms: Client, sms_id: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = esms.ask("GetSmsReceiverStatus_get", RefId=sms_id)["ReceiverList"]
    return found


def rows(esms: Client) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = sent_data(esms)["SentData"]
    return found


def test_a_list_of_sent_sms_that_lags_shows_the_latest_later(esms: Client) -> None:
    esms.running.set(sent_data_lag=3600)
    esms.sms()
    assert rows(esms) == []
    esms.running.set(sent_data_lag=0)
    assert len(rows(esms)) == 1


@pytest.mark.parametrize(
    ("knob", "members"),
    [
        ("missing", {}),
        ("null", {"SentData": None}),
        ("text", {"SentData": "1 rows"}),
    ],
)
def test_the_list_can_be_no_list(esms: Client, knob: str, members: dict[str, Any]) -> None:
    esms.sms()
    esms.running.set(sent_data_list=knob)
    assert sent_data(esms) == {"CodeResult": "100"} | members


def test_the_list_can_come_under_another_name_in_both_formats(esms: Client) -> None:
    esms.sms()
    esms.running.set(sent_data_list="renamed")
    assert list(sent_data(esms)) == ["CodeResult", "SmsSentData"]
    assert "<SmsSentData><SentSmsData>" in esms.text("GetSmsSentData", "xml", FROM="01/01/2020", TO="01/01/2099")


def test_rows_can_lack_their_time_and_a_total_can_be_told(esms: Client) -> None:
    esms.sms()
    esms.running.set(sent_time="none", sent_data_total=True)
    answer = sent_data(esms)
    assert answer["CountTotal"] == 1
    assert "SentTime" not in answer["SentData"][0]


@pytest.mark.parametrize(
    ("knob", "text"),
    [
        ("plain", "Chao Dao"),
        ("upper", "CHÀO ĐÀO"),
        ("labelled", "[QC] Chào Đào"),
        ("signed", "Chào Đào sangbrand"),
    ],
)
def test_texts_come_back_changed(esms: Client, knob: str, text: str) -> None:
    esms.sms(Content="Chào Đào")
    esms.running.set(texts_shown=knob)
    assert rows(esms)[0]["Content"] == text


@pytest.mark.parametrize(("knob", "number"), [("international", "84901234567"), ("masked", "0901***567")])
def test_numbers_come_back_changed(esms: Client, knob: str, number: str) -> None:
    esms.sms()
    esms.running.set(phones_shown=knob)
    assert rows(esms)[0]["Phone"] == number


def test_what_others_sent_from_the_account_stands_there_too(esms: Client) -> None:
    esms.running.set(foreign_rows=["0901234567 Hen gap lai"])
    assert [(row["Phone"], row["Content"]) for row in rows(esms)] == [("0901234567", "Hen gap lai")]


def test_the_receiver_list_can_say_false_for_a_while(esms: Client) -> None:
    sms_id = esms.sms()["SMSID"]
    esms.running.set(false_for=3600)
    assert receivers(esms, sms_id) == [{"IsSent": True, "Phone": "0901234567", "SentResult": False}]
    esms.running.set(false_for=0)
    assert receivers(esms, sms_id)[0]["SentResult"] is True


@pytest.mark.parametrize(
    ("knob", "told"), [("always", True), ("never", False), ("delivered", False), ("missing", None)]
)
def test_whether_it_was_sent_is_told_in_its_own_way(esms: Client, knob: str, told: bool | None) -> None:
    sms_id = esms.sms("0901234002")["SMSID"]
    esms.running.set(is_sent=knob)
    assert receivers(esms, sms_id)[0].get("IsSent") is told


@pytest.mark.parametrize(("knob", "told"), [("true", 1), ("zero", 0), ("missing", None)])
def test_the_failed_are_counted_or_not(esms: Client, knob: str, told: int | None) -> None:
    sms_id = esms.sms("0901234002")["SMSID"]
    esms.running.set(send_failed=knob)
    assert esms.status(sms_id).get("SendFailed") == told


def test_a_request_that_ended_differently_for_its_recipients_may_end_with_status_4(esms: Client) -> None:
    esms.running.set(mixed_status=4)
    sms_id = esms.sms(f"0901234009,{many(24)}", Content="QC", **ADVERTISING)["SMSID"]
    assert (esms.status(sms_id)["SendStatus"], esms.status(sms_id)["SendSuccess"]) == (4, 24)
    assert [row["SentResult"] for row in receivers(esms, sms_id)] == [False] + [True] * 24


def test_calls_may_never_be_told_of(esms: Client) -> None:
    esms.running.set(call_statuses=False)
    assert esms.status(esms.call()["SMSID"].strip())["CodeResponse"] == "105"


def test_more_sends_a_second_than_are_allowed_get_160_and_are_not_taken(esms: Client) -> None:
    esms.running.set(a_second=2)
    codes = [esms.sms(f"09012345{number:02d}")["CodeResult"] for number in range(20)]
    assert set(codes) == {"100", "160"}
    assert esms.running.stats()["taken"]["sms"] == codes.count("100")


@pytest.mark.parametrize(("plot", "taken"), [("code_199", 0), ("code_0", 0), ("code_199_taken", 1)])
def test_a_code_that_nobody_has_documented_may_have_taken_it_or_not(esms: Client, plot: str, taken: int) -> None:
    esms.running.set(plots={"0901234567": plot})
    assert esms.sms()["CodeResult"] == plot.split("_")[1]
    assert esms.running.stats()["taken"]["sms"] == taken


def test_a_postpaid_account_sends_with_nothing_on_it(esms: Client) -> None:
    esms.running.set(balance=-5000)
    assert esms.sms()["CodeResult"] == "103"
    esms.running.set(postpaid=True)
    assert esms.sms()["CodeResult"] == "100"


@pytest.mark.parametrize(
    ("knob", "item"), [("text", {"Brandname": "Test_Sang", "Type": "CSKH"}), ("missing", {"Brandname": "Test_Sang"})]
)
def test_types_of_brandnames_come_as_text_or_not_at_all(esms: Client, knob: str, item: dict[str, str]) -> None:
    esms.running.set(brandname_types=knob)
    target = "/MainService.svc/json/GetListBrandname/simulator-key/simulator-secret"
    assert json.loads(esms.get(target)[2])["ListBrandName"][0] == item


def test_a_landline_takes_a_call_and_no_sms(esms: Client) -> None:
    assert esms.call("02438221234")["CodeResult"] == "100"
    assert esms.sms("02438221234")["CodeResult"] == "108"
