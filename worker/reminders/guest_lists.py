"""People as somebody pastes them: one a line, a number or a contact's key, and a name beside it."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence

from sqlalchemy.orm import Session

from worker.contacts.checks import parse_phone
from worker.errors import Invalid
from worker.ledger.contacts import ContactRow, by_keys
from worker.reminders.calendars import key_of
from worker.reminders.invitations import Attendee

MOST = 1000  # people
_between = re.compile(r"[\t;,]")  # what a spreadsheet puts there, and people


def guests_in(session: Session, pasted: str) -> Sequence[Attendee]:
    """Each once. Raises Invalid, which names the line and no number."""
    lines = [(number, line) for number, line in enumerate(pasted.splitlines(), start=1) if line.strip()]
    if len(lines) > MOST:
        raise Invalid("attendees", f"are more than {MOST:,}", "let their application invite them")
    each = [(number, [part.strip() for part in _between.split(line) if part.strip()]) for number, line in lines]
    people = _people(session, {parts[0] for _, parts in each if parts and not _by_phone(parts)})
    guests = [_by_phone(parts) or _contact(people, number, parts) for number, parts in each]
    return list({guest.key: guest for guest in guests}.values())


def _by_phone(parts: Sequence[str]) -> Attendee | None:
    """By the first that is a number; the others are the name."""
    for place, part in enumerate(parts):
        if (phone := _phone(part)) is not None:
            return Attendee(key=key_of(phone), phone=phone, name=" ".join([*parts[:place], *parts[place + 1 :]]))
    return None


def _phone(part: str) -> str | None:
    try:
        return parse_phone(part)
    except Invalid:
        return None


def _people(session: Session, keys: Collection[str]) -> Mapping[str, Sequence[ContactRow]]:
    people: dict[str, list[ContactRow]] = {}
    for row in by_keys(session, keys):
        people.setdefault(row.key, []).append(row)
    return people


def _contact(people: Mapping[str, Sequence[ContactRow]], number: int, parts: Sequence[str]) -> Attendee:
    rows = people.get(parts[0], ()) if parts else ()
    if len(rows) != 1:
        whom = "several contacts" if rows else "no number and no contact"
        raise Invalid(
            "attendees", f"line {number} names {whom}", "begin it with a phone number, or with a contact's key"
        )
    [row] = rows
    return Attendee(key=f"{row.source}/{row.key}"[-200:], contact=row.key, contact_source=row.source or None)
