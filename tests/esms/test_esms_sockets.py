"""What is the sockets' alone: where an answer ends, how connections are made and kept, and what is never said twice."""

import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from time import monotonic
from typing import Any

import pytest

from tests.canary import API_KEY, SECRET_KEY
from tests.esms.scripted import TLS, ScriptedServer, reply
from tests.support import eventually
from worker.esms import Client, Credentials, Finished, Function, MaybeTaken, NotTaken, OutgoingSms, Prepared
from worker.esms.conversation import Conversation
from worker.esms.reading import Record
from worker.esms.sockets import Sockets
from worker.esms.transport_types import Parcel
from worker.esms.wire import Wire

TAKEN = reply('{"CodeResult":"100","SMSID":"1"}')
SMS = OutgoingSms(phone="0901234567", content="Chao", sms_type=7, request_id="r")
Open = Callable[..., Sockets]


@pytest.fixture
def open_exchange(server: ScriptedServer) -> Iterator[Open]:
    """An exchange with the server, with other arguments of the client where they are given."""
    with ExitStack() as opened:

        def open_exchange(in_flight: int = 4, url: str = server.url, voice_url: str = "", **options: object) -> Sockets:
            exchange = client_of(url, voice_url, **options).open_exchange(in_flight)
            opened.callback(exchange.close)
            assert isinstance(exchange, Sockets)
            return exchange

        yield open_exchange


def client_of(url: str, voice_url: str = "", **options: object) -> Client:
    options = {"total_timeout": 20.0, "read_timeout": 10.0, "transport": "sockets"} | options
    return Client(Credentials(API_KEY, SECRET_KEY), rest_url=url, voice_url=voice_url or url, **options)  # type: ignore[arg-type]


def request(server: ScriptedServer, secret: str = "?a=b", *, limit: int = 65_536) -> Prepared[dict[str, Any]]:
    """A question of the plainest kind, whose reply is handed over as it is."""
    return Prepared(Function.GET_BALANCE, Parcel(f"{server.url}/json/GetBalance", secret, limit), _members)


def _members(reply: Record) -> dict[str, Any]:
    return dict(reply.members)


def ask(exchange: Sockets, prepared: Prepared[Any]) -> Finished[Any]:
    exchange.put("tag", prepared)
    [finished] = _next(exchange)
    return finished


def _next(exchange: Sockets) -> list[Finished[Any]]:
    while not (finished := exchange.take(10.0)):
        pass
    return finished


# Where an answer ends...


@pytest.mark.parametrize("behind", [b"x", TAKEN, TAKEN[:20], b"\r\nHTTP/1.1 200 OK\r\n"])
def test_what_comes_behind_an_answer_is_nobodys_and_ends_the_connection(
    open_exchange: Open, server: ScriptedServer, behind: bytes
) -> None:
    server.play(TAKEN + behind)
    exchange = open_exchange()
    for asked in (1, 2):
        assert ask(exchange, request(server)).result()["smsid"] == "1"
        assert (server.connections, len(server.requests)) == (asked, asked)


def test_line_ends_behind_an_answer_are_nothing(open_exchange: Open, server: ScriptedServer) -> None:
    server.play(TAKEN + b"\r\n")
    exchange = open_exchange()
    assert [ask(exchange, request(server)).result()["smsid"] for _ in range(3)] == ["1"] * 3


@pytest.mark.parametrize(
    "broken",
    [
        b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\nContent-Length: 40\r\n\r\n{}",
        b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n{}",
        b"HTTP/1.1 200 OK\r\nContent-Length: -2\r\n\r\n{}",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n-1\r\n{}\r\n0\r\n\r\n",
        b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n{}",
        b"HTTP/2 200\r\n\r\n{}",
        b"SSH-2.0-OpenSSH\r\n",
        b"\0" * 64,
    ],
)
def test_an_answer_whose_end_can_not_be_told_is_lost(
    open_exchange: Open, server: ScriptedServer, broken: bytes
) -> None:
    server.play(broken, TAKEN)
    exchange = open_exchange()
    with pytest.raises(MaybeTaken, match="broke"):
        ask(exchange, request(server)).result()
    assert ask(exchange, request(server)).result()["smsid"] == "1"
    assert server.connections == 2


