"""What `doctor` looks at of Redis: does it answer, and does it take what is rung there?"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from worker.cli.checkups import Wrong
from worker.cli.known_holes import hole
from worker.settings import Settings

PATIENCE = 2.0  # seconds for an answer


def redis() -> str:
    """Does it hold bells, and keep them?"""
    from redis import Redis
    from redis.exceptions import RedisError

    settings = Settings.from_environ()
    url = settings.redis_url
    if url is None and settings.broker_url is not None:
        return "none: RabbitMQ carries the bells, and nobody shares a rate (docs/run-it-on-many.md)"
    if url is None:
        raise Wrong("REDIS_URL: is not set: set it to redis://HOST:6379/0; until then only beat finds the work")
    try:
        with Redis.from_url(url, socket_timeout=PATIENCE, socket_connect_timeout=PATIENCE) as redis:
            info: Any = redis.info()
    except (RedisError, OSError) as error:
        raise Wrong(f"REDIS_URL: does not answer ({type(error).__name__}): start it, or mend the variable") from None
    if (why := _refuses(info)) is not None:
        raise Wrong(f"REDIS_URL: {why}; until then no bell is rung and no tick heard: what is queued waits in Postgres")
    policy = info.get("maxmemory_policy")
    if policy != "noeviction":
        raise Wrong(f"it may forget the queue (maxmemory-policy {policy}): set it to noeviction")
    server = "Valkey" if (version := info.get("valkey_version")) else "Redis"
    version = version or info.get("redis_version", "")
    return f"{server} {version} answers{hole(server, version)}"


def _refuses(info: Mapping[str, Any]) -> str | None:
    """Why it takes nothing though it answers, and what to do."""
    if 0 < info.get("maxmemory", 0) <= info.get("used_memory", 0):
        return (
            f"has no memory left (maxmemory {info['maxmemory']:,} bytes): raise it, or remove what else is kept there"
        )
    if info.get("role") == "slave" and info.get("slave_read_only", 1):
        return "is a replica, which can't be written to: name the primary"
    if info.get("aof_last_write_status", "ok") != "ok" or info.get("rdb_last_bgsave_status", "ok") != "ok":
        return "can't write to its disk: make room there, and look into its log"
    return None
