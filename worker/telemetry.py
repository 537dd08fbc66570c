"""Facts about what happened, for whoever listens: logs now, metrics when wanted.

A fact never holds a phone number, a text or a key: those are people, and secrets.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from pathlib import Path
from traceback import walk_tb
from typing import Any

from worker.errors import shown

Listener = Callable[[str, dict[str, Any]], None]

log = logging.getLogger("worker")

# Every event, and how loud it is in the log. docs/events.md says what its facts mean.
EVENTS: dict[str, int] = {
    "process.ready": logging.INFO,
    "intake.refused": logging.ERROR,
    "broker.refused": logging.ERROR,
    "ring.failed": logging.WARNING,
    "restore.seen": logging.ERROR,
    "marks.failed": logging.WARNING,
    "batch.sent": logging.INFO,
    "batch.late": logging.WARNING,
    "batch.polled": logging.INFO,
    "sent_data.failed": logging.WARNING,
    "call.dropped": logging.WARNING,
    "limiter.alone": logging.WARNING,
    "limiter.back": logging.WARNING,
    "lane.paused": logging.ERROR,
    "lane.lifted": logging.WARNING,
    "balance.low": logging.ERROR,
    "probe.failed": logging.WARNING,
    "brandnames.failed": logging.WARNING,
    "messages.rescued": logging.WARNING,
    "messages.expired": logging.WARNING,
    "messages.held": logging.ERROR,
    "messages.not_taken": logging.WARNING,
    "messages.unknown": logging.WARNING,
    "follow_up.failed": logging.ERROR,
    "rerun.failed": logging.ERROR,
    "rerun.stopped": logging.ERROR,
    "upload.stopped": logging.ERROR,
    "sweep.stopped": logging.ERROR,
    "reminders.made": logging.INFO,
    "reminders.skipped": logging.WARNING,
    "reminders.failed": logging.ERROR,
    "reminders.late": logging.WARNING,
    "migration.waits": logging.WARNING,
    "request.failed": logging.ERROR,
    "step.failed": logging.ERROR,
}

MOST = 1000  # characters of a fact

_listeners: list[Listener] = []


def emit(event: str, **facts: Any) -> None:
    """Tell every listener that this happened."""
    for listener in _listeners or [to_log]:
        listener(event, facts)


def listen(listener: Listener) -> None:
    """Have `listener` told of every event from now on, besides the log."""
    if not _listeners:
        _listeners.append(to_log)
    _listeners.append(listener)


def to_log(event: str, facts: dict[str, Any]) -> None:
    """One line: the event's name and its facts."""
    log.log(EVENTS[event], "%s %s", event, " ".join(f"{name}={shown(value, MOST)}" for name, value in facts.items()))


def named(error: BaseException) -> str:
    """Its class. Not all that Redis refuses has one of its own: the first word of its answer says why (`MISCONF`)."""
    kind, code = type(error).__name__, str(error).partition(" ")[0]
    return code if kind == "ResponseError" and code.isalpha() and code.isupper() else kind


def where(error: BaseException) -> str:
    """The file and line that raised it. No more: a traceback quotes code, and an error's text people's values."""
    *_, (frame, line) = walk_tb(error.__traceback__)
    return f"{'/'.join(Path(frame.f_code.co_filename).parts[-2:])}:{line}"
