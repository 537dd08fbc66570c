"""The eight functions in the manual's spelling, JSON and XML, and what each refuses."""

import json
import xml.etree.ElementTree as ET
from datetime import datetime, timedelta
from typing import Any

import pytest

from tests.simulator.client import Client
from worker.devkit.simulator.clock import VIETNAM

NAMESPACE = "{http://schemas.datacontract.org/2004/07/AdvertisingAPI.Model}"
ADVERTISING = {"SmsType": "1", "Brandname": "sangbrand"}
RECORD = {"Phone": "0901234567", "TemplateId": "2001"}


def many(count: int, start: int = 901_234_100) -> str:
    return ",".join(f"0{start + number}" for number in range(count))


def today() -> str:
    return f"{datetime.now(VIETNAM):%m/%d/%Y}"


def sent_data(esms: Client, **params: str) -> dict[str, Any]:
    return esms.ask("GetSmsSentData", **({"FROM": today(), "TO": today()} | params))


# Spelling...


def test_the_balance_is_asked_with_the_keys_in_the_path(esms: Client) -> None:
    _, kind, body = esms.get("/MainService.svc/json/GetBalance/simulator-key/simulator-secret")
    assert (kind, json.loads(body)) == (
        "application/json; charset=utf-8",
        {"Balance": 1_000_000_000, "CodeResponse": "100", "UserID": 1},
    )


def test_xml_has_the_manuals_namespace_and_its_members_in_alphabetical_order(esms: Client) -> None:
    root = ET.fromstring(esms.text("GetSendStatus", "xml", RefId=esms.sms()["SMSID"]))
    assert root.tag == f"{NAMESPACE}SmsStatusResult"
    names = [member.tag.removeprefix(NAMESPACE) for member in root]
    assert names == ["CodeResponse", "SMSID", "SendFailed", "SendStatus", "SendSuccess", "TotalReceiver", "TotalSent"]


def test_the_plain_dialect_has_no_namespace_and_another_order(esms: Client) -> None:
    esms.running.set(xml="plain")
    root = ET.fromstring(esms.text("GetSendStatus", "xml", RefId=esms.sms()["SMSID"]))
    assert (root.tag, root[0].tag) == ("SmsStatusResult", "TotalSent")


def test_a_sent_sms_answers_as_the_manual_prints_it(esms: Client) -> None:
    answer = esms.sms()
    assert list(answer) == ["CodeResult", "CountRegenerate", "SMSID"]
    assert (answer["CodeResult"], answer["CountRegenerate"]) == ("100", 0)
    assert answer["SMSID"].isdigit()


def test_the_id_of_a_call_ends_in_a_space_and_is_found_without_it(esms: Client) -> None:
    sms_id = esms.call()["SMSID"]
    assert sms_id.endswith(" ")
    assert esms.status(sms_id.strip())["SendSuccess"] == 1
    assert esms.status(sms_id)["SendSuccess"] == 1


def test_the_brandnames_are_items_in_lower_case(esms: Client) -> None:
    root = ET.fromstring(esms.get("/MainService.svc/xml/GetListBrandname/simulator-key/simulator-secret")[2])
    items = root.findall(f"{NAMESPACE}ListBrandName/{NAMESPACE}listbrandname")
    rows = [tuple(member.text for member in item) for item in items]
    assert rows == [("Test_Sang", "2"), ("sangbrand", "1"), ("sangbrand", "2")]


def test_each_receiver_of_one_request_has_a_row(esms: Client) -> None:
    sms_id = esms.sms("0901234001,0901234002")["SMSID"]
    counters = esms.status(sms_id)
    assert (counters["SendSuccess"], counters["SendFailed"], counters["TotalReceiver"]) == (1, 1, 2)
    assert esms.ask("GetSmsReceiverStatus_get", RefId=sms_id) == {
        "CodeResult": "100",
        "ReceiverList": [
            {"IsSent": True, "Phone": "0901234001", "SentResult": True},
            {"IsSent": True, "Phone": "0901234002", "SentResult": False},
        ],
    }


