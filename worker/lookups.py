"""How SQL looks a row up by its key, whatever Postgres believes of the table."""

from __future__ import annotations


def by_key(table: str, alias: str, *, of: str, key: str = "id") -> str:
    """SQL: the row of this table that goes by `of`, looked up for one after the other. Joined, it could come first:
    where Postgres counted a table when all that had been in it was gone, it walks over the whole of it instead.
    """
    return f"CROSS JOIN LATERAL (SELECT * FROM {table} AS {alias} WHERE {alias}.{key} = {of} OFFSET 0) AS {alias}"  # noqa: S608 — our own names


def by_keys(table: str, alias: str, *, of: str, key: str = "id") -> str:
    """SQL: the rows of this table with these ids, each looked up so; to be read FROM."""
    return f"unnest(CAST({of} AS uuid[])) AS i (id) {by_key(table, alias, of='i.id', key=key)}"
