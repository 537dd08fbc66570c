"""How connections to eSMS are kept, used again and given up, over real sockets."""

import gzip
import socket

import pytest

from tests.esms.scripted import Act, ScriptedServer, hang_up, reply, reset
from tests.esms.test_esms_failures import CALL, SMS, TAKEN
from worker.esms import Client, MaybeTaken


def test_connections_are_kept_and_used_again(client: Client, server: ScriptedServer) -> None:
    server.play(TAKEN)
    for _ in range(5):
        client.send_sms(SMS)
    assert server.connections == 1


def test_a_chunked_answer_keeps_its_connection(client: Client, server: ScriptedServer) -> None:
    body = b'{"CodeResult":"100","SMSID":"7"}'
    server.play(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n%x\r\n%b\r\n0\r\n\r\n" % (len(body), body))
    assert [client.send_sms(SMS).sms_id for _ in range(3)] == ["7"] * 3
    assert server.connections == 1


def test_an_answer_packed_without_being_asked_is_unpacked(client: Client, server: ScriptedServer) -> None:
    server.play(reply(gzip.compress(b'{"CodeResult":"100","SMSID":"7"}'), "200 OK", "Content-Encoding: gzip"))
    assert [client.send_sms(SMS).sms_id for _ in range(2)] == ["7"] * 2
    assert server.connections == 1


def test_an_interim_answer_is_read_over(client: Client, server: ScriptedServer) -> None:
    server.play(b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n" + TAKEN)
    assert client.send_sms(SMS).sms_id == "24342680"


def test_a_connection_that_the_server_will_close_is_not_kept(client: Client, server: ScriptedServer) -> None:
    server.play(TAKEN.replace(b"Server:", b"Connection: close\r\nServer:"))
    assert [client.send_sms(SMS).sms_id for _ in range(3)] == ["24342680"] * 3
    assert server.connections == 3


def test_an_answer_that_ends_with_its_connection_is_read(client: Client, server: ScriptedServer) -> None:
    def without_length(connection: socket.socket) -> None:
        connection.sendall(b'HTTP/1.0 200 OK\r\n\r\n{"CodeResult":"100","SMSID":"7"}')
        connection.close()

    server.play(without_length)
    assert [client.send_sms(SMS).sms_id for _ in range(2)] == ["7"] * 2


def test_a_connection_closed_between_two_sends_is_opened_anew(client: Client, server: ScriptedServer) -> None:
    server.play(TAKEN)
    for _ in range(20):
        assert client.send_sms(SMS).sms_id
        server.hang_up_on_all()
    assert len(server.requests) == 20


@pytest.mark.parametrize("break_off", [hang_up, reset])
def test_no_call_is_dialled_again_when_its_kept_connection_breaks_without_an_answer(
    client: Client, server: ScriptedServer, break_off: Act
) -> None:
    """curl by itself would: it takes such a connection for one that had been closed before."""
    for dialled in range(2, 22, 2):
        server.play(TAKEN, break_off, TAKEN)
        client.call_template(CALL)
        with pytest.raises(MaybeTaken, match="broke"):
            client.call_template(CALL)
        assert len(server.requests) == dialled


def test_cookies_are_not_sent_back(client: Client, server: ScriptedServer) -> None:
    server.play(TAKEN)
    client.send_sms(SMS)
    client.send_sms(SMS)
    assert len(server.heads) == 2
    assert "cookie" not in "".join(server.heads).lower()
