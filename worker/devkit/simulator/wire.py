"""HTTP/1.1, as little of it as a provider's API needs, strict and bounded: one request at a time on each connection.

Standard library servers reach some hundred requests a second; this protocol class reaches several thousand on one core,
since the simulator must not be what a benchmark measures.
"""

import asyncio
import json
import socket
import struct
from collections.abc import Callable
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any
from urllib.parse import unquote_plus

MAX_HEAD = 64 * 1024  # bytes; an advertising SMS to a thousand numbers fits into a GET
MAX_BODY = 1024 * 1024  # bytes
MAX_HEADERS = 100

_REASONS = {
    200: "OK",
    302: "Found",
    400: "Bad Request",
    401: "Unauthorized",
    403: "Forbidden",
    404: "Not Found",
    405: "Method Not Allowed",
    411: "Length Required",
    413: "Content Too Large",
    415: "Unsupported Media Type",
    431: "Request Header Fields Too Large",
    501: "Not Implemented",
    503: "Service Unavailable",
    505: "HTTP Version Not Supported",
}


class Manner(StrEnum):
    """How an answer travels, or doesn't."""

    PLAIN = "plain"
    SILENT = "silent"  # the connection closes without a byte
    RESET = "reset"
    HANG = "hang"
    CUT = "cut"  # closes half way through the body
    DRIP = "drip"  # byte by byte


class BadRequest(Exception):
    """What arrived isn't a request that we can answer; the connection closes after saying so."""

    def __init__(self, status: int, reason: str) -> None:
        super().__init__(reason)
        self.status = status


@dataclass(slots=True)
class Request:
    """`params` come from the query and from a form. Names are in lower case, as ASP.NET reads them, headers' too."""

    method: str
    path: str
    params: dict[str, str]
    body: bytes
    keep_alive: bool
    headers: dict[str, str] = field(default_factory=dict)


@dataclass(slots=True)
class HttpAnswer:
    """One HTTP answer, and how it travels. `delay` and `drip` (between two bytes) are seconds."""

    body: bytes
    status: int = 200
    content_type: str = "application/json; charset=utf-8"
    manner: Manner = Manner.PLAIN
    delay: float = 0.0
    drip: float = 0.0
    extra: str = ""  # more header lines, each ended by CRLF

    def head(self, keep_alive: bool) -> bytes:
        connection = "keep-alive" if keep_alive else "close"
        return (
            f"HTTP/1.1 {self.status} {_REASONS[self.status]}\r\nContent-Type: {self.content_type}\r\n"
            f"Content-Length: {len(self.body)}\r\nConnection: {connection}\r\n{self.extra}\r\n"
        ).encode("latin-1")


def json_answer(value: object, status: int = 200) -> HttpAnswer:
    return HttpAnswer(json.dumps(value, ensure_ascii=False).encode(), status=status)


# Reading...


def parse(buffer: bytes) -> tuple[Request, int] | None:
    """The first request in the buffer and its length in bytes; None until it is whole. Raises BadRequest."""
    end = buffer.find(b"\r\n\r\n", 0, MAX_HEAD)
    if end < 0:
        if len(buffer) >= MAX_HEAD:
            raise BadRequest(431, f"the head of a request is longer than {MAX_HEAD} bytes")
        return None
    first, *lines = buffer[:end].decode("latin-1").split("\r\n")
    method, target, version = _request_line(first)
    headers = _headers(lines)
    length = _body_length(headers)
    start = end + 4
    if len(buffer) < start + length:
        return None
    path, _, query = target.partition("?")
    body = buffer[start : start + length]
    params = _params(query)
    if method == "POST" and headers.get("content-type", "").startswith("application/x-www-form-urlencoded"):
        params |= _params(body.decode("latin-1"))
    return Request(method, path, params, body, _keeps_alive(version, headers), headers), start + length


def expects_continue(buffer: bytes) -> bool:
    """The client holds its body back until we say "100 Continue" (curl does, for a big one)."""
    head, end, _ = buffer.partition(b"\r\n\r\n")
    return bool(end) and b"\r\nexpect: 100-continue" in head.lower()


def _request_line(line: str) -> tuple[str, str, str]:
    parts = line.split(" ")
    if len(parts) != 3 or not parts[1].startswith("/"):
        raise BadRequest(400, "the request line is not METHOD /path HTTP/1.1")
    if parts[2] not in ("HTTP/1.1", "HTTP/1.0"):
        raise BadRequest(505, "only HTTP/1.1 and HTTP/1.0 are spoken here")
    if parts[0] not in ("GET", "POST"):
        raise BadRequest(405, "only GET and POST are answered here")
    return parts[0], parts[1], parts[2]


