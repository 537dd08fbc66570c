"""What a request must look like before it may go out; each check gives the value as it goes on the wire.

A complaint names the field, never its value: that is somebody's number or text.
"""

import re
import select
from collections.abc import Callable, Iterable, Sequence
from datetime import date, datetime
from functools import wraps
from importlib import import_module
from types import ModuleType
from typing import NoReturn, ParamSpec, TypeVar
from urllib.parse import urlsplit

from worker.esms.errors import InvalidRequest
from worker.esms.functions import Format, Transport
from worker.esms.reading import VIETNAM

SMS_TYPES = {1, 2, 3, 4, 6, 7, 8, 13}
BRANDNAME_TYPES = {1, 2}
UNICODE_TYPES = {3}
_MOBILE = re.compile(r"0[0-9]{9}")
_PHONE = re.compile(r"0[0-9]{9,10}")  # a landline has ten digits after the 0
_LONGEST_ID = 64
_LONGEST_REQUEST_ID = 50


Arguments = ParamSpec("Arguments")
Result = TypeVar("Result")


def discreet(prepare: Callable[Arguments, Result]) -> Callable[Arguments, Result]:
    """Drops the frames of the checks from a complaint: error reporters write locals down, and these are people's."""

    @wraps(prepare)
    def prepared(*args: Arguments.args, **kwargs: Arguments.kwargs) -> Result:
        try:
            return prepare(*args, **kwargs)
        except InvalidRequest as error:
            complaint = error.with_traceback(None)
        raise complaint

    return prepared


def refuse(field: str, problem: str, remedy: str) -> NoReturn:
    """Complain: raises InvalidRequest, and so does every check below."""
    raise InvalidRequest(field, problem, remedy)


def format(field: str, value: str) -> Format:
    """json or xml, by which eSMS answers."""
    if value not in set(Format):
        refuse(field, "is neither json nor xml", "give one of the two")
    return Format(value)


def transport(field: str, value: str) -> Transport:
    """The one in use: never `auto`."""
    if value not in set(Transport):
        refuse(field, "is none of sockets, curl, requests and auto", "give one of the four")
    if value == Transport.AUTO:
        return next((each for each, (_, is_here) in _NEEDS.items() if is_here()), Transport.REQUESTS)
    chosen = Transport(value)
    package, is_here = _NEEDS.get(chosen, ("", lambda: True))
    if not is_here():
        remedy = "run pip install 'esms-worker[fast]', or choose requests"
        refuse(field, f"is {chosen}, and there is no {package} that fits", remedy)
    return chosen


def _sockets_are_here() -> bool:
    return _package("httptools") is not None and hasattr(select, "poll")


def _curl_is_here() -> bool:
    # `curl_exchange.py` rests on both: an old pycurl has not the one, Windows not the other.
    return hasattr(_package("pycurl"), "PREREQFUNCTION") and hasattr(select, "poll")


def _package(name: str) -> ModuleType | None:
    try:
        return import_module(name)
    except ImportError:
        return None


_NEEDS = {  # a package, and does it fit? The fastest first
    Transport.SOCKETS: ("httptools", _sockets_are_here),
    Transport.CURL: ("pycurl", _curl_is_here),
}


def base_url(field: str, value: str) -> str:
    """An http(s) address without query or account in it; the slash at its end taken off."""
    if not _is_base(value):
        refuse(
            field, "is not an http(s) URL of a host and a path", "write it like https://rest.esms.vn/MainService.svc"
        )
    return value.rstrip("/")


def _is_base(value: str) -> bool:
    try:
        parts = urlsplit(value)
        host, _port = (parts.hostname or "").encode("idna"), parts.port  # both complain of what can't be
    except ValueError:
        return False
    plain = not (parts.query or parts.fragment or parts.username) and value.isascii() and value.isprintable()
    return plain and bool(host) and parts.scheme in ("http", "https")


def seconds(field: str, value: float) -> float:
    """More than 0 and less than a day."""
    if not isinstance(value, (int, float)) or not 0 < value < 86_400:
        refuse(field, "is not a number of seconds above 0", "give seconds, like 15.0")
    return float(value)


def count(field: str, value: int, least: int = 0) -> int:
    """A whole number from `least` to a million."""
    if isinstance(value, bool) or not isinstance(value, int) or not least <= value <= 1_000_000:
        refuse(field, f"is not a whole number from {least} up", "give a whole number")
    return value


def text(field: str, value: str) -> str:
    """Not empty, and text that UTF-8 can carry."""
    if not isinstance(value, str) or not value.strip():
        refuse(field, "is empty", "give it some text")
    if "\0" in value or not (value.isascii() or _encodable(value)):
        refuse(field, "holds a character that can't be sent (NUL or half of a surrogate pair)", "take it out")
    return value


