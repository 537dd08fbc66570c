"""Applies roles after a migration: makes them, gives them the tables, and sets who may do and see what.

Nothing here is a migration: each step looks first and changes only what differs, so that it costs nothing to run again,
and a step that needs more than we may do is told and left out. Each is a transaction of its own, and short.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from functools import partial
from hashlib import sha256

from sqlalchemy import Connection, text
from sqlalchemy.exc import DBAPIError

from worker.roles import sql_door, views
from worker.roles.catalog import (
    Table,
    TriggerFunction,
    grants_of,
    members,
    missing_roles,
    policies_there,
    tables,
    trigger_functions,
)
from worker.roles.functions import SIGNATURES, definitions
from worker.roles.grants import rights_to
from worker.roles.names import MEMBERS, Role
from worker.roles.policies import Policy, policies_of
from worker.roles.schemas import make_schema

NOT_ALLOWED = "42501"
OF_AN_OLDER_SCHEMA = {"42P01", "42703"}  # no such table or column: it was migrated to a version before the newest
CREATED_MEANWHILE = {"42710", "23505"}  # another database's migrator was quicker: roles are the whole server's


def bring_about(connection: Connection) -> list[str]:
    """Make it so that everybody may do what `grants` and `policies` say; what could not be done, a line each."""
    definitions_of = (_define_functions, _define_views, _define_calls)
    lacking = [line for step in definitions_of for line in _tried(connection, step)]
    lacking += _make_roles(connection)
    if missing_roles_now(connection):
        return lacking
    owned = (_own_views, _own_functions, _own_trigger_functions)
    for step in (_make_members, _let_into_schemas, *owned, _default_privileges, _open_calls):
        lacking += _tried(connection, step)
    for table in _looked_up(connection):
        lacking += _tried(connection, partial(_settle, table=table))
    return list(dict.fromkeys(lacking))


def make_way(connection: Connection) -> Role | None:
    """Before a migration: give what is there to the role that is to own it, and say whether we can act as it."""
    list(_make_roles(connection))
    if missing_roles_now(connection):
        return None
    steps: list[Callable[[Connection], None]] = [_make_members, _let_into_schemas, _own_trigger_functions]
    steps += [partial(_own, table=table) for table in _looked_up(connection)]
    lacking = [line for step in (*steps, _act_as_the_owner) for line in _tried(connection, step)]
    return None if lacking else Role.OWNER


def missing_roles_now(connection: Connection) -> list[Role]:
    """Which of ours the server does not have."""
    with connection.begin():
        return missing_roles(connection)


def _looked_up(connection: Connection) -> list[Table]:
    with connection.begin():
        return tables(connection)


def _tried(connection: Connection, step: Callable[[Connection], None]) -> list[str]:
    try:
        with connection.begin():
            step(connection)
    except DBAPIError as error:
        if (state := getattr(error.orig, "sqlstate", None)) in OF_AN_OLDER_SCHEMA:
            return []
        if state != NOT_ALLOWED:
            raise
        with connection.begin():
            who = connection.scalar(text("SELECT current_user"))
        return [f"{who} may not give the roles all their rights: run `esms-worker migrate` once as an administrator"]
    return []


# The server's roles


def _make_roles(connection: Connection) -> Iterable[str]:
    missing = missing_roles_now(connection)
    if not missing:
        return
    for role in missing:
        try:
            with connection.begin():
                connection.execute(text(f"CREATE ROLE {role} NOLOGIN"))
        except DBAPIError as error:
            state = getattr(error.orig, "sqlstate", None)
            if state == NOT_ALLOWED:
                yield _ask_for(missing)
                return
            if state not in CREATED_MEANWHILE:
                raise


def _ask_for(missing: Sequence[Role]) -> str:
    create = "; ".join(f"CREATE ROLE {role}" for role in missing)
    return (
        "without roles of its own, since this login may not create any: everybody with DATABASE_URL can do everything; "
        f"to change that an administrator runs `{create}` and `esms-worker migrate`"
    )


def _make_members(connection: Connection) -> None:
    for role, wanted in MEMBERS.items():
        there = members(connection, role)
        for member in wanted:
            if member not in there:
                connection.execute(text(f"GRANT {role} TO {member}"))
    _belong_to_the_owner(connection)


def _belong_to_the_owner(connection: Connection) -> None:
    """Who gives the tables away must be in the role that gets them; a superuser is in every role."""
    belongs = text(f"SELECT pg_has_role(current_user, '{Role.OWNER}', 'USAGE')")
    if not connection.scalar(belongs):
        connection.execute(text(f"GRANT {Role.OWNER} TO CURRENT_USER"))


def _act_as_the_owner(connection: Connection) -> None:
    """Try it, with a table that is gone again: where that fails, a migration would."""
    connection.execute(text(f"SET LOCAL ROLE {Role.OWNER}"))
    table = f"{_schema(connection)}.of_the_owner"
    connection.execute(text(f"CREATE TABLE {table} ()"))
    connection.execute(text(f"DROP TABLE {table}"))


# What they may enter


def _let_into_schemas(connection: Connection) -> None:
    schema = _schema(connection)
    everybody = ", ".join(Role)
    connection.execute(text(f"GRANT USAGE ON SCHEMA {schema} TO {everybody}"))
    connection.execute(text(f"GRANT CREATE ON SCHEMA {schema} TO {Role.OWNER}"))
    connection.execute(text(f"REVOKE CREATE ON SCHEMA {schema} FROM PUBLIC"))
    database = connection.scalar(text("SELECT quote_ident(current_database())"))
    connection.execute(text(f"GRANT CREATE ON DATABASE {database} TO {Role.OWNER}"))
    if connection.scalar(text(f"SELECT to_regnamespace('{views.SCHEMA}') IS NOT NULL")):
        connection.execute(text(f"GRANT USAGE ON SCHEMA {views.SCHEMA} TO {Role.REPORT}"))
        connection.execute(text(f"GRANT SELECT ON ALL TABLES IN SCHEMA {views.SCHEMA} TO {Role.REPORT}"))


def _default_privileges(connection: Connection) -> None:
    """A table of a later version is the workers' from its first moment on; the rest follows after its migration."""
    schema = _schema(connection)
    for creator in (Role.OWNER, "CURRENT_USER"):
        head = f"ALTER DEFAULT PRIVILEGES FOR ROLE {creator} IN SCHEMA {schema}"
        connection.execute(text(f"{head} GRANT SELECT, INSERT, UPDATE, DELETE ON TABLES TO {Role.WORKER}"))


