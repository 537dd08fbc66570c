"""What a template becomes for one person and one occasion: to which number, with which values.

A preview, a simulation and the reminder itself ask here, so that what one promises the other keeps.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime

from worker import phone
from worker.errors import Invalid
from worker.ledger.templates import StoredTemplate
from worker.lifecycle import Kind
from worker.text import ATTRIBUTE

FACT_OF = {"name": "name", "first_name": "name", "age": "birth_date"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Addressee:
    """The person that a text is for, as far as it can speak of them."""

    name: str = field(default="", repr=False)
    phones: Sequence[str] = field(default=(), repr=False)  # E.164; the first is the main one
    birth_date: date | None = field(default=None, repr=False)
    attributes: Mapping[str, str] = field(default_factory=dict, repr=False)
    age: int | None = field(default=None, repr=False)  # on the day that it is about; None: as the birth date says


@dataclass(frozen=True, slots=True, kw_only=True)
class Occasion:
    """What a text is about: when (in the zone of its people), and, for an event, what and where."""

    at: datetime
    title: str = field(default="", repr=False)
    place: str = field(default="", repr=False)
    attributes: Mapping[str, str] = field(default_factory=dict, repr=False)  # the person's own win over these


@dataclass(frozen=True, slots=True, kw_only=True)
class Written:
    """A template as one person gets it: an SMS's text, or a call's variables left to right."""

    phone: str = field(repr=False)  # E.164
    values: Mapping[str, str] = field(repr=False)
    texts: Sequence[str] = field(repr=False)


def written(template: StoredTemplate, to: Addressee, occasion: Occasion) -> Written:
    """What this person is to get. Raises Invalid with the reason why there can be nothing."""
    number = main_number(to.phones, for_sms=template.kind is Kind.SMS)
    values = values_for(to, occasion, number)
    return Written(phone=number, values=values, texts=[each.render(values) for each in template.texts()])


def needs_of(template: StoredTemplate) -> frozenset[str]:
    """What somebody must have to get it: `mobile` or `phone`, `name`, `birth_date`, and attributes like attr.room.

    So that many can be counted without being read; what only a finished text shows (it is too long, say) is not in it.
    """
    named = template.names()
    facts = {FACT_OF[name] for name in named & FACT_OF.keys()} | {name for name in named if name.startswith(ATTRIBUTE)}
    return frozenset(facts | {"mobile" if template.kind is Kind.SMS else "phone"})


def main_number(phones: Sequence[str], *, for_sms: bool) -> str:
    """The main number, or the first one besides that will do: the main one may be a landline. Raises Invalid."""
    for number in phones:
        try:
            return phone.parse(number, for_sms=for_sms).e164
        except phone.PhoneError:
            continue
    problem = f"none of them takes {'an SMS' if for_sms else 'a call'}" if phones else "there is none"
    raise Invalid("phones", problem, "give the contact a mobile number" if for_sms else "give the contact a number")


def values_for(to: Addressee, occasion: Occasion, number: str) -> dict[str, str]:
    """What the variables stand for; what is not known is left out, so that a text that needs it is refused.

    number: the one that it goes to, E.164.
    """
    known = {
        "name": to.name,
        "first_name": first_name(to.name),
        "phone": _local(number),
        "age": _age(to, occasion.at.date()),
        "date": f"{occasion.at:%d/%m/%Y}",
        "time": f"{occasion.at:%H:%M}",
        "title": occasion.title,
        "place": occasion.place,
    }
    known |= {ATTRIBUTE + name: value for name, value in {**occasion.attributes, **to.attributes}.items()}
    return {name: value for name, value in known.items() if value.strip()}


def first_name(name: str) -> str:
    """The name by which one speaks to a person: in Vietnamese the last word."""
    return name.split()[-1] if name.split() else ""


def _age(to: Addressee, on: date) -> str:
    if to.age is None and to.birth_date is None:
        return ""
    return str(to.age if to.birth_date is None or to.age is not None else _years(to.birth_date, on))


def _years(born: date, on: date) -> int:
    return on.year - born.year - ((on.month, on.day) < (born.month, born.day))


def _local(number: str) -> str:
    try:
        return phone.parse(number, for_sms=False).local
    except phone.PhoneError:
        return ""
