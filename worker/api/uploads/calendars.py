"""A calendar file (.ics), kept line by line as other files are by rows, so that a worker can go on with a large one."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from worker.api.uploads.rows import KeptRows
from worker.checks import label
from worker.errors import Invalid
from worker.ledger.uploads import UploadShown
from worker.recurrence import parse_offset
from worker.reminders import Channel
from worker.reminders.calendars import guests_of
from worker.reminders.checks import translated
from worker.spreadsheets import Row, Unreadable

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

    from worker.api.notifier import Notifier

BEGINS = "BEGIN:VCALENDAR"
NOT_THIS = "choose a calendar as .ics, in UTF-8"


@dataclass(frozen=True, slots=True, kw_only=True)
class CalendarPlan:
    """What its events are reminded of by. Raises Invalid, by the field."""

    template: str
    offsets: Sequence[str] = ("1d",)
    """When to remind, like 1d, 1h, "1d 18:00"."""
    phones: Sequence[str] = ()
    """Reminded of each event besides the attendees that the file names."""
    source: str = "ics"
    """Whose keys the events' are."""
    sms_type: int = 2

    def __post_init__(self) -> None:
        label("source", self.source)
        label("template", self.template, remedy="choose one, or write it first")
        guests_of(self.phones)
        if not self.offsets:
            raise Invalid("offsets", "is missing", 'say when to remind, like "1d, 1h"')
        with translated("offsets"):
            for each in self.offsets:
                parse_offset(each)

    def columns(self, titles: Sequence[str]) -> Mapping[str, int]:  # noqa: ARG002 — as the other plans
        """Where each field is: a calendar has no columns to choose from."""
        return {}


@dataclass(frozen=True, slots=True)
class CalendarFile:
    """Its lines."""

    name: str
    lines: Sequence[str]
    columns: Sequence[str] = ("ics",)
    header_row: int = 0

    def read(self) -> Iterator[Row]:
        """Each as a row of one cell; what continues a line keeps its space in front."""
        return (Row(number, [line]) for number, line in enumerate(self.lines, start=1))


def opened(file: Path, most: int) -> CalendarFile:
    """most: bytes. Raises Unreadable."""
    if file.stat().st_size > most:
        raise Unreadable(
            file.name, f"is larger than {most // 1024**2} MB", "take `esms-worker reminders events import`"
        )
    try:
        # Text has other ends of lines, too.
        lines = [line.decode("utf-8-sig") for line in file.read_bytes().splitlines()]
    except UnicodeDecodeError:
        lines = []
    if not any(line.strip().upper() == BEGINS for line in lines[:20]):
        raise Unreadable(file.name, "is no calendar", NOT_THIS)
    return CalendarFile(file.name, lines)


def bring_in(session: Session, notifier: Notifier, upload: UploadShown, *, dry: bool) -> Mapping[str, int]:
    """All its events in this transaction; what it came to. Raises Invalid, which names the event."""
    plan = CalendarPlan(**(upload.plan or {}))
    lines = (str(row.cells[0]) for row in KeptRows(session, upload.id).read())
    found = notifier.reminders.import_calendar(
        "\r\n".join(lines).encode(),
        source=plan.source,
        template=plan.template,
        offsets=plan.offsets,
        phones=plan.phones,
        channel=Channel(sms_type=plan.sms_type),
        dry_run=dry,
        session=session,
    )
    facts: dict[str, Any] = {name: getattr(found, name) for name in ("over", "all_day", "unreachable")}
    outcomes = {str(outcome): count for outcome, count in found.outcomes.items()}
    return outcomes | facts | {"too_late": len(found.too_late)}
