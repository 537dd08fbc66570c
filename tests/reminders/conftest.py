"""A calendar over an empty ledger, whose clock the test turns."""

from __future__ import annotations

import pytest

from tests.reminders.office import Calendar
from worker.database import Database
from worker.settings import Settings


@pytest.fixture
def calendar(database: Database, database_url: str) -> Calendar:
    """New Year 2027 in Viet Nam; nobody is born and nothing planned."""
    settings = Settings.from_environ({"DATABASE_URL": database_url, "ESMS_BRANDNAME": "sangbrand"})
    return Calendar(database, settings)
