"""One transaction on the ledger that the environment names, for a command that does one thing."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy.orm import Session

from worker.database import Database
from worker.settings import Settings


@contextmanager
def ledger_session(settings: Settings | None = None) -> Iterator[Session]:
    """Raises SettingsError, Unavailable."""
    with database_of(settings or Settings.from_environ()) as database, database.begin() as session:
        yield session


def database_of(settings: Settings) -> Database:
    """To be closed."""
    return Database(settings.database_url, pool_size=1)
