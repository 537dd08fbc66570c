"""How sockets of our own come by a connection, and what becomes of a request that gets none."""

import select
import socket
import threading
from collections.abc import Iterator
from contextlib import closing
from time import monotonic
from typing import Any

import pytest

from tests.esms.asking import TAKEN, ask, client_of, next_back, request, request_of
from tests.esms.scarce import no_more_files, no_more_threads
from tests.esms.scripted import ScriptedServer
from tests.support import eventually, let_pass
from worker.catalogue import is_known
from worker.esms import Client, Exchange, Finished, NotTaken
from worker.esms.sockets import Sockets
from worker.esms.wire import Wire


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
        exchange.put("late", request(server), until=monotonic() + 0.05)
        assert exchange.take(0) == []
        let_pass(0.05)
        wire.go.set()
        [finished] = next_back(exchange)
        with pytest.raises(NotTaken, match="held up"):
            finished.result()
        assert not finished.trace.tried
    assert server.requests == []


def connected(server: ScriptedServer, connect_timeout: float = 5.0) -> tuple[Sockets, SlowWire]:
    """An exchange with a request whose connection is there, and nobody has taken since."""
    exchange, wire = slowly(client_of(server.url, connect_timeout=connect_timeout))
    exchange.put("tag", request(server))
    assert exchange.take(0) == []
    wire.go.set()
    eventually(lambda: wire.made and server.connections)
    return exchange, wire


def test_a_connection_that_is_closed_before_anybody_takes_is_told_no_request(server: ScriptedServer) -> None:
    server.play(TAKEN)
    exchange, wire = connected(server)
    with exchange:
        eventually(lambda: server._open)
        server.hang_up_on_all()
        eventually(lambda: select.select(wire.made, [], [], 0)[0])
        [finished] = next_back(exchange)
        with pytest.raises(NotTaken, match="closed before anything was said") as caught:
            finished.result()
        assert is_known(caught.value.reason)
        assert finished.trace.tried
        assert ask(exchange, request(server)).result()["smsid"] == "1"
    assert len(server.requests) == 1


def test_what_is_said_before_anything_was_asked_is_no_answer() -> None:
    """Of a balancer that has no room, say."""
    with closing(socket.create_server(("127.0.0.1", 0))) as listener:
        url = f"http://127.0.0.1:{listener.getsockname()[1]}"
        exchange, wire = slowly(client_of(url))
        with exchange:
            exchange.put("tag", request_of(url))
            assert exchange.take(0) == []
            wire.go.set()
            with closing(listener.accept()[0]) as hasty:
                hasty.sendall(TAKEN)
                eventually(lambda: wire.made and select.select(wire.made, [], [], 0)[0])
                [finished] = next_back(exchange)
                with pytest.raises(NotTaken):
                    finished.result()
                with pytest.raises(ConnectionResetError):  # hung up, with that unread and nothing said
                    hasty.recv(1)


def test_who_takes_after_the_time_to_connect_sends_nothing_on_what_came_meanwhile(server: ScriptedServer) -> None:
    """Too little would be left for an answer, and the request in doubt."""
    server.play(TAKEN)
    exchange, _ = connected(server, connect_timeout=0.2)
    with exchange:
        let_pass(0.2)
        [finished] = next_back(exchange)
        with pytest.raises(NotTaken, match="held up"):
            finished.result()
        assert not finished.trace.tried  # it is no silence of eSMS
        assert ask(exchange, request(server)).result()["smsid"] == "1"
    assert (server.connections, len(server.requests)) == (1, 1)


def test_who_can_have_no_thread_gets_no_connection_and_loses_nothing(server: ScriptedServer) -> None:
    server.play(TAKEN)
    with client_of(server.url, connect_timeout=0.2).open_exchange(4) as exchange:
        with no_more_threads():
            exchange.put("tag", request(server))
            [finished] = next_back(exchange)
            with pytest.raises(NotTaken, match="took too long"):
                finished.result()
        assert exchange.in_flight == 0
        assert ask(exchange, request(server)).result()["smsid"] == "1"


def test_who_can_open_no_more_files_gets_no_connection_and_keeps_those_it_has(server: ScriptedServer) -> None:
    server.play(TAKEN)
    with client_of(server.url).open_exchange(2) as exchange:
        assert ask(exchange, request(server)).result()["smsid"] == "1"
        with no_more_files():
            exchange.put("kept", request(server))
            exchange.put("new", request(server))
            came = {each.tag: each for each in all_back(exchange)}
        assert came["kept"].result()["smsid"] == "1"
        with pytest.raises(NotTaken, match="Too many open files") as caught:
            came["new"].result()
        assert is_known(caught.value.reason)


def all_back(exchange: Exchange) -> Iterator[Finished[Any]]:
    while exchange.in_flight:
        yield from exchange.take(10.0)


def test_what_is_dialled_for_an_exchange_that_is_closed_meanwhile_is_hung_up(server: ScriptedServer) -> None:
    exchange, wire = slowly(client_of(server.url))
    exchange.put("given up", request(server))
    assert exchange.take(0) == []
    exchange.close()
    [finished] = exchange.take(0)
    with pytest.raises(NotTaken, match="closed") as caught:
        finished.result()
    assert is_known(caught.value.reason)
    wire.go.set()
    eventually(lambda: [each.fileno() for each in wire.made] == [-1])
    assert server.requests == []


def test_threads_that_make_connections_end_with_their_exchange(server: ScriptedServer) -> None:
    others = set(threading.enumerate())  # those of an exchange that another test has open among them
    server.play(TAKEN)
    exchange = client_of(server.url).open_exchange(4)
    for number in range(4):
        exchange.put(number, request(server))
    done = 0
    while done < 4:
        done += len(exchange.take(10.0))
    exchange.close()
    eventually(lambda: not any(each.name == "esms-dialler" for each in {*threading.enumerate()} - others))
