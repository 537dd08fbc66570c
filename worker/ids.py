"""New ids that sort by time."""

from __future__ import annotations

import time
from os import urandom
from uuid import UUID

_FIXED = 0xF000 << 64 | 0xC000 << 48  # where the version and the variant stand
_SET = 0x7000 << 64 | 0x8000 << 48


def uuid7() -> UUID:
    """A new id that sorts by time (RFC 9562), so that rows of one hour lie side by side on disk."""
    return uuid7s(1)[0]


def uuid7s(count: int) -> list[UUID]:
    """So many of one moment, in their order; to ask the system for chance once an id would cost more than the id."""
    return [UUID(int=number) for number in _drawn(count)]


def uuid7s_as_text(count: int) -> list[str]:
    """The same as 32 hexadecimal digits each, at a third of the price, for what only Postgres is to read."""
    return ["%032x" % number for number in _drawn(count)]  # noqa: UP031 — an f-string takes half as long again


def _drawn(count: int) -> list[int]:
    chance = urandom(10 * count)
    now = (time.time_ns() // 1_000_000) << 80 | _SET
    return sorted([now | int.from_bytes(chance[at : at + 10], "big") & ~_FIXED for at in range(0, 10 * count, 10)])
