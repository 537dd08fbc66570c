"""Every role may do what it is for and nothing else; a table that nobody thought of is noticed."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from sqlalchemy import make_url, text
from sqlalchemy.exc import DBAPIError

from tests.roles.conftest import As
from tests.support import PASSWORD, Bench, login, otp
from worker import Notifier, maintenance
from worker.api.operation import Operation
from worker.api.producers import Producers
from worker.database import SOURCE_ROLE, Database
from worker.errors import Unavailable
from worker.migrating import migrate, see_to_roles
from worker.models import Base
from worker.roles import Role, logins
from worker.roles.catalog import VERSION, grants_of, tables, trigger_functions
from worker.roles.grants import GRANTS, rights_to
from worker.roles.names import ADMINISTRATOR
from worker.roles.policies import OF_SOURCE, SHARED
from worker.settings import Settings


def test_every_table_says_what_each_role_may_do_with_it() -> None:
    """A new table? Give it a line in worker/roles/grants.py: what workers, producers and bound producers may do."""
    assert set(GRANTS) == {*Base.metadata.tables, VERSION}
    assert all(set(rights) == {Role.WORKER, Role.PRODUCER, Role.SOURCE} for rights in GRANTS.values())


def test_every_table_that_a_bound_producer_may_touch_says_whose_its_rows_are() -> None:
    """Say it in worker/roles/policies.py; what is nobody's in particular may be read there, and no more."""
    touched = {table for table, rights in GRANTS.items() if rights[Role.SOURCE]}
    assert touched == OF_SOURCE.keys() | SHARED
    assert not OF_SOURCE.keys() & SHARED
    assert all(GRANTS[table][Role.SOURCE] == {"SELECT"} for table in SHARED)


def test_nobody_but_the_owner_has_more_than_the_list_says(database: Database) -> None:
    with database.begin() as session:
        connection = session.connection()
        for table in tables(connection):
            assert table.owner == Role.OWNER
            there = grants_of(connection, table)
            for role, rights in rights_to(table.name).items():
                assert there.get(role, frozenset()) == rights, (table.name, role)
            assert Role.REPORT not in there


def test_no_role_is_a_superuser_or_may_make_others_or_pass_by_row_level_security(database: Database) -> None:
    query = """
        SELECT rolname FROM pg_roles
        WHERE rolname = ANY(:roles) AND (rolsuper OR rolcreaterole OR rolcreatedb OR rolbypassrls OR rolreplication)
    """
    with database.begin() as session:
        assert list(session.scalars(text(query), {"roles": list(Role)})) == []


