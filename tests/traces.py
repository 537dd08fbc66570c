"""Where something stands: in any value of a Redis, in any row of a database; also where it is in base64 or JSON."""

from __future__ import annotations

import base64
import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from redis import Redis
from sqlalchemy import text

from worker.database import Database

_CODED = re.compile(rb"[A-Za-z0-9+/]{16,}={0,2}")
_READ: Mapping[str, Callable[[Any, bytes], Any]] = {
    "string": lambda redis, key: redis.get(key),
    "list": lambda redis, key: redis.lrange(key, 0, -1),
    "hash": lambda redis, key: redis.hgetall(key),
    "set": lambda redis, key: redis.smembers(key),
    "zset": lambda redis, key: redis.zrange(key, 0, -1),
    "stream": lambda redis, key: redis.xrange(key),
    "none": lambda redis, key: redis.get(key),  # it has ended since it was found
}


def decoded(value: bytes) -> Iterator[bytes]:
    """It, and what in it is base64, of base64 again too."""
    yield value
    for coded in _CODED.findall(value):
        try:
            inner = base64.b64decode(coded)
        except ValueError:
            continue
        yield from decoded(inner)


def holds(value: bytes, words: tuple[str, ...]) -> bool:
    """Does one of them stand in it?"""
    return any(word.encode() in each for each in decoded(value) for word in words)


def redis_keys_that_hold(url: str, words: tuple[str, ...]) -> list[bytes]:
    """The keys of any type in whose name or value one of these stands."""
    with Redis.from_url(url) as redis:
        found = {key: _READ[redis.type(key).decode()](redis, key) for key in redis.scan_iter()}
    return [key for key, value in found.items() if holds(key + b" " + _flat(value), words)]


def _flat(value: Any) -> bytes:
    if isinstance(value, dict):
        value = [part for pair in value.items() for part in pair]
    return b" ".join(_flat(each) for each in value) if isinstance(value, list | set | tuple) else bytes(value or b"")


def tables_that_hold(database: Database, words: tuple[str, ...]) -> list[str]:
    """The tables, of any schema of ours, with a row in any column of which one of these stands."""
    with database.begin() as session:
        tables = session.scalars(
            text("""
                SELECT format('%I.%I', table_schema, table_name) FROM information_schema.tables
                WHERE table_type = 'BASE TABLE' AND table_schema NOT IN ('pg_catalog', 'information_schema')
            """)
        ).all()
        rows = {table: session.scalars(text(f"SELECT CAST(r AS text) FROM {table} AS r")) for table in tables}
        return [table for table, of_it in rows.items() if any(holds(row.encode(), words) for row in of_it)]
