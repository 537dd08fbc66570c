"""Tasks of which a worker tells nobody what they were given, not by `inspect` and not by events: numbers and texts."""

from __future__ import annotations

from typing import Any

from celery.app.task import Task
from celery.worker.request import Request


class QuietRequest(Request):
    """A task in a worker's hands. Events show the representations in its headers, and ours have none."""

    def info(self, safe: bool = False) -> Any:  # noqa: ARG002 — whatever is asked for
        """What `inspect` is told of it."""
        return super().info(safe=True)


class QuietTask(Task):  # type: ignore[type-arg]
    """Named by the app."""

    Request = "worker.broker.quiet:QuietRequest"
