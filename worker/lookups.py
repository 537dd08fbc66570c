"""SQL that looks rows up by their key, one after the other, whatever Postgres's statistics say of the table.

OFFSET 0 keeps it to that. Postgres would rather join the other way round, beginning with the table, where it expects
few rows in it: a table that was last counted while it was empty is then walked over as a whole.
"""

from __future__ import annotations


def by_key(table: str, alias: str, *, of: str, key: str = "id") -> str:
    """SQL, to follow a FROM: joins the rows of the table, as `alias`, whose key is `of`: of the row before."""
    return f"CROSS JOIN LATERAL (SELECT * FROM {table} AS {alias} WHERE {alias}.{key} = {of} OFFSET 0) AS {alias}"  # noqa: S608 — our own names


def by_keys(table: str, alias: str, *, of: str, key: str = "id") -> str:
    """SQL, to stand behind FROM: the table's rows, as `alias`, whose key is in the array `of`; i.id is which."""
    return f"unnest(CAST({of} AS uuid[])) AS i (id) {by_key(table, alias, of='i.id', key=key)}"
