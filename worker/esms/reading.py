"""Reads the provider's replies, JSON or XML, into one kind of record with names in lower case and values as text.

Tolerant of how eSMS spells things, never of what it means: a name that comes twice with two values spoils the reply.
"""

import json
import re
from codecs import BOM_UTF8
from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta, timezone
from decimal import Decimal, InvalidOperation
from typing import Any, NamedTuple
from xml.parsers import expat

from worker.esms.credentials import ECHO
from worker.esms.functions import Format
from worker.esms.values import made_often

VIETNAM = timezone(timedelta(hours=7), "+07")  # one offset, no daylight saving
_DEEPEST = 16

_LONGEST_CODE = 16
_LONGEST_SMS_ID = 64
_LONGEST_WHOLE = 18  # digits
_WHOLE = re.compile(rf"[+-]?\d{{1,{_LONGEST_WHOLE}}}(\.0{{1,9}})?")


_FLAGS = {"true": True, "1": True, "false": False, "0": False}


class Unreadable(ValueError):
    """The bytes are no reply of eSMS in the format asked for."""


@made_often()
class Record:
    """One object of a reply. Readers take names in order of preference; what is missing or of a wrong kind is None."""

    members: Mapping[str, Any]

    def code(self) -> str | None:
        """The provider's code; None when there is none, or two that differ."""
        code, other = _text(self.members.get("coderesult")), _text(self.members.get("coderesponse"))
        if code and other and code != other:
            return None
        code = code or other
        return code if code and len(code) <= _LONGEST_CODE and code.isalnum() and code.isascii() else None

    def text(self, *names: str) -> str | None:
        """The first of these that holds something, without the blanks around it; a boolean reads `true` or `false`."""
        for name in names:
            if text := _text(self.members.get(name.lower())):
                return text
        return None

    def sms_id(self, *names: str) -> str | None:
        """An opaque id of at most 64 printable characters."""
        text = self.text(*names)
        usable = text and len(text) <= _LONGEST_SMS_ID and text.isprintable() and ECHO not in text
        return text if usable else None

    def whole(self, name: str, *others: str) -> int | None:
        value = self.members.get(name.lower())
        if isinstance(value, str) and value.isdecimal() and value.isascii() and len(value) <= _LONGEST_WHOLE:
            return int(value)  # nearly always, for a third of the price
        text = self.text(name, *others)
        return int(text.partition(".")[0]) if text and text.isascii() and _WHOLE.fullmatch(text) else None

    def money(self, *names: str) -> Decimal | None:
        """A finite decimal, with or without an exponent."""
        if (text := self.text(*names)) is None:
            return None
        try:
            amount = Decimal(text)
        except InvalidOperation:
            return None
        return amount if amount.is_finite() else None

    def flag(self, name: str, *others: str) -> bool | None:
        """true, false, 1 or 0; anything else (2 is `not acknowledged`) is None."""
        value = self.members.get(name.lower())
        if isinstance(value, bool):
            return value  # nearly always, as above
        return _FLAGS.get((self.text(name, *others) or "").lower())

    def records(self, name: str) -> "list[Record]":
        """The list of that name: a JSON array, or an XML element whose children are the items."""
        return [item for item in self.listed(name) or () if item is not None]

    def listed(self, name: str) -> "list[Record | None] | None":
        """The same with None for each item that is no object; None where there is no list at all."""
        items = _items(self.members.get(name.lower()))
        return None if items is None else [Record(item) if isinstance(item, dict) else None for item in items]


def read(body: bytes, format: Format) -> Record:
    """The reply as a record; raises Unreadable."""
    members = _read_json(body) if format is Format.JSON else _read_xml(body)
    if not isinstance(members, dict):
        raise Unreadable("no object")
    return Record(members)


def _text(value: object) -> str | None:
    if isinstance(value, str):
        text = value.strip()
        return (text if text.isprintable() else _storable(text)) or None
    if isinstance(value, bool):
        return "true" if value else "false"
    return None


def _storable(text: str) -> str:
    """Without what no database takes as text: NUL, and halves of surrogate pairs."""
    return text.encode("utf-8", "replace").decode().replace("\0", "\N{REPLACEMENT CHARACTER}")


def _items(value: object) -> list[Any] | None:
    if isinstance(value, dict):  # XML: the children of the list's element, all of one name
        return [item for child in value.values() for item in (child if isinstance(child, list) else [child])]
    return value if isinstance(value, list) else None


# JSON...

_ZEROS_FIRST = re.compile(r"(?<=:)(\s*)(0\d+)(?=\s*[,}\]])")


def _read_json(body: bytes) -> Any:
    try:
        text = body.removeprefix(BOM_UTF8).decode()
        try:
            return _parse_json(text)
        except json.JSONDecodeError:
            return _parse_json(_mended(text))
    except (ValueError, RecursionError):  # RecursionError is json's own bound on depth
        pass
    raise Unreadable("not JSON")


