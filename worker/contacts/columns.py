"""Which column of a file is what: guessed by its name, or told. What fits two columns is asked for, not guessed."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches

from worker.contacts.sheet_rows import Unreadable
from worker.text import ATTRIBUTE, strip_diacritics

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

    def of(self, field: str) -> str:
        """The names of the columns that a field comes from, for a person."""
        return " + ".join(self.titles[place] for place in self.places.get(field, ())) or field

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
    for field, places in _guessed(titles, taken).items():
        if field not in chosen:
            chosen[field] = places
    used = {field: each for field, each in chosen.items() if each}
    if rest_as_attributes:
        used |= _rest(titles, used)
    if not used.keys() & {"key", "phone"}:
        raise Unreadable(
            "columns", "none looks like a key or a phone number", f"name one with --map: {_there_are(titles)}"
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
        chosen[field] = chosen.get(field, ()) + ((_place(titles, title),) if title else ())
    return chosen


def _check_field(field: str, with_column: bool) -> None:
    if field not in FIELDS and not _attribute(field):
        near = get_close_matches(field, FIELDS, n=1)
        meant = f"did you mean {near[0]}?" if near else f"use {', '.join(FIELDS)} or {ATTRIBUTE}NAME"
        raise Unreadable("--map", f"there is no field {field!r}", meant)
    if not with_column:
        raise Unreadable("--map", f"{field} names no column", f'write --map {field}="the column\'s name"')


def _place(titles: Sequence[str], title: str) -> int:
    wanted = " ".join(title.split())
    places = [place for place, each in enumerate(titles) if each == wanted]
    places = places or [place for place, each in enumerate(titles) if _plain(each) == _plain(wanted)]
    if len(places) == 1:
        return places[0]
    problem = f"there is no column {title!r}" if not places else f"{len(places)} columns are called {title!r}"
    raise Unreadable("--map", problem, _there_are(titles))


def _guessed(titles: Sequence[str], taken: set[int]) -> dict[str, tuple[int, ...]]:
    found: dict[str, list[int]] = {}
    for place, title in enumerate(titles):
        if place not in taken and (field := _field_of(title)):
            found.setdefault(field, []).append(place)
    guessed = {field: tuple(places) for field, places in found.items() if field not in {"family", "given"}}
    if "name" not in guessed and "given" in found:
        guessed["name"] = (*found.get("family", ()), *found["given"])
    for field, places in guessed.items():
        if len(places) > 1 and field not in SEVERAL:
            named = " and ".join(repr(titles[place]) for place in places)
            raise Unreadable("columns", f"{named} both look like {field}", f'say which: --map {field}="…"')
    return guessed


def _field_of(title: str) -> str | None:
    if _attribute(title) or title in FIELDS:
        return title
    plain = _plain(title)
    if plain in FAMILY_NAMES:
        return "family"
    return "given" if plain in GIVEN_NAMES else _FIELD_OF.get(plain)


def _rest(titles: Sequence[str], places: Mapping[str, tuple[int, ...]]) -> dict[str, tuple[int, ...]]:
    used = {place for each in places.values() for place in each}
    rest: dict[str, tuple[int, ...]] = {}
    for place, title in enumerate(titles):
        name = ATTRIBUTE + _plain(title).replace(" ", "_")[:64]
        if place not in used and title and name not in places:
            if name in rest or not _attribute(name):
                raise Unreadable(
                    "columns", f"{title!r} makes no attribute's name of its own", f'--map attr.x="{title}"'
                )
            rest[name] = (place,)
    return rest


def _plain(title: str) -> str:
    """Accents, capitals, stars and brackets are where headers differ."""
    return " ".join(re.sub(r"[\W_]+", " ", strip_diacritics(title).casefold()).split())


def _there_are(titles: Sequence[str]) -> str:
    return "the file has " + ", ".join(title for title in titles if title)
