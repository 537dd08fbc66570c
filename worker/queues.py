"""Celery as a doorbell: the app, its queues and tasks by name, the timetable, and how to ring.

A bell carries nothing: the row is the truth, and a ring that is lost costs one tick of beat.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from worker.errors import SettingsError
from worker.settings import Pace, Settings

CONSUMER = "worker.broker.consumer:Consumer"  # reads what comes before Celery does
SCHEDULER = "worker.broker.beat:Scheduler"  # bears with a broker that takes nothing
TASK_CLASS = "worker.broker.quiet:QuietTask"  # says nothing of what it was given

if TYPE_CHECKING:
    from celery import Celery


class Queue(StrEnum):
    """Who listens where: give `urgent` a process of its own, so that a code never waits for a birthday wish."""

    ENQUEUE = "enqueue"
    DELIVER = "deliver"
    URGENT = "urgent"
    POLL = "poll"
    HOUSEKEEPING = "housekeeping"
    WEBHOOKS = "webhooks"


class Task(StrEnum):
    """Celery tasks by name; those of queue `enqueue` are for apps that have only the broker."""

    DELIVER = "worker.deliver"
    DELIVER_URGENT = "worker.deliver_urgent"
    POLL = "worker.poll"
    KEEP_HOUSE = "worker.keep_house"
    REMIND = "worker.remind"
    SEND_AGAIN = "worker.send_again"
    CALL_WEBHOOKS = "worker.call_webhooks"
    ENQUEUE_SMS = "worker.enqueue_sms"
    ENQUEUE_TEMPLATE_CALL = "worker.enqueue_template_call"
    ENQUEUE_RECORD_CALL = "worker.enqueue_record_call"
    UPSERT_CONTACT = "worker.upsert_contact"
    UPSERT_EVENT = "worker.upsert_event"
    CANCEL_EVENT = "worker.cancel_event"
    STATUS = "worker.status"
    NOTE_LISTENER = "worker.note_listener"  # beat's, in each queue of applications: somebody listens
    COUNT_REFUSED = "worker.count_refused"  # no queue takes it: the reader puts it in the place of what is no task


QUEUE_OF: dict[Task, Queue] = {
    Task.DELIVER: Queue.DELIVER,
    Task.DELIVER_URGENT: Queue.URGENT,
    Task.POLL: Queue.POLL,
    Task.KEEP_HOUSE: Queue.HOUSEKEEPING,
    Task.REMIND: Queue.HOUSEKEEPING,
    Task.SEND_AGAIN: Queue.HOUSEKEEPING,
    Task.CALL_WEBHOOKS: Queue.WEBHOOKS,
    Task.ENQUEUE_SMS: Queue.ENQUEUE,
    Task.ENQUEUE_TEMPLATE_CALL: Queue.ENQUEUE,
    Task.ENQUEUE_RECORD_CALL: Queue.ENQUEUE,
    Task.UPSERT_CONTACT: Queue.ENQUEUE,
    Task.UPSERT_EVENT: Queue.ENQUEUE,
    Task.CANCEL_EVENT: Queue.ENQUEUE,
    Task.STATUS: Queue.ENQUEUE,
    Task.NOTE_LISTENER: Queue.ENQUEUE,
}

OWN = f"{Queue.ENQUEUE}."  # and the source: a queue into which that application alone may push


def queues_of(sources: Iterable[str]) -> list[str]:
    """Into which applications push: the open one, and each one's own."""
    return [Queue.ENQUEUE.value, *(OWN + source for source in sources)]


def kind_of(queue: str) -> str:
    """What is done there: `enqueue` for each application's own."""
    return Queue.ENQUEUE.value if queue.startswith(OWN) else queue


def source_of(queue: str) -> str | None:
    """The source whose own queue this is; None: it is nobody's own."""
    return queue.removeprefix(OWN) if queue.startswith(OWN) else None