def _members(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = {name.lower(): value for name, value in pairs}
    return members if len(members) == len(pairs) else _agreeing(pairs)


def _agreeing(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members: dict[str, Any] = {}
    for name, value in pairs:
        if members.setdefault(name.lower(), value) != value:
            raise Unreadable("a name twice, with two values")
    return members


# Numbers stay text: a balance keeps its digits, an id its leading zeros, and 10,000 digits cost nothing.
_JSON = json.JSONDecoder(strict=False, object_pairs_hook=_members, parse_int=str, parse_float=str, parse_constant=str)


def _parse_json(text: str) -> Any:
    """Blanks around it are looked for only where there are some: that is a fifth of what reading costs."""
    if not text.startswith("{"):
        return _JSON.decode(text)
    value, end = _JSON.raw_decode(text)
    return value if end == len(text) else _JSON.decode(text)


def _mended(text: str) -> str:
    """The manual's own samples are no JSON: curly quotes, and numbers that begin with zeros."""
    return _ZEROS_FIRST.sub(r'\1"\2"', text.translate({0x201C: '"', 0x201D: '"'}))


# XML...

_NIL = "http://www.w3.org/2001/XMLSchema-instance nil"
_BLANKS_IN_TAGS = re.compile(rb"<\s*(/?)\s*([A-Za-z_][\w.:-]*)\s*>")


def _read_xml(body: bytes) -> Any:
    try:
        return _parse_xml(body)
    except Unreadable:
        fixed = _BLANKS_IN_TAGS.sub(rb"<\1\2>", body)  # the manual's own sample has `< CountRegenerate >`
        return _parse_xml(fixed)


def _parse_xml(body: bytes) -> Any:
    tree = _Tree()
    parser = expat.ParserCreate(namespace_separator=" ")
    parser.buffer_text = True
    parser.StartElementHandler = tree.open
    parser.EndElementHandler = tree.close
    parser.CharacterDataHandler = tree.add
    parser.StartDoctypeDeclHandler = _refuse_document_type
    try:
        parser.Parse(body.strip(), True)
    except (expat.ExpatError, ValueError, LookupError):
        tree.root = None
    if tree.root is None:
        raise Unreadable("not XML")
    return tree.root


def _refuse_document_type(*_declaration: object) -> None:
    raise Unreadable("a document type")  # an entity bomb needs one; eSMS sends none


class _Tree:
    """Builds dicts by local name while expat reads; an element met again under the same parent makes a list."""

    def __init__(self) -> None:
        self.root: Any = None
        self._open: list[tuple[str, dict[str, Any], list[str]]] = []
        self._nil = False  # the element that was opened last stands for null

    def open(self, name: str, attributes: dict[str, str]) -> None:
        if len(self._open) >= _DEEPEST:
            raise Unreadable("too deep")
        self._nil = attributes.get(_NIL) == "true"
        self._open.append((name.rpartition(" ")[2].lower(), {}, []))

    def add(self, text: str) -> None:
        self._open[-1][2].append(text)

    def close(self, _name: str) -> None:
        name, children, texts = self._open.pop()
        # An empty element may be an empty list; to whoever wants a text it is none either way.
        value: Any = None if self._nil else children or "".join(texts).strip() or {}
        self._nil = False
        if self._open:
            _put(self._open[-1][1], name, value)
        else:
            self.root = value


def _put(members: dict[str, Any], name: str, value: Any) -> None:
    before = members.get(name)
    if before is None:
        members[name] = value
    elif isinstance(before, list):
        before.append(value)
    else:
        members[name] = [before, value]


# Times...

_MILLISECONDS = re.compile(r"/Date\((-?\d{1,15})(?:[+-]\d{4})?\)/")
_ISO = re.compile(r"\d{4}[-/]\d{2}[-/]\d{2}[T ]\d{2}:\d{2}:\d{2}(\.\d{1,9})?(Z|[+-]\d{2}:?\d{2})?")
_SLASHED = ("%d/%m/%Y %H:%M:%S", "%m/%d/%Y %H:%M:%S", "%m/%d/%Y %I:%M:%S %p")


class Window(NamedTuple):
    """The span that was asked about, its end not included; it tells which of 1/2 and 2/1 is meant."""

    since: datetime
    until: datetime


def moment(text: str | None, window: Window | None = None) -> datetime | None:
    """A time as eSMS writes them: `/Date(1705484048995+0700)/`, ISO, or with slashes.

    With slashes the day comes first, unless only the month first falls into the window.
    """
    try:
        readings = list(_readings(text or ""))
    except (ValueError, OverflowError, OSError):
        return None
    inside = [reading for reading in readings if window and window.since <= reading < window.until]
    return next(iter(inside or readings), None)


def _readings(text: str) -> Iterator[datetime]:
    if found := _MILLISECONDS.fullmatch(text):
        yield datetime.fromtimestamp(int(found[1]) / 1000, tz=VIETNAM)
    elif _ISO.fullmatch(text):
        read = datetime.fromisoformat(text.replace("/", "-"))
        yield read if read.tzinfo else read.replace(tzinfo=VIETNAM)
    else:
        yield from filter(None, (_laid_out(text, layout) for layout in _SLASHED))


def _laid_out(text: str, layout: str) -> datetime | None:
    try:
        return datetime.strptime(text, layout).replace(tzinfo=VIETNAM)
    except ValueError:
        return None
