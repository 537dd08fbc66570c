"""Pushes what is hostile into a broker as its owner could: past every library that would refuse to write it."""

from __future__ import annotations

import base64
import random
from collections.abc import Iterable
from typing import Any

import amqp
from amqp.serialization import dumps
from redis import Redis

from tests.hostile.broker_messages import Item, as_redis

Pushed = Iterable[tuple[str, Item]]


def push_redis(url: str, pushed: Pushed) -> None:
    """Each into the list of its queue."""
    with Redis.from_url(url) as redis, redis.pipeline(transaction=False) as pipe:
        for queue, item in pushed:
            pipe.lpush(queue, as_redis(item))
        pipe.execute()


def push_amqp(url: str, pushed: Pushed) -> None:
    """Each to the queue of its name, some with headers that no client reads."""
    parsed = url.removeprefix("amqp://guest:guest@").rstrip("/")
    dice = random.Random(3)
    with amqp.Connection(host=parsed) as connection:
        channel = connection.channel()
        for queue, item in pushed:
            channel.basic_publish(_amqp_message(item, dice), routing_key=queue)


class Raw(amqp.Message):
    """A message whose property bytes are written as they are given."""

    raw = b"\0\0"

    def _serialize_properties(self) -> bytes:
        return self.raw


HEADERS_FLAG = b"\x20\x00"  # only the table of headers follows


def table(key: bytes, kind: bytes, value: bytes) -> bytes:
    """Property bytes with one header."""
    entry = bytes([len(key)]) + key + kind + value
    return HEADERS_FLAG + len(entry).to_bytes(4, "big") + entry


# RabbitMQ passes these on; py-amqp by itself falls over the first two, and its connection with it.
RAW = [
    table(b"task", b"T", b"\xff" * 8),  # a moment beyond the calendar
    table(b"id", b"T", (253_402_300_800).to_bytes(8, "big")),  # the year 10000
    table(b"\xff\xfe", b"S", b"\0\0\0\x02\xff\xfe"),  # names and texts that are no UTF-8
    table(b"task", b"D", b"\xff\x7f\xff\xff\xff"),
    table(b"task", b"F", b"\0\0\0\0"),
    table(b"task", b"A", b"\0\0\0\0"),
    b"\0\0",
]


def _amqp_message(item: Item, dice: random.Random) -> amqp.Message:
    if isinstance(item, bytes):
        message = Raw(item)
        message.raw = dice.choice(RAW)
        return message
    headers: Any = item.get("headers")
    return amqp.Message(
        _body(item),
        application_headers={str(key): value for key, value in headers.items()} if _table(headers) else {},
        **{name: value for name, value in _texts(item).items() if isinstance(value, str) and len(value) < 200},
    )


def _body(item: dict[str, Any]) -> Any:
    body = item.get("body")
    try:
        return base64.b64decode(body)  # type: ignore[arg-type]
    except (TypeError, ValueError):
        return str(body).encode(errors="replace")


def _texts(item: dict[str, Any]) -> dict[str, Any]:
    return {"content_type": item.get("content-type"), "content_encoding": item.get("content-encoding")}


def _table(headers: Any) -> bool:
    """Can py-amqp write these headers?"""
    try:
        dumps("F", (headers,))
    except Exception:  # noqa: BLE001 — whatever it is, another one is written
        return False
    return isinstance(headers, dict) and len(str(headers)) < 100_000