EVERYBODY = (Role.WORKER, Role.PRODUCER, Role.REPORT, "shop")
OWNER_TOO = (*EVERYBODY, Role.OWNER)
CLIENTS = (Role.PRODUCER, Role.REPORT, "shop")
# What each must fail at: files and programs of the server, the schema, others' rights, what is not theirs to write.
FORBIDDEN = [
    ("run a program", "COPY pause FROM PROGRAM 'id'", OWNER_TOO),
    ("give a program what it sees", "COPY (SELECT 1) TO PROGRAM 'cat'", OWNER_TOO),
    ("read a file", "SELECT pg_read_file('/etc/passwd')", OWNER_TOO),
    ("read a file by COPY", "COPY pause FROM '/etc/passwd'", OWNER_TOO),
    ("read a file as a large object", "SELECT lo_import('/etc/passwd')", OWNER_TOO),
    ("write a file", "COPY (SELECT 1) TO '/tmp/of-a-role'", OWNER_TOO),
    ("read a directory", "SELECT pg_ls_dir('/')", OWNER_TOO),
    ("read the server's passwords", "SELECT rolpassword FROM pg_authid", OWNER_TOO),
    ("change a setting of the server", "ALTER SYSTEM SET log_statement = 'all'", OWNER_TOO),
    ("make a role", "CREATE ROLE esms_test_intruder SUPERUSER", OWNER_TOO),
    ("give itself the server", "ALTER ROLE CURRENT_USER SUPERUSER", OWNER_TOO),
    ("let itself run programs", "GRANT pg_execute_server_program TO CURRENT_USER", OWNER_TOO),
    ("change another's password", "ALTER ROLE esms_source LOGIN PASSWORD 'x'", OWNER_TOO),
    ("bring in code that nobody may", "CREATE EXTENSION file_fdw", OWNER_TOO),
    ("become the owner", "SET ROLE esms_owner", EVERYBODY),
    ("become a superuser", "SET SESSION AUTHORIZATION postgres", OWNER_TOO),
    ("take a table", "ALTER TABLE message OWNER TO CURRENT_USER", EVERYBODY),
    ("change a table", "ALTER TABLE message ADD COLUMN x int", EVERYBODY),
    ("change what a trigger does", "ALTER FUNCTION note_settlements() RESET ALL", EVERYBODY),
    ("take a trigger away", "DROP TRIGGER message_put ON message", EVERYBODY),
    ("make a table", "CREATE TABLE intruder (x int)", EVERYBODY),
    ("make a function", "CREATE FUNCTION intruder() RETURNS int LANGUAGE sql AS 'SELECT 1'", EVERYBODY),
    ("load a library", "LOAD '/tmp/x.so'", EVERYBODY),
    ("take row-level security away", "ALTER TABLE notification DISABLE ROW LEVEL SECURITY", EVERYBODY),
    ("change a policy", "DROP POLICY of_source_read ON notification", EVERYBODY),
    ("bind itself to a source", "INSERT INTO producer_source VALUES (session_user, 'clinic')", EVERYBODY),
    ("see who is bound to what", "SELECT * FROM producer_source", CLIENTS),
    ("move the schema's version", "UPDATE alembic_version SET version_num = '0001'", EVERYBODY),
    ("drop a table", "DROP TABLE message", EVERYBODY),
    ("empty a table", "TRUNCATE message", EVERYBODY),
    ("put a trigger in the way", "CREATE TRIGGER t BEFORE INSERT ON message EXECUTE FUNCTION x()", EVERYBODY),
    ("become a worker", "SET ROLE esms_worker", CLIENTS),
    ("forget what was sent", "DELETE FROM message", CLIENTS),
    ("forget what was asked for", "DELETE FROM notification", CLIENTS),
    ("make up a request", "INSERT INTO request (function, at, seconds, outcome) VALUES ('x', now(), 0, 'x')", CLIENTS),
    ("hide a step that fails", "DELETE FROM trouble", CLIENTS),
    ("become a producer of all", "SET ROLE esms_producer", (Role.REPORT, "shop")),
    ("hold a lane back", "INSERT INTO pause (lane, reason) VALUES ('urgent', 'x')", (Role.REPORT, "shop")),
    ("let a lane go", "UPDATE pause SET lifted_at = now()", (Role.REPORT,)),
    ("hold a campaign of all back", "INSERT INTO pause (campaign, reason) VALUES ('tet', 'x')", (Role.REPORT, "shop")),
    ("change a text of all", "UPDATE template SET content = 'x'", (Role.REPORT, "shop")),
    ("change what names there are", "DELETE FROM brandname", (Role.REPORT, "shop")),
    ("say that beat ticks", "INSERT INTO heartbeat VALUES ('beat', now())", (Role.REPORT, "shop")),
    ("read a message", "SELECT * FROM message", (Role.REPORT,)),
    ("read a notification", "SELECT * FROM notification", (Role.REPORT,)),
    ("read a contact", "SELECT * FROM contact", (Role.REPORT,)),
    ("ask who opted out", "SELECT has_opted_out('+84901000001')", (Role.REPORT,)),
]
CASES = [(what, statement, role) for what, statement, roles in FORBIDDEN for role in roles]


@pytest.fixture
def shop(producers: object, as_role: As, application: Callable[[str], object], worker_number: int) -> Iterator[str]:
    application("shop")
    yield f"esms_producer_shop_{worker_number}"


