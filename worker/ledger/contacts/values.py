"""What goes in and out: a change to a contact, a contact as it stands, and what an upsert did."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any
from uuid import UUID

# The columns that a producer may change, with their types in SQL.
TYPES = {
    "name": "text",
    "phones": "text[]",
    "birth_date": "date",
    "birth_day": "smallint",
    "lunar_birth_day": "smallint",
    "lunar_birth_leap": "boolean",
    "death_date": "date",
    "death_day": "smallint",
    "lunar_death_day": "smallint",
    "lunar_death_leap": "boolean",
    "tags": "text[]",
    "attributes": "jsonb",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredContact:
    """What is to be changed of one contact: columns of TYPES to values; the others stay as they are."""

    source: str
    key: str
    version: int | None = None
    values: Mapping[str, Any] = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class ContactRow:
    """One contact as it stands."""

    id: UUID
    source: str
    key: str
    name: str = field(repr=False)
    phones: Sequence[str] = field(repr=False)  # E.164; the first is the main one
    birth_date: date | None = field(repr=False)
    lunar_birth_day: int | None = field(repr=False)
    lunar_birth_leap: bool | None
    death_date: date | None
    lunar_death_day: int | None
    lunar_death_leap: bool | None
    tags: Sequence[str]
    attributes: Mapping[str, str] = field(repr=False)
    opted_out_at: datetime | None
    version: int | None
    created_at: datetime
    updated_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Counts:
    """What an upsert did; `older` came with a version below the one that stands, and changed nothing."""

    added: int = 0
    updated: int = 0
    unchanged: int = 0
    older: int = 0

    def __add__(self, other: Counts) -> Counts:
        return Counts(
            added=self.added + other.added,
            updated=self.updated + other.updated,
            unchanged=self.unchanged + other.unchanged,
            older=self.older + other.older,
        )
