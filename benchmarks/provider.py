"""A lean stand-in for eSMS: takes each SMS, answers after a fixed time, and counts what each number got.

The simulator plays a whole eSMS and costs more per call than the fastest worker; this must not be what is measured.
One thread, one epoll loop, requests taken apart by hand. Every answer takes equally long, so those that wait stand in
a line and no timer is needed. Like eSMS it takes a RequestId once. All contenders are measured against it alike.

    python -m benchmarks.provider [--latency 0.05]
"""

from __future__ import annotations

import argparse
import gc
import json
import select
import signal
import socket
import sys
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from http.client import HTTPConnection
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from worker.devkit.processes import Child

ROOT = Path(__file__).parents[1]
READY = "listening on "
BRANDNAME = "sangbrand"

CROWD = 100  # that wait for their answers: from here on several are served at one waking
TICK = 0.001  # seconds between two wakings then; answers come at most this much late
HEADERS = (  # as eSMS sends them
    b"HTTP/1.1 200 OK\r\nCache-Control: private\r\nContent-Type: application/json; charset=utf-8\r\n"
    b"Server: Microsoft-IIS/8.5\r\nX-AspNet-Version: 4.0.30319\r\nX-Powered-By: ASP.NET\r\nContent-Length: %d\r\n\r\n"
)


@dataclass(slots=True)
class Connection:
    """One client's connection, and what has arrived of its next request."""

    socket: socket.socket
    heard: bytes = b""
    open: bool = True


@dataclass
class Book:
    """Who got what: the moment of each number's SMS, and what came twice."""

    arrived: dict[bytes, float] = field(default_factory=dict)  # by number; seconds of the system's monotonic clock
    twice: dict[bytes, int] = field(default_factory=dict)  # numbers that got another SMS
    sms_ids: dict[bytes, bytes] = field(default_factory=dict)  # by RequestId
    asked_again: int = 0  # requests with a RequestId that was taken before

    def take(self, query: bytes, now: float) -> bytes:
        """The reply to a send; a RequestId is taken once, as eSMS does it."""
        request_id = value_of(query, b"&RequestId=")
        if request_id in self.sms_ids:
            self.asked_again += 1
            return b'{"CodeResult":"124","CountRegenerate":0,"ErrorMessage":"RequestId da ton tai"}'
        phones = value_of(query, b"&Phone=")
        sms_id = self.sms_ids[request_id] = b"%d-%b" % (len(self.sms_ids) + 1, phones[:10])
        for phone in phones.split(b"%2C") if b"%" in phones else (phones,):
            if phone in self.arrived:
                self.twice[phone] = self.twice.get(phone, 1) + 1
            self.arrived.setdefault(phone, now)
        return b'{"CodeResult":"100","CountRegenerate":0,"SMSID":"%b"}' % sms_id

    def tally(self) -> dict[str, int]:
        """How many got one, how many more than one, how many requests repeated an id."""
        return {"messages": len(self.arrived), "twice": len(self.twice), "asked_again": self.asked_again}


def value_of(query: bytes, name: bytes) -> bytes:
    """The value after `&name=`, as it stands in the URL; empty when it is not there."""
    begin = query.find(name)
    if begin < 0:
        return b""
    begin += len(name)
    end = query.find(b"&", begin)
    return query[begin:] if end < 0 else query[begin:end]


