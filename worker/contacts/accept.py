"""Take what producers tell about people into the ledger: check all, store all, or refuse all."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import fields as fields_of
from datetime import date
from typing import Any

from sqlalchemy.orm import Session

from worker.checks import known_fields
from worker.contacts.checks import check
from worker.contacts.contact_fields import ContactFields
from worker.contacts.forgotten import NOBODY, Forgotten
from worker.errors import Invalid
from worker.ledger import contacts, opt_out
from worker.ledger.contacts import ContactRow, Counts, StoredContact

AT_ONCE = 1000  # contacts in one statement


def upsert_contacts(
    session: Session, items: Iterable[ContactFields], *, today: date, forgotten: Forgotten = NOBODY
) -> Counts:
    """Add or change these people in the session's transaction. Raises Invalid, which tells the item; then roll back."""
    wanted = list(items)
    stored = _checked(wanted, today, forgotten)
    return store(session, stored, [row for item, row in zip(wanted, stored, strict=True) if item.opted_out])


def store(session: Session, rows: Sequence[StoredContact], leaving: Sequence[StoredContact]) -> Counts:
    """Add or change these, each person once; those `leaving` opt out."""
    counts = Counts()
    for start in range(0, len(rows), AT_ONCE):
        counts += contacts.upsert(session, rows[start : start + AT_ONCE])
    _opt_out(session, leaving)
    return counts


def upsert_fields(session: Session, fields: Mapping[str, Any], *, today: date, forgotten: Forgotten = NOBODY) -> Counts:
    """One person as JSON fields, from a Celery task: what is absent stays, null clears. Raises Invalid."""
    known = [field.name for field in fields_of(ContactFields)]
    known_fields(fields, known, "is no field of a contact")
    if "key" not in fields:
        raise Invalid("key", "is missing", "give the key by which you know this person")
    try:
        return upsert_contacts(session, [ContactFields(**fields)], today=today, forgotten=forgotten)
    except Invalid as error:
        raise error.at(None) from None


def opt_out_of(
    session: Session, rows: Sequence[ContactRow], *, source: str, told: Callable[[Sequence[str]], object] = list
) -> int:
    """Opt these people out, on all their numbers; how many of their messages were cancelled.

    told: is given the numbers that had not opted out before.
    """
    phones = [phone for row in rows for phone in row.phones]
    return opt_out.opt_out(session, phones, source, ids=[row.id for row in rows], told=told)


def opt_in_of(session: Session, rows: Sequence[ContactRow]) -> None:
    """Opt these people in again."""
    opt_out.opt_in(session, [phone for row in rows for phone in row.phones], ids=[row.id for row in rows])


def _checked(wanted: Sequence[ContactFields], today: date, forgotten: Forgotten) -> list[StoredContact]:
    stored: list[StoredContact] = []
    seen: dict[tuple[str, str], int] = {}
    for place, item in enumerate(wanted):
        try:
            row = check(item, today=today)
            forgotten.refuse(row)
        except Invalid as error:
            raise error.at(place) from None
        if (first := seen.setdefault((row.source, row.key), place)) != place:
            raise Invalid("key", f"item {first} has the same", "name each person once", item=place)
        stored.append(row)
    return stored


def _opt_out(session: Session, leaving: Sequence[StoredContact]) -> None:
    for source in {row.source for row in leaving}:
        rows = contacts.by_keys(session, [row.key for row in leaving if row.source == source], source=source)
        opt_out_of(session, rows, source=source)
