"""Small questions that requests, contacts, templates and reminders share: is it a usable name, or number?

Each raises Invalid with the field, what is wrong and what to do; none repeats what the value holds.
"""

from __future__ import annotations

from worker import phone
from worker.errors import Invalid

LABEL_MOST = 200  # characters of a name, key, source, reference, campaign, tag
ID_MOST = 64  # characters of a template id, recording id, brandname: more than any of eSMS's
JOINER = "||"  # what eSMS joins a call's variables by


def label(field: str, value: object, *, most: int = LABEL_MOST) -> str:
    """A name that people and programs call something by."""
    if value is None or value == "":
        raise Invalid(field, "is empty", "give it as text")
    if not isinstance(value, str):
        raise Invalid(field, f"is {type(value).__name__}, not text", "give it as text")
    if len(value) > most or not value.isprintable() or value != value.strip():
        raise Invalid(field, "is no usable name", f"give up to {most} printable characters, no spaces around them")
    return value


def label_or_none(field: str, value: object, *, most: int = LABEL_MOST) -> str | None:
    """The same, where it may be left out: None for nothing and for an empty text."""
    return None if value is None or value == "" else label(field, value, most=most)


def number(field: str, value: object, *, for_sms: bool = False) -> str:
    """A phone number as E.164; a landline will do, but for an SMS."""
    if not isinstance(value, str):
        raise Invalid(field, f"is {type(value).__name__}, not text", 'give the number as text, like "0901 234 567"')
    try:
        return phone.parse(value, for_sms=for_sms).e164
    except phone.PhoneError as error:
        raise Invalid(field, error.problem, error.remedy) from None
