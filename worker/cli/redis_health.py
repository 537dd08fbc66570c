"""What `doctor` looks at of Redis: does it answer, and does it take what is rung there?"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from worker.cli.checkups import Wrong
from worker.cli.known_holes import hole
from worker.settings import Settings

if TYPE_CHECKING:
    from redis import Redis

PATIENCE = 2.0  # seconds for an answer
PROBE = "esms-worker:rung:doctor"  # a mark that everybody may set, and nobody looks at
WHY = {
    "OOM": "has no memory left (maxmemory {maxmemory:,} bytes): raise it, or remove what else is kept there",
    "READONLY": "is a replica, which can't be written to: name the primary",
    "MISCONF": "can't write to its disk: make room there, and look into its log",
    "NOREPLICAS": "has fewer replicas than it is to have (min-replicas-to-write): bring them back, or lower it",
    "LOADING": "still reads what it had on its disk: wait until it has",
    "MASTERDOWN": "is a replica that has lost its primary: name the primary",
}


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
            why = _refuses(redis, info)
    except (RedisError, OSError) as error:
        raise Wrong(f"REDIS_URL: does not answer ({type(error).__name__}): start it, or fix the variable") from None
    if why is not None:
        raise Wrong(f"REDIS_URL: {why}; until then no bell is rung and no tick heard: what is queued waits in Postgres")
    if info.get("aof_last_write_status", "ok") != "ok" or info.get("rdb_last_bgsave_status", "ok") != "ok":
        raise Wrong(f"REDIS_URL: {WHY['MISCONF']}; until then what it holds is gone when it ends")
    policy = info.get("maxmemory_policy")
    if policy != "noeviction":
        raise Wrong(f"it may forget the queue (maxmemory-policy {policy}): set it to noeviction")
    server = "Valkey" if (version := info.get("valkey_version")) else "Redis"
    version = version or info.get("redis_version", "")
    return f"{server} {version} answers{hole(server, version)}"


def _refuses(redis: Redis, info: Mapping[str, Any]) -> str | None:
    """Why it takes nothing though it answers, and what to do; None where it takes what is rung."""
    from redis.exceptions import BusyLoadingError, NoPermissionError, ResponseError

    try:
        redis.set(PROBE, 1, px=1)
    except NoPermissionError:
        return None
    except (ResponseError, BusyLoadingError) as error:
        code = error.status_code or str(error).partition(" ")[0]
        return WHY.get(code, f"refuses what is written ({code}): look into its log").format(**info)
    return None
