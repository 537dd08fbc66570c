"""kombu's transport for Redis, made to bear whatever somebody pushes into a list, and a Redis that takes no writes.

kombu believes what BRPOP brings: without a tag it crashes, and a route to another queue it obeys. So each item is made
an envelope of ours first. And what a Redis without memory or disk refuses to note is kept here until it takes it.
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
    """kombu's own only logs that it could not tell Redis that a task is done, and that task's slot stays taken.

    Once all slots are taken, the worker asks Redis for nothing more: nobody notices that Redis was away, and the worker
    never hears a bell again. So here the error goes on.
    """

    def ack_log_error(self, _logger: Any, _errors: Any, multiple: bool = False) -> None:
        """An error ends the connection, and Celery makes another."""
        self.ack(multiple=multiple)

    def reject_log_error(self, _logger: Any, _errors: Any, requeue: bool = False) -> None:
        """The same."""
        self.reject(requeue=requeue)


# What was taken off a list is noted as under way. kombu does that in a transaction, which a Redis without memory
# refuses: the task would be in neither place. A script that begins with a command that needs no memory (ZREM) may go
# on, and what it writes then takes the room of what was just taken off the list.
_NOTE = """
redis.call('ZREM', KEYS[1], ARGV[1])
redis.call('ZADD', KEYS[1], ARGV[2], ARGV[1])
redis.call('HSET', KEYS[2], ARGV[1], ARGV[3])
"""


@dataclass
class _Owed:
    """What could not be told to a Redis that takes no writes (a full disk, a replica).

    Kept in this process alone, whatever becomes of its connections, until Redis takes it: see `QoS.restore_visible`.
    """

    done: set[str] = field(default_factory=set)  # tags
    undone: dict[str, Any] = field(default_factory=dict)  # messages by tag: to be noted, and given back


_owed = _Owed()


class QoS(redis.QoS):
    """kombu's record of tasks under way, which here loses none where Redis has no memory left or takes no writes."""

    _delivered: Any
    _dirty: Any
    _vrestore_count: int
    _remove_from_indices: Any

    def append(self, message: Any, delivery_tag: str) -> None:
        """A task was taken off the list, and is under way."""
        try:
            super().append(message, delivery_tag)
        except ResponseError:
            self._note_or_owe(message, delivery_tag)
            virtual.QoS.append(self, message, delivery_tag)

    def ack(self, delivery_tag: str) -> None:
        """A task is done."""
        _owed.undone.pop(delivery_tag, None)
        try:
            super().ack(delivery_tag)
        except ResponseError:
            _owed.done.add(delivery_tag)
            virtual.QoS.ack(self, delivery_tag)

    def reject(self, delivery_tag: str, requeue: bool = False) -> None:
        """A task goes back to its queue (requeue), or away."""
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
        """Tell Redis what this process owes it, and put back what others left, if it takes writes again."""
        with suppress(ResponseError):
            if self._vrestore_count:  # not right after connecting: first hear which tasks were done meanwhile
                self._settle()
            super().restore_visible(*args, **options)

    def _settle(self) -> None:
        for tag in tuple(_owed.done):
            self._remove_from_indices(tag).execute()
            _owed.done.discard(tag)
        for tag, message in tuple(_owed.undone.items()):
            self._note(message, tag)
            if tag not in self._delivered or tag in self._dirty:  # else this process is still at work on it
                self.restore_by_tag(tag)
            _owed.undone.pop(tag, None)


class Channel(redis.Channel):
    """kombu's, but what BRPOP answers is read by us first."""

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
        """Fail at once where Redis takes no writes: else Celery connects, fails and connects anew without a pause."""
        with suppress(NoPermissionError):  # a login that only pushes has no right to this key, and needs none
            self.client.hdel(self.unacked_key, "")

    def close(self) -> None:
        """The last answer may be that Redis takes no writes: what is under way is given back all the same."""
        if self._in_poll:
            with suppress(Empty, ResponseError):
                self._brpop_read()
        super().close()

    def _queue_bind(self, *args: Any) -> None:
        """A Redis without memory refuses to note the queue, as it did before: go on, since taking tasks makes room."""
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
    """Text as it is. Anything else becomes what no reader takes: kombu's JSON could make other objects of it."""
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
    """Tag and route are ours, not the sender's: what is given back goes into the queue that it came from."""
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
