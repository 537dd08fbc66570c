"""Who may log in as what: passwords for the roles, and producers of their own for an application's sources.

A password reaches Postgres as a SCRAM verifier alone: its log, which may hold every statement, never sees it.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping

from sqlalchemy import Connection, text

from worker.errors import MIGRATE, Unavailable
from worker.ledger import producers
from worker.roles.catalog import missing_roles
from worker.roles.names import ADMINISTRATOR, Role

PREFIX = f"{Role.PRODUCER}_"  # of a login that is bound to sources

_EXISTS = text("SELECT EXISTS (SELECT FROM pg_roles WHERE rolname = :role)")
_MAY_MAKE_ROLES = text("SELECT rolsuper OR rolcreaterole FROM pg_roles WHERE rolname = current_user")


def set_passwords(connection: Connection, passwords: Mapping[Role, str]) -> None:
    """Let these roles log in, with these passwords from now on."""
    if passwords:
        _demand_administrator(connection)
    for role, password in passwords.items():
        _set_password(connection, role, password)


def make_administrator(connection: Connection, password: str) -> None:
    """Let whoever runs the worker log in: in each of our roles, and with the right to make logins and let them in."""
    _demand_administrator(connection)
    if not is_there(connection, ADMINISTRATOR):
        connection.execute(text(f"CREATE ROLE {ADMINISTRATOR} CREATEROLE"))
    _set_password(connection, ADMINISTRATOR, password)
    connection.execute(text(f"GRANT {', '.join(Role)} TO {ADMINISTRATOR} WITH ADMIN OPTION"))


def is_there(connection: Connection, role: str) -> bool:
    """Does the server have this role?"""
    return bool(connection.scalar(_EXISTS, {"role": role}))


def bind(connection: Connection, role: str, sources: Collection[str], password: str, *, within: Role) -> None:
    """Make a login that sees and moves what belongs to these sources, and no more. Raises Unavailable.

    within: SOURCE, or CALLER for one that touches no table.
    """
    _demand_administrator(connection)
    connection.execute(text(f"CREATE ROLE {role} LOGIN IN ROLE {within}"))
    _set_password(connection, role, password)
    producers.bind(connection, role, sources)


def renew(connection: Connection, role: str, password: str) -> None:
    """Another password; who is connected stays so. Raises Unavailable."""
    _demand_administrator(connection)
    _set_password(connection, role, password)


def unbind(connection: Connection, role: str) -> None:
    """Take a login away; a connection that it still has sees nothing any more. Raises Unavailable."""
    _demand_administrator(connection)
    producers.unbind(connection, role)
    connection.execute(text(f"DROP ROLE IF EXISTS {role}"))


def _set_password(connection: Connection, role: str, password: str) -> None:
    driver = connection.connection.driver_connection
    assert driver is not None
    verifier = driver.pgconn.encrypt_password(password.encode(), role.encode(), b"scram-sha-256").decode()
    connection.exec_driver_sql(f"ALTER ROLE {role} LOGIN PASSWORD '{verifier}'")


def _demand_administrator(connection: Connection) -> None:
    if not connection.scalar(_MAY_MAKE_ROLES):
        remedy = "give the address of one who may (a superuser, or a role with CREATEROLE)"
        raise Unavailable("DATABASE_URL", "this login may not make roles", remedy)
    if missing := missing_roles(connection):
        raise Unavailable("Postgres", f"the role {missing[0]} is not there", MIGRATE)
