"""A file of people into the ledger: good rows stored, bad ones refused by row and column, nobody twice.

A cell that can't be used refuses its row only where the person can't be known, reached or left alone without it.

Each thousand rows are a transaction of their own. What a crash leaves out, the same file once more brings in.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from datetime import date
from itertools import islice

from sqlalchemy.orm import Session

from worker.contacts.accept import AT_ONCE, store
from worker.contacts.checks import check
from worker.contacts.contact_fields import ContactFields
from worker.contacts.forgotten import NOBODY, Forgotten
from worker.contacts.rows import Reader
from worker.errors import Invalid
from worker.ledger.contacts import Counts, StoredContact
from worker.spreadsheets import Readable, RefusedRow, Row
from worker.text import ATTRIBUTE

FIELD_OF_ERROR = {"phones": "phone"}  # errors name our fields, columns are chosen by theirs
NEEDED = frozenset({"key", "phone", "opted_out"})

Person = tuple[StoredContact, bool]  # and whether they opt out


class _Undone(Exception):
    """Rolls a dry run back."""


@dataclass(slots=True)
class Summary:
    """What became of the rows."""

    counts: Counts = field(default_factory=Counts)
    refused: int = 0
    left_out: int = 0  # cells of contacts that were taken


@dataclass(frozen=True, slots=True, kw_only=True)
class Importer:
    """One file's way in.

    begin: opens a transaction. refuse: is told of each row that is not taken, leave_out of each cell of one that is.
    dry: everything but the commit.
    """

    begin: Callable[[], AbstractContextManager[Session]]
    reader: Reader
    today: date
    dry: bool
    refuse: Callable[[RefusedRow], object]
    leave_out: Callable[[RefusedRow], object]
    advance: Callable[[int], object] = int
    forgotten: Forgotten = NOBODY

    def run(self, sheet: Readable) -> Summary:
        """All rows, batch by batch. Raises Unavailable; what was stored by then stays."""
        summary = Summary()
        seen: dict[int, int] = {}
        rows = sheet.read()
        while batch := list(islice(rows, AT_ONCE)):
            good = list(self._good(batch, seen, summary))
            summary.counts += self._store(good)
            self.advance(len(batch))
        return summary

    def _good(self, batch: list[Row | RefusedRow], seen: dict[int, int], summary: Summary) -> Iterator[Person]:
        for row in batch:
            wanted = row if isinstance(row, RefusedRow) else self._checked(row, seen, summary)
            if isinstance(wanted, RefusedRow):
                self._refused(wanted, summary)
            else:
                yield wanted

    def _checked(self, row: Row, seen: dict[int, int], summary: Summary) -> Person | RefusedRow:
        left_out: list[RefusedRow] = []
        try:
            person = self._person(row, self.reader, left_out)
            _check_new(person[0].key, row, seen)
        except Invalid as error:
            return self._why(row, error)
        for each in left_out:
            summary.left_out += 1
            self.leave_out(each)
        return person

    def _person(self, row: Row, reader: Reader, left_out: list[RefusedRow]) -> Person:
        """Without the optional cells that can't be used. Raises Invalid."""
        try:
            fields = reader.contact(row)
            return self._checked_row(fields), fields.opted_out
        except Invalid as error:
            field = _field_of(error)
            if field in NEEDED or field not in reader.columns.places:
                raise
            left_out.append(self._why(row, error))
        return self._person(row, reader.without(field), left_out)

    def _checked_row(self, fields: ContactFields) -> StoredContact:
        row = check(fields, today=self.today)
        self.forgotten.refuse(row)
        return row

    def _why(self, row: Row, error: Invalid) -> RefusedRow:
        column = self.reader.columns.of(_field_of(error))
        problem = f"{error.problem}: {error.remedy}" if column else str(error)
        return RefusedRow(row.number, column, problem, row.cells)

    def _refused(self, refused: RefusedRow, summary: Summary) -> None:
        summary.refused += 1
        self.refuse(refused)

    def _store(self, good: list[Person]) -> Counts:
        counts = Counts()
        try:
            with self.begin() as session:
                counts = store(session, [row for row, _ in good], [row for row, leaves in good if leaves])
                if self.dry:
                    raise _Undone
        except _Undone:
            pass
        return counts


def _field_of(error: Invalid) -> str:
    return FIELD_OF_ERROR.get(error.field, error.field.replace("attributes.", ATTRIBUTE))


def _check_new(key: str, row: Row, seen: dict[int, int]) -> None:
    """The same key twice in one file: which one is right, only a person knows. Kept by hash: 100 MB for a million."""
    first = seen.setdefault(hash(key), row.number)
    if first != row.number:
        raise Invalid("key", f"row {first} has the same", "keep one of the two, or give each person a key of its own")
