"""What all tables share: names of constraints that are the same on every machine, and how Python's types are stored."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import DDL, MetaData, Text
from sqlalchemy.dialects.postgresql import JSONB, TIMESTAMP
from sqlalchemy.orm import DeclarativeBase

NAMES = {
    "ix": "%(table_name)s_%(column_0_N_name)s_idx",
    "uq": "%(table_name)s_%(column_0_N_name)s_key",
    "ck": "%(table_name)s_%(constraint_name)s",
    "fk": "%(table_name)s_%(column_0_N_name)s_fkey",
    "pk": "%(table_name)s_pkey",
}


# Of indexes in the order of ids: each version of a message enters them beside those before it, and needs room there.
ROOMY = {"fillfactor": 45}
ROOMY_KEY = DDL("ALTER INDEX %(table)s_pkey SET (fillfactor = %(fillfactor)s)", context=ROOMY)  # type: ignore[no-untyped-call]


class Base(DeclarativeBase):
    """Ours, with names for constraints that are the same on every machine."""

    metadata = MetaData(naming_convention=NAMES)
    type_annotation_map = {  # noqa: RUF012 — SQLAlchemy reads it from the class
        datetime: TIMESTAMP(timezone=True),
        str: Text,
        dict[str, Any]: JSONB,
    }


def one_of(column: str, values: Iterable[StrEnum]) -> str:
    """A constraint: the column holds one of these words."""
    return f"{column} IN ({', '.join(repr(str(value)) for value in values)})"
