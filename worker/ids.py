"""New ids that sort by time."""

from __future__ import annotations

import time
from os import urandom
from uuid import UUID


def uuid7() -> UUID:
    """A new id that sorts by time (RFC 9562), so that rows of one hour lie side by side on disk."""
    random = int.from_bytes(urandom(10), "big")
    number = (time.time_ns() // 1_000_000) << 80 | random
    number = number & ~(0xF000 << 64) | 0x7000 << 64
    return UUID(int=number & ~(0xC000 << 48) | 0x8000 << 48)
