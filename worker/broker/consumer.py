"""Celery's consumer, with our reading before it: what is no task is put away, and nothing that is pushed stops it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from celery.worker.consumer import consumer

from worker.broker.task_messages import Delivered, NoTask, Rule, TaskMessage, put_away, task_message
from worker.refusals import Refusal
from worker.settings import Settings
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
        self._rule = Rule(settings.sources, settings.open_queue)
        if not settings.remote_control:  # whoever reaches the broker could stop workers, whatever flags are given
            options["task_events"] = False
            worker_options = (worker_options or {}) | QUIET
        super().__init__(*args, **options | {"worker_options": worker_options})

    def create_task_handler(self, *args: Any, **options: Any) -> Handler:
        """What is called with each message."""
        self._show_life()
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
