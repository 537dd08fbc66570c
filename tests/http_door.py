"""A real `esms-worker serve` on a free port, for the run; and applications that speak to it by HTTP."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import httpx
import pytest

from tests.retention.time_travel import KEY_TEXT
from tests.support import Bench, as_producer
from worker.settings.retention import KEY

Application = Callable[..., httpx.Client]


@contextmanager
def serving(database_url: str, redis_url: str, **variables: str) -> Iterator[str]:
    """A door of its own: its address."""
    environ = {
        "DATABASE_URL": as_producer(database_url),
        "REDIS_URL": redis_url,
        "PATH": os.environ["PATH"],
        "PYTHONPATH": os.environ.get("PYTHONPATH", ""),  # of the checkout whose tests these are
    } | variables
    command = [sys.executable, "-u", "-m", "worker.cli", "serve", "--port", "0"]
    with subprocess.Popen(command, env=environ, stdout=subprocess.PIPE, text=True, cwd="/") as process:
        assert process.stdout is not None
        line = process.stdout.readline()
        assert line.startswith("listening on"), line
        try:
            yield line.split()[-1]
        finally:
            process.terminate()
        assert process.wait(timeout=30) == 0


@pytest.fixture(scope="session")
def address(database_url: str, redis_url: str) -> Iterator[str]:
    """Where the door is; who was forgotten it knows by a key."""
    with serving(database_url, redis_url, **{KEY: KEY_TEXT}) as address:
        yield address


@pytest.fixture
def application(address: str, bench: Bench) -> Iterator[Application]:
    """Makes a client with a token: `application("shop", may=["enqueue"])`."""
    clients: list[httpx.Client] = []

    def make(
        name: str = "shop", *, source: str | None = "", may: str = "enqueue,read,decide", **more: float
    ) -> httpx.Client:
        of = name if source == "" else source
        made = bench.notifier.tokens.add(name, source=of, may=may.split(","), **more)  # type: ignore[arg-type]
        headers = {"Authorization": f"Bearer {made.token}"}
        clients.append(httpx.Client(base_url=address, headers=headers, timeout=30))
        return clients[-1]

    yield make
    for client in clients:
        client.close()
