"""What holds of every exchange that is one loop: the bounds of one, who is held up, and forks."""

import os
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing

import pytest

from tests.canary import API_KEY, SECRET_KEY
from tests.esms.scripted import TLS, ScriptedServer, reply
from tests.support import let_pass
from worker.esms import (
    Client,
    Credentials,
    Exchange,
    MaybeTaken,
    NotTaken,
    OutgoingSms,
    OutgoingTemplateCall,
    Transport,
)

Connect = Callable[..., Client]
TAKEN = reply('{"CodeResult":"100","SMSID":"1"}')
SMS = OutgoingSms(phone="0901234567", content="Chao", sms_type=7, request_id="r")
CALL = OutgoingTemplateCall(phone="0901234567", template_id="17")


@pytest.fixture(params=["curl", "sockets"])
def transport(request: pytest.FixtureRequest) -> Transport:
    return Transport(request.param)


@pytest.fixture
def client_of(transport: Transport) -> Connect:
    """A client of that URL, carried by this transport."""

    def client_of(url: str, **options: object) -> Client:
        options = {"total_timeout": 20.0, "read_timeout": 10.0} | options
        credentials = Credentials(API_KEY, SECRET_KEY)
        return Client(credentials, rest_url=url, voice_url=url, transport=transport, **options)  # type: ignore[arg-type]

    return client_of


@pytest.fixture
def client(client_of: Connect, server: ScriptedServer) -> Client:
    return client_of(server.url)


@pytest.fixture
def exchange(client: Client) -> Iterator[Exchange]:
    with client.open_exchange() as exchange:
        yield exchange


def on_the_wire(exchange: Exchange, server: ScriptedServer) -> None:
    """Move the exchange until the server has read a request."""
    heard = len(server.requests)
    while len(server.requests) == heard:
        assert exchange.take(0.01) == []


def test_no_more_than_800_are_on_the_wire_however_many_are_asked_for(client_of: Connect) -> None:
    with ExitStack() as held:
        listener = held.enter_context(closing(socket.create_server(("127.0.0.1", 0), backlog=1000)))
        listener.setblocking(False)
        client = client_of(f"http://127.0.0.1:{listener.getsockname()[1]}")
        exchange = held.enter_context(client.open_exchange(5000))
        for number in range(900):
            exchange.put(number, client.prepare_sms(SMS))
        made = 0
        while made < 800:
            assert exchange.take(0.01) == []
            made += accepted(listener, held)
        assert [exchange.take(0.01) for _ in range(5)] == [[]] * 5
        assert exchange.in_flight == 900
        assert made + accepted(listener, held) == 800


def accepted(listener: socket.socket, held: ExitStack) -> int:
    """How many connections have been made since; they stay open."""
    count = 0
    while True:
        try:
            held.enter_context(listener.accept()[0])
        except BlockingIOError:
            return count
        count += 1


def test_sockets_beyond_the_1024th_file_are_heard(server: ScriptedServer, client: Client) -> None:
    server.play(TAKEN)
    null = os.open(os.devnull, os.O_RDONLY)
    resource = pytest.importorskip("resource")
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(hard, 4096), hard))
    held = [null]
    try:
        while held[-1] < 1100:
            held.append(os.dup(null))
        with client.open_exchange() as exchange:
            exchange.put("high", client.prepare_sms(SMS))
            assert [one.result().sms_id for one in exchange.take(20.0)] == ["1"]
    finally:
        for file in held:
            os.close(file)
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


@pytest.fixture
def asked(client_of: Connect, server: ScriptedServer) -> Iterator[Exchange]:
    """A call is on the wire that may take 0.6 seconds."""
    client = client_of(server.url, read_timeout=0.5, total_timeout=0.6)
    with client.open_exchange() as exchange:
        exchange.put("held up", client.prepare_template_call(CALL))
        on_the_wire(exchange, server)
        yield exchange


@pytest.fixture
def answer_too_late(server: ScriptedServer) -> Callable[[], None]:
    """The answer comes while whoever waits for it is held up, until the time for the call is over."""
    answered = threading.Event()

    def answer_later(connection: socket.socket) -> None:
        answered.wait(10)
        connection.sendall(TAKEN)

    def answer_too_late() -> None:
        answered.set()
        let_pass(0.7)

    server.play(answer_later)
    return answer_too_late


def test_an_answer_that_came_while_nobody_took_is_not_lost_to_the_clock(
    answer_too_late: Callable[[], None], asked: Exchange
) -> None:
    answer_too_late()
    [finished] = asked.take(0)
    assert finished.result().sms_id == "1"


def test_it_is_told_for_how_long_an_answer_may_have_lain_there(
    answer_too_late: Callable[[], None], asked: Exchange
) -> None:
    answer_too_late()
    [finished] = asked.take(0)
    assert 0.7 <= finished.trace.unheard <= finished.trace.seconds


