"""What Postgres's catalog says of our tables: whose they are, who may what, which policies guard them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass

from sqlalchemy import Connection, text

from worker.models import Base
from worker.roles.names import Role

VERSION = "alembic_version"


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


def tables(connection: Connection) -> list[Table]:
    """Those of ours that are there."""
    names = [*Base.metadata.tables, VERSION]
    return [Table(*row) for row in connection.execute(_TABLES, {"names": names})]


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
