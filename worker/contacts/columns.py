"""Which column of a file is what: guessed by its name, or told. What fits two columns is asked for, not guessed."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches

from worker.spreadsheets import Unreadable
from worker.spreadsheets.titles import place_of, plain, there_are
from worker.text import ATTRIBUTE

FIELDS = (
    "key", "name", "phone", "birth_date", "lunar_birth", "death_date", "lunar_death", "tags", "opted_out",
)  # fmt: skip
SEVERAL = frozenset({"name", "phone"})  # made of several columns: family and given name, first and second number

# Without accents and in small letters.
HEADERS: Mapping[str, tuple[str, ...]] = {
    "key": (
        "key", "id", "code", "ma", "ma so", "ma nv", "ma nhan vien", "ma kh", "ma khach hang", "ma hs", "ma hoc sinh",
        "ma bn", "ma benh nhan", "ma sv", "ma sinh vien", "employee id", "customer id", "student id", "patient id",
        "mshs", "msnv", "mssv",
    ),
    "name": (
        "name", "full name", "fullname", "ho ten", "ho va ten", "ho ten hoc sinh", "ten khach hang", "ten nhan vien",
        "ho ten nhan vien", "ten benh nhan", "ten day du",
    ),
    "phone": (
        "phone", "phones", "phone number", "mobile", "to", "number", "so dien thoai", "sdt", "dien thoai", "so dt",
        "di dong", "dien thoai di dong", "so di dong", "tel", "telephone", "hotline", "sdt phu huynh", "dt",
    ),
    "birth_date": (
        "birth date", "birthdate", "birthday", "date of birth", "dob", "ngay sinh", "sinh nhat", "ngay thang nam sinh",
    ),
    "lunar_birth": ("lunar birth", "lunar birthday", "ngay sinh am lich", "sinh nhat am lich", "ngay sinh al"),
    "death_date": ("death date", "date of death", "ngay mat", "ngay mat duong lich"),
    "lunar_death": ("lunar death", "ngay gio", "ngay gio am lich", "ngay mat am lich", "gio"),
    "tags": ("tags", "tag", "group", "groups", "nhom", "phan nhom", "nhan"),
    "opted_out": ("opted out", "opt out", "tu choi", "tu choi nhan tin", "khong nhan tin"),
}  # fmt: skip
FAMILY_NAMES = frozenset(
    {"ho", "ho dem", "ho lot", "ho va dem", "ho va ten dem", "last name", "surname", "family name"}
)
GIVEN_NAMES = frozenset({"ten", "first name", "given name"})

_FIELD_OF = {header: field for field, headers in HEADERS.items() for header in headers}
_attribute = re.compile(r"attr\.\w{1,64}").fullmatch


@dataclass(frozen=True, slots=True)
class Columns:
    """What is taken from where: fields (and `attr.NAME`) to the places of their columns, left to right."""

    titles: Sequence[str]  # of all columns
    places: Mapping[str, tuple[int, ...]]
    told: frozenset[str]  # fields that were not guessed

    def of(self, field: str) -> str | None:
        """The names of the columns that a field comes from, for a person; None: no column of the file.

        Without a column of keys, people are known by their number.
        """
        if field == "key" and field not in self.places:
            field = "phone"
        return " + ".join(self.titles[place] for place in self.places.get(field, ())) or None

    @property
    def unused(self) -> list[str]:
        """The columns of which nothing is taken."""
        used = {place for places in self.places.values() for place in places}
        return [title for place, title in enumerate(self.titles) if title and place not in used]


def choose(titles: Sequence[str], told: Iterable[str], *, rest_as_attributes: bool = False) -> Columns:
    """The columns by what was told (`name=Họ tên`, and `name=` for none) and by their names. Raises Unreadable.

    rest_as_attributes: what is left becomes attributes, `Phòng ban` as `attr.phong_ban`.
    """
    chosen = _told(titles, told)
    told_fields = frozenset(chosen)
    taken = {place for places in chosen.values() for place in places}
    for field, places in _guessed_once(titles, taken).items():
        if field not in chosen:
            chosen[field] = places
    used = {field: each for field, each in chosen.items() if each}
    if rest_as_attributes:
        used |= _rest(titles, used)
    if not used.keys() & {"key", "phone"}:
        raise Unreadable(
            "columns", "none looks like a key or a phone number", f"name one with --map: {there_are(titles)}"
        )
    return Columns(titles, used, told_fields)


def _told(titles: Sequence[str], told: Iterable[str]) -> dict[str, tuple[int, ...]]:
    chosen: dict[str, tuple[int, ...]] = {}
    for each in told:
        field, found, title = each.partition("=")
        field = "phone" if field == "phones" else field
        _check_field(field, bool(found))
        if field in chosen and field not in SEVERAL:
            raise Unreadable("--map", f"{field} is named twice", "it takes one column")
        chosen[field] = chosen.get(field, ()) + ((place_of(titles, title, option="--map"),) if title else ())
    return chosen


def _check_field(field: str, with_column: bool) -> None:
    if field not in FIELDS and not _attribute(field):
        near = get_close_matches(field, FIELDS, n=1)
        meant = f"did you mean {near[0]}?" if near else f"use {', '.join(FIELDS)} or {ATTRIBUTE}NAME"
        raise Unreadable("--map", f"there is no field {field!r}", meant)
    if not with_column:
        raise Unreadable("--map", f"{field} names no column", f'write --map {field}="the column\'s name"')


def guessed(titles: Sequence[str], taken: Collection[int] = ()) -> dict[str, tuple[int, ...]]:
    """What the names look like: fields to the places of all columns that look so."""
    found: dict[str, list[int]] = {}
    for place, title in enumerate(titles):
        if place not in taken and (field := _field_of(title)):
            found.setdefault(field, []).append(place)
    looks = {field: tuple(places) for field, places in found.items() if field not in {"family", "given"}}
    if "name" not in looks and "given" in found:
        looks["name"] = (*found.get("family", ()), *found["given"])
    return looks


def _guessed_once(titles: Sequence[str], taken: set[int]) -> dict[str, tuple[int, ...]]:
    looks = guessed(titles, taken)
    for field, places in looks.items():
        if len(places) > 1 and field not in SEVERAL:
            named = " and ".join(repr(titles[place]) for place in places)
            raise Unreadable("columns", f"{named} both look like {field}", f'say which: --map {field}="…"')
    return looks


def _field_of(title: str) -> str | None:
    if _attribute(title) or title in FIELDS:
        return title
    written = plain(title)
    if written in FAMILY_NAMES:
        return "family"
    return "given" if written in GIVEN_NAMES else _FIELD_OF.get(written)


def _rest(titles: Sequence[str], places: Mapping[str, tuple[int, ...]]) -> dict[str, tuple[int, ...]]:
    used = {place for each in places.values() for place in each}
    rest: dict[str, tuple[int, ...]] = {}
    for place, title in enumerate(titles):
        name = ATTRIBUTE + plain(title).replace(" ", "_")[:64]
        if place not in used and title and name not in places:
            if name in rest or not _attribute(name):
                raise Unreadable(
                    "columns", f"{title!r} makes no attribute's name of its own", f'--map attr.x="{title}"'
                )
            rest[name] = (place,)
    return rest
