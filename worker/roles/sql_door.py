"""The schema `esms`: its functions as this version has them, and who may call them."""

from __future__ import annotations

from hashlib import sha256

from sqlalchemy import Connection, text

from worker.ledger.calls import SCHEMA, definitions
from worker.roles.names import Role

CALLERS = ", ".join((Role.CALLER, Role.SOURCE, Role.PRODUCER, Role.WORKER))

_THERE = text("SELECT obj_description(to_regnamespace(:schema), 'pg_namespace')")
_OTHERS = text(f"""
    SELECT CAST(CAST(oid AS regprocedure) AS text) FROM pg_proc
    WHERE pronamespace = to_regnamespace(:schema) AND pg_get_userbyid(proowner) <> '{Role.OWNER}'
""")
_IS_THE_OWNERS = text(f"""
    SELECT pg_get_userbyid(nspowner) = '{Role.OWNER}' FROM pg_namespace WHERE nspname = :schema
""")


def define(connection: Connection, schema: str) -> None:
    """Make the functions, for the tables of this schema, where they are not as this version has them."""
    made = definitions(schema)
    wanted = f"For applications, see docs/sql.md; {sha256(repr(made).encode()).hexdigest()[:16]}"
    if connection.scalar(_THERE, {"schema": SCHEMA}) == wanted:
        return
    connection.execute(text(f"CREATE SCHEMA IF NOT EXISTS {SCHEMA}"))
    for definition in made:
        connection.exec_driver_sql(definition)
    connection.exec_driver_sql(f"COMMENT ON SCHEMA {SCHEMA} IS '{wanted}'")


def open_to_callers(connection: Connection) -> None:
    """Theirs to call and nobody else's; the owner's to run."""
    theirs = connection.scalar(_IS_THE_OWNERS, {"schema": SCHEMA})
    if theirs is None:  # a schema of an older version: they could not be made
        return
    if not theirs:
        connection.execute(text(f"ALTER SCHEMA {SCHEMA} OWNER TO {Role.OWNER}"))
    connection.execute(text(f"GRANT USAGE ON SCHEMA {SCHEMA} TO {CALLERS}"))
    connection.execute(text(f"REVOKE ALL ON ALL FUNCTIONS IN SCHEMA {SCHEMA} FROM PUBLIC"))
    connection.execute(text(f"GRANT EXECUTE ON ALL FUNCTIONS IN SCHEMA {SCHEMA} TO {CALLERS}"))
    for function in connection.scalars(_OTHERS, {"schema": SCHEMA}).all():
        connection.execute(text(f"ALTER FUNCTION {function} OWNER TO {Role.OWNER}"))
