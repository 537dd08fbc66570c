"""Runs migrations beside workers that go on (worker/migrating/running.py), or writes them down as SQL."""

from alembic import context

from worker.database import Database
from worker.migrating import running
from worker.models import Base
from worker.settings import Settings


def migrate() -> None:
    given = context.config.attributes
    if "database" in given:
        running.run(given["database"], step, given["patience"], role=given.get("role"))
        return
    with Database(Settings.from_environ().database_url) as database:
        running.run(database, step)


def step(connection) -> None:
    context.configure(
        connection=connection,
        target_metadata=Base.metadata,
        compare_server_default=True,
        transaction_per_migration=True,
    )
    with context.begin_transaction():
        context.run_migrations()


if context.is_offline_mode():
    context.configure(
        dialect_name="postgresql",
        target_metadata=Base.metadata,
        literal_binds=True,
        transaction_per_migration=True,
    )
    with context.begin_transaction():
        context.run_migrations()
else:
    migrate()
