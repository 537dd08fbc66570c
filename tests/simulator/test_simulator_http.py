"""The wire: strict and bounded, one answer for each request in its order."""

import socket
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.simulator.client import PATIENCE, Client
from worker.devkit.simulator.wire import MAX_BODY, MAX_HEAD, BadRequest, parse

BALANCE = b"GET /MainService.svc/json/GetBalance/simulator-key/simulator-secret HTTP/1.1\r\nHost: localhost\r\n\r\n"
READY = b"GET /_sim/ready HTTP/1.1\r\nHost: localhost\r\n\r\n"


@pytest.fixture
def raw(esms: Client) -> Iterator[socket.socket]:
    with socket.create_connection(esms.address, PATIENCE) as raw:
        yield raw


def read_until(raw: socket.socket, end: bytes) -> bytes:
    got = b""
    while not got.endswith(end):
        more = raw.recv(65536)
        assert more, got
        got += more
    return got


def read_all(raw: socket.socket) -> bytes:
    return b"".join(iter(lambda: raw.recv(65536), b""))


def test_pipelined_requests_are_answered_in_their_order(raw: socket.socket) -> None:
    raw.sendall((BALANCE + READY) * 200 + READY.replace(b"Host", b"Connection: close\r\nHost"))
    got = read_all(raw)
    assert got.count(b"HTTP/1.1 200 OK") == 401
    assert got.index(b"Balance") < got.index(b"ready")


def test_a_request_may_arrive_byte_by_byte(raw: socket.socket) -> None:
    raw.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    for position in range(len(BALANCE)):
        raw.send(BALANCE[position : position + 1])
    assert b'"CodeResponse":"100"' in read_until(raw, b"}")


def test_a_body_is_asked_for_when_the_client_waits_to_be_asked(esms: Client, raw: socket.socket) -> None:
    head = f"POST /_sim/set HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {esms.running.token}\r\n"
    head += "Content-Type: application/json\r\nContent-Length: 11\r\nExpect: 100-continue\r\n\r\n"
    raw.sendall(head.encode())
    assert read_until(raw, b"\r\n\r\n") == b"HTTP/1.1 100 Continue\r\n\r\n"
    raw.sendall(b'{"seed": 1}')
    assert b'"seed": 1' in read_until(raw, b"}")


def test_an_http_1_0_client_is_hung_up_on(raw: socket.socket) -> None:
    raw.sendall(b"GET /_sim/ready HTTP/1.0\r\n\r\n")
    assert b"Connection: close" in read_all(raw)


@pytest.mark.parametrize(
    ("request_", "status"),
    [
        (b"GET /\r\n\r\n", 400),
        (b"GET  / HTTP/1.1\r\n\r\n", 400),
        (b"GET http://x/ HTTP/1.1\r\n\r\n", 400),
        (b"GET / HTTP/2.0\r\n\r\n", 505),
        (b"DELETE / HTTP/1.1\r\n\r\n", 405),
        (b"GET / HTTP/1.1\r\nno colon\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\nName : value\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\nA: b\r\n folded\r\n\r\n", 400),
        (b"POST / HTTP/1.1\r\nContent-Length: x\r\n\r\n", 400),
        (b"POST / HTTP/1.1\r\nContent-Length: -1\r\n\r\n", 400),
        (b"POST / HTTP/1.1\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n", 400),
        (b"POST / HTTP/1.1\r\nContent-Length: %d\r\n\r\n" % (MAX_BODY + 1), 413),
        (b"POST / HTTP/1.1\r\nContent-Length: %s\r\n\r\n" % (b"9" * 5000), 413),
        (b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n", 501),
        (b"GET / HTTP/1.1\r\n" + b"A: b\r\n" * 101 + b"\r\n", 431),
        (b"GET /" + b"a" * MAX_HEAD, 431),
    ],
)
def test_what_is_no_request_is_refused_and_hung_up_on(raw: socket.socket, request_: bytes, status: int) -> None:
    raw.sendall(request_)
    assert read_all(raw).startswith(b"HTTP/1.1 %d " % status)


def test_a_parameter_that_is_given_twice_is_joined_by_a_comma() -> None:
    parsed = parse(b"GET /x?Phone=0901&PHONE=0902&a&=b&c=1+2%2B3%zz%ff HTTP/1.1\r\n\r\n")
    assert parsed is not None
    assert parsed[0].params == {"phone": "0901,0902", "a": "", "c": "1 2+3%zz\ufffd"}


@given(st.binary(max_size=300) | st.binary(max_size=200).map(lambda tail: b"GET /x HTTP/1.1\r\n" + tail + b"\r\n\r\n"))
def test_any_bytes_are_a_request_or_unfinished_or_refused(data: bytes) -> None:
    try:
        parsed = parse(data)
    except BadRequest as bad:
        assert bad.status in (400, 405, 413, 431, 501, 505)
    else:
        assert parsed is None or 0 < parsed[1] <= len(data)


def test_a_client_that_goes_away_before_its_answer_leaves_nothing_behind(esms: Client) -> None:
    esms.running.set(latency=30)
    connections = [socket.create_connection(esms.address, PATIENCE) for _ in range(20)]
    for connection in connections:
        connection.sendall(BALANCE)
        connection.close()
    stats = esms.running.until(lambda stats: stats["requests"] == 20 and stats["connections"] == 1)
    assert stats["by_function"] == {"GetBalance": 20}