def test_receivers_in_xml_are_named_receiver(esms: Client) -> None:
    root = ET.fromstring(esms.text("GetSmsReceiverStatus_get", "xml", RefId=esms.sms()["SMSID"]))
    assert root.findtext(f"{NAMESPACE}ReceiverList/{NAMESPACE}Receiver/{NAMESPACE}SentResult") == "true"


def test_a_form_by_post_sends_like_a_query(esms: Client) -> None:
    form = b"Phone=0901234567&Content=Xin+chao&SmsType=4&ApiKey=simulator-key&SecretKey=simulator-secret"
    target, kind = "/MainService.svc/json/SendMultipleMessage_V4_get", "application/x-www-form-urlencoded"
    body = esms.get(target, "POST", form, **{"Content-Type": kind})[2]
    assert json.loads(body)["CodeResult"] == "100"
    assert esms.running.ledger().sms == {("0901234567", "Xin chao"): 1}


def test_vietnamese_text_arrives_as_it_was_sent(esms: Client) -> None:
    esms.sms(Content="Chúc mừng sinh nhật chị Lan & anh Đức 100% + 🎂", SmsType="3", IsUnicode="1")
    assert [text for _, text in esms.running.ledger().sms] == ["Chúc mừng sinh nhật chị Lan & anh Đức 100% + 🎂"]


@pytest.mark.parametrize(
    "target", ["/", "/MainService.svc", "/MainService.svc/json/Nothing", "/MainService.svc/yaml/GetBalance/a/b"]
)
def test_what_is_no_function_is_an_html_page_with_404(esms: Client, target: str) -> None:
    status, kind, body = esms.get(target)
    assert (status, kind.split(";")[0], "<html>" in body) == (404, "text/html", True)


# Refusals...


@pytest.mark.parametrize("function", ["SendMultipleMessage_V4_get", "MakeCallTemplate_V2", "GetSmsReceiverStatus_get"])
def test_wrong_keys_get_101_and_nothing_is_taken(esms: Client, function: str) -> None:
    answer = json.loads(esms.text(function, ApiKey="x", SecretKey="y", Phone="0901234567", Content="a"))
    assert answer["CodeResult"] == "101"
    assert esms.running.stats()["sends"] == 0


def test_keys_in_the_path_may_hold_any_sign(esms: Client) -> None:
    esms.running.set(api_key="a/b c", secret_key="đ%")
    body = esms.get("/MainService.svc/json/GetBalance/a%2Fb%20c/%C4%91%25")[2]
    assert json.loads(body)["CodeResponse"] == "100"


def test_wrong_keys_in_the_path_get_101(esms: Client) -> None:
    assert json.loads(esms.get("/MainService.svc/json/GetBalance/x/y")[2])["CodeResponse"] == "101"


@pytest.mark.parametrize(
    ("params", "code"),
    [
        ({"SmsType": "5"}, "118"),
        ({"SmsType": ""}, "300"),
        ({"SmsType": "2"}, "104"),
        ({"SmsType": "2", "Brandname": "Nobody"}, "104"),
        ({"SmsType": "1", "Brandname": "Test_Sang", "Phone": many(20)}, "104"),
        ({**ADVERTISING, "Phone": many(19)}, "119"),
        ({**ADVERTISING, "Phone": many(1001)}, "120"),
        ({**ADVERTISING, "Phone": many(20), "Content": "a" * 423}, "131"),
        ({"Phone": "12345"}, "108"),
        ({"Phone": ""}, "108"),
        ({"RequestId": "r" * 51}, "159"),
        ({"Content": ""}, "99"),
        ({"SendDate": "tomorrow"}, "99"),
    ],
)
def test_an_sms_is_refused_by_the_manuals_code(esms: Client, params: dict[str, str], code: str) -> None:
    assert esms.sms(**{"phone": params.get("Phone", "0901234567"), **params})["CodeResult"] == code
    assert esms.running.stats()["taken"]["sms"] == 0


