"""Texts with `{variables}` in them: which variables there are, and what a text becomes for one person.

The language is that of `send csv` (worker/text.py): names in braces and nothing else. There is no code to run, so there
is nothing to escape from; what a value holds is never looked at again.

A contact's own attributes are written `{attr.room}`, so that any other name that we don't know is a slip of the pen.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from difflib import get_close_matches
from enum import StrEnum

from worker import phone as phones
from worker import text
from worker.errors import Invalid

ATTRIBUTE = "attr."
CALL_VARIABLES_MOST = 20  # of one call's template
VALUE_MOST = 1000  # characters of one value

OF_A_PERSON = {
    "name": "the contact's name: Nguyễn Thị Lan",
    "first_name": "the last word of it, as one speaks to people in Viet Nam: Lan",
    "phone": "the main number: 0901234567",
    "age": "the years reached on the day that it is about; only with a birth date",
}
OF_AN_OCCASION = {
    "date": "the day that it is about: 15/08/2027",
    "time": "the time of day: 14:30",
    "title": "an event's title",
    "place": "where an event is",
}
KNOWN = OF_A_PERSON | OF_AN_OCCASION


class Channel(StrEnum):
    """What a template is for."""

    SMS = "sms"
    TEMPLATE_CALL = "template_call"


class Diacritics(StrEnum):
    """What becomes of accents in the finished text, the person's name included."""

    KEEP = "keep"  # most then need SmsType 3 with unicode, and hold 70 characters
    STRIP = "strip"  # Nguyễn becomes Nguyen


@dataclass(frozen=True, slots=True)
class Template:
    """One text whose variables are all known."""

    body: str
    diacritics: Diacritics = Diacritics.KEEP

    @property
    def variables(self) -> tuple[str, ...]:
        """The names in braces, in order, each once."""
        return text.variables_of(self.body)

    def filled(self, values: Mapping[str, str]) -> str:
        """With each variable's value, and its accents. Raises Invalid for a variable without a value, by its name."""
        for name in self.variables:
            _check_value(name, values.get(name))
        try:
            return text.render(self.body, values)
        except text.TemplateError as error:
            raise Invalid("content", error.problem, error.remedy) from None

    def render(self, values: Mapping[str, str]) -> str:
        """The finished text. Raises Invalid for a variable without a value, by its name."""
        filled = self.filled(values)
        return text.strip_diacritics(filled) if self.diacritics is Diacritics.STRIP else filled


def parse(body: str, *, diacritics: Diacritics = Diacritics.KEEP, field: str = "content") -> Template:
    """The template that this text is. Raises Invalid, also for a variable that nobody will ever fill in."""
    if not isinstance(body, str) or not body.strip():
        raise Invalid(field, "is empty", "give the text")
    if any(char == "\0" or "\ud800" <= char <= "\udfff" for char in body):
        raise Invalid(field, "holds a character that no phone can show", "take it out")
    try:
        names = text.variables_of(body)
    except text.TemplateError as error:
        raise Invalid(field, error.problem, error.remedy) from None
    check_variables(names, field=field)
    return Template(body, diacritics)


def check_variables(names: Iterable[str], known: Iterable[str] = tuple(KNOWN), *, field: str = "content") -> None:
    """Refuse a name that is neither among the known ones nor an attribute. Raises Invalid."""
    known = tuple(known)
    for name in names:
        if name not in known and not name.startswith(ATTRIBUTE):
            raise Invalid(field, f"there is no variable {{{name}}}", _meant(name, known))


def _meant(name: str, known: tuple[str, ...]) -> str:
    if near := get_close_matches(name, known, n=1):
        return f"did you mean {{{near[0]}}}?"
    there_are = ", ".join(f"{{{each}}}" for each in known)
    return f"there are {there_are}, and {{{ATTRIBUTE}NAME}} for a contact's own"


def _check_value(name: str, value: object) -> None:
    if not isinstance(value, str) or not value.strip():
        raise Invalid(name, "has no value for this recipient", "fill it in, or take it out of the template")
    if len(value) > VALUE_MOST:
        raise Invalid(name, f"is longer than {VALUE_MOST:,} characters", "shorten it")


# Values...


def values_of_person(
    *,
    name: str = "",
    phone: str = "",
    birth_date: date | None = None,
    attributes: Mapping[str, str] | None = None,
    on: date | None = None,
) -> dict[str, str]:
    """What a person's variables stand for; what is not known is left out, so that a text that needs it is refused.

    phone: E.164. on: the day that the text is about; without it there is no age.
    """
    values = {
        "name": name,
        "first_name": first_name(name),
        "phone": _local(phone),
        "age": str(_age(birth_date, on)) if birth_date and on else "",
    }
    own = {ATTRIBUTE + each: value for each, value in (attributes or {}).items()}
    return {each: value for each, value in (values | own).items() if value.strip()}


def values_of_occasion(at: datetime, *, title: str = "", place: str = "") -> dict[str, str]:
    """What an occasion's variables stand for; `at` in the zone that its people live by."""
    values = {"date": f"{at:%d/%m/%Y}", "time": f"{at:%H:%M}", "title": title, "place": place}
    return {name: value for name, value in values.items() if value.strip()}


def first_name(name: str) -> str:
    """The name by which one speaks to a person: in Vietnamese the last word."""
    return name.split()[-1] if name.split() else ""


def _age(born: date, on: date) -> int:
    return on.year - born.year - ((on.month, on.day) < (born.month, born.day))


def _local(phone: str) -> str:
    try:
        return phones.parse(phone, for_sms=False).local
    except phones.PhoneError:
        return ""
