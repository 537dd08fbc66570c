"""A CSV file as SMS: one row a recipient, good rows sent and bad ones named by their line.

A row's reference is made of what it says, so that a file that was sent half before a crash can simply be sent again.
"""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from hashlib import blake2b
from itertools import islice
from pathlib import Path
from typing import Any

import click

from worker import text
from worker.api.notifier import Notifier
from worker.errors import Conflict, Invalid
from worker.intake import Enqueue, Sms
from worker.intake.checks import check
from worker.lifecycle import SmsType

PHONE_COLUMNS = ("phone", "to", "number", "so_dien_thoai", "số điện thoại", "sdt", "sđt", "điện thoại")
DELIMITERS = ",;\t|"
AT_ONCE = 1000  # rows queued in one transaction: what a crash leaves out, the next run brings in


@dataclass(frozen=True, slots=True)
class Bad:
    """A row that was not sent."""

    line: int
    error: str


@dataclass(slots=True)
class Summary:
    """What became of the rows."""

    queued: int = 0
    already: int = 0
    bad: list[Bad] = field(default_factory=list)


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """What goes with every row."""

    content: str
    purpose: str | None
    campaign: str
    source: str
    send_date: datetime | None
    expires_at: datetime | None
    hand_over: bool
    sms: Mapping[str, Any]  # sms_type, brandname, unicode, sandbox


