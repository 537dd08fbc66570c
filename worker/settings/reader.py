"""What the text of a variable means: numbers, addresses, zones; what is wrong names the variable and a remedy."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from datetime import timedelta
from typing import Literal, TypeVar, cast
from urllib.parse import parse_qsl, urlsplit
from zoneinfo import ZoneInfo

from worker import phone
from worker.errors import SettingsError
from worker.pseudonym import KEY_LEAST, PrivacyKey

Format = Literal["json", "xml"]
Transport = Literal["auto", "requests", "curl", "sockets"]
OpenQueue = Literal["any", "others", "none"]
N = TypeVar("N", int, float)

CALLBACKS = "/callbacks/esms/"
LEAST_PRIORITY = 19  # the niceness of who comes last
SECRET_LEAST = 22  # letters and digits that nobody guesses
_callback = re.compile(rf"(?:/.*)?{CALLBACKS}[A-Za-z0-9_-]{{{SECRET_LEAST},200}}").fullmatch


class Reader:
    """Reads variables by name. Everything raises SettingsError."""

    def __init__(self, environ: Mapping[str, str]) -> None:
        self._environ = environ

    def text(self, name: str) -> str | None:
        return self._environ.get(name, "").strip() or None

    def required(self, name: str, remedy: str) -> str:
        value = self.text(name)
        if value is None:
            raise SettingsError(name, "is not set", f"set it to {remedy}")
        return value

    def database_url(self) -> str:
        remedy = "postgresql+psycopg://USER:PASSWORD@HOST:5432/DATABASE, or start `esms-worker up` in this folder"
        value = self.required("DATABASE_URL", remedy)
        scheme, _, rest = value.partition("://")
        if scheme not in {"postgresql+psycopg", "postgresql", "postgres"} or not _is_database(rest):
            raise SettingsError("DATABASE_URL", "is not a Postgres address", f"set it to {remedy}")
        threshold = dict(parse_qsl(urlsplit(value).query)).get("prepare_threshold", "none")
        if threshold != "none" and not threshold.isdecimal():
            problem = "has a prepare_threshold that is neither a number nor none"
            raise SettingsError("DATABASE_URL", problem, "set it to none where a pooler stands before Postgres")
        return f"postgresql+psycopg://{rest}" + self._pooled(rest)

    def _pooled(self, rest: str) -> str:
        """What the address says of the pooler before it."""
        pooler = self.text("WORKER_POOLER") or "none"
        if pooler not in {"none", "transaction"}:
            raise SettingsError("WORKER_POOLER", f"{pooler!r} is no mode that we know", "set it to transaction or none")
        return "" if pooler == "none" else ("&" if "?" in rest else "?") + "pooler=transaction"

    def url(self, name: str, schemes: set[str], default: str | None) -> str | None:
        value = self.text(name)
        if value is None:
            return default
        if not _is_url(value, schemes):
            wanted = " or ".join(f"{scheme}://…" for scheme in sorted(schemes))
            raise SettingsError(name, "is not an address that we understand", f"set it to {wanted}")
        return value.rstrip("/") if schemes <= {"http", "https"} else value

    def callback_url(self, name: str) -> str | None:
        """Where eSMS calls back: its last part keeps strangers out."""
        value = self.url(name, {"http", "https"}, None)
        if value is not None and not _callback(urlsplit(value).path):
            remedy = f"set it to https://YOUR.HOST{CALLBACKS}SECRET, where SECRET has {SECRET_LEAST} letters and digits"
            raise SettingsError(name, "is no address that a stranger can't guess", remedy)
        return value

    def zone(self, name: str, default: str) -> ZoneInfo:
        value = self.text(name) or default
        try:
            return ZoneInfo(value)
        except (KeyError, ValueError, OSError):
            raise SettingsError(name, f"{value!r} is no time zone", "set it to a name like Asia/Ho_Chi_Minh") from None

    def flag(self, name: str) -> bool:
        value = (self.text(name) or "0").lower()
        if value not in {"0", "1", "true", "false", "yes", "no", "on", "off"}:
            raise SettingsError(name, f"{value!r} is neither yes nor no", "set it to 1 or 0")
        return value in {"1", "true", "yes", "on"}

    def _parts(self, name: str, default: str = "") -> tuple[str, ...]:
        """What stands between commas."""
        return tuple(part.strip() for part in (self.text(name) or default).split(",") if part.strip())

    def sources(self, name: str) -> tuple[str, ...]:
        names = self._parts(name)
        if not all(map(names_a_queue, names)):
            raise SettingsError(name, "holds a name that no queue can have", "use letters, digits, _ and -, like shop")
        return names

    def phones(self, name: str) -> frozenset[str] | None:
        """E.164; None where it is not set. Which of them is wrong is told by its place: logs may have this line."""
        return frozenset(_phone(name, place, part) for place, part in enumerate(self._parts(name), 1)) or None

    def words(self, name: str, default: str) -> tuple[str, ...]:
        """The words between commas, in capitals."""
        return tuple(map(str.upper, self._parts(name, default)))

    def opt_out_text(self, name: str) -> str | None:
        given = self.text(name)
        if given is not None and "{" in given.replace("{time}", ""):
            raise SettingsError(name, "has another name in braces than {time}", "take it out")
        return given

    def networks(self, name: str, *, needed_by: str) -> tuple[str, ...]:
        """Addresses, or networks like 10.0.0.0/8. needed_by: a variable that means nothing without."""
        found = self._parts(name)
        remedy = "set it to addresses or networks, like 127.0.0.1,10.0.0.0/8"
        if not all(map(_is_network, found)):
            raise SettingsError(name, "holds what is no address", remedy)
        if not found and self.text(needed_by):
            raise SettingsError(name, f"is not set, and {needed_by} is: anybody could send that header", remedy)
        return found

    def open_queue(self, name: str) -> OpenQueue:
        choices = ("any", "others", "none")
        return cast(OpenQueue, self._one_of(name, choices, "is no rule", "set it to any, others or none"))

    def format(self, name: str) -> Format:
        return cast(Format, self._one_of(name, ("json", "xml"), "is no reply format of eSMS", "set it to json or xml"))

    def transport(self, name: str) -> Transport:
        choices = ("auto", "requests", "curl", "sockets")
        remedy = "set it to auto, requests, curl or sockets"
        return cast(Transport, self._one_of(name, choices, "carries nothing", remedy))

    def _one_of(self, name: str, choices: Sequence[str], problem: str, remedy: str) -> str:
        """The first is the default."""
        value = (self.text(name) or choices[0]).lower()
        if value not in choices:
            raise SettingsError(name, f"{value!r} {problem}", remedy)
        return value

    def privacy_key(self, name: str) -> PrivacyKey | None:
        if (value := self.text(name)) is None:
            return None
        if len(value) < KEY_LEAST:
            remedy = f"set it to {KEY_LEAST} random characters or more"
            raise SettingsError(name, "is short enough to be guessed", remedy)
        return PrivacyKey(value)

    def count(self, name: str, default: int) -> int:
        return self._number(name, default, int, "a whole number")

    def seconds(self, name: str, default: float) -> float:
        return self._number(name, default, float, "a number of seconds")

    def rate(self, name: str, default: float | None) -> float | None:
        example: float = 10
        return (
            default if self.text(name) is None else self._number(name, example, float, "a number of requests a second")
        )

    def wait(self, name: str, default: float) -> timedelta:
        return timedelta(seconds=self.seconds(name, default))

    def days(self, name: str, default: int) -> float:
        return self._number(name, float(default), float, "a number of days", least=0)

    def amount(self, name: str, default: int) -> int:
        return self._number(name, default, int, "a whole number of dong", least=0)

    def niceness(self, name: str, default: int) -> int:
        """0 to 19: more is no priority at all."""
        if (number := self._number(name, default, int, "a whole number from 0 to 19", least=0)) > LEAST_PRIORITY:
            raise SettingsError(name, f"{number} is out of range", f"set it to 0 to {LEAST_PRIORITY}, like 10")
        return number

    def _number(self, name: str, default: N, read: Callable[[str], N], wanted: str, *, least: float | None = None) -> N:
        value = self.text(name)
        try:
            number = default if value is None else read(value)
        except ValueError:
            raise SettingsError(name, f"{value!r} is not {wanted}", f"set it to {wanted}, like {default}") from None
        if not (0 < number < 1e9 or number == least):
            raise SettingsError(name, f"{value} is out of range", f"set it to {wanted} above 0, like {default or 1}")
        return number


names_a_queue = re.compile(r"[A-Za-z0-9_-]{1,64}").fullmatch


def _phone(name: str, place: int, given: str) -> str:
    try:
        return phone.parse(given, for_sms=False).e164
    except phone.PhoneError as error:
        raise SettingsError(name, f"number {place}: {error.problem}", error.remedy) from None


def _is_network(value: str) -> bool:
    from ipaddress import ip_network

    try:
        return bool(ip_network(value, strict=False))
    except ValueError:
        return False


def _is_database(rest: str) -> bool:
    from psycopg import ProgrammingError
    from psycopg.conninfo import make_conninfo
    from sqlalchemy.engine import make_url
    from sqlalchemy.exc import ArgumentError

    try:
        query = make_url(f"postgresql+psycopg://{rest}").query
        make_conninfo(**{name: str(value) for name, value in query.items() if name != "prepare_threshold"})
    except (ArgumentError, ProgrammingError, ValueError):
        return False
    return True


def _is_url(value: str, schemes: set[str]) -> bool:
    try:
        parts = urlsplit(value)
        return parts.scheme in schemes and bool(parts.hostname) and parts.port is not False
    except ValueError:
        return False
