"""How a Redis comes to answer and take nothing, and to take it again."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
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


class Slow(Valkey):
    """One that can be had to read its data slowly."""

    def _settings(self) -> dict[str, str]:
        return super()._settings() | {"enable-debug-command": "local", "loading-process-events-interval-bytes": "1024"}


@contextmanager
def loading(redis: Any, _: Path) -> Iterator[None]:
    """It reads what it had on its disk, as after a start: what it held is there afterwards. Of a `Slow` one."""
    for key in range(3000):
        redis.set(f"large:{key}", "x" * 2000)
    redis.config_set("key-load-delay", 20_000)  # microseconds
    with ThreadPoolExecutor(1) as hands:
        loaded = hands.submit(redis.execute_command, "DEBUG", "RELOAD")
        with Redis(connection_pool=redis.connection_pool) as another:
            eventually(lambda: another.info("persistence")["loading"])
            yield
            another.config_set("key-load-delay", 0)
        loaded.result()
    for key in range(3000):
        redis.delete(f"large:{key}")


@contextmanager
def refusing(valkey: Valkey, trouble: Trouble) -> Iterator[None]:
    """From now on, and not afterwards."""
    with Redis.from_url(valkey.url, socket_timeout=None) as redis, trouble(redis, valkey.data):
        yield


def _snapshot(redis: Any, comes_out: str) -> None:
    redis.execute_command("BGSAVE")
    eventually(lambda: redis.info("persistence")["rdb_last_bgsave_status"] == comes_out)