@dataclass(frozen=True, slots=True)
class Row:
    """One recipient."""

    line: int
    phone: str
    reference: str | None
    cells: Mapping[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Sheet:
    """A readable file: its encoding and columns are in order."""

    file: Path
    encoding: str
    delimiter: str
    columns: tuple[str, ...]
    phone_column: str
    reference_column: str | None
    rows: int  # about: a cell may hold line breaks

    @classmethod
    def open(cls, file: Path, *, encoding: str, phone_column: str | None, reference_column: str | None) -> Sheet:
        """Read it once through. Raises a usage error that names the line or the column."""
        lines, header = _readable(file, encoding)
        delimiter = _delimiter(header)
        columns = tuple(name.strip() for name in next(csv.reader([header], delimiter=delimiter), []))
        if not columns:
            raise click.UsageError(f"{file.name} is empty: its first line must name the columns")
        return cls(
            file=file,
            encoding=encoding,
            delimiter=delimiter,
            columns=columns,
            phone_column=_column(columns, phone_column),
            reference_column=reference_column and _named(columns, reference_column),
            rows=lines - 1,
        )

    def read(self) -> Iterator[Row | Bad]:
        """Its rows, and those that are none."""
        with self.file.open(encoding=self.encoding, newline="") as opened:
            reader = csv.reader(opened, delimiter=self.delimiter, strict=True)
            next(reader)
            while True:
                try:
                    cells = next(reader)
                except StopIteration:
                    return
                except csv.Error as error:
                    yield Bad(reader.line_num, f"no CSV: {error}: mend the quotes, the rest of the file was not read")
                    return
                if any(cell.strip() for cell in cells):
                    yield self._row(reader.line_num, cells)

    def _row(self, line: int, cells: list[str]) -> Row | Bad:
        if len(cells) != len(self.columns):
            return Bad(
                line, f"has {len(cells)} cells where the header has {len(self.columns)}: quote cells with commas"
            )
        named = {name: cell.strip() for name, cell in zip(self.columns, cells, strict=True)}
        reference = named[self.reference_column] if self.reference_column else None
        return Row(line, named[self.phone_column], reference, named)


def send_sheet(notifier: Notifier, sheet: Sheet, order: Order, *, advance: Callable[[int], object]) -> Summary:
    """Queue every row that can be sent."""
    for name in text_variables(order.content):
        _named(sheet.columns, name)
    summary = Summary()
    if order.sms["sms_type"] == SmsType.ADVERTISING:
        _send_together(notifier, sheet, order, summary)
        return summary
    rows = sheet.read()
    while chunk := list(islice(rows, AT_ONCE)):
        _send_chunk(notifier, chunk, order, summary)
        advance(len(chunk))
    return summary


def text_variables(content: str) -> tuple[str, ...]:
    """The columns that the text names. Raises a usage error."""
    try:
        return text.variables_of(content)
    except text.TemplateError as error:
        raise click.UsageError(f"--content: {error.problem}: {error.remedy}") from None


def _send_chunk(notifier: Notifier, chunk: list[Row | Bad], order: Order, summary: Summary) -> None:
    good: list[tuple[int, Enqueue]] = []
    for row in chunk:
        item = row if isinstance(row, Bad) else _checked(notifier, row, order)
        if isinstance(item, Bad):
            summary.bad.append(item)
        else:
            good.append((row.line, item))
    try:
        _count(notifier.enqueue_many(item for _, item in good), summary)
    except (Conflict, Invalid):  # one of them; which one is told when each is tried by itself
        for line, item in good:
            _send_one(notifier, line, item, summary)


def _send_one(notifier: Notifier, line: int, item: Enqueue, summary: Summary) -> None:
    try:
        _count(notifier.enqueue_many([item]), summary)
    except Invalid as error:
        summary.bad.append(Bad(line, str(error.at(None))))
    except Conflict as error:
        summary.bad.append(Bad(line, str(error)))


def _count(tickets: list[Any], summary: Summary) -> None:
    repeated = sum(ticket.repeated for ticket in tickets)
    summary.already += repeated
    summary.queued += len(tickets) - repeated


def _checked(notifier: Notifier, row: Row, order: Order) -> Enqueue | Bad:
    try:
        content = _content(order.content, row)
        item = _item(Sms(to=row.phone, content=content, **order.sms), order, row.reference or "")
        phones = check(item, notifier.settings, now=datetime.now(UTC)).phones
    except Invalid as error:
        return Bad(row.line, str(error))
    if row.reference is not None:
        return item
    return _item(item.request, order, _reference(order.campaign, phones[0], content))  # type: ignore[arg-type]


def _content(template: str, row: Row) -> str:
    for name in text.variables_of(template):
        if not row.cells.get(name):
            raise Invalid(name, "is empty", "fill the cell: the text needs it")
    return text.render(template, row.cells)


def _item(sms: Sms, order: Order, reference: str) -> Enqueue:
    return Enqueue(
        request=sms,
        purpose=order.purpose,
        reference=reference or None,
        source=order.source,
        campaign=order.campaign,
        send_date=order.send_date,
        expires_at=order.expires_at,
        hand_over=order.hand_over,
    )


def _reference(*parts: str) -> str:
    return "csv:" + blake2b("\0".join(parts).encode(), digest_size=16).hexdigest()


def _send_together(notifier: Notifier, sheet: Sheet, order: Order, summary: Summary) -> None:
    """Advertising goes out many to a request, so all rows are one notification with one text."""
    if text_variables(order.content):
        raise click.UsageError("--content: advertising (type 1) has one text for all: take the {variables} out")
    numbers: list[str] = []
    for row in sheet.read():
        if isinstance(row, Bad):
            summary.bad.append(row)
        elif bad := _bad_number(row):
            summary.bad.append(bad)
        else:
            numbers.append(row.phone)
    sms = Sms(to=numbers, content=order.content, **order.sms)
    ticket = notifier.enqueue_many([_item(sms, order, _reference(order.campaign, order.content, *numbers))])[0]
    summary.already, summary.queued = (ticket.messages, 0) if ticket.repeated else (0, ticket.messages)


def _bad_number(row: Row) -> Bad | None:
    from worker import phone

    try:
        phone.parse(row.phone, for_sms=True)
    except phone.PhoneError as error:
        return Bad(row.line, f"to: {error.problem}: {error.remedy}")
    return None


def _readable(file: Path, encoding: str) -> tuple[int, str]:
    """How many lines it has, and the first. Raises a usage error that names the line that can't be read."""
    if not file.is_file():
        raise click.UsageError(f"{file} is no file that can be read twice: save it first")
    try:
        with file.open("rb") as opened:
            lines = _decodable(opened, encoding, file)
            header = next(lines, "").strip()
            return 1 + sum(1 for _ in lines), header
    except LookupError:
        raise click.UsageError(f"--encoding: {encoding!r} is not known: try utf-8 or cp1258") from None


def _decodable(opened: Any, encoding: str, file: Path) -> Iterator[str]:
    for number, line in enumerate(opened, start=1):
        try:
            yield line.decode(encoding if number == 1 else encoding.removesuffix("-sig"))
        except UnicodeDecodeError:
            remedy = 'save it as "CSV UTF-8", or name its encoding with --encoding'
            raise click.UsageError(f"{file.name}: line {number} is not {_spoken(encoding)}: {remedy}") from None


def _spoken(encoding: str) -> str:
    return "UTF-8" if encoding.startswith("utf-8") else encoding


def _delimiter(header: str) -> str:
    """Excel writes what the system's language wants: a comma, in Viet Nam often a semicolon."""
    return max(DELIMITERS, key=header.count)


def _column(columns: tuple[str, ...], name: str | None) -> str:
    if name is not None:
        return _named(columns, name)
    for column in columns:
        if column.casefold() in PHONE_COLUMNS:
            return column
    raise click.UsageError(f"no column is called {', '.join(PHONE_COLUMNS[:4])}: name it with --phone-column")


def _named(columns: tuple[str, ...], name: str) -> str:
    if name not in columns:
        raise click.UsageError(f"there is no column {name!r}: the file has {', '.join(columns)}")
    return name
