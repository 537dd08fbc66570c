"""Bring the schema to this version, or tell whether it is."""

from __future__ import annotations

from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory

from worker.database import Database

PACKAGED = Path(__file__).parent / "migrations"  # in an installed package
IN_CHECKOUT = Path(__file__).parents[1] / "migrations"


def config() -> Config:
    """Alembic's, wherever we are installed."""
    made = Config()
    made.set_main_option("script_location", str(PACKAGED if PACKAGED.is_dir() else IN_CHECKOUT).replace("%", "%%"))
    return made


def migrate(database: Database, revision: str = "head") -> None:
    """Upgrade to `revision`, in one transaction; a second migrator waits for the first. Raises Unavailable."""
    made = config()
    with database.begin() as session:
        made.attributes["connection"] = session.connection()
        command.upgrade(made, revision)


def revisions(database: Database) -> tuple[str | None, str | None]:
    """The schema's revision, and the one that this version wants. Raises Unavailable."""
    with database.begin() as session:
        there = MigrationContext.configure(session.connection()).get_current_revision()
    return there, ScriptDirectory.from_config(config()).get_current_head()
