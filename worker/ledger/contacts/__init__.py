"""Contacts, many to a statement: insert or update by the producer's own key, find by day of the year, remove.

A day of the year is month * 100 + day: 15 August is 815.
"""

from worker.ledger.contacts.counting import Group, count_by_day, count_everybody
from worker.ledger.contacts.finding import (
    Day,
    attribute_names,
    born_on,
    by_id,
    by_keys,
    by_phones,
    count,
    page,
)
from worker.ledger.contacts.removing import remove
from worker.ledger.contacts.upserts import upsert
from worker.ledger.contacts.values import ContactRow, Counts, StoredContact

__all__ = [
    "ContactRow",
    "Counts",
    "Day",
    "Group",
    "StoredContact",
    "attribute_names",
    "born_on",
    "by_id",
    "by_keys",
    "by_phones",
    "count",
    "count_by_day",
    "count_everybody",
    "page",
    "remove",
    "upsert",
]
