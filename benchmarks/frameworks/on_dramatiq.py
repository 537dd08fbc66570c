"""The work as a dramatiq actor on Redis."""

import os

import dramatiq
from dramatiq.brokers.redis import RedisBroker

from benchmarks.frameworks import work

QUEUE = "plain"
NAMESPACE = "dramatiq"

dramatiq.set_broker(RedisBroker(url=os.environ["CELERY_BROKER_URL"], namespace=NAMESPACE))


@dramatiq.actor(queue_name=QUEUE, max_retries=0)
def send(message_id: str) -> None:
    """See `work.send`."""
    work.send(message_id)
