"""A calendar over an empty ledger, whose clock the test turns."""

from __future__ import annotations

import pytest

from tests.reminders.office import Calendar
from tests.support import as_producer
from worker.database import Database
from worker.settings import Settings


@pytest.fixture
def calendar(database: Database, database_url: str) -> Calendar:
    """New Year 2027 in Viet Nam; nobody is born and nothing planned."""
    settings = Settings.from_environ({"DATABASE_URL": as_producer(database_url), "ESMS_BRANDNAME": "sangbrand"})
    return Calendar(database, settings)
