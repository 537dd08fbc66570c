"""Bring the schema to this version, or tell whether it is.

Migrations run beside workers of the version before: `running` takes locks for a moment at a time, `steps` has what a
migration does to a large table.
"""

from __future__ import annotations

from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory

from worker import roles
from worker.database import Database
from worker.migrating.running import PATIENCE, run

__all__ = ["PATIENCE", "config", "downgrade", "migrate", "revisions"]

PACKAGED = Path(__file__).parents[1] / "migrations"  # in an installed package
IN_CHECKOUT = Path(__file__).parents[2] / "migrations"


def config() -> Config:
    """Alembic's, wherever we are installed."""
    made = Config()
    made.set_main_option("script_location", str(PACKAGED if PACKAGED.is_dir() else IN_CHECKOUT).replace("%", "%%"))
    return made


def migrate(database: Database, revision: str = "head", *, patience: float = PATIENCE) -> list[str]:
    """Upgrade to `revision`, each migration by itself; a second migrator waits for the first. Raises Unavailable.

    As the owner where that can be, so that what runs with its maker's rights has no superuser's. Then, at this
    version's own, see to the roles; what could not be done for them comes back, a line each.
    patience: seconds for which it goes on trying while transactions are in its way; between two tries all others pass.
    """
    made = _on(database, patience)
    made.attributes["role"] = run(database, roles.make_way, patience)
    command.upgrade(made, revision)
    at_head = revision == "head"  # policies name columns that an older schema lacks
    return see_to_roles(database, patience) if at_head else []


def see_to_roles(database: Database, patience: float = PATIENCE) -> list[str]:
    """Apply roles and grants for this version's tables; what could not be done, a line each. Raises Unavailable."""
    return run(database, roles.bring_about, patience)


def downgrade(database: Database, revision: str) -> None:
    """Undo every migration after `revision`. Raises Unavailable."""
    command.downgrade(_on(database, PATIENCE), revision)


def _on(database: Database, patience: float) -> Config:
    made = config()
    made.attributes.update(database=database, patience=patience)
    return made


def revisions(database: Database) -> tuple[str | None, str | None]:
    """The schema's revision, and the one that this version wants. Raises Unavailable."""
    with database.begin() as session:
        there = MigrationContext.configure(session.connection()).get_current_revision()
    return there, ScriptDirectory.from_config(config()).get_current_head()