def _headers(lines: list[str]) -> dict[str, str]:
    if len(lines) > MAX_HEADERS:
        raise BadRequest(431, f"more than {MAX_HEADERS} header lines")
    headers: dict[str, str] = {}
    for line in lines:
        name, colon, value = line.partition(":")
        if not colon or not name or name != name.strip():
            raise BadRequest(400, "a header line is not Name: value")
        name = name.lower()
        if name in headers and name in ("content-length", "host"):
            raise BadRequest(400, f"the header {name} is given twice")
        headers[name] = value.strip()
    return headers


def _body_length(headers: dict[str, str]) -> int:
    if "transfer-encoding" in headers:
        raise BadRequest(501, "chunked bodies are not read here; send Content-Length")
    text = headers.get("content-length", "0")
    if not (text.isascii() and text.isdigit()):
        raise BadRequest(400, "Content-Length is not a number")
    if len(text) > 9 or int(text) > MAX_BODY:
        raise BadRequest(413, f"the body is longer than {MAX_BODY} bytes")
    return int(text)


def _keeps_alive(version: str, headers: dict[str, str]) -> bool:
    connection = headers.get("connection", "").lower()
    return connection == "keep-alive" if version == "HTTP/1.0" else "close" not in connection


def _params(query: str) -> dict[str, str]:
    params: dict[str, str] = {}
    for pair in query.split("&"):
        name, _, value = pair.partition("=")
        if not name:
            continue
        if "%" in value or "+" in value:
            value = unquote_plus(value, errors="replace")
        name = name.lower()
        # ASP.NET joins a parameter that is given twice by a comma.
        params[name] = f"{params[name]},{value}" if name in params else value
    return params


# Answering...


class Connection(asyncio.Protocol):
    """One client's connection. A request is handled the moment it is whole; only its answer waits for the latency."""

    def __init__(self, answer: Callable[[Request], HttpAnswer], open_connections: "set[Connection]") -> None:
        self._answer = answer
        self._open = open_connections
        self._loop = asyncio.get_running_loop()
        self._transport: Any = None
        self._buffer = b""
        self._busy = False
        self._continued = False
        self._timer: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport
        self._open.add(self)

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002  (asyncio's signature)
        self._open.discard(self)
        if self._timer:
            self._timer.cancel()

    def abort(self) -> None:
        self._transport.abort()

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        if not self._busy:
            self._next()
        elif len(self._buffer) > MAX_HEAD + MAX_BODY:
            self._transport.pause_reading()

    def _next(self) -> None:
        try:
            parsed = parse(self._buffer)
        except BadRequest as bad:
            self._refuse(bad)
            return
        if parsed is None:
            self._ask_for_the_body()
            return
        request, length = parsed
        self._continued = False
        self._buffer = self._buffer[length:]
        self._busy = True
        answer = self._answer(request)
        # Always through the loop, even without latency: a long pipeline must not recurse.
        self._timer = self._loop.call_later(answer.delay, self._travel, answer, request.keep_alive)

    def _ask_for_the_body(self) -> None:
        if not self._continued and expects_continue(self._buffer):
            self._continued = True
            self._transport.write(b"HTTP/1.1 100 Continue\r\n\r\n")

    def _refuse(self, bad: BadRequest) -> None:
        self._busy = True
        answer = json_answer({"error": str(bad)}, bad.status)
        self._transport.write(answer.head(keep_alive=False) + answer.body)
        self._transport.close()

    def _travel(self, answer: HttpAnswer, keep_alive: bool) -> None:
        match answer.manner:
            case Manner.PLAIN:
                self._transport.write(answer.head(keep_alive) + answer.body)
                self._done(keep_alive)
            case Manner.SILENT:
                self._transport.close()
            case Manner.RESET:
                self._reset()
            case Manner.CUT:
                self._transport.write(answer.head(keep_alive) + answer.body[: len(answer.body) // 2])
                self._transport.close()
            case Manner.DRIP:
                self._drip(answer.head(keep_alive) + answer.body, 0, answer.drip, keep_alive)
            case Manner.HANG:
                pass  # until the client has had enough

    def _drip(self, payload: bytes, position: int, pause: float, keep_alive: bool) -> None:
        if position == len(payload):
            self._done(keep_alive)
            return
        self._transport.write(payload[position : position + 1])
        self._timer = self._loop.call_later(pause, self._drip, payload, position + 1, pause, keep_alive)

    def _reset(self) -> None:
        # Lingering for zero seconds makes the kernel send RST in place of FIN.
        sock = self._transport.get_extra_info("socket")
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self._transport.abort()

    def _done(self, keep_alive: bool) -> None:
        if not keep_alive:
            self._transport.close()
            return
        self._busy = False
        self._transport.resume_reading()
        if self._buffer:
            self._next()
