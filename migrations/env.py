"""Runs migrations in one transaction, one migrator at a time on any number of machines."""

from alembic import context
from sqlalchemy import text

from worker.database import Database
from worker.models import Base
from worker.settings import Settings

ONE_MIGRATOR = 7203_8811  # an advisory lock's number: any, but the same everywhere


def migrate() -> None:
    connection = context.config.attributes.get("connection")
    if connection is not None:
        run(connection)
        return
    database = Database(Settings.from_environ().database_url)
    with database.begin() as session:
        run(session.connection())
    database.close()


def run(connection) -> None:
    connection.execute(text("SELECT pg_advisory_xact_lock(:number)"), {"number": ONE_MIGRATOR})
    connection.execute(text("SET LOCAL statement_timeout = 0"))
    context.configure(connection=connection, target_metadata=Base.metadata, compare_server_default=True)
    context.run_migrations()


if context.is_offline_mode():
    context.configure(dialect_name="postgresql", target_metadata=Base.metadata, literal_binds=True)
    with context.begin_transaction():
        context.run_migrations()
else:
    migrate()
