"""Typed rows as a spreadsheet takes them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import fields
from datetime import date, datetime, tzinfo
from decimal import Decimal
from typing import Any


def cell(value: Any, zone: tzinfo) -> Any:
    """A value as a spreadsheet takes it: a moment as text in this zone, an amount as a number."""
    if value is None or isinstance(value, str | int | float):
        return value
    if isinstance(value, datetime):
        return value.astimezone(zone).replace(tzinfo=None, microsecond=0).isoformat(" ")
    if isinstance(value, Decimal):
        return float(value)
    return value if isinstance(value, date) else str(value)


def flat(row: Any) -> Mapping[str, Any]:
    """A typed row as a mapping of its fields."""
    return {name: getattr(row, name) for name in names_of(type(row))}


_names: dict[type, Sequence[str]] = {}


def names_of(kind: type) -> Sequence[str]:
    """The names of a dataclass's fields, in their order."""
    if kind not in _names:
        _names[kind] = [each.name for each in fields(kind)]
    return _names[kind]
