"""Is it a usable contact? Every error names the field, what is wrong with it and what to do, never what it holds."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping, Sequence
from datetime import date, datetime
from functools import lru_cache
from typing import Any

from worker.checks import LABEL_MOST, label, label_or_none, list_of, phone_of, text_of
from worker.contacts.contact_fields import KEEP, ContactFields
from worker.contacts.dates import parse_lunar
from worker.errors import Invalid
from worker.ledger.contacts import StoredContact

PHONES_MOST = 10
TAGS_MOST, TAG_MOST = 50, 64  # of one contact; characters
ATTRIBUTES_MOST, VALUE_MOST = 50, 1000  # of one contact; characters
FIRST_DAY = date(1900, 1, 31)  # the first that the lunar calendar is known for

_attribute = re.compile(r"\w{1,64}").fullmatch
_unshowable = re.compile("[\0-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff]").search


def check(fields: ContactFields, *, today: date) -> StoredContact:
    """Check and normalise what is told of one person. Raises Invalid."""
    values: dict[str, Any] = {}
    if fields.name is not KEEP:
        values["name"] = _text("name", fields.name or "", LABEL_MOST)
    if fields.phones is not KEEP:
        values["phones"] = _phones(fields.phones or ())
    values |= _days("birth", fields.birth_date, fields.lunar_birth, today)
    values |= _days("death", fields.death_date, fields.lunar_death, today)
    if fields.tags is not KEEP:
        values["tags"] = _tags(fields.tags or ())
    if fields.attributes is not KEEP:
        values["attributes"] = _attributes(fields.attributes or {})
    if not isinstance(fields.opted_out, bool):
        raise Invalid("opted_out", "is no truth value", "give true or false")
    return StoredContact(
        source=label_or_none("source", fields.source) or "",
        key=label("key", fields.key, remedy="give the key by which you know this person"),
        version=_version(fields.version),
        values=values,
    )


def _text(field: str, value: object, most: int) -> str:
    given = text_of(field, value)
    # The same letter can be written in two ways; a database that tells them apart finds only half of the people.
    written = given if given.isascii() else unicodedata.normalize("NFC", given)
    if _unshowable(written):
        raise Invalid(field, "holds a character that no phone can show", "take it out")
    written = " ".join(written.split())
    if len(written) > most:
        raise Invalid(field, f"is longer than {most:,} characters", "shorten it")
    return written


def _phones(value: object) -> list[str]:
    each = _several("phones", value)
    if len(each) > PHONES_MOST:
        raise Invalid("phones", f"are more than {PHONES_MOST}", "give those that this person answers")
    return list(dict.fromkeys(map(parse_phone, each)))


def parse_phone(value: object) -> str:
    """A contact's number as E.164; a landline will do, for calls. Raises Invalid."""
    return phone_of("phones", value, for_sms=False)


def _several(field: str, value: object) -> Sequence[object]:
    return [value] if isinstance(value, str) else list_of(field, value)


def _version(value: object) -> int | None:
    if value is None:
        return None
    if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value < 2**63:
        raise Invalid("version", "is no version", "give a whole number that grows with each change")
    return value


# Tags and attributes...


def _tags(value: object) -> list[str]:
    each = value.replace(";", ",").split(",") if isinstance(value, str) else _several("tags", value)
    tags = list(dict.fromkeys(tag for one in each if (tag := _text("tags", one, TAG_MOST).casefold())))
    if len(tags) > TAGS_MOST:
        raise Invalid("tags", f"are more than {TAGS_MOST}", "keep to those by which you choose people")
    return tags


def _attributes(value: object) -> dict[str, str | None]:
    if not isinstance(value, Mapping):
        raise Invalid("attributes", f"is {type(value).__name__}, not a mapping", "give names with texts")
    if len(value) > ATTRIBUTES_MOST:
        raise Invalid("attributes", f"are more than {ATTRIBUTES_MOST}", "keep to those that texts need")
    return {_named(name): _value(name, each) for name, each in value.items()}


def _named(name: object) -> str:
    composed = unicodedata.normalize("NFC", name) if isinstance(name, str) else ""
    if not _attribute(composed):
        raise Invalid("attributes", "a name is not usable", "use up to 64 letters, digits and underscores, like room")
    return composed


def _value(name: str, value: object) -> str | None:
    """None takes the attribute away."""
    if isinstance(value, int | float) and not isinstance(value, bool):
        value = str(value)
    return _text(f"attributes.{name}", value or "", VALUE_MOST) or None


# Days...


def _days(what: str, day: object, lunar: object, today: date) -> dict[str, Any]:
    """The columns of a birth or a death. The lunar day follows from the date, unless it is given itself."""
    columns: dict[str, Any] = {}
    if day is not KEEP:
        columns |= _solar(what, _date(f"{what}_date", day, today))
    if lunar is not KEEP and (lunar or day is KEEP):
        columns |= _lunar(what, _lunar_day(f"lunar_{what}", lunar))
    return columns


def _solar(what: str, day: date | None) -> dict[str, Any]:
    columns: dict[str, Any] = {f"{what}_date": day, f"{what}_day": None if day is None else day.month * 100 + day.day}
    return columns | _lunar(what, None if day is None else lunar_day(day))


def _lunar(what: str, day: tuple[int, bool] | None) -> dict[str, Any]:
    number, leap = day or (None, None)
    return {f"lunar_{what}_day": number, f"lunar_{what}_leap": leap}


def _date(field: str, value: object, today: date) -> date | None:
    if isinstance(value, str) and value:
        try:
            value = date.fromisoformat(value)
        except ValueError:
            raise Invalid(field, "is no date", "write it like 1990-08-15") from None
    if not value:
        return None
    if not isinstance(value, date) or isinstance(value, datetime):
        raise Invalid(field, f"is {type(value).__name__}, not a date", "give a datetime.date, or text like 1990-08-15")
    if value > today:
        raise Invalid(field, "lies in the future", "check the year")
    if value < FIRST_DAY:
        remedy = f"give lunar_{field.removesuffix('_date')} instead, or leave it out"
        raise Invalid(field, "is before 31 January 1900, where the lunar calendar is not known", remedy)
    return value


def _lunar_day(field: str, value: object) -> tuple[int, bool] | None:
    if not value:
        return None
    if not isinstance(value, str):
        raise Invalid(field, f"is {type(value).__name__}, not text", "write day and month, like 15/8")
    return parse_lunar(field, value)


@lru_cache(maxsize=100_000)
def lunar_day(day: date) -> tuple[int, bool]:
    """The day of the lunar year, month * 100 + day, and whether its month is a leap one."""
    from worker.recurrence import to_lunar  # here: a producer that only enqueues does not need a calendar

    lunar = to_lunar(day)
    return lunar.month * 100 + lunar.day, lunar.leap
