"""Who sends no codes gives way to who does, where they share the cores of a machine."""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path

GROUP = Path("/proc/self/autogroup")


def give_way(niceness: int) -> None:
    """This process, and those that it starts from now on, come after the others of the machine by so much: 0 to 19.

    Linux shares the cores among sessions first, where nothing else (a container, a slice of systemd) comes before, and
    by niceness only within one. So a session that is ours alone gives way as a whole.
    """
    os.nice(niceness)
    if niceness and os.getsid(0) == os.getpid():
        with suppress(OSError):  # there is no such thing here, or it may not be written
            GROUP.write_text(str(niceness))
