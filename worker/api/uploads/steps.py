"""One step with an uploaded file: the whole of its check, a thousand rows of a campaign, or all of it.

Taken at once where the file is small, else by a worker; what goes wrong stops this file and no other.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from uuid import UUID

from worker.api.uploads import calendars, campaigns, event_sheets, people
from worker.api.uploads.rows import KeptRows
from worker.database import Database
from worker.errors import Unavailable, WorkerError
from worker.ledger.uploads import (
    AT_ONCE,
    UploadShown,
    foresee_upload,
    move_upload,
    next_upload,
    note_refused_rows,
    upload_went_on,
)
from worker.lifecycle import UploadKind, UploadState
from worker.spreadsheets import RefusedRow
from worker.telemetry import emit, where

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

    from worker.api.notifier import Notifier

SMALL = AT_ONCE  # rows that whoever asks waits for
AFTER_AN_ERROR = {UploadState.CHECKING: UploadState.DRAFT, UploadState.RUNNING: UploadState.STOPPED}


@dataclass(frozen=True, slots=True)
class Steps:
    """What is done with files that are to be checked or used."""

    notifier: Notifier
    database: Database

    def go_on(self, upload: UUID | None = None) -> bool:
        """Take one step with this file, or with whichever waits longest; False: there is none, or others are at it.

        Raises Unavailable; the step is undone then, and is taken again.
        """
        taken: UploadShown | None = None
        try:
            with self.database.begin() as session:
                taken = next_upload(session, upload)
                if taken is not None:
                    self._step(session, taken)
        except Unavailable:
            raise
        except Exception as error:  # noqa: BLE001 — a file that we fail at must not be tried for ever before all others
            assert taken is not None
            self._stop(taken, error)
        return taken is not None

    def _step(self, session: Session, upload: UploadShown) -> None:
        refused: list[RefusedRow] = []
        if upload.state is UploadState.CHECKING:
            foresee_upload(session, upload.id, self._foreseen(session, upload, refused))
        elif upload.kind is UploadKind.CAMPAIGN:
            sums, after, over = campaigns.step(session, self.notifier, upload, refused)
            upload_went_on(session, upload.id, sums, after=after, over=over)
        else:
            sums = self._whole(session, upload, refused, dry=False)
            upload_went_on(session, upload.id, sums, after=upload.rows, over=True)
        note_refused_rows(session, upload.id, refused)

    def _foreseen(self, session: Session, upload: UploadShown, refused: list[RefusedRow]) -> Mapping[str, Any]:
        if upload.kind is UploadKind.CAMPAIGN:
            return campaigns.check(session, self.notifier, upload, refused)
        return self._whole(session, upload, refused, dry=True)

    def _whole(
        self, session: Session, upload: UploadShown, refused: list[RefusedRow], *, dry: bool
    ) -> Mapping[str, int]:
        """All of a file of people, or of events, at once."""
        if upload.kind is UploadKind.CALENDAR:
            return calendars.bring_in(session, self.notifier, upload, dry=dry)
        if upload.kind is UploadKind.EVENTS:
            return event_sheets.bring_in(session, self.notifier, upload, refused, dry=dry)
        today = self.notifier.settings.today()
        return people.bring_in(session, upload, KeptRows(session, upload.id), refused, today=today, dry=dry)

    def _stop(self, upload: UploadShown, error: Exception) -> None:
        told = (
            str(error) if isinstance(error, WorkerError) else f"{type(error).__name__} at {where(error)}: report this"
        )
        emit("upload.stopped", id=upload.id, error=told)
        with self.database.begin() as session:
            move_upload(session, upload.id, AFTER_AN_ERROR[upload.state], error=told)
