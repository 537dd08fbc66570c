"""Many rows as one parameter: a JSON text that Postgres takes apart with `json_to_recordset`.

psycopg writes an array element by element, in Python; for a row of ten columns that costs more than the insert.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache
from types import MappingProxyType
from typing import Any

import orjson

from worker.lifecycle import Lane

LANES = {str(lane): lane for lane in Lane}  # by what a row says: to call the enum would be dearer


@lru_cache(maxsize=1024)
def options_of(text: str) -> Mapping[str, Any]:
    """Read once for the many that have the same, and so never to be changed."""
    options: dict[str, Any] = orjson.loads(text)
    return MappingProxyType(options)


def as_rows(rows: Sequence[dict[str, Any]]) -> str:
    """UUIDs, moments and statuses as themselves; intervals as their str(), which Postgres reads: 1 day, 0:00:05."""
    return orjson.dumps(rows, default=str).decode()


def as_array(values: Iterable[str]) -> str:
    """One column of many rows, of what needs no quotes: ids, phone numbers, NULL."""
    return "{" + ",".join(values) + "}"
