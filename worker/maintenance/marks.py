"""What is known outside of Postgres: until when this installation was at work, and who was forgotten.

In Redis, and in a file where one is named: a database that wakes up from a backup is older than these.
"""

from __future__ import annotations

import json
from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from worker.telemetry import emit

PATIENCE = 0.5  # seconds for Redis


class Unreadable(Exception):
    """Nothing outside of Postgres can be asked just now."""


@dataclass(slots=True)
class Marks:
    """The marks of installations, by their ids. `at` is by Postgres's clock."""

    redis_url: str | None = field(repr=False)
    file: Path | None
    _redis: Any = None

    @property
    def kept(self) -> bool:
        """Is there anywhere to keep them?"""
        return self.redis_url is not None or self.file is not None

    def at(self, installation: str) -> datetime | None:
        """The latest; None: there is none. Raises Unreadable."""
        told = [self._in_file(installation).get("at"), self._asked("get", f"{_key(installation)}:at")]
        return max((datetime.fromisoformat(_text(each)) for each in told if each), default=None)

    def forgotten(self, installation: str) -> set[str]:
        """The keyed hashes of those who were. Raises Unreadable."""
        there = self._asked("smembers", f"{_key(installation)}:forgotten") or ()
        return {*map(_text, there), *self._in_file(installation).get("forgotten", ())}

    def note(self, installation: str, at: datetime, forgotten: Collection[str]) -> None:
        """Note that it is at work now, and that these were forgotten. What can't be written stays as it was."""
        if forgotten:
            self._quietly("sadd", f"{_key(installation)}:forgotten", *forgotten)
        self._quietly("set", f"{_key(installation)}:at", at.isoformat())
        if self.file is not None:
            self._write(installation, at, forgotten)

    def _asked(self, command: str, *arguments: Any) -> Any:
        from redis.exceptions import RedisError

        if self.redis_url is None:
            return None
        try:
            return getattr(self._connected(), command)(*arguments)
        except (RedisError, OSError):
            if self.file is not None and self.file.exists():
                return None
            raise Unreadable from None

    def _quietly(self, command: str, *arguments: Any) -> None:
        try:
            self._asked(command, *arguments)
        except Unreadable:
            emit("marks.failed", where="Redis")

    def _connected(self) -> Any:
        from redis import Redis

        if self._redis is None:
            waits = {"socket_timeout": PATIENCE, "socket_connect_timeout": PATIENCE}
            self._redis = Redis.from_url(self.redis_url or "", **waits)
        return self._redis

    def _in_file(self, installation: str) -> dict[str, Any]:
        try:
            kept: dict[str, dict[str, Any]] = json.loads(self.file.read_text()) if self.file else {}
        except (OSError, ValueError):  # there is none yet
            return {}
        return kept.get(installation, {})

    def _write(self, installation: str, at: datetime, forgotten: Collection[str]) -> None:
        assert self.file is not None
        known = {*forgotten, *self._in_file(installation).get("forgotten", ())}
        draft = self.file.with_name(f"{self.file.name}.new")
        try:
            draft.write_text(json.dumps({installation: {"at": at.isoformat(), "forgotten": sorted(known)}}))
            draft.replace(self.file)
        except OSError:
            emit("marks.failed", where="file")


def _key(installation: str) -> str:
    return f"esms-worker:installation:{installation}"


def _text(value: Any) -> str:
    return value.decode() if isinstance(value, bytes) else str(value)
