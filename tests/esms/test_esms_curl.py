"""What is curl's alone: how it is told which of its kept connections are dead."""

import os
import select
import socket
from contextlib import closing

from tests.canary import API_KEY, SECRET_KEY
from tests.esms.scripted import ScriptedServer, reply
from worker.esms import Client, Credentials, OutgoingSms
from worker.esms.curl_connections import KeptConnections

SMS = OutgoingSms(phone="0901234567", content="Chao", sms_type=7, request_id="r")


def test_a_connection_is_dead_when_its_other_end_is_closed_and_alive_before() -> None:
    kept = KeptConnections()
    ours, theirs = socket.socketpair()
    with closing(ours), closing(theirs):
        assert not kept.is_dead(7)  # never seen
        kept.keep(7, ours.fileno())
        assert not kept.is_dead(7)
        theirs.close()
        assert kept.is_dead(7)
        kept.forget(7)
        assert not kept.is_dead(7)


def test_a_port_that_belongs_to_another_socket_now_costs_a_connection_and_no_more(
    server: ScriptedServer,
) -> None:
    """What we remember of a connection may be old: a request must then be sent all the same, and once."""
    server.play(reply('{"CodeResult":"100","SMSID":"1"}'))
    client = Client(Credentials(API_KEY, SECRET_KEY), rest_url=server.url, voice_url=server.url, transport="curl")
    exchange = client.open_exchange()
    exchange.put(1, client.prepare_sms(SMS))
    exchange.take(20.0)
    read_end, write_end = os.pipe()
    os.close(write_end)  # readable: its end
    [port] = exchange._kept._looks  # type: ignore[attr-defined]
    exchange._kept.keep(port, read_end)  # type: ignore[attr-defined]
    assert select.select([read_end], [], [], 0)[0]
    for number in (2, 3):
        exchange.put(number, client.prepare_sms(SMS))
        assert [one.result().sms_id for one in exchange.take(20.0)] == ["1"]
    os.close(read_end)
    exchange.close()
    assert (server.connections, len(server.requests)) == (2, 3)
