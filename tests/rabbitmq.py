"""A RabbitMQ of a test's own, where a rabbitmq-server is installed."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from kombu import Connection
from kombu.exceptions import OperationalError

from tests.support import eventually
from worker.devkit.processes import Child
from worker.devkit.processes.folder import free_port

SERVER = next(
    (found for at in ("/usr/lib/rabbitmq/bin", None) if (found := shutil.which("rabbitmq-server", path=at))), None
)


@dataclass(frozen=True)
class Node:
    """A RabbitMQ: where it is, and with what environment `rabbitmqctl` reaches it."""

    url: str
    environ: Mapping[str, str]


@contextmanager
def rabbitmq(folder: Path) -> Iterator[Node]:
    """Started in this folder, and gone afterwards."""
    port = free_port()
    environ = os.environ | {
        "HOME": str(folder),
        "RABBITMQ_NODENAME": f"esms{port}@localhost",
        "RABBITMQ_NODE_PORT": str(port),
        "RABBITMQ_DIST_PORT": str(free_port()),
        "RABBITMQ_NODE_IP_ADDRESS": "127.0.0.1",
        "RABBITMQ_MNESIA_BASE": str(folder / "data"),
        "RABBITMQ_LOG_BASE": str(folder / "log"),
        "RABBITMQ_ENABLED_PLUGINS_FILE": str(folder / "plugins"),
        "RABBITMQ_PID_FILE": str(folder / "pid"),
        "ERL_EPMD_PORT": str(free_port()),
    }
    with Child("rabbitmq", [str(SERVER)], env=environ, cwd=folder, log=folder / "rabbitmq.log"):
        url = f"amqp://guest:guest@127.0.0.1:{port}//"
        eventually(lambda: _answers(url))
        yield Node(url, environ)
    subprocess.run(["epmd", "-kill"], env=environ, capture_output=True, check=False)  # Erlang left it behind


def _answers(url: str) -> bool:
    try:
        with Connection(url, connect_timeout=1) as connection:
            connection.connect()
    except (OperationalError, OSError):
        return False
    return True
