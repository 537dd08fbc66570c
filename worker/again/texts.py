"""What an SMS that is sent again says by another template: to each number as the contact that has it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from functools import partial
from typing import TYPE_CHECKING, Any
from uuid import UUID

from worker.again.choice import Corrected
from worker.errors import Invalid
from worker.ledger.contacts import ContactRow, by_phones
from worker.ledger.templates import StoredTemplate
from worker.lifecycle import Kind
from worker.phone import usual_mobile
from worker.settings import Settings
from worker.templates import Addressee, Occasion, usable
from worker.templates.values import main_number, values_for
from worker.templates.variables import OF_A_PERSON
from worker.text import FILL_IN, NO_VALUE

if TYPE_CHECKING:
    from sqlalchemy.orm import Session


OF_NOBODY = frozenset({"date", "time", "title", "place"})  # variables that are the same for all


def texts_by(session: Session, template: str, rows: Sequence[Any], settings: Settings) -> Mapping[UUID, str | Invalid]:
    """The text for each message, or what its recipient lacks. Raises Invalid for a template that is not for SMS."""
    found = usable(session, template, OF_A_PERSON)
    if found.kind is not Kind.SMS:
        raise Invalid("template", f"{template!r} is a call's, and these are SMS", "name one of an SMS")
    known = _contacts(session, [row.phone for row in rows])
    write = partial(_said, found, found.names(), Occasion(at=datetime.now(settings.time_zone)))
    return {row.id: write(_addressee(row.phone, known.get(row.phone))) for row in rows}


def says_the_same(session: Session, corrected: Corrected) -> bool:
    """To everybody, or to nobody: is it a text that no person's facts are in?"""
    if corrected.content is not None or corrected.template is None:
        return corrected.content is not None
    try:
        return usable(session, corrected.template, OF_A_PERSON).names() <= OF_NOBODY
    except Invalid:
        return True


def _said(template: StoredTemplate, names: frozenset[str], occasion: Occasion, to: Addressee) -> str | Invalid:
    """names: all that the template needs. An Invalid tells all that is lacking."""
    values = values_for(to, occasion, to.phones[0])
    if lacking := names - values.keys():
        return Invalid(", ".join(sorted(lacking)), NO_VALUE, FILL_IN)
    try:
        if usual_mobile(to.phones[0]) != to.phones[0]:
            main_number(to.phones, for_sms=True)
        return template.texts()[0].render(values)
    except Invalid as error:
        return error


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
