"""What a command failed with, as one line and an exit code.

An error of a module that nobody has imported can't have been raised: so none is imported to know its errors.
"""

from __future__ import annotations

import sys

from worker.errors import SettingsError, WorkerError

REFUSED, USAGE = 1, 2


def told(error: Exception) -> tuple[str, int] | None:
    """The line and the exit code; None for what is a bug."""
    if _is(error, "worker.devkit.processes", "CannotStart"):
        return str(error), REFUSED
    if _is(error, "worker.esms", "EsmsError"):
        return f"eSMS: {getattr(error, 'reason', '')}: see docs/codes.md", REFUSED
    if _is(error, "alembic.util.exc", "CommandError"):
        return f"migrations: {error}: is this version older than the database?", REFUSED
    match error:
        case SettingsError():
            return str(error), USAGE
        case WorkerError():
            return str(error), REFUSED
        case UnicodeError():
            return "an argument is not UTF-8 text: write it again", USAGE
        case OSError():
            return f"{error.filename or 'output'}: {error.strerror or type(error).__name__}", REFUSED
    return None


def _is(error: Exception, module: str, name: str) -> bool:
    return module in sys.modules and isinstance(error, getattr(sys.modules[module], name))
