"""A schema of ours beside the tables: made as this version has it, and left alone where it is so already."""

from __future__ import annotations

from collections.abc import Sequence
from hashlib import sha256

from sqlalchemy import Connection, text

_THERE = text("SELECT obj_description(to_regnamespace(:name), 'pg_namespace')")


def make_schema(connection: Connection, name: str, about: str, statements: Sequence[str]) -> None:
    """about: for whoever finds it; with a mark of the statements, by which it is known again."""
    wanted = f"{about}; {sha256(''.join(statements).encode()).hexdigest()[:16]}"
    if connection.scalar(_THERE, {"name": name}) == wanted:
        return
    connection.execute(text(f"CREATE SCHEMA IF NOT EXISTS {name}"))
    for statement in statements:
        connection.exec_driver_sql(statement)
    connection.exec_driver_sql(f"COMMENT ON SCHEMA {name} IS '{wanted}'")
