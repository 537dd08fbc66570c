from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import TypeVar

import pytest

from tests.canary import API_KEY, SECRET_KEY
from tests.esms.scripted import ScriptedServer
from worker.esms import Client, Credentials, Exchange, Prepared, Transport

__all__ = ["API_KEY", "SECRET_KEY"]

Reply = TypeVar("Reply")


class ByExchange(Client):
    """Its single calls go through an exchange as well: what is tested of them is tested of the transport."""

    _exchange: Exchange | None = None

    def _answer(self, prepared: Prepared[Reply]) -> Reply:
        self._exchange = self._exchange or self.open_exchange()
        self._exchange.put("single", prepared)
        while not (finished := self._exchange.take(10.0)):
            pass
        return finished[0].result()  # type: ignore[no-any-return]

    def close(self) -> None:
        if self._exchange:
            self._exchange.close()
        super().close()


@pytest.fixture(params=["requests", "curl", "sockets"])
def transport(request: pytest.FixtureRequest) -> Transport:
    """Whatever goes over a wire is tested over each."""
    return Transport(request.param)


@pytest.fixture
def server() -> Iterator[ScriptedServer]:
    server = ScriptedServer()
    yield server
    server.close()


@pytest.fixture
def connect(server: ScriptedServer, transport: Transport) -> Iterator[Callable[..., Client]]:
    """A client of that server, with patience of seconds cut to what the test gives."""
    kind = Client if transport is Transport.REQUESTS else ByExchange
    with ExitStack() as open_clients:

        def connect(url: str = server.url, **options: object) -> Client:
            settings = {"rest_url": url, "voice_url": url, "total_timeout": 20.0, "read_timeout": 10.0} | options
            client = kind(Credentials(API_KEY, SECRET_KEY), transport=transport, **settings)  # type: ignore[arg-type]
            return open_clients.enter_context(client)

        yield connect


@pytest.fixture
def client(connect: Callable[..., Client]) -> Client:
    return connect()