@pytest.mark.parametrize(("what", "statement", "role"), CASES, ids=[f"{role}-{what}" for what, _, role in CASES])
def test_a_role_can_not(what: str, statement: str, role: str, request: pytest.FixtureRequest) -> None:
    """Outside of a transaction too, where some of it would have to be asked."""
    engine = _login(role, request).engine.execution_options(isolation_level="AUTOCOMMIT")
    with pytest.raises(DBAPIError) as refusal, engine.connect() as connection:
        connection.exec_driver_sql(statement)
    assert getattr(refusal.value.orig, "sqlstate", None) == "42501", (what, refusal.value)  # insufficient_privilege


def _login(role: str, request: pytest.FixtureRequest) -> Database:
    if role != "shop":
        database: Database = request.getfixturevalue("as_role")(role)
        return database
    return request.getfixturevalue("application")("shop")._database  # type: ignore[no-any-return]


def test_a_migration_of_tomorrow_needs_nobody_to_remember_its_workers(
    empty_database_url: str, url_as: Callable[[str], str]
) -> None:
    """Default privileges: the workers of the version before have the table from its first moment."""
    with Database(empty_database_url) as database:
        migrate(database)
        owner = make_url(url_as(Role.OWNER)).set(database=make_url(empty_database_url).database)
        with Database(owner.render_as_string(hide_password=False)) as as_owner, as_owner.begin() as session:
            session.execute(text("CREATE TABLE of_tomorrow (id int)"))
        with database.begin() as session:
            has = """
                SELECT array_agg(has_table_privilege(role, 'of_tomorrow', 'INSERT'))
                FROM unnest(CAST(:roles AS text[])) AS r (role)
            """
            given = session.scalar(text(has), {"roles": [Role.WORKER.value, Role.PRODUCER.value, Role.SOURCE.value]})
    assert given == [True, False, False]


def test_what_somebody_gave_or_took_by_hand_is_set_right_by_the_next_migrate(empty_database_url: str) -> None:
    with Database(empty_database_url) as database:
        assert migrate(database) == []
        with database.begin() as session:
            session.execute(text("GRANT DELETE ON message TO esms_producer"))
            session.execute(text("REVOKE INSERT ON message FROM esms_worker"))
            session.execute(text("DROP POLICY of_source_read ON notification"))
            session.execute(text("ALTER TABLE contact DISABLE ROW LEVEL SECURITY"))
        assert see_to_roles(database) == []
        with database.begin() as session:
            connection = session.connection()
            [message] = [table for table in tables(connection) if table.name == "message"]
            assert grants_of(connection, message)[Role.PRODUCER] == rights_to("message")[Role.PRODUCER]
            assert grants_of(connection, message)[Role.WORKER] == rights_to("message")[Role.WORKER]
            assert all(table.guarded for table in tables(connection) if table.name in OF_SOURCE)
            policies = "SELECT count(*) FROM pg_policies WHERE tablename = 'notification'"
            assert session.scalar(text(policies)) == 4


def test_to_see_to_the_roles_again_changes_nothing_and_locks_no_table(empty_database_url: str) -> None:
    with Database(empty_database_url) as database:
        migrate(database)
        state = text(
            "SELECT array_agg((oid, xmin) ORDER BY oid) FROM pg_class WHERE relnamespace = 'public'::regnamespace"
        )
        with database.begin() as session:
            before = session.scalar(state)
            session.execute(text("LOCK TABLE message, notification IN ROW EXCLUSIVE MODE"))  # somebody sends
            assert see_to_roles(database, patience=0) == []
        with database.begin() as session:
            assert session.scalar(state) == before


def test_the_owner_migrates_without_being_an_administrator(
    empty_database_url: str, url_as: Callable[[str], str]
) -> None:
    with Database(empty_database_url) as database:
        migrate(database)
    owner = make_url(url_as(Role.OWNER)).set(database=make_url(empty_database_url).database)
    with Database(owner.render_as_string(hide_password=False)) as as_owner:
        assert migrate(as_owner) == []