TICKED = (
    Task.DELIVER_URGENT,
    Task.DELIVER,
    Task.POLL,
    Task.KEEP_HOUSE,
    Task.REMIND,
    Task.SEND_AGAIN,
    Task.CALL_WEBHOOKS,
)

ANSWER_KEPT = 3600  # seconds that an answer of worker.status waits for who asked
# Seconds after which a bell that nobody heard is dropped, so that they don't pile up while workers are down. Celery
# compares it with the worker's own clock: were it one tick long, a clock that runs ahead would drop every bell.
UNHEARD = 600


def make_app(configured: Callable[[], dict[str, Any]] | None = None) -> Celery:
    """The Celery app; reads the environment when it is first used, not now."""
    from celery import Celery

    app = Celery("esms-worker", task_cls=TASK_CLASS)
    app.add_defaults(configured or _configuration_or_exit)
    return app


def _configuration_or_exit() -> dict[str, Any]:
    """For `celery -A worker.tasks`: a wrong variable is one line and exit code 2, not a traceback."""
    try:
        return configuration(Settings.from_environ(), Pace.from_environ())
    except SettingsError as error:
        print(f"error: {error}", file=sys.stderr)  # noqa: T201
        raise SystemExit(2) from None


def configuration(settings: Settings, pace: Pace) -> dict[str, Any]:
    """Celery's settings: late acks, no results, no ETA, no retries; what must not be lost is in Postgres."""
    if settings.broker_url is None:
        raise SettingsError("REDIS_URL", "is not set", "set it to redis://HOST:6379/0")
    return {
        "broker_url": settings.broker_url,
        "broker_transport_options": _transport_options(settings.broker_url, pace),
        "broker_connection_retry_on_startup": True,
        "broker_connection_max_retries": None,
        "broker_channel_error_retry": settings.broker_url.startswith("redis"),  # what refuses now, takes it later
        "task_serializer": "json",
        "accept_content": ["json"],
        "task_ignore_result": True,  # but of worker.status, where there is somewhere to answer
        "result_backend": settings.result_backend,
        "result_expires": ANSWER_KEPT,
        "task_store_errors_even_if_ignored": False,
        "task_acks_late": True,
        "task_reject_on_worker_lost": True,
        "task_default_queue": Queue.DELIVER.value,
        "task_routes": {task.value: {"queue": queue.value} for task, queue in QUEUE_OF.items()},
        "worker_consumer": CONSUMER,
        "worker_prefetch_multiplier": 1,
        "worker_cancel_long_running_tasks_on_connection_loss": False,
        "worker_enable_remote_control": settings.remote_control,
        "worker_send_task_events": False,
        "beat_scheduler": SCHEDULER,
        "beat_schedule": _timetable(settings.sources, pace.tick),
    }


def _timetable(sources: Sequence[str], tick: timedelta) -> dict[str, dict[str, Any]]:
    """Each at a moment of its own: all at once they would keep the cores from a code that comes just then."""
    bells = [(task.value, task, QUEUE_OF[task].value) for task in TICKED]
    bells += [(f"{Task.NOTE_LISTENER.value} {queue}", Task.NOTE_LISTENER, queue) for queue in queues_of(sources)]
    begun = datetime.now(UTC) - tick
    return {
        name: {
            "task": task.value,
            "schedule": tick.total_seconds(),
            "last_run_at": begun + tick * place / len(bells),
            "options": {"queue": queue, "expires": UNHEARD},
        }
        for place, (name, task, queue) in enumerate(bells)
    }


def _transport_options(broker_url: str, pace: Pace) -> dict[str, Any]:
    """Why each: docs/celery.md."""
    if not broker_url.startswith("redis"):
        return {}
    return {
        "visibility_timeout": max(300, 10 * pace.drain.total_seconds()),
        "unacked_restore_interval": 10,
        "unacked_restore_throttle": 1,
        "unacked_mutex_expire": 30,
        "socket_timeout": 30,
        "socket_connect_timeout": 5,
        "socket_keepalive": True,
        "health_check_interval": 25,
    }
