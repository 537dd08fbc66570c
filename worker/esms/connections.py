"""The connections that curl keeps: has the other side closed one since?

curl itself looks at most once a second. A request that goes out on a connection closed meanwhile is in doubt, and a
call in doubt needs a person: so we look right before each request.
"""

import select


class KeptConnections:
    """Sockets by their local port, which is all that curl tells of a connection before it writes a request.

    Wrong at worst to the safe side: a port that was given to another connection since costs one connection more.
    """

    def __init__(self) -> None:
        self._sockets: dict[int, int] = {}
        self._poll = select.poll()

    def __contains__(self, port: int) -> bool:
        return port in self._sockets

    def keep(self, port: int, socket: int) -> None:
        """This one was good to the end of its last request."""
        self._sockets[port] = socket

    def forget(self, port: int) -> None:
        """This one is closed."""
        self._sockets.pop(port, None)

    def is_dead(self, port: int) -> bool:
        """Has anything come on it although nothing was asked? It is its end, or no answer to us."""
        socket = self._sockets.get(port)
        if socket is None:
            return False  # a new one
        self._poll.register(socket, select.POLLIN)
        news = self._poll.poll(0)
        self._poll.unregister(socket)
        return bool(news)