@pytest.fixture
def managed(empty_database_url: str, worker_number: int) -> Iterator[str]:
    """Who rents a Postgres: may make roles and databases, owns this one, and is no superuser."""
    name = f"esms_test_renter_{worker_number}"
    with Database(empty_database_url) as database:
        with database.begin() as session:
            session.execute(text(f"CREATE ROLE {name} LOGIN CREATEROLE CREATEDB PASSWORD '{PASSWORD}'"))
            # As if it had made them: the server of the tests has them already.
            session.execute(text(f"GRANT {', '.join(Role)} TO {name} WITH ADMIN OPTION, INHERIT FALSE, SET FALSE"))
            session.execute(text(f"ALTER DATABASE {make_url(empty_database_url).database} OWNER TO {name}"))
        yield login(empty_database_url, name)
        with database.begin() as session:
            session.execute(text(f"DROP ROLE IF EXISTS {logins.PREFIX}renters_{worker_number}"))
            session.execute(text(f"REASSIGN OWNED BY {name} TO CURRENT_USER"))
            session.execute(text(f"DROP OWNED BY {name}"))
            session.execute(text(f"DROP ROLE {name}"))


def test_who_may_make_roles_and_is_no_superuser_migrates_lets_in_and_makes_logins(
    managed: str, worker_number: int
) -> None:
    settings = Settings.from_environ({"DATABASE_URL": managed})
    with Operation(settings) as operation, Producers(settings) as producers:
        assert operation.migrate() == []
        operation.let_in({Role.WORKER: PASSWORD})
        shop = producers.add(f"renters_{worker_number}", ["shop"])
        assert operation.migrate() == []
    with Database(managed) as database, database.begin() as session:
        assert {table.owner for table in tables(session.connection())} == {Role.OWNER}
        assert {each.owner for each in trigger_functions(session.connection())} == {Role.OWNER}
    with Notifier.from_env({"DATABASE_URL": shop.url}) as notifier:
        assert notifier.enqueue(otp(), source="shop").messages == 1
    with Database(login(managed, Role.WORKER)) as workers:
        maintenance.roll_up(workers, "Asia/Ho_Chi_Minh")
        with workers.begin() as session:
            assert session.scalar(text("SELECT sum(messages) FROM report_daily")) == 1


def test_what_triggers_run_has_the_owners_rights_and_looks_for_tables_in_our_schema_alone(
    bench: Bench, application: Callable[[str], Notifier]
) -> None:
    """A temporary table comes first by its name, where nobody says otherwise."""
    with bench.database.begin() as session:
        functions = trigger_functions(session.connection())
    assert {each.owner for each in functions} == {Role.OWNER}
    assert all("search_path=public, pg_temp" in each.settings for each in functions)
    shop = application("shop")
    with shop._database.begin() as session:
        # Dropped here: a session that ends drops its tables a moment later, and until then nobody can drop their owner.
        session.execute(
            text("CREATE TEMP TABLE settlement ON COMMIT DROP AS SELECT NULL::bigint AS transaction LIMIT 0")
        )
        shop.enqueue(otp(), source="shop", session=session)
    with bench.database.begin() as session:
        assert session.scalar(text("SELECT count(*) FROM settlement")) == 1


def test_the_administrator_of_up_is_no_superuser_and_may_do_what_its_commands_do(
    empty_database_url: str, worker_number: int
) -> None:
    with Database(empty_database_url) as database:
        migrate(database)
        with database.begin() as session:
            logins.make_administrator(session.connection(), PASSWORD)
    settings = Settings.from_environ({"DATABASE_URL": login(empty_database_url, ADMINISTRATOR)})
    with Operation(settings) as operation, Producers(settings) as producers:
        assert operation.migrate() == []
        name = f"of_up_{worker_number}"
        producers.add(name, ["shop"])
        producers.rotate(name)
        producers.remove(name)
    with Database(settings.database_url) as own, own.engine.connect() as connection, pytest.raises(DBAPIError):
        connection.execute(text("COPY pause FROM PROGRAM 'id'"))


def test_the_role_that_narrows_is_the_one_that_the_policies_are_for() -> None:
    assert SOURCE_ROLE == Role.SOURCE


def test_a_right_that_is_lacking_is_one_line_that_says_what_to_do(as_role: As) -> None:
    told = r"our login may not do this in .*: use a source of its own"
    with pytest.raises(Unavailable, match=told) as refusal, as_role(Role.PRODUCER).begin() as session:
        session.execute(text("DELETE FROM message"))
    assert "\n" not in str(refusal.value)
