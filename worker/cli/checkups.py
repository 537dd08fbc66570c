"""What `doctor` looks at of people's data: whether it is removed in time."""

from __future__ import annotations

from datetime import timedelta

from worker.api.operation import Operation
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
