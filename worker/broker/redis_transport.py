"""Redis: what BRPOP brings is made an envelope that kombu can open, whatever somebody pushed into the list.

kombu takes it for its own word: a missing tag, or a route to another queue, and the worker falls, or obeys.
"""

from __future__ import annotations

import base64
import json
from contextlib import suppress
from time import time
from typing import Any
from uuid import uuid4

from kombu.transport import redis, virtual
from kombu.utils.json import dumps
from redis.exceptions import OutOfMemoryError, ResponseError

from worker.broker.task_messages import READ, REFUSAL, SIZE, SIZE_MOST, NoTask
from worker.refusals import Refusal

ENVELOPE_MOST = 2 * SIZE_MOST  # bytes: the body is in base64 inside


class Message(virtual.Message):
    """kombu's logs that it could not tell Redis of a task that is done, and goes on with its place taken. With all of
    them taken nothing is asked of Redis, so nobody sees that it was away, and the worker hears no bell ever again.
    """

    def ack_log_error(self, _logger: Any, _errors: Any, multiple: bool = False) -> None:
        """What breaks here is the connection's end: Celery makes another."""
        self.ack(multiple=multiple)

    def reject_log_error(self, _logger: Any, _errors: Any, requeue: bool = False) -> None:
        """The same."""
        self.reject(requeue=requeue)


# What was taken off a list is noted as under way, in one transaction that a Redis without memory refuses: it would be
# in neither place. A script that began with what needs no memory may go on, and what it notes was there just before.
_NOTE = """
redis.call('ZREM', KEYS[1], ARGV[1])
redis.call('ZADD', KEYS[1], ARGV[2], ARGV[1])
redis.call('HSET', KEYS[2], ARGV[1], ARGV[3])
"""


class QoS(redis.QoS):
    """kombu's, which lets no task go where Redis has no memory left, or takes nothing."""

    def append(self, message: Any, delivery_tag: str) -> None:
        """It was taken, and is under way."""
        try:
            super().append(message, delivery_tag)
        except ResponseError:
            # One that takes nothing at all (its disk, a replica) leaves this process alone to know of it.
            with suppress(ResponseError):
                self._note(message, delivery_tag)
            virtual.QoS.append(self, message, delivery_tag)

    def _note(self, message: Any, tag: str) -> None:
        came_by = message.delivery_info
        noted = dumps([message._raw, came_by["exchange"], came_by["routing_key"]])
        channel: Any = self.channel
        with channel.conn_or_acquire() as client:
            client.eval(_NOTE, 2, self.unacked_index_key, self.unacked_key, tag, time(), noted)

    def restore_visible(self, *args: Any, **options: Any) -> None:
        """What others left is put back once there is memory again."""
        with suppress(OutOfMemoryError):
            super().restore_visible(*args, **options)


class Channel(redis.Channel):
    """kombu's, whose answers to BRPOP are read by us first."""

    Message = Message
    QoS = QoS

    def _create_client(self, asynchronous: bool = False) -> Any:
        client = super()._create_client(asynchronous)  # type: ignore[misc]
        client.set_response_callback("BRPOP", _sound)
        return client


class Transport(redis.Transport):
    """For redis:// and rediss://."""

    Channel = Channel


def _sound(answer: Any, **_: Any) -> tuple[Any, bytes] | None:
    """The list's name and the envelope; None when nothing came in time."""
    if not answer:
        return None
    name, item = answer
    queue = name.decode(errors="replace").rsplit(redis.Channel.sep, 1)[0]
    return name, json.dumps(envelope(queue, item)).encode()


def envelope(queue: str, item: bytes) -> dict[str, Any]:
    """The message that was pushed, as kombu would have written it; one that can't be opened says so in its headers."""
    try:
        opened = _opened(item)
        return _envelope(queue, _headers(opened), _body(opened), opened)
    except NoTask as error:
        return _envelope(queue, {REFUSAL: error.refusal.name, SIZE: len(item)}, b"", {})


def _opened(item: bytes) -> dict[str, Any]:
    if len(item) > ENVELOPE_MOST:
        raise NoTask(Refusal.TOO_LARGE)
    try:
        opened = json.loads(item)
    except (ValueError, RecursionError):
        raise NoTask(Refusal.NO_JSON) from None
    if not isinstance(opened, dict) or not isinstance(opened.get("properties"), dict):
        raise NoTask(Refusal.NO_ENVELOPE)
    return opened


def _headers(opened: dict[str, Any]) -> dict[str, Any]:
    headers = opened.get("headers") or {}
    if not isinstance(headers, dict):
        raise NoTask(Refusal.NO_ENVELOPE)
    return {name: _text(headers[name]) for name in READ if name in headers}


def _text(value: Any) -> str | None:
    """Anything else than text is none that the reader takes: kombu's JSON would make dates and numbers of objects."""
    return value if value is None or isinstance(value, str) else "\0"


def _body(opened: dict[str, Any]) -> bytes:
    body, encoding = opened.get("body"), opened["properties"].get("body_encoding")
    if not isinstance(body, str) or encoding not in (None, "utf-8", "base64"):
        raise NoTask(Refusal.NO_ENVELOPE)
    try:
        return base64.b64decode(body) if encoding == "base64" else body.encode()
    except ValueError:
        raise NoTask(Refusal.NO_ENVELOPE) from None


def _envelope(queue: str, headers: dict[str, Any], body: bytes, opened: dict[str, Any]) -> dict[str, Any]:
    """Its tag and its way are ours: what is given back goes into the queue that it came from."""
    return {
        "headers": headers,
        "body": base64.b64encode(body).decode(),
        "content-type": _text(opened.get("content-type")),
        "content-encoding": _text(opened.get("content-encoding")),
        "properties": {
            "body_encoding": "base64",
            "delivery_tag": str(uuid4()),
            "delivery_info": {"exchange": "", "routing_key": queue},
            "priority": _priority(opened),
        },
    }


def _priority(opened: dict[str, Any]) -> int:
    priority = opened.get("properties", {}).get("priority")
    return priority if isinstance(priority, int) and 0 <= priority <= 9 else 0