def _own_functions(connection: Connection) -> None:
    schema = _schema(connection)
    callers = ", ".join((Role.WORKER, Role.PRODUCER, Role.SOURCE))
    for signature in SIGNATURES:
        function = f"{schema}.{signature}"
        connection.execute(text(f"REVOKE ALL ON FUNCTION {function} FROM PUBLIC"))
        connection.execute(text(f"GRANT EXECUTE ON FUNCTION {function} TO {callers}"))
        connection.execute(text(f"ALTER FUNCTION {function} OWNER TO {Role.OWNER}"))


def _own_trigger_functions(connection: Connection) -> None:
    """Theirs would be the rights of whoever migrated, a superuser's maybe; and a table of the caller's own comes first
    by its name, unless the schema of temporary ones is named last.
    """
    path = f"search_path={_schema(connection)}, pg_temp"
    for function in trigger_functions(connection):
        _own_trigger_function(connection, function, path)


def _own_trigger_function(connection: Connection, function: TriggerFunction, path: str) -> None:
    if path not in function.settings:
        connection.exec_driver_sql(f"ALTER FUNCTION {function.signature} SET {path.replace('=', ' = ', 1)}")
    if function.owner != Role.OWNER:
        connection.exec_driver_sql(f"ALTER FUNCTION {function.signature} OWNER TO {Role.OWNER}")


def _define_functions(connection: Connection) -> None:
    for definition in definitions(_schema(connection)):
        connection.exec_driver_sql(definition)


def _define_calls(connection: Connection) -> None:
    sql_door.define(connection, _schema(connection))


