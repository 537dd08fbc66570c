"""What an SMS that is sent again says by another template: to each number as the contact that has it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any
from uuid import UUID

from worker.errors import Invalid
from worker.ledger.contacts import ContactRow, by_phones
from worker.lifecycle import Kind
from worker.settings import Settings
from worker.templates import Addressee, Occasion, usable, written
from worker.templates.variables import OF_A_PERSON

if TYPE_CHECKING:
    from sqlalchemy.orm import Session


def texts_by(session: Session, template: str, rows: Sequence[Any], settings: Settings) -> Mapping[UUID, str | Invalid]:
    """By message, or what somebody lacks that the template names. Raises Invalid for one that is no SMS's."""
    found = usable(session, template, OF_A_PERSON)
    if found.kind is not Kind.SMS:
        raise Invalid("template", f"{template!r} is a call's, and these are SMS", "name one of an SMS")
    known = _contacts(session, [row.phone for row in rows])
    occasion = Occasion(at=datetime.now(settings.time_zone))
    texts: dict[UUID, str | Invalid] = {}
    for row in rows:
        try:
            texts[row.id] = written(found, _addressee(row.phone, known.get(row.phone)), occasion).texts[0]
        except Invalid as error:
            texts[row.id] = error
    return texts


def _contacts(session: Session, phones: Sequence[str]) -> Mapping[str, ContactRow]:
    """By number; whose main one it is goes before others."""
    found: dict[str, ContactRow] = {}
    for contact in by_phones(session, phones):
        for place, phone in enumerate(contact.phones):
            if place == 0 or phone not in found:
                found[phone] = contact
    return found


def _addressee(phone: str, contact: ContactRow | None) -> Addressee:
    if contact is None:
        return Addressee(phones=[phone])
    return Addressee(name=contact.name, phones=[phone], birth_date=contact.birth_date, attributes=contact.attributes)
