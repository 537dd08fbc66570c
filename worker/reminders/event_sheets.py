"""Rows of a spreadsheet as events: those of one key, or of one name, time and place, are one event with its guests."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time
from hashlib import blake2b
from typing import Any

from sqlalchemy.orm import Session

from worker.contacts.checks import parse_phone
from worker.contacts.columns import HEADERS as OF_PEOPLE
from worker.contacts.dates import WRITE_IT, DateOrder, parse_date
from worker.errors import Invalid
from worker.reminders import events
from worker.reminders.calendars import Imported, key_of
from worker.reminders.checks import words
from worker.reminders.invitations import AfterStart, Attendee, Event
from worker.settings import Settings
from worker.spreadsheets import RefusedRow, Row, Unreadable
from worker.spreadsheets.rows import written
from worker.spreadsheets.titles import place_of, plain, there_are
from worker.text import strip_diacritics

NEEDED = {"starts_at": "no column is chosen for the start", "phone": "no column is chosen for the number"}
# Without accents and in small letters.
HEADERS: Mapping[str, tuple[str, ...]] = {
    "starts_at": (
        "starts at", "start", "date", "day", "when", "date and time", "ngay", "ngay gio", "ngay hen", "ngay gio hen",
        "lich hen", "ngay kham", "thoi gian", "bat dau", "ngay hop",
    ),
    "time": ("time", "hour", "gio", "gio hen", "gio kham", "gio bat dau"),
    "title": (
        "title", "event", "what", "subject", "su kien", "ten su kien", "noi dung", "noi dung hen", "dich vu", "ly do",
    ),
    "place": ("place", "where", "room", "location", "dia diem", "noi hen", "phong", "phong kham", "co so", "chi nhanh"),
    "phone": OF_PEOPLE["phone"],
    "name": (*OF_PEOPLE["name"], "ten", "khach hang", "benh nhan"),
    "key": ("key", "id", "code", "ma", "ma hen", "ma lich hen", "ma su kien"),
}  # fmt: skip
FIELDS = tuple(HEADERS)

_OF_ROWS = (events.CalledOff, AfterStart)  # though no column holds it
_WRITE_IT = "write it like 15/12/2026 08:30"
# Of 8h 15/12/2026 and of 8 giờ 15 tháng 12 the 15 is a day.
_time_of_day = re.compile(
    r"(?<!\d)(\d{1,2})\s*(?::|h|gio|g)\s*"
    r"(?:(\d{2})(?::\d{2})?(?!\d|([/.-])\d{1,2}\3\d|\s*thang))?(?!\d)"
).search


def guessed(titles: Sequence[str]) -> Mapping[str, int]:
    """The place of each field's column by its name; what fits two columns is none."""
    found = {
        each: [place for place, title in enumerate(titles) if plain(title) in like] for each, like in HEADERS.items()
    }
    return {each: places[0] for each, places in found.items() if len(places) == 1}


def places_of(titles: Sequence[str], told: Mapping[str, str | int]) -> Mapping[str, int]:
    """Where each field's column is, of which the title or the place was told. Raises Unreadable."""
    for needed, problem in NEEDED.items():
        if needed not in told:
            raise Unreadable("columns", problem, "choose the column of the start, and of the number")
    return {each: _place(titles, column, each) for each, column in told.items()}


def _place(titles: Sequence[str], column: str | int, name: str) -> int:
    if isinstance(column, str):
        return place_of(titles, column, option=name)
    if not 0 <= column < len(titles):
        raise Unreadable(name, f"there is no column {column}", there_are(titles))
    return column


@dataclass(slots=True)
class _Draft:
    key: str
    title: str
    place: str
    starts_at: datetime
    rows: list[Row] = field(default_factory=list)
    guests: dict[str, Attendee] = field(default_factory=dict)

    @property
    def said(self) -> tuple[str, str, datetime]:
        return self.title, self.place, self.starts_at


