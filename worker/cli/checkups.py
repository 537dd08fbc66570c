"""What `doctor` looks at of people's data: whether it is removed in time."""

from __future__ import annotations

from datetime import timedelta

from worker.api.operation import Operation
from worker.settings import Settings
from worker.settings.retention import KEY, Retention

PATIENCE = timedelta(days=1)  # for so long a backlog, of the first time say, is no alarm


class Wrong(Exception):
    """What is wrong, and the remedy, on one line."""


def keeping() -> str:
    """Is what is kept no longer removed?"""
    settings = Retention.from_environ()
    with Operation.from_env() as operation:
        behind = operation.kept_too_long(PATIENCE)
    if behind:
        told = ", ".join(f"{each.step} (since {each.since:%Y-%m-%d %H:%M} UTC)" for each in behind)
        raise Wrong(f"what is to be removed grows faster than it is: {told}: give housekeeping a process of its own")
    left = "as keyed hashes" if settings.key else f"as nothing ({KEY} is not set)"
    return f"nothing is kept longer than the settings say; numbers stay {left} afterwards"


def restored() -> str:
    """Has this database woken up from a backup?"""
    settings = Settings.from_environ()
    with Operation.from_env() as operation:
        found = operation.restored()
    if found is not None:
        raise Wrong(
            f"it knows nothing after {found.marked_at:%Y-%m-%d %H:%M} UTC, and was at work until "
            f"{found.seen_until:%Y-%m-%d %H:%M} UTC: a backup, so nothing is sent: look at what is queued "
            "(docs/keeping.md), then `esms-worker resume --after-restore`"
        )
    if settings.redis_url is None and settings.mark_file is None:
        return "nothing outside Postgres would tell a backup from it: set WORKER_MARK_FILE"
    return "it is no backup that woke up, as far as is known"