@pytest.mark.parametrize(
    ("params", "code"),
    [
        ({"TemplateId": "9999"}, "104"),
        ({"TemplateId": "1002"}, "105"),
        ({"TemplateId": "1002", "VariableListStr": "Trung"}, "105"),
        ({"TemplateId": "1002", "VariableListStr": "Trung||20000"}, "100"),
        ({"TemplateId": "1000", "Phone": "0901234567,0901234568"}, "108"),
        ({"TemplateId": "1000", "SendDate": "2027-12-12 14:00:00"}, "99"),
        ({"TemplateId": "1000", "SendDate": "2027/12/12 14:00:00"}, "100"),
    ],
)
def test_a_template_call_is_refused_by_the_manuals_code(esms: Client, params: dict[str, str], code: str) -> None:
    assert esms.ask("MakeCallTemplate_V2", **({"Phone": "0901234567"} | params))["CodeResult"] == code


@pytest.mark.parametrize(
    ("params", "code"),
    [
        ({}, "100"),
        ({"TemplateId": "9999"}, "106"),
        ({"Ivr": "12"}, "99"),
        ({"Ivr": "*"}, "99"),
        ({"MaxRetry": "many"}, "99"),
        ({"Ivr": "1", "NumberForward": "0281234567", "MaxRepeat": "2", "MaxRetry": "1", "WaitRetry": "60"}, "100"),
    ],
)
def test_a_record_call_is_refused_by_the_manuals_code(esms: Client, params: dict[str, str], code: str) -> None:
    assert esms.ask("MakeCallRecord_V2", **(RECORD | params))["CodeResult"] == code


def test_what_the_manual_has_no_code_for_is_noted_as_a_mistake_without_its_value(esms: Client) -> None:
    esms.sms(SendDate="tomorrow")
    mistakes = esms.running.stats()["mistakes"]
    assert mistakes == {
        "count": 1,
        "last": ["SendDate of SendMultipleMessage_V4_get does not follow %Y-%m-%d %H:%M:%S"],
    }


def test_twenty_numbers_of_advertising_share_one_id(esms: Client) -> None:
    answer = esms.sms(many(20), **ADVERTISING)
    assert esms.status(answer["SMSID"])["TotalReceiver"] == 20
    assert esms.running.stats()["taken"]["sms"] == 20


def test_a_text_outside_the_registered_templates_gets_146_with_an_id(esms: Client) -> None:
    esms.running.set(care_templates=[r"Ma xac nhan: \d{6}"])
    refused = esms.sms(SmsType="8", Content="Xin chao")
    assert refused["CodeResult"] == "146"
    assert esms.status(refused["SMSID"])["SendStatus"] == 4
    assert esms.sms(SmsType="8", Content="Ma xac nhan: 123456")["CodeResult"] == "100"
    assert esms.running.stats()["taken"]["sms"] == 1


def test_a_forbidden_word_gets_201(esms: Client) -> None:
    esms.running.set(forbidden_words=["vay tien"])
    assert esms.sms(Content="vay tien nhanh")["CodeResult"] == "201"


# Balance, RequestId, sandbox...


def test_the_balance_goes_down_by_the_price_until_it_is_too_low(esms: Client) -> None:
    esms.running.set(balance=1000, sms_price=400, call_price=600)
    assert [esms.sms()["CodeResult"] for _ in range(3)] == ["100", "100", "103"]
    assert esms.call()["CodeResult"] == "103"
    assert esms.running.stats()["balance"] == 200


def test_a_request_id_is_taken_once_and_answered_124_without_an_id(esms: Client) -> None:
    assert esms.sms(request_id="r-1")["CodeResult"] == "100"
    again = esms.sms(request_id="r-1")
    assert again["CodeResult"] == "124"
    assert "SMSID" not in again
    assert esms.running.ledger().sms == {("0901234567", "Xin chao"): 1}


def test_a_request_id_is_forgotten_after_a_day(esms: Client) -> None:
    esms.sms(request_id="r-1")
    esms.running.set(clock_ahead=86_399)
    assert esms.sms(request_id="r-1")["CodeResult"] == "124"
    esms.running.set(clock_ahead=86_500)
    assert esms.sms(request_id="r-1")["CodeResult"] == "100"


@pytest.mark.parametrize(("remembers", "then"), [(False, "100"), (True, "124")])
def test_whether_a_refused_request_uses_its_id_up_is_a_knob(esms: Client, remembers: bool, then: str) -> None:
    esms.running.set(remember_refused=remembers)
    assert esms.sms(request_id="r-1", SmsType="5")["CodeResult"] == "118"
    assert esms.sms(request_id="r-1")["CodeResult"] == then


