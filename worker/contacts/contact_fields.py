"""What a producer may tell about a person. Plain values without checks: they are checked all at once, before anything
is stored.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from enum import Enum
from typing import Final, TypedDict


class Keep(Enum):
    """What is not told stays as it is; None, or an empty value, clears it."""

    KEEP = "keep"


KEEP: Final = Keep.KEEP


@dataclass(frozen=True, slots=True, kw_only=True)
class ContactFields:
    """A person, by the producer's own key."""

    key: str
    source: str = ""
    """Which application tells it."""
    name: str | Keep | None = field(default=KEEP, repr=False)
    phones: str | Sequence[str] | Keep | None = field(default=KEEP, repr=False)
    """The first is the main one."""
    birth_date: date | str | Keep | None = field(default=KEEP, repr=False)
    """As text: 1990-08-15."""
    lunar_birth: str | Keep | None = field(default=KEEP, repr=False)
    """15/8, 15/8 nhuận; by default of birth_date."""
    death_date: date | str | Keep | None = field(default=KEEP, repr=False)
    lunar_death: str | Keep | None = field(default=KEEP, repr=False)
    tags: str | Sequence[str] | Keep | None = KEEP
    """As text: staff, hanoi."""
    attributes: Mapping[str, str | None] | Keep | None = field(default=KEEP, repr=False)
    """Added to those that stand."""
    opted_out: bool = False
    """True opts out; nothing here ever opts in."""
    version: int | None = None
    """Grows with each change: what comes late with a smaller one changes nothing."""


class ContactChanges(TypedDict, total=False):
    """What may be told of a person besides key and source, as ContactFields has it; what is absent stays."""

    name: str | None
    phones: str | Sequence[str] | None
    birth_date: date | str | None
    lunar_birth: str | None
    death_date: date | str | None
    lunar_death: str | None
    tags: str | Sequence[str] | None
    attributes: Mapping[str, str | None] | None
    opted_out: bool
    version: int | None