def test_an_answer_that_was_waited_for_lay_there_for_no_time(
    server: ScriptedServer, client: Client, exchange: Exchange
) -> None:
    def answer_later(connection: socket.socket) -> None:
        let_pass(0.4)
        connection.sendall(TAKEN)

    server.play(answer_later)
    exchange.put("waited for", client.prepare_sms(SMS))
    [finished] = exchange.take(10)
    assert finished.trace.unheard <= finished.trace.seconds / 8


def test_an_answer_that_came_while_the_process_was_frozen_between_listening_and_judging_is_not_lost(
    answer_too_late: Callable[[], None], asked: Exchange
) -> None:
    collect = asked._collect  # type: ignore[attr-defined]

    def freeze() -> None:
        """It has listened, and heard nothing."""
        asked._collect = collect  # type: ignore[attr-defined]
        answer_too_late()
        collect()

    asked._collect = freeze  # type: ignore[attr-defined]
    [finished] = asked.take(0)
    assert finished.result().sms_id == "1"


def test_what_stood_in_line_while_its_caller_was_held_up_is_not_sent_any_more(
    client_of: Connect, server: ScriptedServer
) -> None:
    """Its lease may be over: somebody else sends it by now."""
    client = client_of(server.url, total_timeout=0.2)
    server.play(server.hang)
    with client.open_exchange(1) as exchange:
        exchange.put("on the wire", client.prepare_template_call(CALL))
        exchange.put("in line", client.prepare_template_call(CALL))
        on_the_wire(exchange, server)
        let_pass(1.5)
        results = {one.tag: one for one in exchange.take(20.0) + exchange.take(20.0)}
    with pytest.raises(MaybeTaken):
        results["on the wire"].result()
    with pytest.raises(NotTaken, match="held up"):
        results["in line"].result()
    assert len(server.requests) == 1


def test_waiting_ends_when_an_answer_comes(exchange: Exchange, client: Client, server: ScriptedServer) -> None:
    server.play(TAKEN)
    for number in range(3):
        exchange.put(number, client.prepare_sms(SMS))
        assert [one.tag for one in exchange.take(100_000.0)] == [number]  # the test's own time is much shorter


def test_nothing_on_the_wire_is_nothing_to_wait_for(exchange: Exchange) -> None:
    assert exchange.take(100_000.0) == []


def test_a_request_in_line_is_gone_with_its_exchange(server: ScriptedServer, client: Client) -> None:
    server.play(server.hang)
    with client.open_exchange(1) as exchange:
        for number in range(3):
            exchange.put(number, client.prepare_sms(SMS))
        on_the_wire(exchange, server)
    assert [one.tag for one in exchange.take(0)] == [0]
    assert exchange.in_flight == 0
    exchange.close()


def test_an_exchange_shows_neither_keys_nor_people(exchange: Exchange, client: Client, server: ScriptedServer) -> None:
    server.play(server.hang)
    exchange.put("tag", client.prepare_sms(SMS))
    on_the_wire(exchange, server)
    for shown in (repr(exchange), repr(vars(exchange))):
        assert "CANARY" not in shown
        assert "0901234567" not in shown


# Forks...

forking = pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")


def in_a_child(action: Callable[[], bool]) -> bool:
    """Does it hold in a forked process?"""
    child = os.fork()
    if child == 0:
        try:
            os._exit(0 if action() else 1)
        finally:
            os._exit(2)
    return os.waitpid(child, 0)[1] == 0


@forking
def test_a_child_makes_an_exchange_of_its_own(exchange: Exchange, client: Client, server: ScriptedServer) -> None:
    server.play(TAKEN)
    exchange.put("parent", client.prepare_sms(SMS))
    exchange.take(20.0)

    def send() -> bool:
        with client.open_exchange() as own:
            own.put("child", client.prepare_sms(SMS))
            return own.take(20.0)[0].result().sms_id == "1"  # type: ignore[no-any-return]

    assert in_a_child(send)
    assert len(server.requests) == 2


@forking
def test_a_child_neither_uses_nor_closes_the_connections_of_its_parent(client_of: Connect) -> None:
    server = ScriptedServer(tls=True)
    server.play(TAKEN)
    client = client_of(server.url, ca_bundle=str(TLS / "certificate.pem"))
    with client.open_exchange() as exchange:
        exchange.put("before", client.prepare_sms(SMS))
        exchange.take(20.0)

        def misuse() -> bool:
            exchange.close()
            with pytest.raises(RuntimeError, match="closed"):
                exchange.put("child", client.prepare_sms(SMS))
            return exchange.take(0) == []

        assert in_a_child(misuse)
        exchange.put("after", client.prepare_sms(SMS))
        assert exchange.take(20.0)[0].result().sms_id == "1"
    assert server.connections == 1
    server.close()
