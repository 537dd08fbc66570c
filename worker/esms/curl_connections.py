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
        self._looks: dict[int, select.poll] = {}  # each at one socket: to register it anew is as dear as the look

    def __contains__(self, port: int) -> bool:
        return port in self._looks

    def keep(self, port: int, socket: int) -> None:
        """This one was good to the end of its last request. socket: below 0 where curl has closed it since."""
        if socket >= 0:
            self._looks[port] = look = select.poll()
            look.register(socket, select.POLLIN)

    def forget(self, port: int) -> None:
        """This one is closed."""
        self._looks.pop(port, None)

    def is_dead(self, port: int) -> bool:
        """Has anything come on it although nothing was asked? It is its end, or no answer to us."""
        look = self._looks.get(port)
        return look is not None and bool(look.poll(0))  # none: a new connection
