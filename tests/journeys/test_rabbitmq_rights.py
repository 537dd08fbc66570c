"""RabbitMQ with the users of docs/run-it-on-many.md: an application writes to its own exchange, and that is all."""

from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from celery import Celery
from kombu import Connection, Exchange, Producer, Queue
from kombu.exceptions import OperationalError

from tests.journeys.test_rabbitmq import pytestmark, rabbitmq_node
from tests.rabbitmq import SERVER, Node
from tests.support import Bench, eventually
from worker.api.operation import Operation
from worker.bell import Bell
from worker.cli.up import Installation
from worker.lifecycle import Lane

__all__ = ["pytestmark", "rabbitmq_node"]

DOCUMENT = Path(__file__).parents[2] / "docs" / "run-it-on-many.md"
PASSWORDS = {"WORKER_PASSWORD": "of-the-workers", "SHOP_PASSWORD": "of-the-shop"}


@pytest.fixture(scope="module")
def vhost(rabbitmq_node: Node) -> Iterator[Callable[[str, str], str]]:
    """As the document's commands leave it; the address of a user."""
    [commands] = re.findall(r"```sh\n(rabbitmqctl add_vhost.*?)```", DOCUMENT.read_text(), re.DOTALL)
    path = f"{Path(str(SERVER)).parent}{os.pathsep}{os.environ['PATH']}"
    environ = {**rabbitmq_node.environ, "PATH": path, **PASSWORDS}
    commands = commands.replace("rabbitmqctl delete_user guest\n", "")  # other tests of this node are guests
    subprocess.run(["sh", "-eu", "-c", commands], env=environ, check=True, capture_output=True, timeout=300)
    yield lambda user, password: rabbitmq_node.url.replace("guest:guest", f"{user}:{password}")[:-1] + "esms"


@pytest.fixture
def environ(environ: dict[str, str], vhost: Callable[[str, str], str]) -> dict[str, str]:
    workers = vhost("esms-worker", PASSWORDS["WORKER_PASSWORD"])
    return environ | {"CELERY_BROKER_URL": workers, "WORKER_SOURCES": "shop,hr"}


@pytest.fixture
def shop(vhost: Callable[[str, str], str]) -> str:
    return vhost("app-shop", PASSWORDS["SHOP_PASSWORD"])


def test_an_application_hands_over_rings_and_can_do_nothing_else(
    crew: Installation, bench: Bench, environ: dict[str, str], shop: str
) -> None:
    eventually(lambda: _is_there(environ["CELERY_BROKER_URL"], "enqueue.hr"))
    fields = {"to": "0901000100", "content": "Ma: 7", "sms_type": 7}
    with Celery("shop", broker=shop, set_as_current=False) as app:
        own = Exchange("enqueue.shop", no_declare=True)
        app.conf.task_queues = [Queue("enqueue.shop", own, "enqueue.shop", no_declare=True)]
        route: dict[str, Any] = {"queue": "enqueue.shop", "exchange": "enqueue.shop", "routing_key": "enqueue.shop"}
        app.send_task("worker.enqueue_sms", kwargs=fields | {"reference": "r1"}, **route)
        named = fields | {"reference": "r2", "source": "hr"}
        app.send_task("worker.enqueue_sms", kwargs=named, **route)
    eventually(lambda: bench.simulator.ledger().sms == {("0901000100", "Ma: 7"): 1})
    assert bench.notifier.find("r1", "shop")
    eventually(lambda: [row.reason for row in Operation(bench.settings, database=bench.database).refused()])
    bell = Bell(shop, None)
    bell.ring({Lane.URGENT})
    bell.close()
    assert bell._muted_until == 0  # the ring went out
    for what, act in FORBIDDEN.items():
        with (
            pytest.raises((OperationalError, OSError, _of_amqp()), match=r"403|refused|NOT_ALLOWED"),
            Connection(shop, transport_options={"confirm_publish": True}) as there,
        ):
            act(there.channel())
            pytest.fail(what)


FORBIDDEN: dict[str, Callable[[Any], object]] = {
    "read its own queue": lambda channel: channel.basic_get("enqueue.shop"),
    "consume another's": lambda channel: channel.basic_consume("enqueue.hr", no_ack=True),
    "read the bells": lambda channel: channel.basic_get("deliver"),
    "empty its own queue": lambda channel: channel.queue_purge("enqueue.shop"),
    "take a queue away": lambda channel: channel.queue_delete("enqueue.shop"),
    "make a queue": lambda channel: channel.queue_declare("mine"),
    "listen to another's exchange": lambda channel: channel.queue_bind("enqueue.shop", "enqueue.hr", "#"),
    "make an exchange": lambda channel: channel.exchange_declare("mine", "fanout"),
    "push into the open queue": lambda channel: _publish(channel, "enqueue", "enqueue"),
    "push into another's queue": lambda channel: _publish(channel, "enqueue.hr", "enqueue.hr"),
    "push past the exchanges": lambda channel: _publish(channel, "", "enqueue.hr"),
    "push into the housekeeping": lambda channel: _publish(channel, "housekeeping", "housekeeping"),
}


def _publish(channel: Any, exchange: str, key: str) -> None:
    Producer(channel).publish("{}", exchange=exchange, routing_key=key)


def _of_amqp() -> type[Exception]:
    from amqp.exceptions import AMQPError

    return AMQPError


def _is_there(url: str, queue: str) -> bool:
    with Connection(url) as there:
        try:
            Queue(queue)(there.channel()).queue_declare(passive=True)
        except _of_amqp():
            return False
    return True
