"""A file as contacts: which column is what, and all of its rows stored, or none."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Any

from worker.checks import label, label_or_none
from worker.contacts.columns import Columns, choose
from worker.contacts.dates import DateOrder
from worker.contacts.importing import Importer
from worker.contacts.rows import Reader
from worker.errors import Invalid
from worker.ledger.uploads import UploadShown
from worker.spreadsheets import Readable, RefusedRow

if TYPE_CHECKING:
    from sqlalchemy.orm import Session


@dataclass(frozen=True, slots=True, kw_only=True)
class ContactsPlan:
    """Which column is what. Raises Invalid, by the field, where it can't."""

    told: Sequence[str] = ()
    """FIELD=COLUMN, and FIELD= to take it from none; the other fields are guessed by the columns' names."""
    rest_as_attributes: bool = False
    dates: str | None = None
    """How 03/04/1990 is meant: dmy or mdy; None: such dates are left out."""
    source: str = "import"
    """Whose keys these are."""
    tags: Sequence[str] = ()
    """For everybody in the file, besides their own."""

    def __post_init__(self) -> None:
        label("source", self.source)
        for tag in self.tags:
            label_or_none("tags", tag)
        if self.dates is not None and self.dates not in set(DateOrder):
            raise Invalid("dates", "is no order of day and month", f"use {' or '.join(DateOrder)}")

    def columns(self, titles: Sequence[str]) -> Columns:
        """What is taken from which column. Raises Invalid."""
        return choose(titles, self.told, rest_as_attributes=self.rest_as_attributes)

    def reader(self, titles: Sequence[str]) -> Reader:
        """How its rows are read. Raises Invalid."""
        order = DateOrder(self.dates) if self.dates else None
        return Reader(columns=self.columns(titles), source=self.source, order=order, tags=self.tags)


def plan_of(stored: Mapping[str, Any] | None) -> ContactsPlan:
    """The plan that was stored so; where none was, one that guesses every column."""
    return ContactsPlan(**(stored or {}))


def bring_in(
    session: Session, upload: UploadShown, rows: Readable, refused: list[RefusedRow], *, today: date, dry: bool
) -> Mapping[str, int]:
    """All rows in this transaction; what it came to. Cells that were left out are among `refused`. Raises Invalid."""
    summary = Importer(
        begin=_within(session),
        reader=plan_of(upload.plan).reader(upload.columns),
        today=today,
        dry=dry,
        refuse=refused.append,
        leave_out=refused.append,
    ).run(rows)
    counts = {name: getattr(summary.counts, name) for name in ("added", "updated", "unchanged")}
    return counts | {"refused": summary.refused, "left_out": summary.left_out}


def _within(session: Session) -> Callable[[], Any]:
    """What an error or a dry run undoes is what was done here alone."""

    @contextmanager
    def begin() -> Iterator[Session]:
        with session.begin_nested():
            yield session

    return begin
