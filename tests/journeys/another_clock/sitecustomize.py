"""A machine whose clock is wrong by SECONDS_AHEAD: for processes that have this folder in PYTHONPATH, in tests."""

import datetime
import os
import time
from typing import Any, Self

_ahead = float(os.environ.get("SECONDS_AHEAD", "0"))
_time, _time_ns = time.time, time.time_ns


class _Wrong(datetime.datetime):
    @classmethod
    def now(cls, tz: datetime.tzinfo | None = None) -> Self:
        return super().now(tz) + datetime.timedelta(seconds=_ahead)

    @classmethod
    def utcnow(cls) -> Self:
        return cls.now(datetime.UTC).replace(tzinfo=None)


def _wrong_time() -> float:
    return _time() + _ahead


def _wrong_time_ns() -> int:
    return _time_ns() + round(_ahead * 1e9)


if _ahead:
    _replaced: Any = datetime
    _replaced.datetime = _Wrong
    time.time = _wrong_time
    time.time_ns = _wrong_time_ns  # a log record's time, from Python 3.13 on
