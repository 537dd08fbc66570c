"""What is the sockets' alone: where an answer ends, how connections are kept, and what is never said twice."""

import errno
import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, contextmanager, suppress
from time import monotonic
from typing import Any

import pytest

from tests.esms.asking import TAKEN, ask, client_of, next_back, request, request_of
from tests.esms.scripted import TLS, ScriptedServer, reply
from tests.support import eventually, let_pass
from worker.esms import Finished, MaybeTaken, lost, sockets
from worker.esms.conversation import Conversation, Request
from worker.esms.sockets import Sockets
from worker.esms.transport_types import Address, HttpAnswer, Patience

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


@pytest.fixture
def heard_late(open_exchange: Open) -> Iterator[Callable[[list[bytes]], Finished[Any]]]:
    """What becomes of a call, over TLS, that was answered in these pieces until its time was up and its taker back."""
    asked, sent = threading.Event(), threading.Event()

    def heard_late(pieces: list[bytes]) -> Finished[Any]:
        def play(connection: socket.socket) -> None:
            asked.wait(10)
            for piece in pieces:
                connection.sendall(piece)
            sent.set()

        server.play(play)
        exchange = open_exchange(url=server.url, ca_bundle=str(TLS / "certificate.pem"), total_timeout=0.5)
        exchange.put("held up", request(server, limit=1_000_000))
        while not server.requests:
            exchange.take(0.01)
        asked.set()
        sent.wait(10)
        let_pass(0.6)
        [finished] = exchange.take(0)
        return finished

    with closing(ScriptedServer(tls=True)) as server:
        yield heard_late


def test_a_large_answer_over_tls_is_read_whole_though_its_taker_was_held_up(
    heard_late: Callable[[list[bytes]], Finished[Any]],
) -> None:
    large = reply('{"CodeResult":"100","Rest":"%s"}' % ("x" * 200_000))
    assert len(heard_late([large]).result()["rest"]) == 200_000


def test_an_answer_in_many_records_of_tls_is_read_whole_though_its_taker_was_held_up(
    heard_late: Callable[[list[bytes]], Finished[Any]],
) -> None:
    """Each read gives one of them."""
    pieces = [TAKEN[start : start + 10] for start in range(0, len(TAKEN), 10)]
    assert heard_late(pieces).result()["smsid"] == "1"


def test_an_answer_whose_frame_has_no_end_is_too_long() -> None:
    """What says how long a chunk is may say more, and then nothing bounds it but us."""
    ours, theirs = socket.socketpair()
    with theirs:
        conversation = Conversation(ours, "http://localhost")
        assert conversation.say(asked_now())
        threading.Thread(target=_extend_for_ever, args=(theirs,), daemon=True).start()
        eventually(conversation.hear)
        assert lost.TOO_LONG in str(conversation.outcome(monotonic(), Patience()))
        conversation.close()


def asked_now() -> Request:
    """A request that has just left the line."""
    address = Address("http://localhost", "GET /", " HTTP/1.1\r\n\r\n")
    return Request("tag", request_of("http://localhost"), address, monotonic() + 60)


