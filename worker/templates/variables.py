"""Which variables there are, and whether a text asks for one that nobody will ever fill in."""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches

from worker.errors import Invalid
from worker.text import ATTRIBUTE, Body, Diacritics, TemplateError, variables_of

OF_A_PERSON = {
    "name": "the contact's name: Nguyễn Thị Lan",
    "first_name": "the last word of it, as one speaks to people in Viet Nam: Lan",
    "phone": "the main number: 0901234567",
    "age": "the years reached on the day that it is about; only with a birth date",
}
OF_A_DAY = {
    "date": "the day that it is about: 15/08/2027",
    "time": "the time of day: 14:30",
}
OF_AN_EVENT = {
    "title": "an event's title",
    "place": "where an event is",
}
OF_A_RULE = OF_A_PERSON | OF_A_DAY  # a rule knows no title and no place
KNOWN = OF_A_RULE | OF_AN_EVENT


def parse(body: str, *, diacritics: Diacritics = Diacritics.KEEP, field: str = "content") -> Body:
    """The text with its variables. Raises Invalid, also for a variable that nobody will ever fill in."""
    if not isinstance(body, str) or not body.strip():
        raise Invalid(field, "is empty", "give the text")
    if any(char == "\0" or "\ud800" <= char <= "\udfff" for char in body):
        raise Invalid(field, "holds a character that no phone can show", "take it out")
    try:
        names = variables_of(body)
    except TemplateError as error:
        raise Invalid(field, error.problem, error.remedy) from None
    check_variables(names, field=field)
    return Body(body, diacritics)


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
