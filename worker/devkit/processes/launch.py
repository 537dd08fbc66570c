"""The first thing that a child runs: change to another user if asked, tie our life to the parent's, become the program.

It is a small program and not a preexec_fn: Python code between fork and exec can deadlock where there are threads.
Usage: launch.py PARENT_PID DEATH_SIGNAL USER GROUP COUNT PATH… PROGRAM [ARGUMENT…]. USER and GROUP are ids, -1 to stay
who we are; so many (COUNT) paths must be within the user's reach, and the program.
"""

import ctypes
import os
import signal
import sys
from collections.abc import Sequence
from typing import NoReturn

# Of linux/prctl.h, linux/securebits.h and linux/capability.h.
SET_PDEATHSIG = 1
SET_KEEPCAPS = 8
SET_SECUREBITS = 28
SET_NO_NEW_PRIVS = 38
NO_SETUID_FIXUP = 4
SECURE_KEEP_CAPS = 16
CAP_AMBIENT = 47
CAP_AMBIENT_RAISE = 2
CAP_DAC_OVERRIDE = 1
CAPABILITY_VERSION_3 = 0x20080522

CANNOT = 126  # as shells say that a program was found and could not be run


def main(arguments: list[str]) -> NoReturn:
    parent, death_signal, user, group, count, *rest = arguments
    paths, command = rest[: int(count)], rest[int(count) :]
    try:
        if int(user) >= 0:
            become(int(user), int(group), [command[0], *paths])
        # After become(): changing the user clears the death signal.
        die_with_parent(int(parent), int(death_signal))
        restore_signals()
        os.execv(command[0], command)  # noqa: S606  (a path, never a shell)
    except OSError as error:
        print(f"{command[0]}: {error.strerror}", file=sys.stderr)  # noqa: T201
    sys.exit(CANNOT)


def become(user: int, group: int, paths: Sequence[str]) -> None:
    """Change to an ordinary user for good; where a path is closed to it, with root's right to enter closed folders.

    Without that right a server of user nobody can reach neither its data below /root nor its own program in a
    private venv. Opening those folders to everybody would be worse.
    """
    linux = sys.platform == "linux"
    keep = linux and not _reaches(user, group, paths)
    if keep:
        _prctl(SET_KEEPCAPS, 1)
        # Otherwise access(2), with which PostgreSQL looks for its own parts, goes by the user alone.
        _prctl(SET_SECUREBITS, NO_SETUID_FIXUP | SECURE_KEEP_CAPS)
    os.setgroups([])
    os.setgid(group)
    os.setuid(user)
    if keep:
        _keep(CAP_DAC_OVERRIDE)
    if linux:
        _prctl(SET_NO_NEW_PRIVS, 1)  # no program that it starts gives it more, as su or sudo would


def _reaches(user: int, group: int, paths: Sequence[str]) -> bool:
    """Whether this user may read all of them; we are who we were afterwards."""
    before = os.getgroups()
    os.setgroups([])
    os.setegid(group)
    os.seteuid(user)
    try:
        return all(map(_is_open, paths))
    finally:
        os.seteuid(0)
        os.setegid(0)
        os.setgroups(before)


def _is_open(path: str) -> bool:
    return os.access(path, os.X_OK if os.path.isdir(path) else os.R_OK, effective_ids=True)  # noqa: PTH112  (raises nothing)


def _keep(capability: int) -> None:
    # Best effort: a container may have been started without this right, and then the modes of the folders decide.
    # The six numbers: effective, permitted, inheritable of the first 32 capabilities, and of the rest.
    header = (ctypes.c_uint32 * 2)(CAPABILITY_VERSION_3, 0)
    rights = (ctypes.c_uint32 * 6)(*[1 << capability] * 3)
    if ctypes.CDLL(None).capset(header, rights) == 0:
        _prctl(CAP_AMBIENT, CAP_AMBIENT_RAISE, capability)


def die_with_parent(parent: int, death_signal: int) -> None:
    """Ask Linux to send us `death_signal` when the thread that started us ends. Elsewhere nothing does that."""
    if sys.platform == "linux":
        _prctl(SET_PDEATHSIG, death_signal)
    if os.getppid() != parent:  # it died before we had asked
        sys.exit(CANNOT)


def restore_signals() -> None:
    """Undo what Python ignores for itself: an ignored signal stays ignored through exec."""
    for name in ("SIGPIPE", "SIGXFSZ"):
        signal.signal(getattr(signal, name), signal.SIG_DFL)


def _prctl(option: int, *values: int) -> None:
    # Each argument a whole unsigned long: prctl() refuses where leftovers stand in those it doesn't use.
    arguments = [ctypes.c_ulong(value) for value in (*values, 0, 0, 0, 0)[:4]]
    ctypes.CDLL(None).prctl(option, *arguments)


if __name__ == "__main__":
    main(sys.argv[1:])
