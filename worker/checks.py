"""Questions that all producers' fields share: is this a usable name, a number, a text that fits?

Each raises Invalid with the field, what is wrong and what to do, and quotes nothing that is a person's: error texts end
in logs.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from difflib import get_close_matches

from worker import phone
from worker.errors import Invalid
from worker.text import SEGMENTS_MOST, Measure

LABEL_MOST = 200  # characters of a reference, source, campaign, key, name, tag
ID_MOST = 64  # characters of a template id, recording id, brandname: more than any of eSMS's
JOINER = "||"  # what eSMS joins a call's variables by


def label(field: str, value: object, *, most: int = LABEL_MOST, remedy: str = "give it as text") -> str:
    """A name that people and programs call something by. remedy: what to do where there is none."""
    if (given := label_or_none(field, value, most=most)) is None:
        raise Invalid(field, "is empty", remedy)
    return given


def label_or_none(field: str, value: object, *, most: int = LABEL_MOST) -> str | None:
    """The same, where it may be left out or empty."""
    if value is None or value == "":
        return None
    written = text_of(field, value)
    if len(written) > most or not written.isprintable() or written != written.strip():
        raise Invalid(field, "is no usable name", f"give up to {most} printable characters, no spaces around them")
    return written


def text_of(field: str, value: object, remedy: str = "give it as text") -> str:
    """Text, and nothing that only looks like it."""
    if not isinstance(value, str):
        raise Invalid(field, f"is {type(value).__name__}, not text", remedy)
    return value


def phone_of(field: str, number: object, *, for_sms: bool) -> str:
    """E.164. for_sms: a landline takes none."""
    written = text_of(field, number, 'give the number as text, like "0901 234 567"')
    try:
        return phone.parse(written, for_sms=for_sms).e164
    except phone.PhoneError as error:
        raise Invalid(field, error.problem, error.remedy) from None


def truth(field: str, value: object) -> bool:
    """True or False itself. Raises Invalid."""
    if not isinstance(value, bool):
        raise Invalid(field, f"is {type(value).__name__}, not a truth value", "give true or false")
    return value


def whole_number(field: str, value: object, most: int) -> int:
    """From 1 to so many, and nothing that only looks like it. Raises Invalid."""
    if not isinstance(value, int) or isinstance(value, bool):
        raise Invalid(field, "is no whole number", "give a whole number above 0")
    if not 0 < value <= most:
        raise Invalid(field, "is out of range", "give a whole number above 0")
    return value


def moment_of(field: str, value: object) -> datetime:
    """A date and time itself. Raises Invalid."""
    if not isinstance(value, datetime):
        raise Invalid(field, f"is {type(value).__name__}, not a datetime", "give a datetime.datetime")
    return value


def known_fields(given: Iterable[object], known: Collection[str], problem: str, *, within: str = "") -> None:
    """Raises Invalid for one that there is not, with the nearest that there is. within: put before its name."""
    for name in map(str, given):
        if name not in known:
            use = f"use {', '.join(known)}" if known else "leave it out"
            near = get_close_matches(name, known, n=1)
            raise Invalid(f"{within}{name}", problem, f"did you mean {near[0]}? {use}" if near else use)


@contextmanager
def within(field: str) -> Iterator[None]:
    """Whatever is wrong meanwhile is wrong within this field: its name stands before."""
    try:
        yield
    except Invalid as error:
        raise Invalid(f"{field}.{error.field}", error.problem, error.remedy) from None


@contextmanager
def of_argument(name: str) -> Iterator[None]:
    """Whatever is wrong meanwhile is a field of this argument: the error knows, and says the same."""
    try:
        yield
    except Invalid as error:
        error.argument = name
        raise


def list_of(field: str, value: object) -> Sequence[object]:
    """A list, and no text."""
    if isinstance(value, str) or not isinstance(value, Sequence):
        raise Invalid(field, f"is {type(value).__name__}, not a list", "give a list of texts")
    return value


def joinable(field: str, value: str) -> str:
    """A call's variable that eSMS can tell from the next one."""
    if JOINER in value:
        raise Invalid(field, f"holds {JOINER}, by which eSMS tells variables apart", "write it without")
    return value


def affordable(measure: Measure) -> Measure:
    """A text of so few SMS that it is no slip."""
    if measure.segments > SEGMENTS_MOST:
        raise Invalid("content", f"makes {measure.segments} SMS of one", f"shorten it to {SEGMENTS_MOST} at most")
    return measure


def deeper(value: object, most: int) -> bool:
    """Are lists and tables in it nested more than so many deep? It looks no deeper than that itself."""
    inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else None
    return inner is not None and (most == 0 or any(deeper(each, most - 1) for each in inner))


def iso(field: str, value: object) -> datetime:
    """A date and time as ISO 8601 text, like 2026-03-01T08:00 (in TIME_ZONE) or 2026-03-01T08:00+07:00."""
    if isinstance(value, datetime):
        return value
    try:
        return datetime.fromisoformat(value)  # type: ignore[arg-type]
    except (TypeError, ValueError):
        raise Invalid(
            field, "is no date and time", "write it like 2026-03-01T08:00 or 2026-03-01T08:00+07:00"
        ) from None
