"""Each way a call can fail, over real sockets, and the family it is sorted into."""

import gzip
import socket
from collections.abc import Callable, Iterator
from contextlib import closing

import pytest

from tests.esms.scripted import TLS, Act, ScriptedServer, hang_up, reply, reset
from worker.esms import (
    AccountTrouble,
    Client,
    EsmsError,
    MaybeTaken,
    NotTaken,
    OutgoingSms,
    OutgoingTemplateCall,
    Refused,
    Unclear,
)

SMS = OutgoingSms(phone="0901234567", content="Chao ban", sms_type=7, request_id="r-1")
CALL = OutgoingTemplateCall(phone="0901234567", template_id="17")
TAKEN = reply('{"CodeResult":"100","CountRegenerate":"0","SMSID":"24342680"}')
HTML = "<html><head><title>Runtime Error</title></head><body><h1>Server Error</h1></body></html>"

Connect = Callable[..., Client]


def failure_of(client: Client, sms: OutgoingSms = SMS) -> EsmsError:
    with pytest.raises(EsmsError) as caught:
        client.send_sms(sms)
    return caught.value


# Not taken: no connection...


@pytest.fixture
def deaf_port() -> Iterator[int]:
    """A port whose queue of connections is full: the next one hears nothing."""
    with closing(socket.create_server(("127.0.0.1", 0), backlog=0)) as listener:
        port = listener.getsockname()[1]
        fillers = [socket.socket() for _ in range(4)]
        for filler in fillers:
            filler.setblocking(False)
            filler.connect_ex(("127.0.0.1", port))
        yield port
        for filler in fillers:
            filler.close()


@pytest.fixture
def dead_port() -> Iterator[int]:
    """Held, so that no other server gets it meanwhile; nobody listens."""
    with closing(socket.socket()) as held:
        held.bind(("127.0.0.1", 0))
        yield int(held.getsockname()[1])


def test_a_name_that_does_not_exist_is_not_taken(connect: Connect) -> None:
    failure = failure_of(connect("http://no-such-host.invalid/MainService.svc"))
    assert isinstance(failure, NotTaken)
    assert "DNS" in failure.reason


def test_a_refused_connection_is_not_taken(connect: Connect, dead_port: int) -> None:
    failure = failure_of(connect(f"http://127.0.0.1:{dead_port}"))
    assert isinstance(failure, NotTaken)
    assert "refused" in failure.reason
    assert failure.trace is not None
    assert failure.trace.http_status is None


def test_a_connection_that_takes_too_long_is_not_taken(connect: Connect, deaf_port: int) -> None:
    failure = failure_of(connect(f"http://127.0.0.1:{deaf_port}", connect_timeout=0.2))
    assert isinstance(failure, NotTaken)
    assert "too long" in failure.reason


def test_a_certificate_that_nobody_trusts_is_not_taken(connect: Connect, tls_server: ScriptedServer) -> None:
    failure = failure_of(connect(tls_server.url))
    assert isinstance(failure, NotTaken)
    assert "TLS" in failure.reason
    assert tls_server.requests == []


def test_a_certificate_of_another_name_is_not_taken(connect: Connect, tls_server: ScriptedServer) -> None:
    with_other_name = tls_server.url.replace("localhost", "127.0.0.2")
    assert isinstance(failure_of(connect(with_other_name, ca_bundle=str(TLS / "certificate.pem"))), NotTaken)


def test_a_tls_handshake_with_a_plain_server_is_not_taken(connect: Connect, server: ScriptedServer) -> None:
    assert isinstance(failure_of(connect(server.url.replace("http:", "https:"), connect_timeout=0.5)), NotTaken)


def test_a_trusted_certificate_is_spoken_to(connect: Connect, tls_server: ScriptedServer) -> None:
    tls_server.play(TAKEN)
    client = connect(tls_server.url, ca_bundle=str(TLS / "certificate.pem"))
    assert client.send_sms(SMS).sms_id == client.send_sms(SMS).sms_id == "24342680"
    assert tls_server.connections == 1


