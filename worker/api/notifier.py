"""The producer's side: enqueue, ask, cancel, retry; needs the database and, to be quick, the broker, but no keys."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import event
from sqlalchemy.orm import Session

from worker import intake, ledger, reporting
from worker.api.contacts import Contacts
from worker.api.reminders import Reminders
from worker.api.templates import Templates
from worker.database import Database
from worker.errors import Invalid, NotFound
from worker.intake import Enqueue, Request, Ticket
from worker.intake.checks import check_send_date
from worker.lifecycle import TOO_LATE, Lane, Purpose, Status
from worker.queues import Bell
from worker.reporting import Standing
from worker.settings import Settings

Step = Callable[[Session, Sequence[UUID]], int]  # moves messages of these notifications; how many


@dataclass(frozen=True, slots=True, kw_only=True)
class Decided:
    """What a cancel, move or retry did: how many messages it moved, and where the others stand."""

    moved: int
    others: Mapping[Status, int]
    late: int = 0
    """Of the others, reminders that a retry left since their time has passed."""

    @property
    def too_late(self) -> Mapping[str, int]:
        """In words, for a cancel or a move: "too late: sending", "too late: eSMS holds it" and so on; and how many."""
        words: Counter[str] = Counter()
        for status, count in self.others.items():
            words[TOO_LATE.get(status, f"left as it is: {status}")] += count
        return words


class _Rehearsed(Exception):
    """Rolls a rehearsal back."""


class Notifier:
    """Hands SMS and calls to the worker.

    Keep one per process and share it between threads; it connects on first use. Every method may raise Unavailable
    when Postgres can't be reached; a broker that is away is no error, the message then goes out with beat's next tick.
    """

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self._database = Database(settings.database_url)
        self._bell = Bell(settings.broker_url, settings.redis_url)
        self.contacts = Contacts(self._database, settings)
        self.reminders = Reminders(self._database, settings)
        self.templates = Templates(self._database, settings)

    @classmethod
    def from_env(cls, environ: Mapping[str, str] | None = None) -> Notifier:
        """With the settings of the environment (DATABASE_URL; REDIS_URL to ring). Raises SettingsError."""
        return cls(Settings.from_environ(environ))

    def enqueue(
        self,
        request: Request,
        *,
        purpose: Purpose | str | None = None,
        reference: str | None = None,
        source: str = "",
        campaign: str | None = None,
        send_date: datetime | None = None,
        expires_at: datetime | None = None,
        hand_over: bool = False,
        session: Session | None = None,
    ) -> Ticket:
        """Hand over one SMS or call, to one or many recipients; on disk when this returns.

        purpose: what it is for; who opted out gets no reminder and no advertising. By default what its SmsType is made
        for, and service for a call.
        reference: your own key; the same one from the same source gives back the first ticket.
        source: which application asks. campaign: a label to report, cancel and retry by.
        send_date: when to send; until then it can be cancelled. A naive datetime is in the zone of TIME_ZONE.
        expires_at: not sent after this. hand_over: eSMS holds it until send_date instead; it can't be cancelled then.
        session: join this transaction; it is stored and the worker rung when that commits, and not at all otherwise.

        Raises Invalid (which names the field), Conflict, Unavailable.
        """
        item = Enqueue(
            request=request,
            purpose=purpose,
            reference=reference,
            source=source,
            campaign=campaign,
            send_date=send_date,
            expires_at=expires_at,
            hand_over=hand_over,
        )
        try:
            [ticket] = self._accept([item], session)
        except Invalid as error:
            raise error.at(None) from None
        return ticket

    def enqueue_many(
        self, items: Iterable[Request | Enqueue], *, session: Session | None = None, **common: Any
    ) -> list[Ticket]:
        """Hand over many, all or none, in one transaction; tens of thousands a second.

        items: Sms, TemplateCall, RecordCall, or Enqueue where an item has a reference or date of its own.
        common: what `enqueue` takes, for the items that are not an Enqueue.
        Raises what `enqueue` raises; Invalid tells which item. Tickets come back in order.
        """
        wanted = (item if isinstance(item, Enqueue) else Enqueue(request=item, **common) for item in items)
        return self._accept(wanted, session)

    def rehearse_many(self, items: Iterable[Enqueue]) -> list[Ticket]:
        """What `enqueue_many` would answer, by everything that it does but the commit. Raises the same."""
        tickets: list[Ticket] = []
        with suppress(_Rehearsed), self._database.begin() as session:
            tickets, _ = intake.accept(session, items, self.settings, now=datetime.now(UTC))
            raise _Rehearsed
        return tickets

    def rehearse(self, request: Request, **common: Any) -> Ticket:
        """What `enqueue` would answer to the same, by everything that it does but the commit. Raises the same."""
        try:
            [ticket] = self.rehearse_many([Enqueue(request=request, **common)])
        except Invalid as error:
            raise error.at(None) from None
        return ticket

    def status(self, notification_id: UUID | str) -> Standing:
        """Where a notification stands. Raises NotFound."""
        with self._database.begin() as session:
            return reporting.standing(session, _id(notification_id))

    def show(self, notification_id: UUID | str) -> dict[str, Any]:
        """All there is to tell about a notification, as `show --json` prints it. Raises NotFound."""
        with self._database.begin() as session:
            return reporting.whole(session, _id(notification_id))

    def cancel(self, notification_id: UUID | str) -> Decided:
        """Cancel what has not been claimed yet; what it is too late for is told. Raises NotFound."""
        return self._decide(_id(notification_id), Status.CANCELLED, ledger.cancel)

    def cancel_campaign(self, campaign: str) -> Decided:
        """Cancel what waits of a campaign, some at a time. Raises NotFound."""
        return self._decide_campaign(campaign, Status.CANCELLED, ledger.cancel)

    def move(self, notification_id: UUID | str, send_date: datetime) -> Decided:
        """Give what has not been claimed yet another send_date; a naive one is in the zone of TIME_ZONE.

        The usual expires_at moves along; one that the producer gave stays, and what would be too late by it is left.
        Raises NotFound, and Invalid for a date that can't be.
        """
        return self._decide(_id(notification_id), None, self._moving(send_date))

    def move_campaign(self, campaign: str, send_date: datetime) -> Decided:
        """Give what waits of a campaign another send_date, some at a time. Raises as `move` does."""
        return self._decide_campaign(campaign, None, self._moving(send_date))

    def retry(self, notification_id: UUID | str) -> Decided:
        """Queue again what was rejected, not delivered or expired. Raises NotFound.

        Advertising to fewer than eSMS takes in one request (20) stays as it is, and so does a reminder whose time has
        passed: `late` of the answer tells how many.
        """
        return self._decide(_id(notification_id), Status.QUEUED, self._retry)

    def retry_campaign(self, campaign: str) -> Decided:
        """Queue again what failed of a campaign, some at a time. Raises NotFound."""
        return self._decide_campaign(campaign, Status.QUEUED, self._retry)

    def find(self, reference: str, source: str | None = None) -> UUID:
        """The id of the notification with this reference. Raises NotFound."""
        with self._database.begin() as session:
            return reporting.find(session, reference=reference, source=source)

    def pause_campaign(self, campaign: str, reason: str = "paused by a person") -> bool:
        """Hold a campaign back from the next claim on, until `resume_campaign`; False when it is already."""
        with self._database.begin() as session:
            return ledger.pause_campaign(session, campaign, reason)

    def resume_campaign(self, campaign: str) -> bool:
        """Let a campaign go on, in the order in which it would have gone; False when it was not held back."""
        with self._database.begin() as session:
            lifted = ledger.lift_campaign(session, campaign, by="a person")
        self._bell.ring(set(Lane) if lifted else set())
        return lifted

    def resume(self, lanes: Sequence[Lane]) -> list[Lane]:
        """Let paused lanes go on; the ones that were paused come back."""
        with self._database.begin() as session:
            lifted = ledger.lift(session, lanes, by="a person")
        self._bell.ring(set(lifted))
        return lifted

    def close(self) -> None:
        """Give the connections back."""
        self._database.close()
        self._bell.close()

    def __enter__(self) -> Notifier:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _accept(self, wanted: Iterable[Enqueue], session: Session | None) -> list[Ticket]:
        now = datetime.now(UTC)
        if session is not None:
            with session.begin_nested():  # all or none, whatever the caller does with the error
                tickets, due = intake.accept(session, wanted, self.settings, now=now)
            self._ring_after_commit(session, due)
            return tickets
        with self._database.begin() as own:
            tickets, due = intake.accept(own, wanted, self.settings, now=now)
        self._bell.ring(due)
        return tickets

    def _ring_after_commit(self, session: Session, lanes: set[Lane]) -> None:
        if self not in session.info:  # one listener for all: each would stay until a commit
            session.info[self] = set()
            event.listen(session, "after_commit", self._after_commit)
            event.listen(session, "after_rollback", self._after_rollback)
        session.info[self] |= lanes

    def _after_commit(self, session: Session) -> None:
        if not session.in_nested_transaction():  # SQLAlchemy tells of savepoints too
            lanes, session.info[self] = session.info[self], set()
            self._bell.ring(lanes)

    def _after_rollback(self, session: Session) -> None:
        session.info[self] = set()

    def _moving(self, send_date: datetime) -> Step:
        aware = check_send_date(send_date, self.settings, datetime.now(UTC))
        return lambda session, ids: ledger.move(session, ids, aware, self.settings.horizons)

    def _retry(self, session: Session, ids: Sequence[UUID]) -> int:
        return ledger.retry(session, ids, self.settings.horizons, least=self.settings.advertising_least)

    def _decide(self, notification_id: UUID, to: Status | None, step: Step) -> Decided:
        with self._database.begin() as session:
            moved = step(session, [notification_id])
            late = ledger.late(session, [notification_id]) if to is Status.QUEUED else 0
            statuses = Counter(reporting.standing(session, notification_id).statuses)
        return self._decided(moved, statuses, to, late)

    def _decide_campaign(self, campaign: str, to: Status | None, step: Step) -> Decided:
        moved = late = 0
        statuses: Counter[Status] = Counter()

        def each(session: Session, ids: list[UUID]) -> None:
            nonlocal moved, late
            moved += step(session, ids)
            late += ledger.late(session, ids) if to is Status.QUEUED else 0
            statuses.update(reporting.statuses_of(session, ids))

        ledger.through(self._database.begin, campaign, each)
        if not statuses:
            raise NotFound(f"no notification has the campaign {campaign!r}: check its spelling")
        return self._decided(moved, statuses, to, late)

    def _decided(self, moved: int, statuses: Counter[Status], to: Status | None, late: int) -> Decided:
        """to: where they went; None: they wait as before, under another date."""
        if moved and to is not Status.CANCELLED:
            self._bell.ring(set(Lane))
        statuses[to or Status.QUEUED] -= moved
        return Decided(moved=moved, others=dict(+statuses), late=late)


def _id(notification_id: UUID | str) -> UUID:
    try:
        return notification_id if isinstance(notification_id, UUID) else UUID(notification_id)
    except (ValueError, AttributeError):
        raise NotFound(f"{notification_id!r} is no id: give one that `enqueue` returned") from None
