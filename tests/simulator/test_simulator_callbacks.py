"""The simulator tells a CallbackUrl what became of a send; and its replies have the published members."""

import json
import queue
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from urllib.parse import parse_qs, urlsplit

import pytest

from tests.simulator.client import PATIENCE, Client


class Ear:
    """An application's own server: every GET that reaches it, by its parameters."""

    def __init__(self) -> None:
        self.heard: queue.Queue[dict[str, str]] = queue.Queue()
        ear = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                query = parse_qs(urlsplit(self.path).query, keep_blank_values=True)
                ear.heard.put({name: values[0] for name, values in query.items()})
                self.send_response(200)
                self.end_headers()

            def log_message(self, *_: object) -> None:
                pass

        self.server = HTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}/told?mine=7"

    def next(self) -> dict[str, str]:
        return self.heard.get(timeout=PATIENCE)


@pytest.fixture
def ear() -> Iterator[Ear]:
    ear = Ear()
    thread = threading.Thread(target=ear.server.serve_forever)
    thread.start()
    yield ear
    ear.server.shutdown()
    thread.join()
    ear.server.server_close()


def test_the_callback_of_an_sms_tells_its_outcome_and_keeps_the_urls_own_query(esms: Client, ear: Ear) -> None:
    sms_id = esms.sms("0901234002", CallbackUrl=ear.url)["SMSID"]
    told = ear.next()
    assert (told["SMSID"], told["SendStatus"], told["SendSuccess"], told["SendFailed"]) == (sms_id, "5", "0", "1")
    assert (told["mine"], told["RequestId"], told["phonenumber"]) == ("7", "", "0901234002")


def test_the_callback_of_a_call_speaks_of_its_reference_id(esms: Client, ear: Ear) -> None:
    call_id = esms.call("0901234001", CallbackUrl=ear.url)["SMSID"]
    told = ear.next()
    assert (told["ReferenceId"], told["CallStatus"], told["SentResult"]) == (call_id.strip(), "ANSWERED", "1")


def test_a_send_that_was_not_taken_and_one_that_never_ends_call_nobody(esms: Client, ear: Ear) -> None:
    esms.sms("0901234003", CallbackUrl=ear.url)
    esms.sms("0901234011", CallbackUrl=ear.url)
    last = esms.sms("0901234001", CallbackUrl=ear.url)["SMSID"]
    assert ear.next()["SMSID"] == last
    assert ear.heard.empty()


@pytest.mark.parametrize("url", ["ftp://nobody/", "http://[", "nowhere"])
def test_a_callback_url_that_is_none_is_noted_and_the_sms_is_taken(esms: Client, url: str) -> None:
    assert esms.sms(CallbackUrl=url)["CodeResult"] == "100"
    assert esms.running.stats()["mistakes"]["count"] == 1


def test_only_the_replies_of_sends_have_a_count_regenerate_and_it_is_a_number(esms: Client) -> None:
    assert esms.sms()["CountRegenerate"] == 0
    assert esms.sms(SmsType="99")["CountRegenerate"] == 0
    assert "CountRegenerate" not in esms.status("1")
    wrong = json.loads(esms.get("/MainService.svc/json/GetBalance/wrong/wrong")[2])
    assert (wrong["CodeResponse"], wrong["Balance"], "CountRegenerate" in wrong) == ("101", 0, False)


def test_the_manuals_spelling_and_a_124_with_a_status_are_quirks(esms: Client) -> None:
    esms.sms(request_id="r-1")
    assert "SendStatus" not in esms.sms(request_id="r-1")
    esms.running.set(quirks=["text_regenerate", "send_status_with_124"])
    again = esms.sms(request_id="r-1")
    assert (again["CodeResult"], again["CountRegenerate"], again["SendStatus"]) == ("124", "0", 5)
