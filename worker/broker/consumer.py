"""Celery's consumer, with our reading before it: what is no task is put away, and nothing that is pushed stops it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import Any

from celery.worker.consumer import consumer

from worker.broker.task_messages import Delivered, NoTask, Rule, TaskMessage, put_away, task_message
from worker.database import Database
from worker.errors import WorkerError
from worker.ledger.producers import sources
from worker.queues import Queue, queues_of
from worker.refusals import Refusal
from worker.settings import Pace, Settings
from worker.telemetry import emit, where

ALIVE_EVERY = 10  # seconds
QUIET = {"without_gossip": True, "without_mingle": True, "without_heartbeat": True}

Handler = Callable[[Any], Any]


class Consumer(consumer.Consumer):
    """Named by Celery's setting worker_consumer."""

    connection_errors: tuple[type[Exception], ...]
    channel_errors: tuple[type[Exception], ...]
    task_consumer: Any
    timer: Any

    def __init__(self, *args: Any, worker_options: dict[str, Any] | None = None, **options: Any) -> None:
        settings = Settings.from_environ()
        self._alive_file = settings.alive_file
        self._named, self._rule = settings.sources, Rule(settings.sources, settings.open_queue)
        self._database = Database(settings.database_url, pool_size=1)
        if not settings.remote_control:  # whoever reaches the broker could stop workers, whatever flags are given
            options["task_events"] = False
            worker_options = (worker_options or {}) | QUIET
        super().__init__(*args, **options | {"worker_options": worker_options})

    def ensure_connected(self, conn: Any) -> Any:
        """A broker that was away is looked for once a tick: what is due waits for workers no longer than that."""
        tick = Pace.from_environ().tick.total_seconds()
        conn.ensure_connection = partial(conn.ensure_connection, interval_max=tick)
        return super().ensure_connected(conn)

    def create_task_handler(self, *args: Any, **options: Any) -> Handler:
        """What is called with each message."""
        self._show_life()
        self._follow_applications()
        handle: Handler = super().create_task_handler(*args, **options)
        # kombu counts a KeyError among Redis's connection errors: raised by a message, it would come back for ever.
        lost = tuple(each for each in (*self.connection_errors, *self.channel_errors) if each is not KeyError)

        def on_message(message: Any) -> None:
            came = self._delivered(message)
            try:
                handle(_rewritten(message, self._read(came)))
            except lost:
                raise
            except Exception as error:  # noqa: BLE001 — whatever it is, the next message is not to wait for it
                emit("step.failed", task="take a message", error=type(error).__name__, at=where(error))
                handle(_rewritten(message, put_away(came, Refusal.UNTAKEN)))

        return on_message

    def _show_life(self) -> None:
        """From the loop that takes messages: Celery takes the timer away with the connection."""
        if (file := self._alive_file) is not None:
            file.touch()
            self.timer.call_repeatedly(ALIVE_EVERY, file.touch)

    def _follow_applications(self) -> None:
        """Who gets a login of Postgres has a queue within a tick, and no worker is started anew."""
        if Queue.ENQUEUE.value in self.app.amqp.queues.consume_from:
            tick = Pace.from_environ().tick.total_seconds()
            self.call_soon(self._listen_to_applications)
            self.timer.call_repeatedly(tick, self.call_soon, (self._listen_to_applications,))

    def _listen_to_applications(self) -> None:
        self._rule = replace(self._rule, sources=self._applications())
        for queue in queues_of(self._rule.sources)[1:]:
            self.add_task_queue(queue)

    def _applications(self) -> tuple[str, ...]:
        """The connection is closed at once: a child that Celery forks would have it as well."""
        try:
            with self._database, self._database.reading() as connection:
                return tuple(dict.fromkeys((*self._named, *sources(connection))))
        except WorkerError as error:
            emit("step.failed", task="find applications", error=error)
            return self._rule.sources

    def on_decode_error(self, message: Any, _: Exception) -> None:
        """kombu could not open it. Celery's own way would log what is in it."""
        message.headers = {}
        self.task_consumer.on_message(message)

    def _delivered(self, message: Any) -> Delivered:
        body = message.body if isinstance(message.body, str) else bytes(message.body or b"")
        return Delivered(self._queue(message), message.headers, body, message.content_type, message.content_encoding)

    def _read(self, came: Delivered) -> TaskMessage:
        try:
            return task_message(came, self._rule)
        except NoTask as error:
            return put_away(came, error.refusal)

    def _queue(self, message: Any) -> str:
        """Redis: as our transport wrote it. RabbitMQ: by our own tag; the route is the sender's word."""
        info = message.delivery_info
        tag = info.get("consumer_tag")
        by_tag = {known: queue for queue, known in self.task_consumer._active_tags.items()}
        return str(by_tag.get(tag, "") if tag else info.get("routing_key", ""))


def _rewritten(message: Any, task: TaskMessage) -> Any:
    message.headers, message.body, message.properties = task.headers(), task.body(), {"correlation_id": task.id}
    message.content_type, message.content_encoding, message._decoded_cache = "application/json", "utf-8", None
    return message