@dataclass(frozen=True, slots=True, kw_only=True)
class SheetImport:
    """One file's way in. titles: of its columns; places: see `places_of`; guests: invited to each event, too."""

    titles: Sequence[str]
    places: Mapping[str, int]
    dates: DateOrder | None
    source: str
    guests: Sequence[Attendee]
    refuse: Callable[[RefusedRow], object]
    how: Mapping[str, Any]
    """The fields of Event that no file knows."""

    def run(self, session: Session, rows: Iterable[Row | RefusedRow], settings: Settings, *, now: datetime) -> Imported:
        """Upsert each event of the file; a row that can't be used is refused. Raises Invalid: undo all of it."""
        imported = Imported()
        for draft in self._drafts(rows).values():
            self._take(session, draft, settings, now, imported)
        return imported

    def _drafts(self, rows: Iterable[Row | RefusedRow]) -> Mapping[str, _Draft]:
        drafts: dict[str, _Draft] = {}
        for row in rows:
            if isinstance(row, RefusedRow):
                self.refuse(row)
                continue
            try:
                self._add(drafts, row)
            except Invalid as error:
                self._refused(row, error)
        return drafts

    def _add(self, drafts: dict[str, _Draft], row: Row) -> None:
        new, guest = self._draft(row), self._guest(row)
        draft = drafts.setdefault(new.key, new)
        if draft.said != new.said:
            problem = f"row {draft.rows[0].number} has it with another name, time or place"
            raise Invalid("key", problem, "give each event a key of its own")
        draft.rows.append(row)
        draft.guests[guest.key] = guest

    def _draft(self, row: Row) -> _Draft:
        title, place = (words(each, self._cell(row, each)) for each in ("title", "place"))
        starts_at = moment_of(self._day(row), self._cell(row, "time"), self.dates)
        return _Draft(self._cell(row, "key") or _key_of(title, place, starts_at), title, place, starts_at)

    def _guest(self, row: Row) -> Attendee:
        try:
            number = parse_phone(self._cell(row, "phone"))
        except Invalid as error:
            raise Invalid("phone", error.problem, error.remedy) from None
        return Attendee(key=key_of(number), phone=number, name=words("name", self._cell(row, "name")))

    def _day(self, row: Row) -> str:
        """What the spreadsheet itself knows as a day is none to be read in an order."""
        cell = row.cells[self.places["starts_at"]]
        return cell.isoformat() if isinstance(cell, date) else cell

    def _cell(self, row: Row, name: str) -> str:
        return written(row.cells[self.places[name]]) if name in self.places else ""

    def _take(self, session: Session, draft: _Draft, settings: Settings, now: datetime, imported: Imported) -> None:
        invited = list({each.key: each for each in [*self.guests, *draft.guests.values()]}.values())
        said = {"key": draft.key, "title": draft.title, "place": draft.place, "starts_at": draft.starts_at}
        wanted = Event(source=self.source, attendees=invited, **said, **self.how)  # type: ignore[arg-type]
        try:
            with session.begin_nested():
                change = events.upsert(session, wanted, settings, now=now, adds=True)
        except events.Past:
            imported.over += 1
        except Invalid as error:
            if error.field not in self.places and not isinstance(error, _OF_ROWS):  # what was said of all of them
                raise
            for row in draft.rows:
                self._refused(row, error)
        else:
            imported.outcomes[change.outcome] += 1
            imported.too_late += change.too_late

    def _refused(self, row: Row, error: Invalid) -> None:
        column = self.titles[self.places[error.field]] if error.field in self.places else None
        self.refuse(RefusedRow(row.number, column, f"{error.problem}: {error.remedy}", row.cells))


def moment_of(day: str, at: str, order: DateOrder | None) -> datetime:
    """A start as people write it: 15/12/2026 08:30, 8h30 15/12/2026, or a day and its time apart. Raises Invalid."""
    whole = strip_diacritics(f"{day} {at}").casefold()
    found = _time_of_day(whole)
    if found is None or int(found[1]) > 23 or int(found[2] or 0) > 59:
        raise Invalid("starts_at", "has no time of day", "write it like 15/12/2026 08:30, or choose the time's column")
    day_alone = _date(f"{whole[: found.start()]} {whole[found.end() :]}".strip(" ,-"), order)
    return datetime.combine(day_alone, time(int(found[1]), int(found[2] or 0)))


def _date(written: str, order: DateOrder | None) -> date:
    try:
        return parse_date("starts_at", written, order)
    except Invalid as error:
        if error.remedy != WRITE_IT:
            raise
        raise Invalid("starts_at", error.problem, _WRITE_IT) from None


def _key_of(title: str, place: str, starts_at: datetime) -> str:
    return "sheet:" + blake2b("\0".join((title, place, starts_at.isoformat())).encode(), digest_size=16).hexdigest()
