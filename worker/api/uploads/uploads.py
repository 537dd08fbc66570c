"""`notifier.uploads`: take a file in, look at it, say what is to be done with it, check, and let it go."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING
from uuid import UUID

from worker.actor import acting
from worker.api.uploads import calendars, campaigns, people
from worker.api.uploads.calendars import CalendarPlan
from worker.api.uploads.campaigns import CampaignPlan, CampaignPreview
from worker.api.uploads.event_sheets import EventsPlan
from worker.api.uploads.people import ContactsPlan
from worker.api.uploads.reading import BYTES_MOST, bounded, opened
from worker.api.uploads.steps import SMALL, Steps
from worker.bell import Bell
from worker.checks import label, phone_of
from worker.contacts.columns import Columns
from worker.database import Database
from worker.errors import Invalid, NotFound
from worker.ledger import note_act
from worker.ledger import uploads as stored
from worker.ledger.uploads import KEPT, UploadShown
from worker.lifecycle import UploadKind, UploadState
from worker.queues import Task
from worker.spreadsheets import RefusedRow, Row, Sheet

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

    from worker.api.notifier import Notifier
    from worker.intake import Ticket


class Uploads:
    """Files of people. Every method may raise Unavailable, and NotFound for an id that there is not, or no more."""

    def __init__(self, notifier: Notifier, database: Database, bell: Bell) -> None:
        self._notifier, self._database, self._bell = notifier, database, bell
        self._steps = Steps(notifier, database)

    def take(
        self, file: Path, kind: UploadKind, *, by: str, encoding: str | None = None, sheet: str | None = None
    ) -> UploadShown:
        """Read a CSV or XLSX file of at most 10 MB and 100,000 rows, or an .ics, and keep it for seven days.

        Raises Invalid.
        """
        asked_by = label("by", by)
        read: calendars.CalendarFile | Sheet
        if kind is UploadKind.CALENDAR:
            read = calendars.opened(file, BYTES_MOST)
        else:
            read = opened(file, encoding=encoding, sheet=sheet)
        with self._database.begin() as session:
            upload = stored.put_upload(session, kind, read.name, read.columns, read.header_row, by=asked_by)
            note_act(session, "upload.take", stored.put_rows(session, upload, bounded(read)), upload=upload)
            return self._found(session, upload)

    def show(self, upload: UUID | str) -> UploadShown:
        """How far it is."""
        with self._database.begin() as session:
            return self._found(session, upload)

    def list(self, kind: UploadKind, *, most: int = 20) -> Sequence[UploadShown]:
        """The files of this kind, those changed last first."""
        with self._database.begin() as session:
            return stored.list_uploads(session, kind, most=most)

    def of_campaign(self, campaign: str) -> Sequence[UploadShown]:
        """The files that are sent as the campaign of this name."""
        with self._database.begin() as session:
            return stored.uploads_of(session, campaign)

    def rows(self, upload: UUID | str, *, after: int = 0, most: int = 20) -> Sequence[Row | RefusedRow]:
        """Some of its rows, as they were read, from behind this one on."""
        with self._database.begin() as session:
            return stored.upload_rows(session, self._found(session, upload).id, after=after, most=most)

    def refused(self, upload: UUID | str, *, after: int = 0, most: int = 50) -> Sequence[RefusedRow]:
        """Some of the rows that have a problem, by the last check or since."""
        with self._database.begin() as session:
            found = self._found(session, upload)
            rows = stored.upload_rows(session, found.id, after=after, most=most, refused=True)
        return [row for row in rows if isinstance(row, RefusedRow)]

    def all_refused(self, upload: UUID | str) -> Iterator[RefusedRow]:
        """All of them, some in memory at a time."""
        after = 0
        while rows := self.refused(upload, after=after, most=stored.AT_ONCE):
            yield from rows
            after = rows[-1].number

    def plan(self, upload: UUID | str, plan: CampaignPlan | ContactsPlan | CalendarPlan) -> UploadShown:
        """Say what is to be done with it. Raises Invalid, also where that has begun."""
        with self._database.begin() as session:
            found = self._found(session, upload)
            plan.columns(found.columns)
            if type(plan) is not _PLANS[found.kind]:
                raise Invalid("plan", f"is none for {found.kind}", "give the one of its kind")
            if not stored.plan_upload(session, found.id, asdict(plan)):
                raise Invalid("upload", f"is {found.state}", "upload the file again for another one")
            return self._found(session, found.id)

    def columns(self, upload: UploadShown, plan: ContactsPlan | None = None) -> Columns:
        """Which column of people is what. Raises Invalid."""
        return (plan or people.plan_of(upload.plan)).columns(upload.columns)

    def preview(self, upload: UUID | str, plan: CampaignPlan) -> CampaignPreview:
        """What its first 200 rows would send; nothing is stored. Raises Invalid."""
        with self._database.begin() as session:
            return campaigns.preview(session, self._notifier, self._found(session, upload), plan)

    def test(self, upload: UUID | str, to: str) -> Ticket:
        """Send what its first row would get to this number instead, now; the same text to it once. Raises Invalid."""
        number = phone_of("to", to, for_sms=True)
        with self._database.begin() as session:
            item = campaigns.trial(session, self._notifier, self._found(session, upload), number)
        return self._notifier.enqueue_many([item])[0]

    def check(self, upload: UUID | str) -> UploadShown:
        """Find out what it would come to, by everything but the commit: at once up to 1,000 rows, else by a worker.

        Raises Invalid where it is being used, or was.
        """
        return self._begin(upload, UploadState.CHECKING)

    def run(self, upload: UUID | str) -> UploadShown:
        """Send it, or bring its people in; what was stopped goes on. Twice is once: where it runs, nothing changes.

        At once up to 1,000 rows, else by a worker, a thousand at a time. Raises Invalid for what was not checked.
        """
        return self._begin(upload, UploadState.RUNNING)

    def stop(self, upload: UUID | str) -> bool:
        """Queue no more of it; what was queued stays, and may be cancelled as a campaign. False: it does not run."""
        with self._database.begin() as session:
            found = self._found(session, upload)
            if stopped := stored.move_upload(session, found.id, UploadState.STOPPED):
                note_act(session, "upload.stop", upload=found.id)
            return stopped

    def go_on(self) -> bool:
        """Take one step with a file that is to be checked or used; False: there is none. For a worker."""
        return self._steps.go_on()

    def _begin(self, upload: UUID | str, state: UploadState) -> UploadShown:
        with self._database.begin() as session:
            if (found := self._found(session, upload)).state not in _AS_GOOD_AS[state]:
                moved = stored.move_upload(session, found.id, state)
                if moved and state is UploadState.RUNNING:
                    note_act(session, "upload.run", found.rows, upload=found.id, campaign=_campaign_of(found))
                found = self._found(session, found.id)  # where it was not moved, somebody else may have just done it
            if found.state not in _AS_GOOD_AS[state]:
                raise Invalid("upload", f"is {found.state}", _REMEDY[state])
        if found.state is state and found.rows <= SMALL:
            with acting(None):  # what it comes to is told by the act of letting it go
                self._steps.go_on(found.id)
            found = self.show(found.id)
        if found.state is state:
            self._bell.again(Task.SEND_AGAIN)
        return found

    def _found(self, session: Session, upload: UUID | str) -> UploadShown:
        found = stored.find_upload(session, _id_of(upload))
        if found is None:
            raise NotFound(f"no such file, or it was forgotten after {KEPT.days} days: upload it again")
        return found


_PLANS = {
    UploadKind.CAMPAIGN: CampaignPlan,
    UploadKind.CONTACTS: ContactsPlan,
    UploadKind.CALENDAR: CalendarPlan,
    UploadKind.EVENTS: EventsPlan,
}
_AS_GOOD_AS = {
    UploadState.CHECKING: {UploadState.CHECKING, UploadState.CHECKED},
    UploadState.RUNNING: {UploadState.RUNNING, UploadState.DONE},
}
_REMEDY = {
    UploadState.CHECKING: "upload the file again to send it otherwise",
    UploadState.RUNNING: "check it first",
}


def _campaign_of(upload: UploadShown) -> str | None:
    return (upload.plan or {}).get("campaign")


def _id_of(upload: UUID | str) -> UUID:
    try:
        return UUID(str(upload))
    except ValueError:
        raise NotFound("no such file: it is named by its id") from None
