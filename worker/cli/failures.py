"""What a command failed with, as one line and an exit code; apart, since to know the errors is to import everything."""

from __future__ import annotations

from alembic.util.exc import CommandError

from worker.devkit.processes import CannotStart
from worker.errors import SettingsError, WorkerError
from worker.esms import EsmsError

REFUSED, USAGE = 1, 2


def told(error: Exception) -> tuple[str, int] | None:
    """The line and the exit code; None for what is a bug."""
    match error:
        case SettingsError():
            return str(error), USAGE
        case WorkerError() | CannotStart():
            return str(error), REFUSED
        case EsmsError():
            return f"eSMS: {error.reason}: see docs/codes.md", REFUSED
        case CommandError():
            return f"migrations: {error}: is this version older than the database?", REFUSED
        case UnicodeError():
            return "an argument is not UTF-8 text: write it again", USAGE
        case OSError():
            return f"{error.filename or 'output'}: {error.strerror or type(error).__name__}", REFUSED
    return None
