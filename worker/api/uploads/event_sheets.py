"""A spreadsheet as events: which column is what, by which text they are reminded of, and all good rows at once."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from worker.api.uploads.calendars import CalendarPlan
from worker.api.uploads.rows import KeptRows
from worker.contacts.dates import DateOrder
from worker.errors import Invalid
from worker.ledger import note_act
from worker.ledger.clock import clock
from worker.ledger.uploads import UploadShown
from worker.reminders import Channel
from worker.reminders.calendars import guests_of
from worker.reminders.event_sheets import SheetImport, guessed, places_of
from worker.spreadsheets import RefusedRow

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy.orm import Session

    from worker.api.notifier import Notifier


@dataclass(frozen=True, slots=True, kw_only=True)
class EventsPlan(CalendarPlan):
    """The same for rows: one guest each; those of one key, or of one name, time and place, are one event."""

    source: str = "file"
    told: Mapping[str, str | int] | None = None
    """The columns of title, starts_at, time, place, phone, name and key, by their titles, or places from 0 on; None:
    they are guessed by their titles."""
    dates: str | None = DateOrder.DMY
    """How 03/04/2027 is meant in a text: dmy or mdy; None: such rows are refused."""

    def columns(self, titles: Sequence[str]) -> Mapping[str, int]:
        """Where each of these is. Raises Invalid."""
        if self.dates is not None and self.dates not in set(DateOrder):
            raise Invalid("dates", "is no order of day and month", f"use {' or '.join(DateOrder)}")
        return places_of(titles, guessed(titles) if self.told is None else self.told)


def bring_in(
    session: Session, notifier: Notifier, upload: UploadShown, refused: list[RefusedRow], *, dry: bool
) -> Mapping[str, int]:
    """All its good rows in this transaction; what it came to. Raises Invalid."""
    plan, before = EventsPlan(**(upload.plan or {})), len(refused)
    way = SheetImport(
        titles=upload.columns,
        places=plan.columns(upload.columns),
        dates=DateOrder(plan.dates) if plan.dates else None,
        source=plan.source,
        guests=guests_of(plan.phones),
        refuse=refused.append,
        how={"template": plan.template, "offsets": plan.offsets, "channel": Channel(sms_type=plan.sms_type)},
    )
    with session.begin_nested() as whole:
        rows = KeptRows(session, upload.id).read()
        found = way.run(session, rows, notifier.settings, now=clock(session))
        note_act(session, "calendar.import", found.outcomes.total(), source=plan.source)
        if dry:
            whole.rollback()
    facts = {"over": found.over, "too_late": len(found.too_late), "refused": len(refused) - before}
    return {str(outcome): count for outcome, count in found.outcomes.items()} | facts
