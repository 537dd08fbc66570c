"""What Celery and kombu would log of a message: people's numbers and texts. Nothing of it, at whatever level."""

from __future__ import annotations

import logging

from celery.worker.consumer import consumer

WITH_BODIES = {
    getattr(consumer, name)
    for name in ("UNKNOWN_TASK_ERROR", "INVALID_TASK_ERROR", "UNKNOWN_FORMAT", "MESSAGE_DECODE_ERROR")
} | {"Could not restore message: %r"}
SPEAKERS = ("celery.worker.consumer.consumer", "kombu.transport.redis")
POOL = "celery.pool"  # at DEBUG it shows each task that it hands to a process, arguments and body


class _NoBodies(logging.Filter):
    """The line stays, what it quotes goes."""

    def filter(self, record: logging.LogRecord) -> bool:
        if record.msg in WITH_BODIES:
            record.msg, record.args, record.exc_info = (
                "a message that can't be used, without its content",
                (),
                None,
            )
        return True


def keep_contents_out_of_logs() -> None:
    """Before Celery makes its pool, which asks once whether it may."""
    for name in SPEAKERS:
        logging.getLogger(name).addFilter(_NoBodies())
    logging.getLogger(POOL).setLevel(logging.INFO)
