"""People as somebody pastes them: one a line, a number or a contact's key, and a name beside it."""

from __future__ import annotations

import re
from collections.abc import Sequence

from sqlalchemy.orm import Session

from worker.contacts.checks import parse_phone
from worker.errors import Invalid
from worker.ledger.contacts import by_keys
from worker.reminders.calendars import key_of
from worker.reminders.invitations import Attendee

MOST = 1000  # people
_between = re.compile(r"[\t;,]")  # what a spreadsheet puts there, and people


def guests_in(session: Session, pasted: str) -> Sequence[Attendee]:
    """Each once. Raises Invalid, which names the line and no number."""
    lines = [(number, line) for number, line in enumerate(pasted.splitlines(), start=1) if line.strip()]
    if len(lines) > MOST:
        raise Invalid("attendees", f"are more than {MOST:,}", "let their application invite them")
    guests = [_guest(session, number, line) for number, line in lines]
    return list({each.key: each for each in guests}.values())


def _guest(session: Session, number: int, line: str) -> Attendee:
    parts = [each.strip() for each in _between.split(line) if each.strip()]
    for place, part in enumerate(parts):
        if (phone := _phone(part)) is not None:
            return Attendee(key=key_of(phone), phone=phone, name=" ".join(parts[:place] + parts[place + 1 :]))
    return _contact(session, number, parts[0] if parts else "")


def _phone(part: str) -> str | None:
    try:
        return parse_phone(part)
    except Invalid:
        return None


def _contact(session: Session, number: int, key: str) -> Attendee:
    rows = by_keys(session, [key])
    if len(rows) != 1:
        whom = "several contacts" if rows else "no number and no contact"
        raise Invalid(
            "attendees", f"line {number} names {whom}", "begin it with a phone number, or with a contact's key"
        )
    [row] = rows
    return Attendee(key=f"{row.source}/{row.key}"[-200:], contact=row.key, contact_source=row.source or None)
