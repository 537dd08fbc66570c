"""What applications handed over by SQL becomes messages, events and contacts, by the same intake as everybody's."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from worker import intake
from worker.api.contacts import Contacts
from worker.api.refused import kept_of
from worker.api.refused import told as told_of
from worker.api.reminders import Reminders
from worker.bell import Bell
from worker.database import Database
from worker.errors import Conflict, Forbidden, Invalid, Unavailable, WorkerError
from worker.intake import Enqueue, Ticket
from worker.intake.fields import enqueue_of
from worker.ledger import inbox
from worker.ledger.inbox import Answered, Received
from worker.lifecycle import Handed, InboxState, Kind, Lane
from worker.settings import Settings
from worker.telemetry import emit, where

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

AT_ONCE = 500  # calls in one transaction
MESSAGES = frozenset(Handed(kind) for kind in Kind)


class Inbox:
    """A worker's: it takes in what is there, each call exactly once, whenever its process dies."""

    def __init__(self, database: Database, settings: Settings, bell: Bell) -> None:
        self._database, self._settings, self._bell = database, settings, bell

    def take_in(self) -> bool:
        """The next ones; True: there is more. One that is a fault of ours to take is refused and holds up no other.

        Raises Unavailable.
        """
        try:
            return self._step(AT_ONCE) == AT_ONCE
        except Unavailable:
            raise
        except Exception:  # noqa: BLE001 — which of them it is shows when each goes by itself
            return all(self._alone() for _ in range(AT_ONCE))

    def _alone(self) -> bool:
        """The next one; False where there is none."""
        try:
            return self._step(1) == 1
        except Unavailable:
            raise
        except Exception as error:  # noqa: BLE001 — it would come back at each tick
            emit("step.failed", task="take in", error=f"{type(error).__name__} at {where(error)}")
            return self._step(1, self._refuse) == 1

    def _step(self, most: int, store: Callable[[Session, Sequence[Received]], set[Lane]] | None = None) -> int:
        with self._database.begin() as session:
            rows = inbox.received(session, most)
            due = (store or self._store)(session, rows) if rows else set()
        self._bell.ring(due)
        return len(rows)

    def _store(self, session: Session, rows: Sequence[Received]) -> set[Lane]:
        messages = [row for row in rows if row.kind in MESSAGES]
        answers, due = intake.accept_each(
            session, map(_wanted, messages), self._settings, now=datetime.now(UTC), ids=[row.id for row in messages]
        )
        whole = self._settings.refused_whole
        told = [_told(row, answer, whole) for row, answer in zip(messages, answers, strict=True)]
        told += [self._stored(session, row) for row in rows if row.kind not in MESSAGES]
        taken = [row.id for row in messages if row.id not in {each.id for each in told if each}]
        inbox.taken_in(session, taken, [each for each in told if each])
        return due

    def _refuse(self, session: Session, rows: Sequence[Received]) -> set[Lane]:
        problem = "a fault of ours: report it, with this id"
        inbox.taken_in(session, (), [Answered(row.id, InboxState.REFUSED, reason=problem) for row in rows])
        return set()

    def _stored(self, session: Session, row: Received) -> Answered:
        """An event or a contact: as the source of its login alone, where that is bound to sources."""
        try:
            self._keep(row)(row.fields, session=session)
        except Forbidden as error:
            return Answered(row.id, InboxState.REFUSED, reason=str(error))
        except Unavailable:
            raise
        except WorkerError as error:
            return _refused(row, error, whole=False)
        return Answered(row.id, InboxState.STORED)

    def _keep(self, row: Received) -> Callable[..., Any]:
        database = self._database.of_source(row.source) if row.bound else self._database
        if row.kind is Handed.CONTACT:
            return Contacts(database, self._settings, source=row.source).upsert_fields
        reminders = Reminders(database, self._settings)
        return reminders.upsert_event_fields if row.kind is Handed.EVENT else reminders.cancel_event_fields


def _wanted(row: Received) -> Enqueue | Invalid:
    try:
        return enqueue_of(Kind(row.kind), {**row.fields, "source": row.source, "reference": row.reference})
    except Invalid as error:
        return error


def _told(row: Received, answer: Ticket | Invalid | Conflict, whole: bool) -> Answered | None:
    """None: it is a notification now, with the id that its caller has."""
    if not isinstance(answer, Ticket):
        return _refused(row, answer, whole)
    return Answered(row.id, InboxState.STORED, notification_id=answer.id) if answer.repeated else None


def _refused(row: Received, error: WorkerError, whole: bool) -> Answered:
    field, reason = told_of(error)
    fields = kept_of(row.kind, row.fields, whole=whole)
    return Answered(row.id, InboxState.REFUSED, field=field, reason=reason, fields=fields)
