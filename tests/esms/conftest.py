from collections.abc import Callable, Iterator
from contextlib import ExitStack

import pytest

from tests.canary import API_KEY, SECRET_KEY
from tests.esms.scripted import ScriptedServer
from worker.esms import Client, Credentials

__all__ = ["API_KEY", "SECRET_KEY"]


@pytest.fixture
def server() -> Iterator[ScriptedServer]:
    server = ScriptedServer()
    yield server
    server.close()


@pytest.fixture
def connect(server: ScriptedServer) -> Iterator[Callable[..., Client]]:
    """A client of that server, with patience of seconds cut to what the test gives."""
    with ExitStack() as open_clients:

        def connect(url: str = server.url, **options: object) -> Client:
            settings = {"rest_url": url, "voice_url": url, "total_timeout": 20.0, "read_timeout": 10.0} | options
            return open_clients.enter_context(Client(Credentials(API_KEY, SECRET_KEY), **settings))  # type: ignore[arg-type]

        yield connect


@pytest.fixture
def client(connect: Callable[..., Client]) -> Client:
    return connect()
