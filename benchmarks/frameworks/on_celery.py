"""The work as a Celery task."""

import os

from celery import Celery

from benchmarks.frameworks import work

QUEUE = "plain"

app = Celery("kept", broker=os.environ.get("CELERY_BROKER_URL"))
app.conf.update(task_default_queue=QUEUE, task_ignore_result=True, worker_send_task_events=False)


@app.task(name="kept.send")
def send(message_id: str) -> None:
    """See `work.send`."""
    work.send(message_id)