@pytest.mark.parametrize("named", [b"Content-Length: 400\r\n", b"Transfer-Encoding: chunked\r\n"])
def test_an_end_that_comes_before_the_one_that_was_named_is_no_end(
    open_exchange: Open, server: ScriptedServer, named: bytes
) -> None:
    def half(connection: socket.socket) -> None:
        connection.sendall(b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\n" + named + b"\r\n")
        connection.close()

    server.play(half)
    with pytest.raises(MaybeTaken, match="broke"):
        ask(open_exchange(), request(server)).result()


def test_header_lines_without_end_are_too_long(open_exchange: Open, server: ScriptedServer) -> None:
    server.play(b"HTTP/1.1 200 OK\r\n" + b"X: y\r\n" * 40_000)
    with pytest.raises(MaybeTaken, match="too long"):
        ask(open_exchange(), request(server)).result()


def test_a_large_answer_over_tls_is_read_whole_though_its_taker_was_held_up(open_exchange: Open) -> None:
    """All of it has come when the taker is back, and the time for the call is up: it is read before that is judged."""
    with closing(ScriptedServer(tls=True)) as server:
        asked, sent = threading.Event(), threading.Event()

        def play(connection: socket.socket) -> None:
            asked.wait(10)
            connection.sendall(reply('{"CodeResult":"100","Rest":"%s"}' % ("x" * 200_000)))
            sent.set()

        server.play(play)
        bundle = str(TLS / "certificate.pem")
        exchange = open_exchange(url=server.url, ca_bundle=bundle, total_timeout=0.5)
        exchange.put("large", request(server, limit=1_000_000))
        while not server.requests:
            exchange.take(0.01)
        asked.set()
        sent.wait(10)
        over = monotonic() + 0.6
        eventually(lambda: monotonic() > over)
        [finished] = exchange.take(0)
        assert len(finished.result()["rest"]) == 200_000


# What is said...


def test_a_request_that_the_system_takes_in_parts_is_said_whole_and_once(
    open_exchange: Open, server: ScriptedServer
) -> None:
    """The first one goes to somebody who does not read for a while."""
    secret = "?a=" + "b" * 8_000_000
    read = threading.Event()
    heard: list[int] = []

    def swallow(listener: socket.socket) -> None:
        connection, _ = listener.accept()
        with connection:
            read.wait(10)
            said = b""
            while not said.endswith(b"\r\n\r\n"):
                said += connection.recv(1_000_000)
            heard.append(said.count(b"b"))
            connection.sendall(TAKEN)

    with closing(socket.create_server(("127.0.0.1", 0))) as listener:
        threading.Thread(target=swallow, args=(listener,), daemon=True).start()
        exchange = open_exchange(url=f"http://127.0.0.1:{listener.getsockname()[1]}")
        url = f"http://127.0.0.1:{listener.getsockname()[1]}/json/GetBalance"
        exchange.put("long", Prepared(Function.GET_BALANCE, Parcel(url, secret, 1000), _members))
        assert exchange.take(0.1) == []
        read.set()
        [finished] = _next(exchange)
        assert finished.result()["smsid"] == "1"
        assert heard[0] >= 8_000_000
        assert heard[0] < 8_000_100


def test_an_answer_to_half_a_request_ends_the_connection(open_exchange: Open) -> None:
    """The rest of it must not be said later, in front of another."""

    def refuse(listener: socket.socket) -> None:
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            connection.recv(1000)
            connection.sendall(TAKEN)
            held.append(connection)

    held: list[socket.socket] = []
    with closing(socket.create_server(("127.0.0.1", 0))) as listener:
        threading.Thread(target=refuse, args=(listener,), daemon=True).start()
        url = f"http://127.0.0.1:{listener.getsockname()[1]}"
        exchange = open_exchange(url=url)
        for secret in ("?a=" + "b" * 8_000_000, "?c=d"):
            parcel = Parcel(f"{url}/json/GetBalance", secret, 1000)
            assert ask(exchange, Prepared(Function.GET_BALANCE, parcel, _members)).result()["smsid"] == "1"
        assert len(held) == 2
        listener.shutdown(socket.SHUT_RDWR)
        for each in held:
            each.close()


# Connections...


def test_an_idle_connection_is_let_go_as_soon_as_its_other_end_is_closed(
    open_exchange: Open, server: ScriptedServer
) -> None:
    server.play(TAKEN, server.hang)
    exchange = open_exchange()
    exchange.put(1, request(server))
    exchange.put(2, request(server))
    [first] = _next(exchange)
    assert first.result()["smsid"] == "1"
    eventually(lambda: exchange.take(0) == [] and len(exchange._open) == len(server.requests) == 2)
    server.hang_up_on_all()
    [second] = _next(exchange)
    with pytest.raises(MaybeTaken):
        second.result()
    eventually(lambda: exchange.take(0) == [] and not exchange._open)


def test_news_of_tls_on_an_idle_connection_is_not_its_end() -> None:
    """A server sends tickets when it likes."""
    ours, theirs = socket.socketpair()
    context = ssl.create_default_context(cafile=str(TLS / "certificate.pem"))
    served = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    served.load_cert_chain(TLS / "certificate.pem", TLS / "key.pem")
    handshake = threading.Thread(target=lambda: served.wrap_socket(theirs, server_side=True).detach(), daemon=True)
    handshake.start()
    talking = context.wrap_socket(ours, server_hostname="localhost")
    handshake.join(10)
    conversation = Conversation(talking, "https://localhost")
    assert conversation._look.poll(10_000)  # the tickets are here
    assert not conversation.is_dead()
    conversation.close()


def test_two_hosts_share_the_connections_that_one_exchange_may_have(
    open_exchange: Open, server: ScriptedServer
) -> None:
    server.play(TAKEN)
    with closing(ScriptedServer()) as other:
        other.play(TAKEN)
        exchange = open_exchange(1, voice_url=other.url)
        for host in (server, other, server):
            assert ask(exchange, request(host)).result()["smsid"] == "1"
            assert len(exchange._open) == 1
        assert (server.connections, other.connections) == (2, 1)


class SlowWire:
    """Makes connections when it is told to."""

    def __init__(self, wire: Wire) -> None:
        self._wire = wire
        self.address = wire.address
        self.go = threading.Event()
        self.made: list[socket.socket] = []

    def dial(self, url: str) -> socket.socket:
        assert self.go.wait(20)
        self.made.append(self._wire.dial(url))
        return self.made[-1]


def slowly(client: Client, **options: Any) -> tuple[Sockets, SlowWire]:
    wire = SlowWire(client._wire)
    return Sockets(client._finish, 4, wire, client._patience), wire  # type: ignore[arg-type]


def test_a_connection_that_takes_too_long_is_not_waited_for_and_kept_when_it_comes(server: ScriptedServer) -> None:
    server.play(TAKEN)
    exchange, wire = slowly(client_of(server.url, connect_timeout=0.1))
    with exchange:
        with pytest.raises(NotTaken, match="took too long"):
            ask(exchange, request(server)).result()
        wire.go.set()
        eventually(lambda: exchange.take(0) == [] and bool(exchange._open))
        assert ask(exchange, request(server)).result()["smsid"] == "1"
    assert (server.connections, len(server.requests)) == (1, 1)


def test_what_may_not_be_sent_any_more_when_its_connection_is_there_is_not_sent(server: ScriptedServer) -> None:
    server.play(TAKEN)
    exchange, wire = slowly(client_of(server.url))
    with exchange:
        until = monotonic() + 0.05
        exchange.put("late", request(server), until=until)
        assert exchange.take(0) == []
        eventually(lambda: monotonic() > until)
        wire.go.set()
        [finished] = _next(exchange)
        with pytest.raises(NotTaken, match="held up"):
            finished.result()
        assert not finished.trace.tried
    assert server.requests == []


def test_what_is_dialled_for_an_exchange_that_is_closed_meanwhile_is_hung_up(server: ScriptedServer) -> None:
    exchange, wire = slowly(client_of(server.url))
    exchange.put("given up", request(server))
    assert exchange.take(0) == []
    exchange.close()
    [finished] = exchange.take(0)
    with pytest.raises(NotTaken, match="closed"):
        finished.result()
    wire.go.set()
    eventually(lambda: [each.fileno() for each in wire.made] == [-1])
    assert server.requests == []


def test_threads_that_make_connections_end_with_their_exchange(server: ScriptedServer) -> None:
    server.play(TAKEN)
    exchange = client_of(server.url).open_exchange(4)
    for number in range(4):
        exchange.put(number, request(server))
    done = 0
    while done < 4:
        done += len(exchange.take(10.0))
    exchange.close()
    eventually(lambda: not any(each.name == "esms-dialler" for each in threading.enumerate()))