def test_what_never_reached_the_provider_uses_no_request_id_up(esms: Client) -> None:
    esms.running.set(remember_refused=True, plots={"0901234567": "error_without_code"})
    assert "error" in esms.sms(request_id="r-1")
    assert esms.sms(request_id="r-1")["CodeResult"] == "100"


def test_an_account_that_ran_dry_can_refuse_a_message_that_was_taken_before(esms: Client) -> None:
    esms.sms(request_id="r-1")
    esms.running.set(force={"SendMultipleMessage_V4_get": "code_103"})
    assert esms.sms(request_id="r-1")["CodeResult"] == "103"
    assert esms.running.ledger().taken == {"r-1": 1}


@pytest.mark.parametrize(("honours", "then"), [(False, "100"), (True, "124")])
def test_whether_calls_honour_a_request_id_is_a_knob(esms: Client, honours: bool, then: str) -> None:
    esms.running.set(voice_request_ids=honours)
    assert esms.call(RequestId="r-1")["CodeResult"] == "100"
    assert esms.call(RequestID="r-1")["CodeResult"] == then


def test_a_sandbox_sms_reaches_nobody_costs_nothing_and_uses_its_request_id_up(esms: Client) -> None:
    assert esms.sms(request_id="r-1", Sandbox="1")["CodeResult"] == "100"
    assert esms.sms(request_id="r-1")["CodeResult"] == "124"
    stats = esms.running.stats()
    assert (stats["taken"], stats["balance"]) == ({"sms": 0, "calls": 0, "sandbox": 1}, 1_000_000_000)


# Statuses...


def test_the_status_moves_one_two_three_five_with_time(esms: Client) -> None:
    esms.running.set(pace=1000)
    sms_id = esms.sms()["SMSID"]
    seen = []
    for ahead in (0, 1000, 2000, 3000):
        esms.running.set(clock_ahead=ahead + 100)
        seen.append(esms.status(sms_id)["SendStatus"])
    assert seen == [1, 2, 3, 5]


def test_an_unknown_id_gets_105(esms: Client) -> None:
    assert esms.status("123")["CodeResponse"] == "105"
    assert esms.ask("GetSmsReceiverStatus_get", RefId="123")["CodeResult"] == "105"


def test_statuses_answer_for_seven_days(esms: Client) -> None:
    sms_id = esms.sms()["SMSID"]
    esms.running.set(clock_ahead=6.9 * 86_400)
    assert esms.status(sms_id)["CodeResponse"] == "100"
    esms.running.set(clock_ahead=7.1 * 86_400)
    assert esms.status(sms_id)["CodeResponse"] == "105"


def test_what_was_handed_over_with_a_date_waits_until_then(esms: Client) -> None:
    tomorrow = datetime.now(VIETNAM) + timedelta(days=1)
    sms_id = esms.sms(SendDate=f"{tomorrow:%Y-%m-%d %H:%M:%S}")["SMSID"]
    assert esms.status(sms_id)["SendStatus"] == 2
    esms.running.set(clock_ahead=86_500)
    assert esms.status(sms_id)["SendStatus"] == 5


def test_the_published_status_of_a_call_says_whether_it_was_answered(esms: Client) -> None:
    answers = [
        esms.ask("GetSendStatus", ReferenceId=esms.call(phone)["SMSID"]) for phone in ("0901234001", "0901234002")
    ]
    assert [(answer["CallStatus"], answer["SentResult"]) for answer in answers] == [("ANSWERED", 1), ("NO ANSWER", 0)]


# Sent data...


@pytest.mark.parametrize(
    "days",
    [
        ("2026-01-01", "2026-01-02"),
        ("", ""),
        ("01/02/2026", "01/01/2026"),
        ("13/01/2026", "13/01/2026"),
        ("1/2/2026", "1/2/2026"),
    ],
)
def test_sent_data_of_a_day_that_is_none_gets_140(esms: Client, days: tuple[str, str]) -> None:
    assert sent_data(esms, FROM=days[0], TO=days[1])["CodeResult"] == "140"