class Provider:
    """Listens on a free port of this machine."""

    def __init__(self, latency: float) -> None:
        self.latency = latency  # seconds
        self._book = Book()
        self._line: deque[tuple[float, Connection, bytes]] = deque()  # due at, whom, what
        self._connections: dict[int, Connection] = {}
        self._epoll = select.epoll()
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=4096)
        self._listener.setblocking(False)
        self._epoll.register(self._listener, select.EPOLLIN)
        self._functions: dict[bytes, Callable[[bytes], bytes]] = {
            b"GetSendStatus": _send_status,
            b"GetSmsReceiverStatus_get": _receiver_status,
            b"GetBalance": lambda _: b'{"CodeResponse":"100","Balance":1000000000,"UserID":1}',
            b"GetListBrandname": lambda _: _brandnames(),
        }

    @property
    def port(self) -> int:
        return int(self._listener.getsockname()[1])

    def serve(self) -> None:
        """For ever."""
        listener = self._listener.fileno()
        while True:
            for fd, _ in self._epoll.poll(self._patience()):
                if fd == listener:
                    self._accept()
                else:
                    self._hear(self._connections[fd])
            self._answer_due()
            if len(self._line) > CROWD:
                time.sleep(TICK)

    def _patience(self) -> float:
        """Seconds until the next answer is due; negative: until somebody speaks."""
        return max(0.0, self._line[0][0] - time.monotonic()) if self._line else -1.0

    # Hearing...

    def _accept(self) -> None:
        try:
            while True:
                client, _ = self._listener.accept()
                client.setblocking(False)
                client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                self._connections[client.fileno()] = Connection(client)
                self._epoll.register(client, select.EPOLLIN)
        except BlockingIOError:
            return

    def _hear(self, connection: Connection) -> None:
        try:
            data = connection.socket.recv(65536)
        except ConnectionError:
            data = b""
        if not data:
            self._close(connection)
            return
        connection.heard += data
        if connection.heard.endswith(b"\r\n\r\n"):
            request, connection.heard = connection.heard, b""
            self._understand(connection, request[4 : request.find(b" ", 4)])

    def _understand(self, connection: Connection, target: bytes) -> None:
        path, _, query = target.partition(b"?")
        now = time.monotonic()
        if path.endswith(b"/SendMultipleMessage_V4_get"):
            self._line.append((now + self.latency, connection, self._book.take(b"&" + query, now)))
        elif path.startswith(b"/bench/"):
            connection.socket.setblocking(True)  # what is told may be long, and nothing is being measured now
            self._write(connection, json.dumps(self._control(path, query)).encode())
            connection.socket.setblocking(False)
        else:
            self._line.append((now + self.latency, connection, self._other(path, b"&" + query)))

    def _other(self, path: bytes, query: bytes) -> bytes:
        for name, reply in self._functions.items():
            if b"/" + name in path:
                return reply(query)
        return b'{"error":"Invalid request"}'

    def _control(self, path: bytes, query: bytes) -> Any:
        if path == b"/bench/reset":
            self._book = Book()
        if path == b"/bench/arrivals":
            return {phone.decode(): at for phone, at in self._book.arrived.items() if phone.startswith(query)}
        return self._book.tally()

    # Answering...

    def _answer_due(self) -> None:
        now = time.monotonic()
        while self._line and self._line[0][0] <= now:
            _, connection, body = self._line.popleft()
            if connection.open:
                self._write(connection, body)

    def _write(self, connection: Connection, body: bytes) -> None:
        try:
            connection.socket.sendall(HEADERS % len(body) + body)
        except OSError:
            self._close(connection)

    def _close(self, connection: Connection) -> None:
        connection.open = False
        self._connections.pop(connection.socket.fileno(), None)
        connection.socket.close()  # leaves the epoll by itself


def _send_status(query: bytes) -> bytes:
    counts = b'"SendFailed":0,"SendStatus":5,"SendSuccess":1,"TotalReceiver":1,"TotalSent":1'
    return b'{"CodeResponse":"100","SMSID":"%b",%b}' % (value_of(query, b"&RefId="), counts)


def _receiver_status(query: bytes) -> bytes:
    phone = value_of(query, b"&RefId=").rpartition(b"-")[2]
    return b'{"CodeResult":"100","ReceiverList":[{"IsSent":true,"Phone":"%b","SentResult":true}]}' % phone


def _brandnames() -> bytes:
    listed = [{"Brandname": BRANDNAME, "Type": type_} for type_ in (1, 2)]
    return json.dumps({"CodeResponse": "100", "ListBrandName": listed}).encode()


# From outside...


class Running:
    """The stand-in as a process of its own: `with provider.start(folder) as esms:`."""

    def __init__(self, child: Child) -> None:
        self.child = child
        self.url = child.log_lines()[0].partition(READY)[2]
        self.rest_url = self.voice_url = f"{self.url}/MainService.svc"
        self._line = HTTPConnection(*self.address, timeout=60)  # kept: to look often must cost nothing

    @property
    def address(self) -> tuple[str, int]:
        """Host and port."""
        host, _, port = self.url.removeprefix("http://").rpartition(":")
        return host, int(port)

    def tally(self) -> dict[str, int]:
        """`messages` that were taken, by number; how many numbers got `twice`; requests `asked_again`."""
        told: dict[str, int] = self._ask("tally")
        return told

    def arrivals(self, prefix: str) -> dict[str, float]:
        """When the SMS for each number that begins so arrived, in seconds of this machine's monotonic clock."""
        told: dict[str, float] = self._ask(f"arrivals?{prefix}")
        return told

    def reset(self) -> None:
        """Forget everybody."""
        self._ask("reset")

    def _ask(self, what: str) -> Any:
        self._line.request("GET", f"/bench/{what}")
        return json.load(self._line.getresponse())

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._line.close()
        self.child.stop()


def start(folder: Path, latency: float) -> Running:
    """Start it and wait until it listens; its log is in the folder."""
    command = [sys.executable, "-m", "benchmarks.provider", "--latency", str(latency)]
    log = folder / "provider.log"
    return Running(Child("provider", command, cwd=ROOT, log=log, ready=_listens).start())


def _listens(child: Child) -> bool:
    return any(READY in line for line in child.log_lines())


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--latency", type=float, default=0.05, help="seconds that each answer takes")
    provider = Provider(parser.parse_args().latency)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    print(f"{READY}http://127.0.0.1:{provider.port}", flush=True)
    gc.disable()  # nothing here makes cycles, and a collection would be somebody's latency
    provider.serve()


if __name__ == "__main__":
    main()
