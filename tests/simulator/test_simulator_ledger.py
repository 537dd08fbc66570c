"""What is counted, how it is read, and how the knobs are turned."""

import json

import pytest

from tests.simulator.client import Client
from worker.devkit import simulator
from worker.devkit.simulator import KnobError


def control(esms: Client, path: str, body: object = None) -> tuple[int, dict[str, object]]:
    method, data = ("GET", None) if body is None else ("POST", json.dumps(body).encode())
    status, _, text = esms.get(f"/_sim/{path}", method, data)
    return status, json.loads(text)


def test_taken_and_asked_are_counted_apart(esms: Client) -> None:
    for _ in range(3):
        esms.sms("0901234567", "r-1")
    ledger = esms.running.ledger()
    assert (ledger.requests, ledger.taken) == ({"r-1": 3}, {"r-1": 1})


def test_the_same_text_taken_twice_for_one_number_shows_as_twice(esms: Client) -> None:
    esms.sms("0901234567", "r-1")
    esms.sms("84901234567", "r-2")
    esms.sms("+84901234567", "r-3", Content="another")
    assert esms.running.ledger().twice() == {("0901234567", "Xin chao"): 2}
    assert esms.running.stats()["most"]["sms_per_number_and_text"] == 2


def test_the_counts_follow_what_comes_after_they_were_read(esms: Client) -> None:
    for expected in (1, 2, 3):
        esms.sms("0901234567")
        assert esms.running.ledger().sms == {("0901234567", "Xin chao"): expected}


def test_only_what_was_taken_often_is_shown_on_demand(esms: Client) -> None:
    for phone in ("0901234567", "0901234567", "0901234568"):
        esms.sms(phone)
    assert control(esms, "ledger?at_least=2")[1]["sms"] == [{"phone": "0901234567", "text": "Xin chao", "taken": 2}]


def test_sends_are_read_page_by_page(esms: Client) -> None:
    phones = [f"09012345{number}" for number in range(20, 25)]
    for phone in phones:
        esms.sms(phone)
    sends = esms.running.sends(page=2)
    assert [send["phones"] for send in sends] == [[phone] for phone in phones]
    assert {send["status"] for send in sends} == {5}


def test_counts_are_read_page_by_page(esms: Client) -> None:
    for number in range(5):
        esms.sms(f"090123450{number}", f"r-{number}")
    pages = [control(esms, f"ledger?after={after}&limit=2")[1] for after in (0, 2, 4)]
    assert [len(page["sms"]) for page in pages] == [2, 2, 1]  # type: ignore[arg-type]
    assert [page["next"] for page in pages] == [2, 4, None]


def test_neither_ledger_nor_knobs_show_the_keys(esms: Client) -> None:
    esms.running.set(api_key="canary-key", secret_key="canary-secret")
    esms.text("SendMultipleMessage_V4_get", ApiKey="canary-key", SecretKey="canary-secret", Phone="0901234567")
    for path in ("ledger", "ledger?full=1", "ledger/stats", "knobs", "plots"):
        assert "canary" not in json.dumps(control(esms, path))


def test_knobs_turn_while_it_runs(esms: Client) -> None:
    esms.running.set(brandnames={"Clinic": [2]}, templates={"77": 1}, records=["88"])
    assert esms.sms(SmsType="2", Brandname="Clinic")["CodeResult"] == "100"
    assert esms.call(template="77", VariableListStr="Lan")["CodeResult"] == "100"
    assert esms.ask("MakeCallRecord_V2", Phone="0901234567", TemplateId="88")["CodeResult"] == "100"


@pytest.mark.parametrize(
    ("knobs", "says"),
    [
        ({"latncy": 0}, "latncy: no such knob; did you mean latency?"),
        ({"latency": -1}, "latency: must be a number from 0 to 1e+09"),
        ({"latency": True}, "latency: must be a number"),
        ({"rates": {"lost": 0.1}}, "rates: plot 'lost' is unknown"),
        ({"rates": {"hang": 0.6, "reset": 0.6}}, "rates: must not sum to more than 1"),
        ({"rates": {"hang": 2}}, "rates: must be a number from 0 to 1"),
        ({"force": {"GetBalanc": "hang"}}, "force: has the key 'GetBalanc'"),
        ({"plots": {"x": "hang"}}, "plots: has the key 'x'"),
        ({"plots": []}, "plots: must be an object"),
        ({"brandnames": {"A": [3]}}, "brandnames: must give each brandname a list of types"),
        ({"brandnames": {"A": [[2]]}}, "brandnames: must give each brandname a list of types"),
        ({"templates": {"A": "2"}}, "templates: must be a whole number"),
        ({"records": "2001"}, "records: must be a list of texts"),
        ({"care_templates": ["("]}, "care_templates: must be a list of regular expressions"),
        ({"quirks": ["bom"]}, "quirks: holds bom"),
        ({"xml": "soap"}, "xml: must be one of: namespace, plain"),
        ({"xml": ["plain"]}, "xml: must be one of"),
        ({"api_key": ""}, "api_key: must be a text"),
        ({"magic_numbers": 1}, "magic_numbers: must be true or false"),
        ({"seed": 1.5}, "seed: must be a whole number"),
    ],
)
def test_a_wrong_knob_says_its_name_and_what_it_must_be_and_turns_nothing(
    esms: Client, knobs: dict[str, object], says: str
) -> None:
    before = control(esms, "knobs")
    with pytest.raises(KnobError) as refused:
        esms.running.set(**({"pace": 99.0} | knobs))
    assert says in str(refused.value)
    assert control(esms, "knobs") == before


@pytest.mark.parametrize("body", [b"", b"[]", b"{", b'"latency"', b"\xff"])
def test_a_body_that_is_no_object_is_refused_in_one_line(esms: Client, body: bytes) -> None:
    status, _, text = esms.get("/_sim/set", "POST", body)
    assert (status, "is not a JSON object" in text) == (400, True)


@pytest.mark.parametrize("path", ["ledger?after=-1", "ledger?limit=x", "ledger?at_least=1.5"])
def test_a_page_that_is_no_number_is_refused(esms: Client, path: str) -> None:
    assert control(esms, path)[0] == 400


def test_an_unknown_control_names_the_ones_there_are(esms: Client) -> None:
    status, told = control(esms, "nothing")
    assert status == 404
    assert "POST /_sim/reset" in str(told["error"])


def test_waiting_for_what_never_comes_ends_with_the_stats(esms: Client) -> None:
    with pytest.raises(TimeoutError, match="'requests': 0"):
        esms.running.until(lambda stats: stats["requests"] > 0, patience=0)


def test_a_reset_forgets_messages_and_request_ids_and_puts_the_knobs_back(esms: Client) -> None:
    esms.sms(request_id="r-1")
    esms.running.set(pace=42)
    run = esms.running.ledger().run
    esms.running.reset()
    told = esms.running.ledger()
    assert (told.sms, told.requests, told.run != run) == ({}, {}, True)
    assert control(esms, "knobs")[1]["pace"] == 0.1
    assert esms.sms(request_id="r-1")["CodeResult"] == "100"


def test_a_reset_comes_back_to_the_knobs_of_the_start() -> None:
    with simulator.start(latency=0, records=["77"]) as running:
        running.set(records=["88"])
        running.reset()
        assert Client(running).ask("MakeCallRecord_V2", Phone="0901234567", TemplateId="77")["CodeResult"] == "100"


def test_a_reset_can_leave_the_knobs(esms: Client) -> None:
    esms.running.set(pace=42)
    esms.running.reset(keep_knobs=True)
    assert control(esms, "knobs")[1]["pace"] == 42