def test_sent_data_has_what_was_taken_and_what_became_of_it(esms: Client) -> None:
    for phone in ("0901234001", "0901234002", "0901234003", "0901234011"):
        esms.sms(phone, Content=f"to {phone}")
    rows = sent_data(esms)["SentData"]
    assert [(row["Phone"], row["Content"], row["SentStatus"], "SentTime" in row) for row in rows] == [
        ("0901234001", "to 0901234001", True, True),
        ("0901234002", "to 0901234002", False, True),
        ("0901234011", "to 0901234011", False, False),
    ]


def test_sent_data_knows_the_message_whose_answer_was_lost(esms: Client) -> None:
    esms.running.set(force={"SendMultipleMessage_V4_get": "no_id"})
    assert "SMSID" not in esms.sms("0901234567", "r-1")
    assert [row["Phone"] for row in sent_data(esms)["SentData"]] == ["0901234567"]


def test_sent_data_is_of_whole_vietnamese_days(esms: Client) -> None:
    esms.sms()
    yesterday = f"{datetime.now(VIETNAM) - timedelta(days=1):%m/%d/%Y}"
    assert sent_data(esms, FROM=yesterday, TO=yesterday)["SentData"] == []
    assert len(sent_data(esms, FROM=yesterday)["SentData"]) == 1


@pytest.mark.parametrize(("form", "start"), [("date", r'"SentTime":"\/Date('), ("text", '"SentTime":"20')])
def test_the_time_of_sent_data_has_two_forms(esms: Client, form: str, start: str) -> None:
    esms.running.set(sent_time=form)
    esms.sms()
    assert start in esms.text("GetSmsSentData", FROM=today(), TO=today())


def test_the_published_rows_carry_the_id_that_the_send_gave(esms: Client) -> None:
    esms.running.set(sent_data="published")
    sms_id = esms.sms()["SMSID"]
    (row,) = sent_data(esms)["SentData"]
    assert (row["RefercenceId"], row["SentStatus"]) == (sms_id, True)
    esms.running.set(sent_data="published_v2")
    (row,) = sent_data(esms)["SentData"]
    assert (row["ReferenceId"], row["SendStatus"], row["SendResult"]) == (sms_id, 5, 1)


def test_sent_data_in_xml_can_be_parsed_whatever_the_text_holds(esms: Client) -> None:
    esms.sms(Content="a < b & \x01\x0b c > d ]]>")
    root = ET.fromstring(esms.text("GetSmsSentData", "xml", FROM=today(), TO=today()))
    assert root.findtext(f".//{NAMESPACE}Content") == "a < b &  c > d ]]>"


# Quirks...


@pytest.mark.parametrize(
    ("quirk", "expected"),
    [
        ("bare_zeros", '"UserID":0001'),
        ("float_balance", '"Balance":1.00000E+09'),
        ("number_codes", '"CodeResponse":100'),
        ("string_counts", '"Balance":"1000000000"'),
        ("swapped_code_names", '"CodeResult":"100"'),
        ("error_message_on_success", '"ErrorMessage":"Success"'),
        ("unknown_members", '"Trace":{'),
    ],
)
def test_a_quirk_shows_in_the_reply(esms: Client, quirk: str, expected: str) -> None:
    esms.running.set(quirks=[quirk])
    assert expected in esms.get("/MainService.svc/json/GetBalance/simulator-key/simulator-secret")[2]


def test_all_quirks_together_leave_the_xml_whole(esms: Client) -> None:
    quirks = ["error_message_on_success", "number_codes", "string_counts", "swapped_code_names", "unknown_members"]
    esms.running.set(quirks=quirks, xml="plain")
    root = ET.fromstring(esms.text("GetSendStatus", "xml", RefId=esms.sms()["SMSID"]))
    assert root.findtext("CodeResult") == "100"


@pytest.mark.parametrize("form", ["number", "guid", "guid_number"])
def test_ids_have_the_form_that_is_asked_for_and_can_be_asked_about(esms: Client, form: str) -> None:
    esms.running.set(sms_ids=form)
    sms_id = esms.sms()["SMSID"]
    assert sms_id.isdigit() == (form == "number")
    assert esms.status(sms_id)["CodeResponse"] == "100"