def _open_calls(connection: Connection) -> None:
    sql_door.open_to_callers(connection)


def _define_views(connection: Connection) -> None:
    """Those for reports, where they are not as this version has them."""
    about = "For reports, see docs/reports.md"
    make_schema(connection, views.SCHEMA, about, views.statements(_schema(connection)))


_OTHERS_VIEWS = text(f"""
    SELECT format('ALTER %s %s OWNER TO {Role.OWNER}', kind, name) FROM (
        SELECT 1 AS turn, 'SCHEMA' AS kind, quote_ident(nspname) AS name, nspowner AS owner FROM pg_namespace
        WHERE nspname = '{views.SCHEMA}'
        UNION ALL
        SELECT 2, 'VIEW', CAST(CAST(oid AS regclass) AS text), relowner FROM pg_class
        WHERE relnamespace = to_regnamespace('{views.SCHEMA}') AND relkind = 'v' AND relname = ANY(:names)
    ) AS ours WHERE pg_get_userbyid(owner) <> '{Role.OWNER}' ORDER BY turn
""")


def _own_views(connection: Connection) -> None:
    """They show what their owner may see."""
    for statement in connection.scalars(_OTHERS_VIEWS, {"names": [view.name for view in views.VIEWS]}).all():
        connection.execute(text(statement))


def _schema(connection: Connection) -> str:
    """Where our tables are, as SQL quotes it."""
    return str(connection.scalar(text("SELECT quote_ident(current_schema())")))


# A table


def _settle(connection: Connection, table: Table) -> None:
    """Whose it is, who may what with it, and which of its rows. Locks it only where something is to be changed."""
    _own(connection, table)
    _grant(connection, table)
    _guard(connection, table)


def _own(connection: Connection, table: Table) -> None:
    if table.owner != Role.OWNER:
        connection.execute(text(f"ALTER TABLE {table.quoted} OWNER TO {Role.OWNER}"))


def _grant(connection: Connection, table: Table) -> None:
    there = grants_of(connection, table)
    for role, wanted in rights_to(table.name).items():
        has = there.get(role, frozenset())
        if extra := has - wanted:
            connection.execute(text(f"REVOKE {', '.join(sorted(extra))} ON {table.quoted} FROM {role}"))
        if missing := wanted - has:
            connection.execute(text(f"GRANT {', '.join(sorted(missing))} ON {table.quoted} TO {role}"))


def _guard(connection: Connection, table: Table) -> None:
    """Row-level security where rows are somebody's. Its owner, and whoever had rights before us, see all of it."""
    others = [who for who in grants_of(connection, table) if who not in set(Role) and who != table.owner]
    wanted = {policy.name: policy for policy in policies_of(table.name, sorted(others))}
    there = policies_there(connection, table)
    schema = _schema(connection)
    for name in there.keys() - wanted.keys():
        connection.execute(text(f'DROP POLICY "{name}" ON {table.quoted}'))
    for name, policy in wanted.items():
        if there.get(name) != _mark(policy):
            _create(connection, table, schema, policy)
    if wanted and not table.guarded:
        connection.execute(text(f"ALTER TABLE {table.quoted} ENABLE ROW LEVEL SECURITY"))


def _create(connection: Connection, table: Table, schema: str, policy: Policy) -> None:
    on = f"{policy.name} ON {table.quoted}"
    using = f" USING ({policy.using.format(schema=schema)})" if policy.using else ""
    check = f" WITH CHECK ({policy.check.format(schema=schema)})" if policy.check else ""
    roles = ", ".join(f'"{role}"' for role in policy.roles)
    connection.exec_driver_sql(f"DROP POLICY IF EXISTS {on}")
    connection.exec_driver_sql(f"CREATE POLICY {on} FOR {policy.command} TO {roles}{using}{check}")
    connection.exec_driver_sql(f"COMMENT ON POLICY {on} IS '{_mark(policy)}'")


def _mark(policy: Policy) -> str:
    """By which a policy is known again: Postgres keeps its conditions in a spelling of its own."""
    return sha256(repr(policy).encode()).hexdigest()[:16]
