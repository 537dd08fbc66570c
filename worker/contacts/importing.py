"""A file of people into the ledger: good rows stored, bad ones refused by row and column, nobody twice.

Each thousand rows are a transaction of their own. What a crash leaves out, the same file once more brings in.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from datetime import date
from itertools import islice

from sqlalchemy.orm import Session

from worker.contacts.accept import AT_ONCE, store
from worker.contacts.checks import check
from worker.contacts.rows import Reader
from worker.contacts.sheet_rows import Refused, Row
from worker.contacts.sheets import Sheet
from worker.errors import Invalid
from worker.ledger.contacts import Counts, StoredContact

FIELD_OF_ERROR = {"phones": "phone"}  # errors name our fields, columns are chosen by theirs


Person = tuple[StoredContact, bool]  # and whether they opt out


class _Undone(Exception):
    """Rolls a dry run back."""


@dataclass(slots=True)
class Summary:
    """What became of the rows."""

    counts: Counts = field(default_factory=Counts)
    refused: int = 0
    problems: Counter[tuple[str, str]] = field(default_factory=Counter)  # by column and problem


@dataclass(frozen=True, slots=True, kw_only=True)
class Importer:
    """One file's way in.

    begin: opens a transaction. refuse: is told of each row that is not taken. dry: everything but the commit.
    """

    begin: Callable[[], AbstractContextManager[Session]]
    reader: Reader
    today: date
    dry: bool
    refuse: Callable[[Refused], object]
    advance: Callable[[int], object]

    def run(self, sheet: Sheet) -> Summary:
        """All rows, batch by batch. Raises Unavailable; what was stored by then stays."""
        summary = Summary()
        seen: dict[int, int] = {}
        rows = sheet.read()
        while batch := list(islice(rows, AT_ONCE)):
            good = list(self._good(batch, seen, summary))
            summary.counts += self._store(good)
            self.advance(len(batch))
        return summary

    def _good(self, batch: list[Row | Refused], seen: dict[int, int], summary: Summary) -> Iterator[Person]:
        for row in batch:
            wanted = row if isinstance(row, Refused) else self._checked(row, seen)
            if isinstance(wanted, Refused):
                self._refused(wanted, summary)
            else:
                yield wanted

    def _checked(self, row: Row, seen: dict[int, int]) -> Person | Refused:
        try:
            fields = self.reader.contact(row)
            stored = check(fields, today=self.today)
            _check_new(stored.key, row, seen)
        except Invalid as error:
            return self._why(row, error)
        return stored, fields.opted_out

    def _why(self, row: Row, error: Invalid) -> Refused:
        name = FIELD_OF_ERROR.get(error.field, error.field.replace("attributes.", "attr."))
        return Refused(row.number, self.reader.columns.of(name), f"{error.problem}: {error.remedy}")

    def _refused(self, refused: Refused, summary: Summary) -> None:
        summary.refused += 1
        summary.problems[refused.column or "", refused.problem] += 1
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


def _check_new(key: str, row: Row, seen: dict[int, int]) -> None:
    """The same key twice in one file: which one is right, only a person knows. Kept by hash: 100 MB for a million."""
    first = seen.setdefault(hash(key), row.number)
    if first != row.number:
        raise Invalid("key", f"row {first} has the same", "keep one of the two, or give each person a key of its own")
