"""Who else may write or read a file that addresses and keys come from."""

from __future__ import annotations

import os
import stat
from pathlib import Path

from worker.errors import SettingsError


def refuse_if_others_write(file: Path, found: os.stat_result) -> None:
    """Whoever may write it could send our keys and messages to a server of theirs. Raises SettingsError."""
    if os.name != "posix":
        return
    if found.st_uid not in (0, os.geteuid()):
        raise SettingsError(str(file), "belongs to another user", "chown it to whoever runs this, or start elsewhere")
    if found.st_mode & stat.S_IWOTH or (found.st_mode & stat.S_IWGRP and not _is_alone(found)):
        raise SettingsError(str(file), "can be written by other users", f"chmod 600 {file}")


def others_may_read(file: Path) -> bool:
    """False, too, where there is no such file."""
    try:
        found = file.stat()
    except OSError:
        return False
    if os.name != "posix" or not stat.S_ISREG(found.st_mode):
        return False
    return bool(found.st_mode & stat.S_IROTH or (found.st_mode & stat.S_IRGRP and not _is_alone(found)))


def _is_alone(found: os.stat_result) -> bool:
    """Whether the group is its owner's private one, as many systems make for each user: what it may, he may."""
    import grp  # not on Windows
    import pwd

    try:
        owner, group = pwd.getpwuid(found.st_uid), grp.getgrgid(found.st_gid)
    except KeyError:
        return False
    return owner.pw_gid == group.gr_gid and owner.pw_name == group.gr_name and set(group.gr_mem) <= {owner.pw_name}
