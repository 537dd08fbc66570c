"""Many prepared requests in, results out as they come back."""

import socket
import threading
from collections.abc import Callable
from contextlib import closing
from datetime import UTC, datetime
from time import monotonic
from typing import Any

import pytest

from tests.esms.scarce import no_more_threads
from tests.esms.scripted import TLS, ScriptedServer, reply
from tests.support import let_pass
from worker.esms import (
    Client,
    Credentials,
    Exchange,
    Finished,
    Function,
    MaybeTaken,
    NotTaken,
    OutgoingSms,
    OutgoingTemplateCall,
    Receipt,
    Refused,
    Transport,
)
from worker.esms.exchange import Prepared
from worker.esms.finishing import Finisher
from worker.esms.functions import Format
from worker.esms.response import HurriedResponse
from worker.esms.threads import Threads
from worker.esms.transport_types import Patience

Connect = Callable[..., Client]
CALL = OutgoingTemplateCall(phone="0901234567", template_id="17")
TAKEN = reply('{"CodeResult":"100","SMSID":"1"}')


def sms(request_id: str) -> OutgoingSms:
    return OutgoingSms(phone="0901234567", content="Chao", sms_type=7, request_id=request_id)


def take(exchange: Exchange, count: int) -> list[Finished[Receipt]]:
    finished: list[Finished[Receipt]] = []
    while len(finished) < count:
        came = exchange.take(10.0)
        assert came, "nothing came back in ten seconds"
        finished += came
    return finished


def test_everything_put_in_comes_back_once_with_its_tag(client: Client, server: ScriptedServer) -> None:
    server.play(TAKEN)
    with client.open_exchange(8) as exchange:
        for number in range(200):
            exchange.put(number, client.prepare_sms(sms(f"r-{number}")))
        finished = take(exchange, 200)
        assert exchange.in_flight == 0
    assert sorted(one.tag for one in finished) == list(range(200))  # type: ignore[type-var]
    assert {one.result().sms_id for one in finished} == {"1"}
    assert len(set(server.requests)) == len(server.requests) == 200
    assert server.connections <= 8


def test_a_result_carries_its_reply_or_raises_its_failure(client: Client, server: ScriptedServer) -> None:
    server.play(reply('{"CodeResult":"118"}'))
    with client.open_exchange() as exchange:
        exchange.put("a", client.prepare_sms(sms("r")))
        [finished] = take(exchange, 1)
    with pytest.raises(Refused) as caught:
        finished.result()
    assert caught.value.trace is finished.trace
    assert finished.trace.function is Function.SEND_SMS
    assert finished.trace.code == caught.value.code == "118"
    assert finished.trace.http_status == 200
    assert finished.trace.started_at.utcoffset() is not None


def test_the_quick_come_back_before_the_slow(client: Client, server: ScriptedServer) -> None:
    server.play(server.hang, TAKEN)
    with client.open_exchange(2) as exchange:
        exchange.put("slow", client.prepare_sms(sms("1")))
        while not server.requests:
            assert exchange.take(0.01) == []
        exchange.put("quick", client.prepare_sms(sms("2")))
        assert [one.tag for one in take(exchange, 1)] == ["quick"]
        assert exchange.in_flight == 1
        server.hang_up_on_all()
        assert [one.tag for one in take(exchange, 1)] == ["slow"]


def test_more_than_fit_wait_in_line(client: Client, server: ScriptedServer) -> None:
    most, now = [0], [0]
    lock, gate = threading.Lock(), threading.Barrier(3)

    def count(connection: socket.socket) -> None:
        with lock:
            now[0] += 1
            most[0] = max(most[0], now[0])
        gate.wait(10)
        with lock:
            now[0] -= 1
        connection.sendall(TAKEN)

    server.play(count)
    with client.open_exchange(3) as exchange:
        for number in range(9):
            exchange.put(number, client.prepare_sms(sms(str(number))))
        take(exchange, 9)
    assert most[0] == 3


def test_nothing_back_in_time_is_an_empty_list(client: Client, server: ScriptedServer) -> None:
    with client.open_exchange() as exchange:
        assert exchange.take(0) == []
        assert exchange.take(0.01) == []


def test_news_elsewhere_ends_the_waiting_and_an_answer_does_as_well(client: Client, server: ScriptedServer) -> None:
    server.play(server.hang, TAKEN)
    ours, theirs = socket.socketpair()
    with ours, theirs, client.open_exchange(2) as exchange:
        exchange.put("slow", client.prepare_sms(sms("1")))
        assert exchange.take(0.01, unless=ours.fileno()) == []
        theirs.send(b"x")
        while not server.requests:
            assert exchange.take(30.0, unless=ours.fileno()) == []
        assert ours.recv(9) == b"x"
        exchange.put("quick", client.prepare_sms(sms("2")))
        assert [one.tag for one in exchange.take(30.0, unless=ours.fileno())] == ["quick"]
        server.hang_up_on_all()
        assert [one.tag for one in take(exchange, 1)] == ["slow"]


