"""People for the tests: contacts as the ledger takes them, and what is in the tables afterwards."""

from __future__ import annotations

from typing import Any

from sqlalchemy import text

from worker.database import Database
from worker.ledger import contacts
from worker.ledger.contacts import ContactRow, Counts, StoredContact

LAN, HOA, MAI = "+84901000001", "+84901000002", "+84901000003"


def person(key: str, *, source: str = "hr", version: int | None = None, **values: Any) -> StoredContact:
    """A contact with one number, unless told otherwise."""
    return StoredContact(source=source, key=key, version=version, values={"phones": [LAN]} | values)


def upsert(database: Database, *rows: StoredContact) -> Counts:
    """In a transaction of its own."""
    with database.begin() as session:
        return contacts.upsert(session, rows)


def found(database: Database, key: str, source: str | None = None) -> ContactRow:
    """The only contact with this key."""
    with database.begin() as session:
        [row] = contacts.by_keys(session, [key], source=source)
    return row


def statuses(database: Database) -> dict[str, list[tuple[str, str | None]]]:
    """By number: the status and reason of each message, in the order they came."""
    made: dict[str, list[tuple[str, str | None]]] = {}
    with database.begin() as session:
        for row in session.execute(text("SELECT phone, status, reason FROM message ORDER BY id")):
            made.setdefault(row.phone, []).append((row.status, row.reason))
    return made
