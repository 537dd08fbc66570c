"""The same ledger as each role sees it, and two applications that have a login of their own."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack

import pytest
from sqlalchemy import text

from worker import Notifier
from worker.api.producers import Producers
from worker.database import Database
from worker.settings import Settings

As = Callable[[str], Database]


@pytest.fixture
def as_role(database: Database, url_as: Callable[[str], str]) -> Iterator[As]:
    """The ledger by a role's login."""
    with ExitStack() as stack:
        yield lambda role: stack.enter_context(Database(url_as(role), pool_size=1))


@pytest.fixture
def producers(database: Database, database_url: str, worker_number: int) -> Iterator[Producers]:
    """For the administrator of the server; what a former run left is taken away."""
    with Producers(Settings.from_environ({"DATABASE_URL": database_url})) as producers:
        _clear(database, worker_number)
        yield producers
        _clear(database, worker_number)


def _clear(database: Database, worker_number: int) -> None:
    with database.begin() as session:
        session.execute(text("DELETE FROM producer_source"))
        for application in ("shop", "clinic"):
            session.execute(text(f"DROP ROLE IF EXISTS esms_producer_{application}_{worker_number}"))


@pytest.fixture
def application(producers: Producers, worker_number: int) -> Iterator[Callable[[str], Notifier]]:
    """An application with a login of its own that is bound to the source of its name."""
    with ExitStack() as stack:

        def made(name: str) -> Notifier:
            login = producers.add(f"{name}_{worker_number}", [name])
            return stack.enter_context(Notifier.from_env({"DATABASE_URL": login.url}))

        yield made