def test_closing_waits_for_nothing_and_sends_nothing_more(client: Client, server: ScriptedServer) -> None:
    server.play(server.hang)
    exchange = client.open_exchange(1)
    for number in range(5):
        exchange.put(number, client.prepare_sms(sms(str(number))))
    while not server.requests:
        assert exchange.take(0.01) == []
    exchange.close()
    server.hang_up_on_all()
    [only] = take(exchange, 1)
    with pytest.raises(MaybeTaken):
        only.result()
    with pytest.raises(RuntimeError):
        exchange.put("late", client.prepare_sms(sms("late")))
    assert len(server.requests) == 1


def test_an_exchange_wider_than_the_client_keeps_as_many_connections(connect: Connect, server: ScriptedServer) -> None:
    server.play(TAKEN)
    client = connect(in_flight=1)
    with client.open_exchange(6) as exchange:
        for number in range(100):
            exchange.put(number, client.prepare_sms(sms(str(number))))
        take(exchange, 100)
    assert server.connections <= 6


def test_two_hosts_share_the_room_of_one_exchange(connect: Connect, server: ScriptedServer) -> None:
    voice = ScriptedServer()
    server.play(TAKEN)
    voice.play(TAKEN)
    client = connect(voice_url=voice.url)
    with client.open_exchange(1) as exchange:
        for number in range(6):
            exchange.put(number, client.prepare_sms(sms(str(number))))
            exchange.put(number, client.prepare_template_call(CALL))
        take(exchange, 12)
    voice.close()
    assert (len(server.requests), len(voice.requests)) == (6, 6)


def test_preparing_touches_no_network(client: Client, server: ScriptedServer) -> None:
    client.prepare_sms(sms("1"))
    client.prepare_balance()
    client.prepare_send_status("7")
    client.prepare_receiver_status("7")
    client.prepare_brandnames()
    assert server.connections == 0


def test_what_may_not_be_sent_any_more_when_its_turn_comes_is_not_sent(client: Client, server: ScriptedServer) -> None:
    with client.open_exchange(1) as exchange:
        exchange.put("late", client.prepare_sms(sms("r-1")), until=monotonic())
        [finished] = take(exchange, 1)
    with pytest.raises(NotTaken):
        finished.result()
    assert server.requests == []


def test_what_may_not_be_sent_any_more_once_it_has_a_connection_is_not_sent(connect: Connect) -> None:
    """A code that waits for a slow handshake does not go out after its time."""
    with closing(ScriptedServer(tls=True, shakes_hands_after=0.5)) as server:
        server.play(TAKEN)
        client = connect(server.url, ca_bundle=str(TLS / "certificate.pem"))
        with client.open_exchange(1) as exchange:
            exchange.put("late", client.prepare_sms(sms("r-1")), until=monotonic() + 0.2)
            [late] = take(exchange, 1)
            exchange.put("in time", client.prepare_sms(sms("r-2")), until=monotonic() + 10)
            [in_time] = take(exchange, 1)
        with pytest.raises(NotTaken):
            late.result()
        assert in_time.result().sms_id == "1"
        assert len(server.requests) == 1


@pytest.mark.parametrize("transport", [Transport.REQUESTS])
def test_where_no_thread_can_be_had_whoever_takes_sends_and_nothing_is_lost(
    client: Client, server: ScriptedServer
) -> None:
    server.play(TAKEN)
    with client.open_exchange(8) as exchange:
        with no_more_threads():
            for number in range(3):
                exchange.put(number, client.prepare_sms(sms(f"r-{number}")))
            assert [one.result().sms_id for one in take(exchange, 3)] == ["1"] * 3
        exchange.put(3, client.prepare_sms(sms("r-3")))
        [finished] = take(exchange, 1)
        assert finished.tag == 3
    assert len(server.requests) == 4


def test_an_answer_that_came_while_its_thread_was_frozen_is_not_lost() -> None:
    ours, theirs = socket.socketpair()
    with closing(ours), closing(theirs):
        ours.settimeout(10)
        theirs.sendall(TAKEN)
        response = HurriedResponse(ours, monotonic() - 1)
        response.begin()
        assert response.read_whole(1000) == b'{"CodeResult":"100","SMSID":"1"}'
        with pytest.raises(TimeoutError):
            HurriedResponse(ours, monotonic() - 1).begin()


def test_what_stood_in_a_threads_line_while_the_process_was_frozen_is_not_sent_any_more() -> None:
    """Its lease may be over: somebody else sends it by now."""
    credentials = Credentials("key", "secret")
    prepared, finish = Client(credentials).prepare_balance(), Finisher(Format.JSON, credentials)
    thawed, sent = threading.Event(), list[object]()

    def call(tag: object, prepared: Prepared[Any], _until: float) -> Finished[Any]:
        sent.append(tag)
        thawed.wait(10)
        return finish(tag, prepared, datetime.now(UTC), 0.0, MaybeTaken("frozen"))

    with Threads(call, finish, 1, Patience(total=0.05)) as exchange:
        exchange.put("on the wire", prepared)
        exchange.put("in line", prepared)
        let_pass(1.2)
        thawed.set()
        results: dict[object, Finished[Any]] = {}
        while len(results) < 2:
            results |= {one.tag: one for one in exchange.take(10.0)}
    with pytest.raises(NotTaken, match="held up"):
        results["in line"].result()
    assert sent == ["on the wire"]
