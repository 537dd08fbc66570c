"""RabbitMQ in Redis's place as the broker: the same journey. Runs where a rabbitmq-server is installed."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from celery import Celery
from kombu import Connection, Queue

from tests.journeys.test_journeys import test_every_kind_goes_out_and_is_settled as test_every_kind_goes_out
from tests.rabbitmq import SERVER, Node
from tests.rabbitmq import rabbitmq as rabbitmq_in
from tests.support import Bench, eventually
from worker.cli.up import Installation
from worker.queues import Queue as QueueName

pytestmark = [
    pytest.mark.journey,
    pytest.mark.long,
    pytest.mark.skipif(SERVER is None, reason="no rabbitmq-server here"),
    pytest.mark.xdist_group("rabbitmq"),
]

__all__ = ["test_every_kind_goes_out"]


@pytest.fixture(scope="session")
def rabbitmq(rabbitmq_node: Node) -> str:
    """The address of `rabbitmq_node`."""
    return rabbitmq_node.url


@pytest.fixture(scope="session")
def rabbitmq_node(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Node]:
    """A RabbitMQ of this test run's own, in a folder of its own."""
    with rabbitmq_in(tmp_path_factory.mktemp("rabbitmq")) as node:
        yield node


@pytest.fixture
def environ(environ: dict[str, str], rabbitmq: str) -> dict[str, str]:
    """The doorbells by RabbitMQ; the limiter and the marks stay on Redis."""
    return environ | {"CELERY_BROKER_URL": rabbitmq}


def test_an_app_that_has_only_rabbitmq_enqueues_by_task_name(
    crew: Installation, environ: dict[str, str], bench: Bench
) -> None:
    fields = {"to": "0901000100", "content": "Ma: 7", "sms_type": 7, "reference": "r1", "source": "legacy"}
    with Celery("another-app", broker=environ["CELERY_BROKER_URL"], set_as_current=False) as other:
        for _ in range(2):
            other.send_task("worker.enqueue_sms", kwargs=fields, queue="enqueue")
    eventually(lambda: bench.simulator.ledger().sms == {("0901000100", "Ma: 7"): 1})


def test_its_queues_outlast_a_restart_of_rabbitmq(crew: Installation, environ: dict[str, str]) -> None:
    with Connection(environ["CELERY_BROKER_URL"]) as connection:
        for queue in QueueName:  # RabbitMQ refuses to declare one again that is not the same, durable
            Queue(queue.value, durable=True)(connection.default_channel).queue_declare(passive=False)
