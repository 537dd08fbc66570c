"""The door against who speaks HTTP badly on purpose: everybody else is served meanwhile, and memory stays bounded."""

from __future__ import annotations

import resource
import socket
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from urllib.parse import urlsplit

import httpx
import psutil
import pytest

from tests.http_door import Application
from tests.support import eventually
from tests.web.test_web_messages import code
from worker.web.connections import CONNECTIONS, HEAD_BYTES, HEAD_WITHIN

HIDDEN = b"GET /livez HTTP/1.1\r\nHost: x\r\n\r\n"  # a second request, for who counts otherwise
SMUGGLED = {
    "both lengths": b"Content-Length: 6\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    "two lengths": b"Content-Length: 2\r\nContent-Length: 40\r\n\r\n{}",
    "a list of lengths": b"Content-Length: 2, 40\r\n\r\n{}",
    "a length with a sign": b"Content-Length: +2\r\n\r\n{}",
    "a length in hexadecimal": b"Content-Length: 0x2\r\n\r\n{}",
    "a space before the colon": b"Content-Length : 2\r\n\r\n{}",
    "chunked, and not last": b"Transfer-Encoding: chunked, identity\r\n\r\n0\r\n\r\n",
    "nearly chunked": b"Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n",
    "chunked twice": b"Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n\r\n0\r\n\r\n",
    "chunked after a vertical tab": b"Transfer-Encoding:\x0bchunked\r\n\r\n0\r\n\r\n",
    "a folded header": b"Transfer-Encoding:\r\n chunked\r\n\r\n0\r\n\r\n",
    "a chunk with a sign": b"Transfer-Encoding: chunked\r\n\r\n+2\r\n{}\r\n0\r\n\r\n",
    "a chunk without its end": b"Transfer-Encoding: chunked\r\n\r\n2\r\n{}x\r\n0\r\n\r\n",
    "a chunk that ends with a bare line feed": b"Transfer-Encoding: chunked\r\n\r\n2\n{}\n0\n\n",
    "bare line feeds": b"Content-Length: 2\n\n{}",
    "a bare carriage return": b"X: a\rContent-Length: 2\r\n\r\n{}",
    "a NUL in a header": b"X: a\0b\r\nContent-Length: 2\r\n\r\n{}",
}


@contextmanager
def connected(address: str) -> Iterator[socket.socket]:
    place = urlsplit(address)
    with socket.create_connection((str(place.hostname), int(place.port or 80)), timeout=60) as there:
        yield there


def answers(there: socket.socket) -> bytes:
    """All that comes until the other side closes, or says nothing more."""
    there.settimeout(2)
    told = b""
    try:
        while part := there.recv(65536):
            told += part
    except TimeoutError:
        pass
    except ConnectionError:
        return told
    return told


@pytest.mark.long
@pytest.mark.parametrize("what", SMUGGLED)
def test_nobody_hides_a_request_in_another(address: str, what: str) -> None:
    head = b"POST /v1/messages HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer x\r\n"
    with connected(address) as there:
        there.sendall(head + SMUGGLED[what] + HIDDEN)
        told = answers(there)
    statuses = [told[at + 9 : at + 12] for at in range(len(told)) if told.startswith(b"HTTP/1.1 ", at)]
    assert statuses in ([], [b"400"], [b"401", b"400"]), told


@pytest.mark.long
def test_who_opens_thousands_and_says_nothing_is_let_go_and_others_are_served(
    address: str, application: Application
) -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    many = min(10_000, hard - 500)
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, many + 400), hard))
    shop = application()
    assert shop.post("/v1/messages", json=code()).status_code == 201
    with ExitStack() as stack:
        stack.callback(resource.setrlimit, resource.RLIMIT_NOFILE, (soft, hard))
        idle = [stack.enter_context(connected(address)) for _ in range(many)]
        idle[0].sendall(b"POST /v1/messages HTTP/1.1\r\nX: ")
        eventually(lambda: _is_served(address), within=6 * HEAD_WITHIN)
        assert len(idle) > CONNECTIONS
        assert answers(idle[0]) == b""
    assert shop.post("/v1/messages", json=code()).status_code == 201


def _is_served(address: str) -> bool:
    try:
        return httpx.get(f"{address}/livez", timeout=5).status_code == 200
    except httpx.HTTPError:
        return False


@pytest.mark.long
def test_who_sends_nothing_but_blank_lines_after_an_answer_is_let_go(address: str) -> None:
    with connected(address) as there:
        there.sendall(b"GET /livez HTTP/1.1\r\nHost: x\r\n\r\n")
        assert there.recv(65536).startswith(b"HTTP/1.1 200")
        there.sendall(b"\r\n")
        eventually(lambda: _is_closed(there), within=6 * HEAD_WITHIN)


def test_a_head_without_an_end_is_ended(address: str) -> None:
    with connected(address) as there:
        there.sendall(b"GET /livez HTTP/1.1\r\nHost: x\r\n")
        with pytest.raises(OSError):
            for _ in range(200):
                there.sendall(b"X-Y: " + b"a" * HEAD_BYTES + b"\r\n")
                time.sleep(0.01)


@pytest.mark.long
def test_a_hundred_megabytes_and_a_hundred_thousand_brackets_take_no_memory(
    address: str, application: Application
) -> None:
    shop, door = application(), _process_at(address)
    assert shop.post("/v1/messages", json=code()).status_code == 201
    before = door.memory_info().rss
    for _ in range(3):
        chunks = (b" " * 1_000_000 for _ in range(100))
        with suppress(httpx.HTTPError):  # it is closed while we still write
            assert shop.post("/v1/messages", content=chunks).status_code == 413
        for deep in (b"[" * 100_000, b"[" * 100_000 + b"]" * 100_000, b'{"a":' * 50_000 + b"1" + b"}" * 50_000):
            assert shop.post("/v1/messages", content=deep).status_code == 400
    assert door.memory_info().rss - before < 100e6


@pytest.mark.long
def test_a_body_that_never_ends_is_told_so_and_closed(address: str, application: Application) -> None:
    shop = application()
    head = f"POST /v1/messages HTTP/1.1\r\nHost: x\r\nAuthorization: {shop.headers['authorization']}\r\n"
    with connected(address) as there:
        there.sendall(head.encode() + b"Content-Length: 1000\r\n\r\n")
        told = b""
        while not told:
            there.sendall(b" ")
            there.settimeout(1)
            try:
                told = there.recv(65536)
            except TimeoutError:
                continue
        assert told.startswith(b"HTTP/1.1 408"), told
        eventually(lambda: _is_closed(there))


def _is_closed(there: socket.socket) -> bool:
    try:
        there.sendall(b" ")
        return there.recv(1) == b""
    except TimeoutError:
        return False
    except OSError:
        return True


def _process_at(address: str) -> psutil.Process:
    port = urlsplit(address).port
    there = [each for each in psutil.net_connections("tcp") if each.laddr and each.status == "LISTEN"]
    [pid] = {each.pid for each in there if each.laddr[1:] == (port,)}
    return psutil.Process(pid)
