"""Keys, numbers and texts stay in, whatever fails and however logging is set up."""

import base64
import http.client
import json
import logging
import socket
import traceback
from collections.abc import Callable, Iterator
from urllib.parse import quote, quote_plus

import pytest

from tests.esms.conftest import API_KEY, SECRET_KEY
from tests.esms.scripted import Act, ScriptedServer, hang_up, reply
from worker.esms import (
    Client,
    Credentials,
    EsmsError,
    InvalidRequest,
    OutgoingRecordCall,
    OutgoingSms,
    OutgoingTemplateCall,
    Transport,
)
from worker.esms.credentials import Scrubber

Connect = Callable[..., Client]
PHONE, TEXT = "0901234567", "Kinh gui ba Lan"
SMS = OutgoingSms(phone=PHONE, content=TEXT, sms_type=7, request_id="r-1")
PIECES = ("CANARY", "canary", "Api+Key", "Secret<Key>", "%43%41%4E")
FORMS = [
    form(key)
    for key in (API_KEY, SECRET_KEY)
    for form in (
        str,
        quote,
        quote_plus,
        lambda key: quote(key, safe=""),
        lambda key: quote(quote(key, safe="")),
        json.dumps,
    )
]


@pytest.fixture
def everything_logged(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> Iterator[pytest.LogCaptureFixture]:
    """The loudest that anybody can make the libraries below."""
    monkeypatch.setattr(http.client.HTTPConnection, "debuglevel", 9)
    with caplog.at_level(logging.NOTSET), caplog.at_level(1, "urllib3"), caplog.at_level(1, "urllib3.connectionpool"):
        yield caplog


def assert_clean(text: str, *, people: bool = True) -> None:
    assert not [piece for piece in (*PIECES, *FORMS) if piece in text]
    assert not people or not [private for private in (PHONE, TEXT, quote(TEXT)) if private in text]


def half_a_body(connection: socket.socket) -> None:
    connection.sendall(reply(b"{}" * 9)[:-3])
    connection.close()


ENDS: dict[str, Act] = {
    "taken": reply('{"CodeResult":"100","SMSID":"1"}'),
    "refused": reply('{"CodeResult":"104"}'),
    "lost": hang_up,
    "redirected": reply("", "302 Found", "Location: http://127.0.0.1:9/"),
    "broken": reply("<html>", "500 Internal Server Error"),
    "cut": half_a_body,
}


@pytest.mark.parametrize("end", ENDS)
def test_no_debug_line_holds_a_key_or_a_person(
    client: Client,
    server: ScriptedServer,
    everything_logged: pytest.LogCaptureFixture,
    capfd: pytest.CaptureFixture[str],
    transport: Transport,
    end: str,
) -> None:
    server.play(ENDS[end])
    for call in (lambda: client.send_sms(SMS), client.get_balance, client.list_brandnames):
        try:
            call()
        except EsmsError as error:
            assert_clean(str(error))
    assert "urllib3" in everything_logged.text or end == "lost" or transport is Transport.CURL
    assert_clean(everything_logged.text)
    assert_clean("".join(capfd.readouterr()))


@pytest.mark.parametrize("end", ENDS)
def test_no_traceback_holds_a_key_or_a_person_even_with_its_locals(
    client: Client, server: ScriptedServer, end: str
) -> None:
    server.play(ENDS[end])
    prepared = client.prepare_balance(), client.prepare_sms(SMS)
    with client.open_exchange() as exchange:
        for one in prepared:
            exchange.put("tag", one)
        while exchange.in_flight:
            for finished in exchange.take(10.0):
                assert_clean(repr(finished))
                assert_clean(captured(finished.result))
    assert_clean(captured(client.get_balance))
    assert_clean(captured(lambda: client.send_sms(SMS)))


def captured(call: Callable[[], object]) -> str:
    """What an error reporter would write down: every frame with its locals, causes and contexts too."""
    try:
        call()
    except EsmsError as error:
        assert error.__cause__ is None
        assert error.__context__ is None
        trace = traceback.TracebackException.from_exception(error, capture_locals=True)
        return "".join(trace.format()) + repr(error) + repr(error.args) + repr(vars(error))
    return ""


def test_no_connection_is_told_without_keys(connect: Connect, caplog: pytest.LogCaptureFixture) -> None:
    client = connect("http://127.0.0.1:1")
    assert_clean(captured(client.get_balance))
    assert_clean(captured(lambda: client.send_sms(SMS)))


WRONG: list[dict[str, object]] = [
    {"phone": "+84" + PHONE},
    {"phone": [PHONE, "x" + PHONE]},
    {"content": TEXT + "\0"},
    {"content": TEXT, "brandname": "Shop"},
]


@pytest.mark.parametrize("wrong", WRONG)
def test_a_complaint_about_a_field_holds_no_number_and_no_text(client: Client, wrong: dict[str, object]) -> None:
    fields = {"phone": PHONE, "content": TEXT, "sms_type": 7, "request_id": "r-1"} | wrong
    sms = OutgoingSms(**fields)  # type: ignore[arg-type]
    told = captured(lambda: client.send_sms(sms))
    assert "InvalidRequest" in told
    assert_clean(told)


def test_a_complaint_about_a_call_holds_no_number_and_no_text(client: Client) -> None:
    template = OutgoingTemplateCall(phone=PHONE, template_id="1", variables=(TEXT, TEXT + "||"))
    record = OutgoingRecordCall(phone=PHONE, record_id="1", number_forward="84" + PHONE)
    for told in (captured(lambda: client.call_template(template)), captured(lambda: client.call_record(record))):
        assert "InvalidRequest" in told
        assert_clean(told)


def test_no_repr_shows_a_key_a_number_or_a_text(client: Client) -> None:
    call = OutgoingTemplateCall(phone=PHONE, template_id="1", variables=(TEXT,))
    record = OutgoingRecordCall(phone=PHONE, record_id="1", number_forward=PHONE)
    prepared = client.prepare_sms(SMS)
    for shown in (client, Credentials(API_KEY, SECRET_KEY), SMS, call, record, prepared, prepared.parcel):
        assert_clean(repr(shown) + str(shown))


@pytest.mark.parametrize("form", FORMS)
def test_an_echoed_key_is_taken_out_of_the_reply_kept(client: Client, server: ScriptedServer, form: str) -> None:
    for page in (f"<html>GET /?ApiKey={form}&x\0</html>", "x" * 1990 + form, ("<" + form) * 100):
        server.play(reply(page, "500 Internal Server Error"))
        with pytest.raises(EsmsError) as caught:
            client.send_sms(SMS)
        assert caught.value.trace is not None
        kept = caught.value.trace.reply
        assert kept is not None
        assert len(kept) <= 2000
        assert "\0" not in kept
        assert_clean(kept)


def spellings(key: str) -> list[str]:
    """As a server that means no good may echo it."""
    html = {"decimal": "&#{};", "hex": "&#x{:x};", "padded": "&#x000{:X}", "bare": "&#{}"}
    ways = ["".join(f"\\u{ord(each):04x}" for each in key), "".join(f"\\\\u{ord(each):04X}" for each in key)]
    ways += ["".join(form.format(ord(each)) for each in key) for form in html.values()]
    ways += [seen.join(key) for seen in ("\u200b", "\u2060", "\xad", "&#8203;", "\\u200b", "\ufeff\u200d")]
    ways += [key.encode().hex(), key.encode().hex(" "), "".join(f"\\x{ord(each):02x}" for each in key)]
    more = ("%u{:04x}", "\\u{{{:x}}}", "\\{:03o}", "={:02X}", "&amp;#{};", "&amp;amp;#x{:x};")
    ways += ["".join(form.format(ord(each)) for each in key) for form in more]
    ways += [seen.join(key) for seen in ("\ufe0f", "\u3164", "\u180b", "\U000e0020", "%00", "\n", "\r\n ")]
    ways += ["".join(chr(ord(each) + 0xFEE0) for each in key), f"{key[:7]}\r\n {key[7:]}", key.encode().hex(":")]
    ways += [key.encode("utf-16-be").hex()]
    return [*ways, f"\\u{ord(key[0]):04x}{key[1:]}", f"{key[:-1]}&#{ord(key[-1])};"]


@pytest.mark.parametrize("spelling", spellings(API_KEY) + spellings(SECRET_KEY))
def test_a_key_is_kept_in_no_spelling(client: Client, server: ScriptedServer, spelling: str) -> None:
    server.play(reply(f"<html>{spelling}</html>", "500 Internal Server Error"))
    with pytest.raises(EsmsError) as caught:
        client.send_sms(SMS)
    assert caught.value.trace is not None
    assert "".join((caught.value.trace.reply or "").split()) == "<html>[key]</html>"


@pytest.mark.parametrize("before", [b"", b"x", b"xy", b"user:"])
@pytest.mark.parametrize("encode", [base64.b64encode, base64.urlsafe_b64encode])
def test_a_key_in_the_midst_of_something_in_base64_is_found(before: bytes, encode: Callable[[bytes], bytes]) -> None:
    scrub = Scrubber(Credentials(API_KEY, SECRET_KEY))
    for key in (API_KEY, SECRET_KEY):
        told = encode(before + key.encode() + b":" + key.encode()).decode()
        assert scrub(told, 2000).count("[key]") == 2


SHORT = "S3cretKey0123"


@pytest.mark.parametrize("echo", [SHORT, SHORT.lower(), "".join(f"\\u{ord(each):04x}" for each in SHORT)])
def test_no_id_and_no_code_is_a_key(server: ScriptedServer, echo: str) -> None:
    with Client(Credentials(API_KEY, SHORT), rest_url=server.url, voice_url=server.url) as client:
        server.play(reply(f'{{"CodeResult":"100","SMSID":"{echo}"}}'))
        assert client.send_sms(SMS).sms_id is None
        server.play(reply(f'{{"CodeResult":"{echo}"}}'))
        with pytest.raises(EsmsError) as caught:
            client.send_sms(SMS)
    assert caught.value.code is None
    assert SHORT.lower() not in repr(vars(caught.value)).lower()


def test_no_id_is_a_key_that_a_comment_splits(server: ScriptedServer) -> None:
    keys = Credentials(API_KEY, SHORT)
    with Client(keys, rest_url=server.url, voice_url=server.url, format="xml") as client:
        sms_id = f"{SHORT[:4]}<!-- -->{SHORT[4:]}"
        server.play(reply(f"<Reply><CodeResult>100</CodeResult><SMSID>{sms_id}</SMSID></Reply>"))
        assert client.send_sms(SMS).sms_id is None


def test_a_key_cut_by_the_window_goes_whole() -> None:
    scrub = Scrubber(Credentials("A" * 40, "B" * 40))
    for shift in range(120):
        kept = scrub("A" * 40 * 80 + "x" * shift + "B" * 40 + "tail" * 2000, 2000)
        assert "AAAA" not in kept
        assert "BBBB" not in kept


@pytest.mark.parametrize("key", ["", " ", "a b", "a\n", "a\0"])
def test_a_key_that_is_none_is_refused_without_being_shown(key: str) -> None:
    with pytest.raises(InvalidRequest, match="secret_key"):
        Credentials("right", key)
