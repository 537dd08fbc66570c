"""Whether others may read what this process has in its memory and was given in its environment."""

from __future__ import annotations

import sys

SET_DUMPABLE = 4  # of linux/prctl.h


def forbid_dumps() -> None:
    """Keys and passwords are for us alone: no other process of the same user looks into this one from now on, nor into
    what it forks, and it leaves no core. Root still does. Linux alone has that, and forgets it with the next exec.
    """
    if sys.platform == "linux":
        import ctypes

        ctypes.CDLL(None).prctl(SET_DUMPABLE, 0, 0, 0, 0)
