"""How a Redis comes to answer and take nothing, and to take it again."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Any

from redis import Redis

from tests.support import eventually
from worker.devkit.valkey import Valkey

Trouble = Callable[[Redis, Path], AbstractContextManager[None]]


@contextmanager
def a_replica(redis: Any, _: Path) -> Iterator[None]:
    """As the primary of before is one after a fail-over."""
    redis.execute_command("REPLICAOF", "127.0.0.1", "1")
    yield
    redis.execute_command("REPLICAOF", "NO", "ONE")


@contextmanager
def a_full_disk(redis: Redis, data: Path) -> Iterator[None]:
    """Its snapshot can't be written: a folder stands where it goes, with something in it."""
    in_the_way = data / "dump.rdb"
    something = in_the_way / "something"
    in_the_way.unlink(missing_ok=True)
    something.mkdir(parents=True)
    redis.config_set("save", "3600 1000000")
    _snapshot(redis, "err")
    yield
    something.rmdir()
    in_the_way.rmdir()
    _snapshot(redis, "ok")
    redis.config_set("save", "")


@contextmanager
def too_few_replicas(redis: Redis, _: Path) -> Iterator[None]:
    """It is to have one that follows, and none does."""
    redis.config_set("min-replicas-to-write", 1)
    yield
    redis.config_set("min-replicas-to-write", 0)


@contextmanager
def no_memory(redis: Redis, _: Path) -> Iterator[None]:
    """For what makes anything longer."""
    redis.config_set("maxmemory", 1)
    yield
    redis.config_set("maxmemory", 0)


@contextmanager
def refusing(valkey: Valkey, trouble: Trouble) -> Iterator[None]:
    """From now on, and not afterwards."""
    with Redis.from_url(valkey.url) as redis, trouble(redis, valkey.data):
        yield


def _snapshot(redis: Any, comes_out: str) -> None:
    redis.execute_command("BGSAVE")
    eventually(lambda: redis.info("persistence")["rdb_last_bgsave_status"] == comes_out)
