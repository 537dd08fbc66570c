"""Insert or update many contacts in one statement for each set of columns; only what a row brings is changed.

Who opted out stays so, whatever an import says, and a number that did marks whoever comes with it.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from sqlalchemy import TextClause, text

from worker.ids import uuid7
from worker.ledger.contacts.values import TYPES, Counts, StoredContact
from worker.ledger.rows import as_rows

if TYPE_CHECKING:
    from sqlalchemy.orm import Session


def upsert(session: Session, rows: Sequence[StoredContact]) -> Counts:
    """Insert or update these, each (source, key) once; who opted out stays so, and so does a number that did."""
    alike: dict[frozenset[str], list[StoredContact]] = defaultdict(list)
    for row in rows:
        alike[frozenset(row.values)].append(row)
    counts = Counts()
    for columns, group in alike.items():
        counts += _upsert(session, sorted(columns), group)
    return counts


def _upsert(session: Session, columns: list[str], rows: list[StoredContact]) -> Counts:
    asked = {"rows": as_rows([_row(row) for row in rows])}
    older = _older(session, rows)
    added = session.scalars(_statement(columns), asked).all()
    new = sum(added)
    return Counts(added=new, updated=len(added) - new, older=older, unchanged=len(rows) - len(added) - older)


def _row(row: StoredContact) -> dict[str, Any]:
    return {"id": uuid7(), "source": row.source, "key": row.key, "version": row.version, **row.values}


def _statement(columns: list[str]) -> TextClause:
    """An upsert of these columns alone. Attributes are added to those that stand; a null one goes."""
    assert set(columns) <= TYPES.keys(), columns
    given = "".join(f", {column}" for column in columns)
    typed = "".join(f", {column} {TYPES[column]}" for column in columns)
    values = "".join(f", c.{column}" for column in columns)
    opted_out = "(SELECT min(since) FROM opt_out WHERE phone = ANY(c.phones))" if "phones" in columns else "NULL"
    changes = [f"{column} = {_changed(column)}" for column in columns]
    differ = " OR ".join(
        [f"contact.{column} IS DISTINCT FROM {_changed(column)}" for column in columns]
        + ["contact.version IS DISTINCT FROM coalesce(excluded.version, contact.version)"]
        + ["contact.opted_out_at IS NULL AND excluded.opted_out_at IS NOT NULL"]
    )
    changes += [
        "version = coalesce(excluded.version, contact.version)",
        "opted_out_at = coalesce(contact.opted_out_at, excluded.opted_out_at)",
        "updated_at = now()",
    ]
    return text(f"""
        INSERT INTO contact (id, source, key, version, opted_out_at{given})
        SELECT c.id, c.source, c.key, c.version, {opted_out}{values}
        FROM json_to_recordset(CAST(:rows AS json)) AS c (id uuid, source text, key text, version bigint{typed})
        -- In the order of the unique key: two importers queue up instead of deadlocking.
        ORDER BY c.source, c.key
        ON CONFLICT (source, key) DO UPDATE SET {", ".join(changes)}
        WHERE ({differ}) AND NOT coalesce(excluded.version < contact.version, false)
        RETURNING xmax = 0
    """)


def _changed(column: str) -> str:
    both = "contact.attributes || excluded.attributes"
    return f"jsonb_strip_nulls({both})" if column == "attributes" else f"excluded.{column}"


_OLDER = text("""
    SELECT count(*) FROM contact AS c
    JOIN json_to_recordset(CAST(:rows AS json)) AS g (source text, key text, version bigint) USING (source, key)
    WHERE g.version < c.version
""")


def _older(session: Session, rows: Sequence[StoredContact]) -> int:
    versioned = [row for row in rows if row.version is not None]
    if not versioned:
        return 0
    asked = [{"source": row.source, "key": row.key, "version": row.version} for row in versioned]
    return int(session.execute(_OLDER, {"rows": as_rows(asked)}).scalar_one())
