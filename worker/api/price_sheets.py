"""A price list in a spreadsheet: which column is what, and what each row says."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from worker.api.prices import CALL, PriceRow, checked, key_of
from worker.contacts.dates import DateOrder, parse_date
from worker.errors import Invalid
from worker.spreadsheets import Cell, RefusedRow, Row, Sheet, Unreadable
from worker.spreadsheets.rows import written
from worker.spreadsheets.titles import plain, there_are

ROWS_MOST = 10_000  # of a price list: eight types, some networks, some years

# Without accents and in small letters.
HEADERS: Mapping[str, tuple[str, ...]] = {
    "sms_type": ("sms type", "smstype", "type", "kind", "loai", "loai tin", "loai sms", "loai tin nhan"),
    "network": ("network", "networkname", "network name", "telco", "nha mang", "mang"),
    "valid_from": ("valid from", "from", "since", "tu ngay", "hieu luc tu", "ngay hieu luc", "ap dung tu", "tu"),
    "dong": ("dong", "price", "vnd", "gia", "don gia", "gia tien", "gia 1 sms", "gia vnd"),
}
CALLS = frozenset({"0", "call", "calls", "voice", "goi", "cuoc goi", "thoai"})
OTHERS = frozenset({"", "other", "others", "any", "all", "khac", "mang khac", "con lai", "tat ca"})

_amount = re.compile(r"(\d+)(?:[.,](\d{1,2}))?").fullmatch
_either_way = re.compile(r"[1-9]\d{0,2}[.,]\d{3}").fullmatch
_currency = re.compile(r"\s*(?:₫|đồng|đ|d|dong|vnd|vnđ)$", re.IGNORECASE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Reader:
    """How the rows of one file are to be read. order: how 03/04/2026 is meant; None refuses it."""

    titles: Sequence[str]
    places: Mapping[str, int]
    order: DateOrder | None = None

    @classmethod
    def of(cls, sheet: Sheet, order: DateOrder | None = None) -> Reader:
        """The reader for a sheet, by its columns' names; without networks, a price is for all. Raises Unreadable."""
        places: dict[str, int] = {}
        for place, title in enumerate(sheet.columns):
            if (field := _field_of(title)) is None:
                continue
            if field in places:
                named = f"{sheet.columns[places[field]]!r} and {title!r}"
                raise Unreadable("columns", f"{named} both look like {field}", "rename one of them")
            places[field] = place
        for field in HEADERS.keys() - {"network"} - places.keys():
            raise Unreadable("columns", f"none looks like {field}", f"call one so; {there_are(sheet.columns)}")
        return cls(titles=sheet.columns, places=places, order=order)

    def named(self) -> dict[str, str | None]:
        """Fields to the titles of their columns, for a person."""
        return {field: self._title(field) for field in HEADERS}

    def rows(self, sheet: Sheet, refuse: Callable[[RefusedRow], object]) -> list[PriceRow]:
        """What can be used; what can't is told with its row and column. Raises Unreadable for too many."""
        seen: dict[tuple[int, str, date], int] = {}
        taken: list[PriceRow] = []
        for count, row in enumerate(sheet.read()):
            if count == ROWS_MOST:
                raise Unreadable(sheet.name, f"has more than {ROWS_MOST:,} rows", "a price list has a few hundred")
            read = row if isinstance(row, RefusedRow) else self._read(row, seen)
            if isinstance(read, RefusedRow):
                refuse(read)
            else:
                taken.append(read)
        return taken

    def _read(self, row: Row, seen: dict[tuple[int, str, date], int]) -> PriceRow | RefusedRow:
        try:
            price = checked(self._price(row))
        except Invalid as error:
            return RefusedRow(row.number, self._title(error.field), f"{error.problem}: {error.remedy}", row.cells)
        if (first := seen.setdefault(key_of(price), row.number)) != row.number:
            return RefusedRow(row.number, None, f"row {first} has this kind, network and day: leave one out", row.cells)
        return price

    def _price(self, row: Row) -> PriceRow:
        cells = {field: row.cells[place] for field, place in self.places.items()}
        return PriceRow(
            sms_type=_type(written(cells["sms_type"])),
            network=_network(written(cells.get("network", ""))),
            valid_from=self._day(cells["valid_from"]),
            dong=amount(written(cells["dong"])),
        )

    def _day(self, cell: Cell) -> date:
        return cell if isinstance(cell, date) else parse_date("valid_from", cell, self.order)

    def _title(self, field: str) -> str | None:
        return self.titles[self.places[field]] if field in self.places else None


def _field_of(title: str) -> str | None:
    return next((field for field, titles in HEADERS.items() if title == field or plain(title) in titles), None)


def _type(cell: str) -> int:
    said = plain(cell)
    if said in CALLS:
        return CALL
    return int(said) if said.isdecimal() and len(said) < 4 else -1


def _network(cell: str) -> str:
    return "" if plain(cell) in OTHERS else " ".join(cell.split())


def amount(cell: str) -> Decimal:
    """Đồng as people write them. Raises Invalid for 1.200, which may be twelve hundred or one and a fifth."""
    said = _currency.sub("", cell.strip())
    if _either_way(said):
        raise Invalid("dong", "may be thousands or a fraction", "write it without a sign, like 1200")
    if (found := _amount(said.replace(" ", ""))) is None:
        raise Invalid("dong", "is no price", "write đồng as a number, like 790 or 790.5")
    return Decimal(f"{found[1]}.{found[2] or 0}").normalize() + 0