@pytest.fixture
def tls_server() -> Iterator[ScriptedServer]:
    server = ScriptedServer(tls=True)
    yield server
    server.close()


def test_a_proxy_that_refuses_the_tunnel_is_not_taken(
    connect: Connect, server: ScriptedServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    server.play(reply("denied", "403 Forbidden"))
    monkeypatch.setenv("HTTPS_PROXY", f"http://127.0.0.1:{server.port}")
    monkeypatch.delenv("NO_PROXY", raising=False)
    monkeypatch.delenv("no_proxy", raising=False)
    failure = failure_of(connect("https://esms.invalid/MainService.svc", trust_env=True))
    assert isinstance(failure, NotTaken)
    assert [line.partition(" ")[0] for line in server.requests] == ["CONNECT"]


def test_proxies_of_the_environment_are_ignored_unless_asked_for(
    connect: Connect, server: ScriptedServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    server.play(TAKEN)
    assert connect().send_sms(SMS).sms_id


def test_a_plain_proxy_is_given_the_whole_url(
    connect: Connect, server: ScriptedServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HTTP_PROXY", f"http://127.0.0.1:{server.port}")
    for name in ("NO_PROXY", "no_proxy", "http_proxy"):
        monkeypatch.delenv(name, raising=False)
    server.play(TAKEN)
    assert connect("http://esms.invalid/MainService.svc", trust_env=True).send_sms(SMS).sms_id
    assert server.requests[0].startswith(
        "GET http://esms.invalid/MainService.svc/json/SendMultipleMessage_V4_get?Phone="
    )


# Maybe taken: the request may have gone out...

LOST: dict[str, Act] = {
    "the server hangs up without a word": hang_up,
    "the server resets the connection": reset,
    "half a header": b"HTTP/1.1 200 OK\r\nContent-Le",
    "a body shorter than announced": TAKEN[:-20],
    "a chunk shorter than announced": b'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n40\r\n{"CodeResult":',
    "a chunk of no size": b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nxyz\r\n{}",
    "a chunk without an end": b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n-1\r\n" + b" " * 6_000_000,
    "two framings": b"HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}",
    "a packed bomb": reply(gzip.compress(b" " * 5_000_000), "200 OK", "Content-Encoding: gzip"),
    "no HTTP at all": b"220 mail.example ESMTP\r\n\r\n",
    "an absurd length": b"HTTP/1.1 200 OK\r\nContent-Length: 99999999999999999999\r\n\r\n{",
    "two lengths": b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n{}",
    "broken compression": reply(b"\x1f\x8b junk", "200 OK", "Content-Encoding: gzip"),
    "endless headers": b"HTTP/1.1 200 OK\r\n" + b"X: y\r\n" * 500,
}


@pytest.mark.parametrize("act", LOST.values(), ids=LOST)
def test_an_answer_lost_on_the_way_may_have_been_taken(client: Client, server: ScriptedServer, act: Act) -> None:
    def then_hang_up(connection: socket.socket) -> None:
        connection.sendall(act) if isinstance(act, bytes) else act(connection)
        connection.close()

    server.play(then_hang_up)
    failure = failure_of(client)
    assert isinstance(failure, MaybeTaken)
    assert failure.code is None
    assert len(server.requests) == 1  # nothing is asked twice


def test_no_answer_in_time_may_have_been_taken(connect: Connect, server: ScriptedServer) -> None:
    server.play(server.hang)
    failure = failure_of(connect(read_timeout=0.2))
    assert isinstance(failure, MaybeTaken)
    assert "in time" in failure.reason


@pytest.mark.parametrize("dripped", [TAKEN, TAKEN.replace(b"200 OK", b"200 OK" * 100)], ids=["reply", "long head"])
def test_a_slow_drip_ends_at_the_deadline_of_the_whole_call(
    connect: Connect, server: ScriptedServer, dripped: bytes
) -> None:
    server.play(server.drip(dripped))
    failure = failure_of(connect(read_timeout=5.0, total_timeout=0.4))
    assert isinstance(failure, MaybeTaken)
    assert "whole call" in failure.reason


def test_a_dripping_body_ends_at_the_deadline_of_the_whole_call(connect: Connect, server: ScriptedServer) -> None:
    head, _, body = TAKEN.partition(b"\r\n\r\n")
    drip = server.drip(body + b" " * 500)

    def head_at_once(connection: socket.socket) -> None:
        connection.sendall(head.replace(b"Length: 61", b"Length: 561") + b"\r\n\r\n")
        drip(connection)

    server.play(head_at_once)
    failure = failure_of(connect(read_timeout=5.0, total_timeout=0.4))
    assert isinstance(failure, MaybeTaken)
    assert "whole call" in failure.reason


def test_an_answer_whose_pieces_keep_coming_may_take_longer_than_one_piece(
    connect: Connect, server: ScriptedServer
) -> None:
    server.play(server.drip(TAKEN))  # two seconds, a line of the header at least every half
    assert connect(read_timeout=1.0).send_sms(SMS).sms_id == "24342680"


ODD_BODIES = {
    "empty": b"",
    "an HTML page": HTML.encode(),
    "an error without a code": b'{"error":"Invalid request"}',
    "a list": b"[]",
    "a bare number": b"100",
    "null": b"null",
    "a code of the wrong kind": b'{"CodeResult":{"100":100}}',
    "a code that is true": b'{"CodeResult":true,"SMSID":"1"}'.replace(b"true,", b"[100],"),
    "two codes that differ": b'{"CodeResult":"100","CodeResponse":"104","SMSID":"1"}',
    "one name with two values": b'{"CodeResult":"100","CodeResult":"104","SMSID":"1"}',
    "invalid UTF-8": b'{"CodeResult":"100","SMSID":"\xff\xfe"}',
    "deep nesting": b"[" * 50_000,
    "an endless number": b'{"CodeResult":"100","SMSID":' + b"9" * 60_000,
    "XML where JSON was asked for": b"<SmsResultModel><CodeResult>100</CodeResult></SmsResultModel>",
    "code 99": b'{"CodeResult":"99"}',
}


@pytest.mark.parametrize("body", ODD_BODIES.values(), ids=ODD_BODIES)
def test_an_answer_that_says_nothing_clear_may_have_been_taken(
    client: Client, server: ScriptedServer, body: bytes
) -> None:
    server.play(reply(body))
    failure = failure_of(client)
    assert isinstance(failure, MaybeTaken)
    assert failure.trace is not None
    assert failure.trace.http_status == 200


BOMB = b"""<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;&a;&a;">]>
<SmsResultModel><CodeResult>100</CodeResult><SMSID>&b;</SMSID></SmsResultModel>"""

ODD_XML = {
    "an entity bomb": BOMB,
    "a document type": b"<!DOCTYPE x><SmsResultModel><CodeResult>100</CodeResult></SmsResultModel>",
    "deep nesting": b"<a>" * 20_000,
    "two codes": b"<R><CodeResult>100</CodeResult><CodeResult>104</CodeResult></R>",
    "half a body": b"<R><CodeResult>100</CodeResult><SMSID>1",
    "an unknown encoding": b'<?xml version="1.0" encoding="klingon"?><R><CodeResult>100</CodeResult></R>',
    "invalid UTF-8": b"<R><CodeResult>100</CodeResult><SMSID>\xff</SMSID></R>",
    "an undefined entity": b"<R><CodeResult>&hundred;</CodeResult></R>",
    "JSON where XML was asked for": b'{"CodeResult":"100"}',
    "empty": b"",
}


@pytest.mark.parametrize("body", ODD_XML.values(), ids=ODD_XML)
def test_hostile_or_broken_xml_may_have_been_taken(connect: Connect, server: ScriptedServer, body: bytes) -> None:
    server.play(reply(body))
    assert isinstance(failure_of(connect(format="xml")), MaybeTaken)


def test_a_body_of_ten_megabytes_is_not_read_to_its_end(client: Client, server: ScriptedServer) -> None:
    server.play(reply(b'{"CodeResult":"100","SMSID":"' + b"1" * 10_000_000 + b'"}'))
    failure = failure_of(client)
    assert isinstance(failure, MaybeTaken)
    assert "too long" in failure.reason


@pytest.mark.parametrize("status", ["301 Moved", "302 Found", "307 Temporary Redirect", "308 Permanent Redirect"])
def test_a_redirect_may_have_been_taken_and_is_not_followed(
    client: Client, server: ScriptedServer, status: str
) -> None:
    server.play(reply("", status, f"Location: {server.url}/elsewhere"))
    failure = failure_of(client)
    assert isinstance(failure, MaybeTaken)
    assert failure.trace is not None
    assert failure.trace.http_status == int(status[:3])
    assert len(server.requests) == 1


@pytest.mark.parametrize("status", ["400 Bad Request", "404 Not Found", "408 Timeout", "429 Too Many", "499 Closed"])
@pytest.mark.parametrize(
    "body", [HTML, "", '{"CodeResult":"100","SMSID":"1"}', '{"CodeResult":"99"}', '{"CodeResult":"999"}']
)
def test_a_4xx_without_a_documented_refusal_may_have_been_taken(
    client: Client, server: ScriptedServer, status: str, body: str
) -> None:
    server.play(reply(body, status))
    assert isinstance(failure_of(client), MaybeTaken)


def test_a_4xx_with_a_documented_refusal_is_refused(client: Client, server: ScriptedServer) -> None:
    server.play(reply('{"CodeResult":"118"}', "400 Bad Request"))
    failure = failure_of(client)
    assert isinstance(failure, Refused)
    assert failure.code == "118"


def test_a_4xx_with_account_trouble_is_account_trouble(client: Client, server: ScriptedServer) -> None:
    server.play(reply('{"CodeResult":"101"}', "401 Unauthorized"))
    assert isinstance(failure_of(client), AccountTrouble)


@pytest.mark.parametrize(
    "body", [HTML, '{"CodeResult":"100","SMSID":"1"}', '{"CodeResult":"104"}', '{"CodeResult":"101"}']
)
def test_a_5xx_may_have_been_taken_whatever_its_body_says(client: Client, server: ScriptedServer, body: str) -> None:
    server.play(reply(body, "502 Bad Gateway"))
    assert isinstance(failure_of(client), MaybeTaken)


# Codes...


def test_an_undocumented_code_says_neither_and_is_kept(client: Client, server: ScriptedServer) -> None:
    server.play(reply('{"CodeResult":"4711","ErrorMessage":"?"}'))
    failure = failure_of(client)
    assert isinstance(failure, Unclear)
    assert failure.code == "4711"
    assert failure.trace is not None
    assert failure.trace.reply == '{"CodeResult":"4711","ErrorMessage":"?"}'


@pytest.mark.parametrize("code", ["101", "102", "103", "140", "143"])
def test_account_trouble_is_told_from_a_refusal(client: Client, server: ScriptedServer, code: str) -> None:
    server.play(reply(f'{{"CodeResult":{code}}}'))
    assert isinstance(failure_of(client), AccountTrouble)
    with pytest.raises(AccountTrouble) as caught:
        client.call_template(CALL)
    assert caught.value.code == code


def test_one_number_means_different_things_in_different_functions(client: Client, server: ScriptedServer) -> None:
    server.play(reply('{"CodeResult":"104"}'))
    with pytest.raises(Refused, match="brandname"):
        client.send_sms(SMS)
    with pytest.raises(Refused, match="template"):
        client.call_template(CALL)


def test_a_refusal_that_carries_an_sms_id_is_still_refused(client: Client, server: ScriptedServer) -> None:
    server.play(reply('{"CodeResult":"146","SMSID":"24342680"}'))
    assert isinstance(failure_of(client), Refused)
