"""One row of a file as a person: which cells, in which words, make which field."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

from worker.contacts.checks import parse_phone
from worker.contacts.columns import Columns
from worker.contacts.contact_fields import KEEP, ContactFields
from worker.contacts.dates import DateOrder, parse_date
from worker.errors import Invalid
from worker.spreadsheets.rows import Cell, Row, written
from worker.text import ATTRIBUTE, strip_diacritics

YES = frozenset({"yes", "y", "true", "1", "x", "co", "roi"})
NO = frozenset({"", "no", "n", "false", "0", "khong", "chua"})

_between_numbers = re.compile(r"[/,;|&\n]").split


@dataclass(frozen=True, slots=True, kw_only=True)
class Reader:
    """How the rows of one file are to be read."""

    columns: Columns
    source: str
    order: DateOrder | None = None
    tags: Sequence[str] = ()  # for everybody in the file, besides their own

    def contact(self, row: Row) -> ContactFields:
        """The person that a row describes; a field without a column is kept as it is. Raises Invalid, by field."""
        places = self.columns.places
        phones = self._phones(row) if "phone" in places else KEEP
        return ContactFields(
            key=self._key(row, phones),
            source=self.source,
            name=self._name(row) if "name" in places else KEEP,
            phones=phones,
            tags=self._tags(row),
            attributes=self._attributes(row),
            opted_out="opted_out" in places and _yes(self._text(row, "opted_out")),
            **self._days(row),
        )

    def without(self, field: str) -> Reader:
        """The same, but for this field, which then stays as it is."""
        left = {each: places for each, places in self.columns.places.items() if each != field}
        return replace(self, columns=replace(self.columns, places=left))

    def _text(self, row: Row, field: str) -> str:
        return written(row.cells[self.columns.places[field][0]])

    def _key(self, row: Row, phones: Any) -> str:
        """Without a key of the producer's own, the main number is one."""
        if "key" in self.columns.places:
            return self._text(row, "key")
        if not phones:
            raise Invalid("phone", "is empty", "without a column of keys, the number is what a person is known by")
        return str(phones[0])

    def _name(self, row: Row) -> str:
        return " ".join(written(row.cells[place]) for place in self.columns.places["name"])

    def _phones(self, row: Row) -> list[str]:
        cells = [written(row.cells[place]) for place in self.columns.places["phone"]]
        return [parse_phone(each) for cell in cells for each in _between_numbers(cell) if each.strip()]

    def _days(self, row: Row) -> dict[str, Any]:
        dates = {
            field: self._date(field, row.cells[self.columns.places[field][0]])
            for field in ("birth_date", "death_date")
            if field in self.columns.places
        }
        lunar = {
            field: self._text(row, field) for field in ("lunar_birth", "lunar_death") if field in self.columns.places
        }
        return dates | lunar

    def _date(self, field: str, cell: Cell) -> date | None:
        if isinstance(cell, date):
            return cell
        return parse_date(field, cell, self.order) if cell else None

    def _tags(self, row: Row) -> Any:
        if "tags" not in self.columns.places:
            return list(self.tags) or KEEP
        own = self._text(row, "tags").replace(";", ",").split(",")
        return [*own, *self.tags]

    def _attributes(self, row: Row) -> Any:
        named = {
            field.removeprefix(ATTRIBUTE): self._text(row, field)
            for field in self.columns.places
            if field.startswith(ATTRIBUTE)
        }
        return named or KEEP


def _yes(written: str) -> bool:
    plain = strip_diacritics(written).casefold()
    if plain in YES or plain in NO:
        return plain in YES
    raise Invalid("opted_out", "is neither yes nor no", "write yes, or leave it empty")
