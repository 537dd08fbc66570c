"""What names somebody within a text: looked for row by row along the table's key, some at a time.

No index could find it, and of such rows there may be millions: nothing is held for longer than one look takes.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any
from uuid import UUID

from sqlalchemy import TextClause, text

from worker.ledger.people.holdings import HOLDINGS

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

    from worker.database import Reader

LOOKED_AT = 2000  # rows of one look: some 30 ms

Place = Sequence[Any]  # a row's key
WRITTEN = tuple(table for table, holding in HOLDINGS.items() if holding.key)
_BEFORE_ALL = {"uuid": UUID(int=0), "integer": -1, "bigint": -(2**63), "text": ""}

# By what Postgres believes of the table it may walk over the whole of it for each look, to sort it.
_ALONG_THE_KEY = text("SELECT set_config('enable_seqscan', 'off', true), set_config('enable_sort', 'off', true)")


@dataclass(frozen=True, slots=True)
class Looked:
    """theirs: keys of rows that name them. on: where the next look begins; None: that was all."""

    theirs: Sequence[Place]
    on: Place | None


def beginning(table: str) -> Place:
    """Before every row."""
    return [_BEFORE_ALL[type_] for type_ in _key(table).values()]


def look(session: Reader, table: str, asked: Mapping[str, Any], after: Place) -> Looked:
    """At the next rows. Leaves the transaction's plans as only this wants them."""
    session.execute(_ALONG_THE_KEY)
    keys = [tuple(row) for row in session.execute(_look(table), {**asked, **_named(after), "most": LOOKED_AT})]
    return Looked(keys[:-1], keys[-1] if keys else None)


def remove_written(session: Session, table: str, asked: Mapping[str, Any], theirs: Sequence[Place]) -> int:
    """Remove those of these rows that still name them; how many."""
    if not theirs:
        return 0
    removed = session.execute(_remove(table), [{**asked, **_named(key)} for key in theirs])
    return int(removed.rowcount)  # type: ignore[attr-defined]


@cache
def _look(table: str) -> TextClause:
    key = ", ".join(_key(table))
    backwards = ", ".join(f"{name} DESC" for name in _key(table))
    return text(f"""
        WITH page AS MATERIALIZED (
            SELECT {key}, {HOLDINGS[table].of} AS theirs FROM {table} AS t
            WHERE ({key}) > ({_given(table)}) ORDER BY {key} LIMIT :most
        )
        SELECT {key} FROM page WHERE theirs
        UNION ALL (SELECT {key} FROM page ORDER BY {backwards} LIMIT 1)
    """)


@cache
def _remove(table: str) -> TextClause:
    return text(f"{HOLDINGS[table].remove} AND ({', '.join(_key(table))}) = ({_given(table)})")


def _key(table: str) -> Mapping[str, str]:
    return HOLDINGS[table].key or {}


def _given(table: str) -> str:
    return ", ".join(f"CAST(:key_{at} AS {type_})" for at, type_ in enumerate(_key(table).values()))


def _named(key: Place) -> dict[str, Any]:
    return {f"key_{at}": value for at, value in enumerate(key)}
