"""Where the door listens, and that nobody else does from its first moment on."""

from __future__ import annotations

import os
import signal
import socket
from collections.abc import Iterator

import pytest

from worker.errors import Unavailable
from worker.settings import Settings
from worker.web.listening import listening
from worker.web.serving import serve


class Thief(list[str]):
    """Addresses of proxies. They are read while the server is put together: then somebody tries to take its port."""

    port = 0
    taken = False

    def __iter__(self) -> Iterator[str]:
        try:
            socket.create_server(("127.0.0.1", self.port)).close()
        except OSError:
            return super().__iter__()
        self.taken = True
        return super().__iter__()


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as server:
        return int(server.getsockname()[1])


def test_nobody_takes_its_port_while_it_is_put_together(database_url: str) -> None:
    thief = Thief(["10.0.0.1"])
    thief.port = free_port()
    ports: list[int] = []

    def ready(port: int) -> None:
        ports.append(port)
        os.kill(os.getpid(), signal.SIGTERM)

    settings = Settings.from_environ({"DATABASE_URL": database_url})
    assert serve(settings, "127.0.0.1", thief.port, proxies=thief, ready=ready) == 0
    assert (ports, thief.taken) == ([thief.port], False)
    with listening("127.0.0.1", thief.port):
        pass  # it is free again


def test_of_two_at_one_port_the_second_is_told_and_a_name_of_this_machine_is_listened_at() -> None:
    with listening("localhost", 0) as sockets:
        assert sockets
    told = pytest.raises(Unavailable, match="can't be listened at")
    with listening("127.0.0.1", 0) as [first], told, listening(*first.getsockname()):
        pass


@pytest.mark.parametrize("host", ["192.0.2.1", "2001:db8::1", "no.such.host.invalid"])
def test_a_host_that_is_not_this_machine_is_told_in_a_line(host: str) -> None:
    with pytest.raises(Unavailable, match="choose another --host or --port") as told, listening(host, 0):
        pass
    assert "\n" not in str(told.value)
