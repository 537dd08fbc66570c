"""As whom our children run when we are root: as nobody, servers and workers in groups of their own, without a name.

Servers may pass through the folders on the way to their data. Workers, who hold the provider's keys, need not; and the
kernel shows a process's memory and environment to its own user only if the group is the same, too.
"""

import os
import pwd
from dataclasses import dataclass
from functools import cache
from pathlib import Path

NOBODY = 65_534  # where the system's list of users names none
SERVERS = 60_900  # of a range of ids that distributions leave alone
APPS = 60_901
WAY_OPEN = 0o710  # ours, and its group may pass through without seeing what is there
CHANGING = 1 << 0 | 1 << 1 | 1 << 6 | 1 << 7  # CHOWN, DAC_OVERRIDE, SETGID, SETUID of linux/capability.h


@dataclass(frozen=True)
class User:
    """Whom a child runs as, by ids; only root can choose.

    needs: paths that it must read; it keeps root's right to enter closed folders only where one of them lies in such.
    """

    uid: int
    gid: int
    needs: tuple[Path, ...] = ()


def server_user(data: Path, *needs: Path) -> User:
    """Whoever owns the data, or nobody."""
    there = data if data.exists() else data.parent
    return User(there.stat().st_uid or _nobody(), SERVERS, (there, *needs))


def app_user(*needs: Path) -> User | None:
    """For a program of ours that wants nothing of the folder; None where we can't choose."""
    return User(_nobody(), APPS, needs) if can_choose() else None


@cache
def can_choose() -> bool:
    """Whether we are root with the rights that it takes: a container may have been started without them."""
    try:
        status = Path("/proc/self/status").read_text()
    except FileNotFoundError:  # no Linux
        return False
    effective = int(status.partition("CapEff:")[2].split()[0], 16)
    return os.geteuid() == 0 and effective & CHANGING == CHANGING


def open_the_way(folder: Path) -> None:
    """Let our servers pass through a folder of root's."""
    if can_choose():
        os.chown(folder, -1, SERVERS)
        folder.chmod(WAY_OPEN)


def is_closed(folder: Path) -> bool:
    """Whether it is ours, and nobody else may enter it but our own servers."""
    found = folder.stat()
    for_servers = os.geteuid() == 0 and found.st_gid == SERVERS
    return found.st_uid == os.geteuid() and not found.st_mode & (0o067 if for_servers else 0o077)


def hand_over(user: User | None, *paths: Path) -> None:
    """Make what is root's the user's, with all that is in it. Raises PermissionError."""
    for path in paths:
        if user and path.lstat().st_uid == 0:  # once: in what has been theirs, they could have put links to anything
            for each in (*path.rglob("*"), path):
                os.chown(each, user.uid, user.gid, follow_symlinks=False)


def _nobody() -> int:
    try:
        return pwd.getpwnam("nobody").pw_uid
    except KeyError:
        return NOBODY
