"""The work as a huey task on Redis."""

import os

from huey import RedisHuey

from benchmarks.frameworks import work

QUEUE = "plain"

huey = RedisHuey(QUEUE, url=os.environ["CELERY_BROKER_URL"], results=False)


@huey.task()
def send(message_id: str) -> None:
    """See `work.send`."""
    work.send(message_id)
