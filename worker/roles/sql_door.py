"""The schema `esms`: its functions as this version has them, and who may call them."""

from __future__ import annotations

from sqlalchemy import Connection, text

from worker.ledger.sql_functions import SCHEMA, definitions
from worker.roles.names import Role
from worker.roles.schemas import make_schema

CALLERS = ", ".join((Role.CALLER, Role.SOURCE, Role.PRODUCER, Role.WORKER))

_OTHERS = text(f"""
    SELECT CAST(CAST(oid AS regprocedure) AS text) FROM pg_proc
    WHERE pronamespace = to_regnamespace(:schema) AND pg_get_userbyid(proowner) <> '{Role.OWNER}'
""")
_IS_THE_OWNERS = text(f"""
    SELECT pg_get_userbyid(nspowner) = '{Role.OWNER}' FROM pg_namespace WHERE nspname = :schema
""")


def define(connection: Connection, schema: str) -> None:
    """Make the functions, for the tables of this schema, where they are not as this version has them."""
    make_schema(connection, SCHEMA, "For applications, see docs/sql.md", definitions(schema))


def open_to_callers(connection: Connection) -> None:
    """Let the callers, and nobody else, call the functions, which run with the owner's rights."""
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
