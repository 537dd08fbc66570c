"""How beat is told to end, by whichever signals and however often."""

from __future__ import annotations

import logging
import signal
from collections.abc import Callable
from types import FrameType
from typing import TYPE_CHECKING, Any, cast

if TYPE_CHECKING:
    from celery.beat import Service

ENDING = (signal.SIGTERM, signal.SIGINT)


def after_this_tick(beat: Service) -> None:
    """Celery ends beat by a SystemExit wherever it is; redis-py, in the middle of a read, puts another error in its
    place, and beat would run on.

    Told once is enough: a second signal could come while beat holds the lock of the event that says so, and would wait
    for that lock, in the thread that holds it, for ever. And of that other error Celery would write a page, as if
    something were wrong.
    """
    for number in ENDING:
        raising = cast("Callable[[int, FrameType | None], Any]", signal.getsignal(number))

        def stop(number: int, frame: FrameType | None, raising: Any = raising) -> None:
            for each in ENDING:
                signal.signal(each, signal.SIG_IGN)
            logging.getLogger("celery.beat").addFilter(_is_no_error)
            beat.stop()
            raising(number, frame)

        signal.signal(number, stop)


def _is_no_error(record: logging.LogRecord) -> bool:
    return record.levelno < logging.ERROR