def _encodable(value: str) -> bool:
    try:
        value.encode()
    except UnicodeEncodeError:
        return False
    return True


def identity(field: str, value: str, longest: int = _LONGEST_ID) -> str:
    """An id, trimmed: printable, at most `longest` characters."""
    value = text(field, value).strip()
    if len(value) > longest or not value.isprintable():
        refuse(
            field,
            f"is longer than {longest} characters or holds line breaks",
            f"keep it to {longest} printable characters",
        )
    return value


def request_id(field: str, value: str) -> str:
    """Our own id of a send (manual II.2), at most 50 characters: eSMS takes each once within 24 hours."""
    return identity(field, value, _LONGEST_REQUEST_ID)


def mobiles(field: str, value: str | Sequence[str]) -> str:
    """One mobile number or several, 0 and nine digits each; joined by commas."""
    numbers = [value] if isinstance(value, str) else list(value)
    if not numbers:
        refuse(field, "names nobody", "give one number at least")
    _each_fits(field, numbers, _MOBILE)
    return ",".join(numbers)


def _each_fits(field: str, numbers: Iterable[str], pattern: re.Pattern[str]) -> None:
    for place, number in enumerate(numbers, 1):
        if not isinstance(number, str) or not pattern.fullmatch(number):
            refuse(field, f"number {place} is not in local form", "write 0 and nine digits, nothing between them")


def callee(field: str, value: str) -> str:
    """One number that may be called: a mobile or a landline, 0 and nine or ten digits."""
    if not isinstance(value, str) or not _PHONE.fullmatch(value):
        refuse(field, "is not in local form", "write 0 and nine digits (ten for a landline), nothing between them")
    return value


def sms_type(field: str, value: int) -> int:
    """One of the SmsTypes of manual II.2."""
    if isinstance(value, bool) or value not in SMS_TYPES:
        refuse(field, "is no SmsType of the manual", "use 1, 2, 3, 4, 6, 7, 8 or 13")
    return int(value)


def brandname(field: str, value: str | None, sms_type: int) -> str | None:
    """The sender: needed for types 1 and 2, refused for the others."""
    if sms_type in BRANDNAME_TYPES and not value:
        refuse(
            field,
            f"is missing, and SmsType {sms_type} sends from a brandname",
            "give the registered brandname, or use another SmsType",
        )
    if sms_type not in BRANDNAME_TYPES and value:
        refuse(field, f"is given, but SmsType {sms_type} sends from a number", "leave it out, or use SmsType 1 or 2")
    return identity(field, value) if value else None


def is_unicode(field: str, value: bool, sms_type: int) -> str:
    """1 for accented letters, which type 3 alone takes; else 0 (manual II.2)."""
    if value and sms_type not in UNICODE_TYPES:
        refuse(field, f"is set, but SmsType {sms_type} takes no accents", "strip the accents, or use SmsType 3")
    return "1" if value else "0"


def variables(field: str, values: Sequence[str]) -> str | None:
    """Values joined by `||` (manual III.1); one that would read as two, or as none, is refused."""
    if isinstance(values, str):
        refuse(field, "is one text", "give a list, one value for each variable of the template")
    for place, value in enumerate(values, 1):
        text(f"{field}[{place}]", value)
        if "||" in value or value.startswith("|") or value.endswith("|"):
            refuse(
                f"{field}[{place}]",
                "holds `||`, or begins or ends with `|`, which separates the values",
                "take the `|` out",
            )
    return "||".join(values) or None


def key(field: str, value: str | None) -> str | None:
    """One key of a telephone, 0 to 9 (manual III.2); None: no key."""
    if value is not None and not (isinstance(value, str) and len(value) == 1 and value in "0123456789"):
        refuse(field, "is not one key of a telephone", "give one digit from 0 to 9, as text")
    return value


def moment(field: str, value: datetime | None, layout: str) -> str | None:
    """A moment in Vietnam time, whatever zone it was given in."""
    if value is None:
        return None
    if not isinstance(value, datetime) or value.utcoffset() is None:
        refuse(field, "is no datetime with a time zone", "give an aware datetime, in any zone")
    if not 2000 <= value.year < 9999:
        refuse(field, "is in no year that eSMS could mean", "check the year")
    return value.astimezone(VIETNAM).strftime(layout)


def day(field: str, value: date) -> date:
    """A day in Vietnam, as GetSmsSentData counts them (manual II.5)."""
    if not isinstance(value, date) or isinstance(value, datetime) or not 2000 <= value.year < 9999:
        refuse(field, "is no date", "give a date without a time, as in Vietnam")
    return value
