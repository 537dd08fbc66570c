"""A server of a few lines that plays scripted bytes over real sockets: one act a request, the last one for ever."""

import socket
import ssl
import struct
import threading
from collections.abc import Callable
from pathlib import Path

TLS = Path(__file__).with_name("tls")
Act = bytes | Callable[[socket.socket], object]


def reply(body: bytes | str, status: str = "200 OK", *headers: str) -> bytes:
    """An HTTP reply with the header lines of the provider's server."""
    body = body.encode() if isinstance(body, str) else body
    lines = [f"HTTP/1.1 {status}", "Server: Microsoft-IIS/8.5", "Set-Cookie: ASP.NET_SessionId=x; path=/", *headers]
    return "\r\n".join([*lines, f"Content-Length: {len(body)}", "", ""]).encode() + body


def hang_up(connection: socket.socket) -> None:
    connection.close()


def reset(connection: socket.socket) -> None:
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    connection.close()


class ScriptedServer:
    def __init__(self, *, tls: bool = False, shakes_hands_after: float = 0.0) -> None:
        """shakes_hands_after: seconds, of TLS."""
        self._shakes_hands_after = shakes_hands_after
        self.requests: list[str] = []  # request lines
        self.heads: list[str] = []  # with their headers
        self.connections = 0
        self.released = threading.Event()
        self._acts: list[Act] = []
        self._open: list[socket.socket] = []
        self._context = self._tls_context() if tls else None
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=128)
        self.port = self._listener.getsockname()[1]
        self.url = f"{'https' if tls else 'http'}://localhost:{self.port}/MainService.svc"
        threading.Thread(target=self._accept, daemon=True).start()

    def play(self, *acts: Act) -> None:
        self._acts = list(acts)

    def hang(self, _connection: socket.socket) -> None:
        """Answers nothing until the test is over."""
        self.released.wait()

    def drip(self, reply: bytes) -> Callable[[socket.socket], None]:
        """One byte every hundredth of a second, until somebody gives up."""

        def play(connection: socket.socket) -> None:
            for byte in reply:
                if not self.released.wait(0.01):
                    connection.sendall(bytes([byte]))

        return play

    def close(self) -> None:
        self.released.set()
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self.hang_up_on_all()

    def hang_up_on_all(self) -> None:
        while self._open:
            connection = self._open.pop()
            try:
                connection.shutdown(socket.SHUT_RDWR)
            except OSError:
                connection.close()

    @staticmethod
    def _tls_context() -> ssl.SSLContext:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(TLS / "certificate.pem", TLS / "key.pem")
        return context

    def _accept(self) -> None:
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            self.connections += 1
            threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection: socket.socket) -> None:
        try:
            if self._context:
                self.released.wait(self._shakes_hands_after)
                connection = self._context.wrap_socket(connection, server_side=True)
            self._open.append(connection)
            while head := self._request(connection):
                self.heads.append(head)
                self.requests.append(head.partition("\r\n")[0])
                act = self._acts.pop(0) if len(self._acts) > 1 else self._acts[0]
                connection.sendall(act) if isinstance(act, bytes) else act(connection)
        except OSError:
            pass
        finally:
            connection.close()

    @staticmethod
    def _request(connection: socket.socket) -> str:
        received = b""
        while b"\r\n\r\n" not in received:
            if connection.fileno() < 0 or not (more := connection.recv(65536)):
                return ""
            received += more
        return received.decode("ascii")
