"""Listening at a host and a port, and what whoever starts a server is told where that can't be."""

from __future__ import annotations

import errno
import socket
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

from worker.errors import Unavailable

NOT_HERE = {errno.EADDRNOTAVAIL, errno.EAFNOSUPPORT}  # localhost is ::1, too, also where there is no IPv6
WAITING = 2048  # connections that nobody has taken up yet

Address = tuple[str, int] | tuple[str, int, int, int]


@contextmanager
def listening(host: str, port: int) -> Iterator[list[socket.socket]]:
    """At each address that the host has; from now on nobody else can. Raises Unavailable."""
    with ExitStack() as opened:
        try:
            found = [opened.enter_context(each) for each in _sockets(host, port)]
            if not found:
                raise OSError(errno.EADDRNOTAVAIL, "it is no address of this machine")
        except OSError as error:
            raise cannot_listen(host, port, error) from None
        yield found


def _sockets(host: str, port: int) -> Iterator[socket.socket]:
    found = socket.getaddrinfo(host or None, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
    for family, address in dict.fromkeys((family, address) for family, *_, address in found):
        try:
            yield socket.create_server(address, family=family, backlog=WAITING)  # what is only bound others could take
        except OSError as error:
            if error.errno not in NOT_HERE:
                raise


def cannot_listen(host: str, port: int, error: OSError) -> Unavailable:
    """The port is taken, or the host is none of this machine's."""
    problem = f"can't be listened at ({error.strerror or error})"
    return Unavailable(f"{host}:{port}", problem, "choose another --host or --port")
