"""What Postgres's catalog says of our tables: whose they are, who may what, which policies guard them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, text

from worker.models import Base
from worker.roles.names import Role

VERSION = "alembic_version"
_NAMES = [*Base.metadata.tables, VERSION]


@dataclass(frozen=True, slots=True)
class Table:
    """One of ours as it stands. guarded: row-level security is on."""

    oid: int
    name: str
    quoted: str  # with its schema, as SQL wants it
    owner: str
    guarded: bool


_TABLES = text("""
    SELECT c.oid, c.relname AS name, format('%I.%I', n.nspname, c.relname) AS quoted,
        pg_get_userbyid(c.relowner) AS owner, c.relrowsecurity AS guarded
    FROM pg_class AS c JOIN pg_namespace AS n ON n.oid = c.relnamespace
    WHERE n.nspname = current_schema() AND c.relkind IN ('r', 'p') AND c.relname = ANY(:names)
    ORDER BY c.relname
""")

_GRANTS = text("""
    SELECT pg_get_userbyid(a.grantee) AS role, a.privilege_type AS privilege
    FROM pg_class AS c, aclexplode(c.relacl) AS a
    WHERE c.oid = :oid AND a.grantee <> 0
""")

_POLICIES = text("""
    SELECT polname, coalesce(obj_description(oid, 'pg_policy'), '') AS mark FROM pg_policy
    WHERE polrelid = :oid AND (obj_description(oid, 'pg_policy') IS NOT NULL)
""")

_MEMBERS = text("""
    SELECT m.rolname FROM pg_auth_members AS a
    JOIN pg_roles AS r ON r.oid = a.roleid JOIN pg_roles AS m ON m.oid = a.member
    WHERE r.rolname = :role
""")


# What the triggers of our tables run, and where it looks for tables that it names without a schema.
_TRIGGER_FUNCTIONS = text("""
    SELECT DISTINCT CAST(p.oid AS regprocedure)::text AS signature, pg_get_userbyid(p.proowner) AS owner,
        coalesce(p.proconfig, '{}') AS settings
    FROM pg_trigger AS t JOIN pg_class AS c ON c.oid = t.tgrelid JOIN pg_proc AS p ON p.oid = t.tgfoid
    WHERE NOT t.tgisinternal AND p.prosecdef AND c.relnamespace = CAST(current_schema() AS regnamespace)
      AND p.pronamespace = c.relnamespace AND c.relname = ANY(:names)
    ORDER BY 1
""")


@dataclass(frozen=True, slots=True)
class TriggerFunction:
    """One that runs with its owner's rights."""

    signature: str
    owner: str
    settings: Sequence[str]


def tables(connection: Connection) -> list[Table]:
    """Our tables that are there."""
    return [Table(*row) for row in connection.execute(_TABLES, {"names": _NAMES})]


def trigger_functions(connection: Connection) -> list[TriggerFunction]:
    """What our triggers run with its owner's rights."""
    return [TriggerFunction(*row) for row in connection.execute(_TRIGGER_FUNCTIONS, {"names": _NAMES})]


def grants_of(connection: Connection, table: Table) -> Mapping[str, frozenset[str]]:
    """Each role's privileges on the table, by their names in SQL."""
    found: dict[str, set[str]] = defaultdict(set)
    for role, privilege in connection.execute(_GRANTS, {"oid": table.oid}):
        found[role].add(privilege)
    return {role: frozenset(privileges) for role, privileges in found.items()}


def policies_there(connection: Connection, table: Table) -> dict[str, str]:
    """The marks of our policies on the table, by name; somebody else's, which bear none, are left alone."""
    return {row.polname: row.mark for row in connection.execute(_POLICIES, {"oid": table.oid})}


def missing_roles(connection: Connection) -> list[Role]:
    """Which of ours the server does not have."""
    there = set(connection.scalars(text("SELECT rolname FROM pg_roles WHERE rolname LIKE 'esms\\_%'")))
    return [role for role in Role if role not in there]


def members(connection: Connection, role: Role) -> set[str]:
    """Who is in this role."""
    return set(connection.scalars(_MEMBERS, {"role": str(role)}))
