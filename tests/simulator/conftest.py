"""One simulator for all tests of a process, without latency, put back before each."""

from collections.abc import Iterator

import pytest

from tests.simulator.client import Client
from worker.devkit import simulator


@pytest.fixture(scope="session")
def running() -> Iterator[simulator.Running]:
    with simulator.start() as running:
        yield running


@pytest.fixture
def esms(running: simulator.Running) -> Client:
    running.reset()
    running.set(latency=0, pace=0, drip=0.001)
    return Client(running)
