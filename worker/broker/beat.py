"""Celery's beat, over a broker that is away or takes nothing: looked for once a tick, and told of in one line."""

from __future__ import annotations

import time
from typing import Any

from celery import beat

from worker.settings import Pace
from worker.telemetry import emit, named, where


class Scheduler(beat.Scheduler):
    """Named by Celery's setting beat_scheduler. In memory: ours needs no file, and every tick is harmless."""

    connection: Any

    def __init__(self, *args: Any, **options: Any) -> None:
        self._tick = Pace.from_environ().tick.total_seconds()
        self._told_at = -self._tick
        super().__init__(*args, **options)

    def _ensure_connected(self) -> Any:
        """Celery would look for it less and less often, each half minute in the end: so long nothing would go out."""
        soon = {"interval_start": min(1.0, self._tick), "interval_step": 1, "interval_max": self._tick}
        return self.connection.ensure_connection(lambda error, _: self._tell(error), None, **soon)

    def apply_entry(self, entry: Any, producer: Any = None) -> None:
        """Ring one bell. Celery would write a page for each that the broker did not take."""
        try:
            self.apply_async(entry, producer=producer, advance=False)
        except Exception as error:  # noqa: BLE001 — whatever it is, the next tick comes
            self._tell(error)

    def _tell(self, error: BaseException) -> None:
        """Once a tick: its bells fail alike."""
        if (now := time.monotonic()) - self._told_at >= self._tick:
            self._told_at = now
            cause = _first(error)
            emit("ring.failed", error=named(cause), at=where(cause))


def _first(error: BaseException) -> BaseException:
    """What was raised before Celery's and kombu's own errors took its place."""
    while isinstance(error, beat.SchedulingError) and (before := error.__cause__ or error.__context__):
        error = before
    return error