def _extend_for_ever(connection: socket.socket) -> None:
    with suppress(OSError):
        connection.sendall(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1;x=")
        while True:
            connection.sendall(b"y" * 100_000)


# What is said...


@contextmanager
def listening(serve: Callable[[socket.socket], None]) -> Iterator[str]:
    """A URL whose connections this does what it likes with, in a thread, until accepting fails."""

    def served(listener: socket.socket) -> None:
        with suppress(OSError):
            while True:
                serve(listener.accept()[0])

    with closing(socket.create_server(("127.0.0.1", 0))) as listener:
        thread = threading.Thread(target=served, args=(listener,))
        thread.start()
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
        listener.shutdown(socket.SHUT_RDWR)
        thread.join(10)


def test_a_request_that_the_system_takes_in_parts_is_said_whole_and_once(open_exchange: Open) -> None:
    """The first one goes to somebody who does not read for a while."""
    secret = "?a=" + "b" * 8_000_000
    read = threading.Event()
    heard: list[int] = []

    def swallow(connection: socket.socket) -> None:
        with connection:
            read.wait(10)
            said = b""
            while not said.endswith(b"\r\n\r\n"):
                said += connection.recv(1_000_000)
            heard.append(said.count(b"b"))
            connection.sendall(TAKEN)

    with listening(swallow) as url:
        exchange = open_exchange(url=url)
        exchange.put("long", request_of(url, secret))
        assert exchange.take(0.1) == []
        read.set()
        [finished] = next_back(exchange)
        assert finished.result()["smsid"] == "1"
    assert 8_000_000 <= heard[0] < 8_000_100


def test_an_answer_to_half_a_request_ends_the_connection(open_exchange: Open) -> None:
    """The rest of it must not be said later, in front of another."""
    with ExitStack() as held:

        def refuse(connection: socket.socket) -> None:
            connections.append(held.enter_context(connection))
            connection.recv(1000)
            connection.sendall(TAKEN)

        connections: list[socket.socket] = []
        with listening(refuse) as url:
            exchange = open_exchange(url=url)
            for secret in ("?a=" + "b" * 8_000_000, "?c=d"):
                assert ask(exchange, request_of(url, secret)).result()["smsid"] == "1"
        assert len(connections) == 2


class ShortOfRoom(socket.socket):
    """The system has no memory for what is to be sent."""

    def send(self, *_words: object) -> int:
        raise OSError(errno.ENOBUFS, "No buffer space available")


def test_nothing_follows_on_a_connection_what_could_not_be_said() -> None:
    """Half of it may have gone out, and the next would be read as its other half."""
    ours, theirs = socket.socketpair()
    with theirs:
        conversation = Conversation(ShortOfRoom(fileno=ours.detach()), "http://localhost")
        assert conversation.say(asked_now())
        theirs.sendall(TAKEN)
        assert conversation.hear()
        assert isinstance(conversation.outcome(monotonic(), Patience()), HttpAnswer)
        assert not conversation.reusable
        conversation.close()


# Connections...


def test_an_idle_connection_is_let_go_as_soon_as_its_other_end_is_closed(
    open_exchange: Open, server: ScriptedServer
) -> None:
    server.play(TAKEN, server.hang)
    exchange = open_exchange()
    exchange.put(1, request(server))
    exchange.put(2, request(server))
    [first] = next_back(exchange)
    assert first.result()["smsid"] == "1"
    eventually(lambda: exchange.take(0) == [] and len(exchange._open) == len(server.requests) == 2)
    server.hang_up_on_all()
    [second] = next_back(exchange)
    with pytest.raises(MaybeTaken):
        second.result()
    eventually(lambda: exchange.take(0) == [] and not exchange._open)


def test_of_many_that_go_out_together_none_goes_on_a_connection_that_was_closed_before(
    open_exchange: Open, server: ScriptedServer
) -> None:
    """All idle connections are looked at once for them."""
    server.play(TAKEN)
    exchange = open_exchange(8)
    for asked in (1, 2):
        for number in range(8):
            exchange.put(number, request(server))
        back: list[Finished[Any]] = []
        while len(back) < 8:
            back += next_back(exchange)
        assert [each.result()["smsid"] for each in back] == ["1"] * 8
        assert (server.connections, len(server.requests)) == (8 * asked, 8 * asked)
        server.hang_up_on_all()


def test_a_connection_is_looked_at_again_where_it_was_used_since_all_were(
    open_exchange: Open, server: ScriptedServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sockets, "_LOOK_HOLDS", 3600.0)
    server.play(TAKEN)
    exchange = open_exchange()
    for asked in (1, 2):
        assert ask(exchange, request(server)).result()["smsid"] == "1"
        assert (server.connections, len(server.requests)) == (asked, asked)
        server.hang_up_on_all()


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


def test_after_an_exception_in_the_middle_an_exchange_works_on(server: ScriptedServer) -> None:
    """Of a signal, say: what it came over is lost, its connection and its place are not."""
    server.play(TAKEN)
    client = client_of(server.url)
    signals = [InterruptedError]

    def finish(*came: Any) -> Finished[Any]:
        if signals:
            raise signals.pop()
        return client._finish(*came)

    with closing(Sockets(finish, 1, client._wire, client._patience)) as exchange:
        with pytest.raises(InterruptedError):
            ask(exchange, request(server))
        assert (exchange.in_flight, len(exchange._open)) == (0, 0)
        assert ask(exchange, request(server)).result()["smsid"] == "1"
