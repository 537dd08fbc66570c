"""The one way in which starting a server or a worker fails, said so that the reader knows what to do.

What the operating system reports as a number is put into words here and nowhere else.
"""

import errno
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

NO_SPACE = "No space left on device"  # as C libraries word ENOSPC, and so every server's log


class CannotStart(Exception):
    """A program could not be started: which one, what is wrong, and what to do about it. `str()` is one line."""

    def __init__(self, what: str, problem: str, remedy: str) -> None:
        super().__init__(what, problem, remedy)
        self.what = what
        self.problem = problem
        self.remedy = remedy

    def __str__(self) -> str:
        return f"cannot start {self.what}: {self.problem}; {self.remedy}"


def disk_full(what: str, folder: Path) -> CannotStart:
    return CannotStart(
        what, f"no space is left on the disk of {folder}", "free some space there, or choose a folder on another disk"
    )


@contextmanager
def in_words(what: str, folder: Path) -> Iterator[None]:
    """Turn the operating system's refusals about `folder` into CannotStart."""
    try:
        yield
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            raise disk_full(what, folder) from error
        reason = error.strerror or type(error).__name__
        problem = f"the folder {folder} can't be used ({reason.lower()}: {error.filename or folder})"
        raise CannotStart(what, problem, "make it writable for this user, or choose another folder") from error
