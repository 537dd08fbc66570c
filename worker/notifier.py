"""The producer's side: enqueue, ask, cancel, retry; needs the database and, to be quick, the broker, but no keys."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from typing import Any
from uuid import UUID

from sqlalchemy import event
from sqlalchemy.orm import Session

from worker import intake, ledger, reporting
from worker.database import Database
from worker.errors import Invalid, NotFound
from worker.intake import Enqueue, Request, Ticket
from worker.lifecycle import Lane, Status
from worker.notifier_contacts import Contacts
from worker.queues import Bell
from worker.reporting import Standing
from worker.settings import Settings


@dataclass(frozen=True, slots=True, kw_only=True)
class Decided:
    """What a cancel or retry did: how many messages it moved, and where the others stand."""

    moved: int
    others: Mapping[Status, int]


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

    @classmethod
    def from_env(cls, environ: Mapping[str, str] | None = None) -> Notifier:
        """With the settings of the environment (DATABASE_URL; REDIS_URL to ring). Raises SettingsError."""
        return cls(Settings.from_environ(environ))

    def enqueue(
        self,
        request: Request,
        *,
        reference: str | None = None,
        source: str = "",
        campaign: str | None = None,
        send_date: datetime | None = None,
        expires_at: datetime | None = None,
        hand_over: bool = False,
        session: Session | None = None,
    ) -> Ticket:
        """Hand over one SMS or call, to one or many recipients; on disk when this returns.

        reference: your own key; the same one from the same source gives back the first ticket.
        source: which application asks. campaign: a label to report, cancel and retry by.
        send_date: when to send; until then it can be cancelled. A naive datetime is in the zone of TIME_ZONE.
        expires_at: not sent after this. hand_over: eSMS holds it until send_date instead; it can't be cancelled then.
        session: join this transaction; it is stored and the worker rung when that commits, and not at all otherwise.

        Raises Invalid (which names the field), Conflict, Unavailable.
        """
        item = Enqueue(
            request=request,
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

    def status(self, notification_id: UUID | str) -> Standing:
        """Where a notification stands. Raises NotFound."""
        with self._database.begin() as session:
            return reporting.standing(session, _id(notification_id))

    def show(self, notification_id: UUID | str) -> dict[str, Any]:
        """All there is to tell about a notification, as `show --json` prints it. Raises NotFound."""
        with self._database.begin() as session:
            return reporting.whole(session, _id(notification_id))

    def cancel(self, notification_id: UUID | str) -> Decided:
        """Cancel what has not been claimed yet; what the others' status says is too late. Raises NotFound."""
        return self._decide(_id(notification_id), Status.CANCELLED)

    def retry(self, notification_id: UUID | str) -> Decided:
        """Queue again what was rejected, not delivered or expired. Raises NotFound.

        Advertising to fewer than eSMS takes in one request (20) stays as it is.
        """
        return self._decide(_id(notification_id), Status.QUEUED)

    def cancel_campaign(self, campaign: str) -> int:
        """Cancel what waits of a campaign; how many messages that were."""
        with self._database.begin() as session:
            return ledger.cancel(session, campaign=campaign)

    def retry_campaign(self, campaign: str) -> int:
        """Queue again what failed of a campaign; how many messages that were."""
        with self._database.begin() as session:
            moved = ledger.retry(session, campaign=campaign, least=self.settings.advertising_least)
        self._bell.ring(set(Lane))
        return moved

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

    def _decide(self, notification_id: UUID, to: Status) -> Decided:
        again = partial(ledger.retry, least=self.settings.advertising_least)
        step = ledger.cancel if to is Status.CANCELLED else again
        with self._database.begin() as session:
            moved = step(session, ids=[notification_id])
            statuses = dict(reporting.standing(session, notification_id).statuses)
        if to is Status.QUEUED and moved:
            self._bell.ring(set(Lane))
        statuses[to] = statuses.get(to, 0) - moved
        return Decided(moved=moved, others={status: count for status, count in statuses.items() if count > 0})


def _id(notification_id: UUID | str) -> UUID:
    try:
        return notification_id if isinstance(notification_id, UUID) else UUID(notification_id)
    except (ValueError, AttributeError):
        raise NotFound(f"{notification_id!r} is no id: give one that `enqueue` returned") from None
