"""Redis: what BRPOP brings is made an envelope that kombu can open, whatever somebody pushed into the list.

kombu takes it for its own word: a missing tag, or a route to another queue, and the worker falls, or obeys.
"""

from __future__ import annotations

import base64
import json
from contextlib import suppress
from dataclasses import dataclass, field
from queue import Empty
from time import time
from typing import Any
from uuid import uuid4

from kombu.transport import redis, virtual
from kombu.utils.json import dumps
from redis.exceptions import NoPermissionError, OutOfMemoryError, ResponseError

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


@dataclass
class _Owed:
    """What a Redis that takes nothing (its disk, a replica) could not be told. This process alone knows of it, over the
    ends of its connections, until whoever consumes next can say it.
    """

    done: set[str] = field(default_factory=set)  # tags
    undone: dict[str, Any] = field(default_factory=dict)  # messages by their tags: to be noted, and be given back


_owed = _Owed()


class QoS(redis.QoS):
    """kombu's, which lets no task go where Redis has no memory left, or takes nothing."""

    _delivered: Any
    _dirty: Any
    _vrestore_count: int
    _remove_from_indices: Any

    def append(self, message: Any, delivery_tag: str) -> None:
        """It was taken, and is under way."""
        try:
            super().append(message, delivery_tag)
        except ResponseError:
            self._note_or_owe(message, delivery_tag)
            virtual.QoS.append(self, message, delivery_tag)

    def ack(self, delivery_tag: str) -> None:
        """It is done."""
        _owed.undone.pop(delivery_tag, None)
        try:
            super().ack(delivery_tag)
        except ResponseError:
            _owed.done.add(delivery_tag)
            virtual.QoS.ack(self, delivery_tag)

    def reject(self, delivery_tag: str, requeue: bool = False) -> None:
        """It is for somebody else, or for nobody."""
        if not requeue:
            self.ack(delivery_tag)
        elif delivery_tag in _owed.undone:  # Redis does not know it, and would give nothing back
            virtual.QoS.ack(self, delivery_tag)
        else:
            self._give_back(delivery_tag)

    def _give_back(self, tag: str) -> None:
        message = self._delivered[tag]
        try:
            super().reject(tag, requeue=True)
        except ResponseError:
            _owed.undone[tag] = message
            virtual.QoS.ack(self, tag)

    def restore_unacked(self, client: Any = None) -> None:
        """The connection ends: what was not done is given back."""
        try:
            super().restore_unacked(client)
        except ResponseError:
            _owed.undone.update(self._delivered)
            self._delivered.clear()

    def _note_or_owe(self, message: Any, tag: str) -> None:
        try:
            self._note(message, tag)
        except ResponseError:
            _owed.undone[tag] = message

    def _note(self, message: Any, tag: str) -> None:
        came_by = message.delivery_info
        noted = dumps([message._raw, came_by["exchange"], came_by["routing_key"]])
        channel: Any = self.channel
        with channel.conn_or_acquire() as client:
            client.eval(_NOTE, 2, self.unacked_index_key, self.unacked_key, tag, time(), noted)

    def restore_visible(self, *args: Any, **options: Any) -> None:
        """What others left is put back once Redis takes it again; and what this process owes it, it is told."""
        with suppress(ResponseError):
            if self._vrestore_count:  # not right after connecting: what was done meanwhile is heard first
                self._settle()
            super().restore_visible(*args, **options)

    def _settle(self) -> None:
        for tag in tuple(_owed.done):
            self._remove_from_indices(tag).execute()
            _owed.done.discard(tag)
        for tag, message in tuple(_owed.undone.items()):
            self._note(message, tag)
            if tag not in self._delivered or tag in self._dirty:  # else it is being done
                self.restore_by_tag(tag)
            _owed.undone.pop(tag, None)


class Channel(redis.Channel):
    """kombu's, whose answers to BRPOP are read by us first."""

    Message = Message
    QoS = QoS
    _in_poll: Any
    _brpop_read: Any

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        try:
            self._see_that_it_takes_something()
        except ResponseError:
            self.close()
            raise

    def _see_that_it_takes_something(self) -> None:
        """Or it would be connected to, refuse, and be connected to again without a pause."""
        with suppress(NoPermissionError):  # who only pushes need not be let to
            self.client.hdel(self.unacked_key, "")

    def close(self) -> None:
        """What Redis says last may be that it takes nothing: what is under way is given back all the same."""
        if self._in_poll:
            with suppress(Empty, ResponseError):
                self._brpop_read()
        super().close()

    def _queue_bind(self, *args: Any) -> None:
        """Without memory it can't be noted anew, where it stands already: and only who takes tasks makes room."""
        with suppress(OutOfMemoryError):
            super()._queue_bind(*args)  # type: ignore[misc]

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
