"""The producer's side: enqueue, ask, cancel, retry; needs the database and, to be quick, the broker, but no keys."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, TypedDict, Unpack
from uuid import UUID

from worker import reporting
from worker.api.branches import Branches
from worker.api.naming import BY_A_PERSON, BY_DEFAULT, Campaign, id_of
from worker.api.reports import Reports
from worker.bell import Bell
from worker.checks import label_or_none
from worker.database import Database
from worker.errors import Conflict, Invalid
from worker.lifecycle import Kind, Lane, Purpose
from worker.reporting import Located, NotificationShown, Standing
from worker.settings import Settings

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

    from worker.api.again import How
    from worker.api.decisions import Decision
    from worker.api.events import Event, Page
    from worker.intake import Enqueue, Request, Retry, Ticket


PART = 1000  # messages of one notification that are shown at once


class Common(TypedDict, total=False):
    """What goes with each of many requests that say nothing of their own."""

    purpose: Purpose | str | None
    source: str
    campaign: str | None
    send_date: datetime | None
    expires_at: datetime | None
    hand_over: bool
    retry_undelivered: Retry | None
    fallback: Request | None
    fallback_after: timedelta | str | None
    fallback_in_doubt: bool


class Notifier(Branches):
    """Hands SMS and calls to the worker.

    Keep one per process and share it between threads; it connects on first use. Every method may raise Unavailable
    when Postgres can't be reached; a broker that is away is no error, the message then goes out with beat's next tick.
    """

    def __init__(
        self,
        settings: Settings,
        *,
        database: Database | None = None,
        bell: Bell | None = None,
        source: str | None = None,
    ) -> None:
        """database, bell: to be shared with a process that has them already; `close` closes them all the same.

        source: hands over in this name, and finds, sees and moves what belongs to it alone: Postgres holds it to that.
        Raises Invalid for a name that can't be.
        """
        self.settings = settings
        self.source = label_or_none("source", source)
        given = database or Database(settings.database_url)
        self._database = given if self.source is None else given.of_source(self.source)
        self._bell = bell or Bell(settings.broker_url, settings.redis_url)
        self.reports = Reports(self._database, settings, self.source)

    @classmethod
    def from_env(cls, environ: Mapping[str, str] | None = None, *, source: str | None = None) -> Notifier:
        """With the settings of the environment (DATABASE_URL; REDIS_URL to ring). Raises SettingsError.

        source: hands over in this name, and finds, sees and moves what belongs to it alone. Raises Invalid.
        """
        return cls(Settings.from_environ(environ), source=source)

    def of_source(self, source: str) -> Notifier:
        """One for this source, for a process that serves many: on connections that this one closes. Raises Invalid."""
        if self.source not in (None, source):
            raise Invalid("source", f"this Notifier is for {self.source!r} alone", "ask the one that it was made from")
        return Notifier(self.settings, database=self._database, bell=self._bell, source=source)

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
        retry_undelivered: Retry | None = None,
        fallback: Request | None = None,
        fallback_after: timedelta | str | None = None,
        fallback_in_doubt: bool = False,
        session: Session | None = None,
        connection: object = None,
    ) -> Ticket:
        """Hand over one SMS or call, to one or many recipients; on disk when this returns.

        purpose: what it is for; who opted out gets no reminder and no advertising. By default what its SmsType is made
        for, and service for a call.
        reference: your own key; the same one from the same source gives back the first ticket.
        source: which application asks; a Notifier for one source needs none. campaign: to report, cancel and retry by.
        send_date: when to send; until then it can be cancelled. A naive datetime is in the zone of TIME_ZONE.
        expires_at: not sent after this. hand_over: eSMS holds it until send_date instead; it can't be cancelled then.
        retry_undelivered, fallback (fallback_after its date): what follows where it fails, see docs/send-again.md.
        session: join this transaction; it is stored and the worker rung when that commits, and not at all otherwise.
        connection: the same for one of SQLAlchemy Core, Django or psycopg 3 in whose transaction you are. psycopg and
        Core tell nobody that a commit is done: call `ring` then, or the worker looks within WORKER_TICK.

        Raises Invalid (which names the field), Conflict, Unavailable.
        """
        return self._intake.one(
            request,
            session=session,
            connection=connection,
            purpose=purpose,
            reference=reference,
            source=source,
            campaign=campaign,
            send_date=send_date,
            expires_at=expires_at,
            hand_over=hand_over,
            retry_undelivered=retry_undelivered,
            fallback=fallback,
            fallback_after=fallback_after,
            fallback_in_doubt=fallback_in_doubt,
        )

    def enqueue_many(
        self,
        items: Iterable[Request | Enqueue],
        *,
        session: Session | None = None,
        connection: object = None,
        **common: Unpack[Common],
    ) -> list[Ticket]:
        """Hand over many, all or none, in one transaction; tens of thousands a second.

        items: Sms, TemplateCall, RecordCall, or Enqueue where an item has a reference or date of its own.
        common: what `enqueue` takes, for the items that are not an Enqueue.
        Raises what `enqueue` raises; Invalid tells which item. Tickets come back in order.
        """
        return self._intake.many(items, session, connection, common)

    def enqueue_each(
        self, items: Iterable[Enqueue | Invalid], *, atomic: bool = False
    ) -> list[Ticket | Invalid | Conflict]:
        """Hand over those that can be sent, in one transaction, and learn of each other one why not; in order.

        An Invalid among them comes back as it is: for requests that were wrong before they came here.
        atomic: where one is refused, none is stored, and the tickets are only what they would have been.
        Raises Unavailable.
        """
        return self._intake.each(items, atomic=atomic)

    def rehearse_many(self, items: Iterable[Enqueue]) -> list[Ticket]:
        """What `enqueue_many` would answer, by everything that it does but the commit. Raises the same."""
        return self._intake.rehearse(items)

    def rehearse(self, request: Request, **common: Any) -> Ticket:
        """What `enqueue` would answer to the same, by everything that it does but the commit. Raises the same."""
        return self._intake.rehearse_one(request, common)

    def enqueue_fields(self, kind: Kind, fields: Mapping[str, Any], *, late: bool = False) -> Ticket:
        """Hand over one request that comes as JSON fields: those of its kind and of `enqueue`, dates as ISO 8601 text.

        late: a date that has passed is no mistake, since the request may have waited somewhere.
        Raises what `enqueue` raises; Invalid also for a field that there is not, or that is missing.
        """
        return self._intake.fields(kind, fields, late=late)

    def status(self, notification_id: UUID | str, *, told: Callable[[int], object] | None = None) -> Standing:
        """Where a notification stands. Raises NotFound.

        told: its messages are counted some at a time, and this is called after each step that another follows, with
        how many it counted.
        """
        with self._database.reading() as session:
            return reporting.standing(session, id_of(notification_id), told)

    def show(
        self,
        notification_id: UUID | str,
        *,
        message_id: UUID | None = None,
        after: UUID | None = None,
        most: int | None = None,
    ) -> NotificationShown:
        """All there is to tell about a notification, or of its messages only about one. Raises NotFound.

        most: about no more messages than so many; after: those that follow this one, `more` of the answer before.
        """
        zone = self.settings.time_zone.key
        with self._database.reading() as session:
            return reporting.whole(
                session, id_of(notification_id), message_id=message_id, after=after, most=most, zone=zone
            )

    def show_in_parts(self, located: Located) -> Iterator[NotificationShown]:
        """The same, a thousand messages at a time, however many there are; of each part only its messages are new.

        Raises NotFound.
        """
        part = self.show(located.notification, message_id=located.message, most=PART)
        yield part
        while part.more:
            yield (part := self.show(located.notification, after=part.more, most=PART))

    def cancel(self, notification_id: UUID | str) -> Decision:
        """Cancel what has not been claimed yet; what it is too late for is told. Raises NotFound."""
        return self._decisions.cancel(id_of(notification_id))

    def cancel_campaign(self, campaign: str, *, told: Callable[[int], object] | None = None) -> Decision:
        """Cancel what waits of a campaign, some at a time. Raises NotFound.

        told: is called after each step with the number of messages that it looked at.
        """
        return self._decisions.cancel(Campaign(campaign), told)

    def move(self, notification_id: UUID | str, send_date: datetime) -> Decision:
        """Give what has not been claimed yet another send_date; a naive one is in the zone of TIME_ZONE.

        The usual expires_at moves along; one that the producer gave stays, and what would be too late by it is left.
        Raises NotFound, and Invalid for a date that can't be.
        """
        return self._decisions.move(id_of(notification_id), send_date)

    def move_campaign(
        self, campaign: str, send_date: datetime, *, told: Callable[[int], object] | None = None
    ) -> Decision:
        """Give what waits of a campaign another send_date, some at a time. Raises as `move` does.

        told: as of `cancel_campaign`.
        """
        return self._decisions.move(Campaign(campaign), send_date, told)

    def retry(self, notification_id: UUID | str, *, by: str = BY_DEFAULT, **how: Unpack[How]) -> Decision:
        """Queue again what failed of it; of a message's id, only that one. As `again.retry`."""
        from worker.again import Failed

        return self.again.retry(Failed(ids=[notification_id]), by=by, **how)

    def retry_campaign(self, campaign: str, *, by: str = BY_DEFAULT, **how: Unpack[How]) -> Decision:
        """Queue again what failed of a campaign. As `again.retry`."""
        from worker.again import Failed

        return self.again.retry(Failed(campaign=campaign), by=by, **how)

    def find(self, reference: str, source: str | None = None) -> UUID:
        """The id of the notification with this reference. Raises NotFound."""
        with self._database.reading() as session:
            return reporting.find(session, reference=reference, source=source)

    def locate(self, given: str, *, source: str | None = None, numbers: bool = False) -> Located:
        """What a person names: by a notification's or a message's id, by its beginning (eight characters or more) where
        nothing else begins so, or by its reference (of this source).

        numbers: a phone number names the last message to it. Raises NotFound, also for what names more than one.
        """
        with self._database.reading() as session:
            return reporting.locate(session, given, source=source, numbers=numbers)

    def pause(self, lanes: Sequence[Lane], reason: str = BY_A_PERSON) -> Sequence[Lane]:
        """Hold lanes back until `resume`; those that a person had not paused already come back."""
        return self.pauses.pause(lanes, reason)

    def resume(self, lanes: Sequence[Lane]) -> Sequence[Lane]:
        """Let paused lanes go on; the ones that were paused come back."""
        return self.pauses.resume(lanes)

    def pause_campaign(self, campaign: str, reason: str = BY_A_PERSON) -> bool:
        """Hold a campaign back from the next claim on, until `resume_campaign`; False when it is already."""
        return self.pauses.pause_campaign(campaign, reason)

    def resume_campaign(self, campaign: str) -> bool:
        """Let a campaign go on, in the order in which it would have gone; False when it was not held back."""
        return self.pauses.resume_campaign(campaign)

    def events(self, after: str | None = None, *, every: float = 1.0, follow: bool = True) -> Iterator[Event]:
        """What happens, as it happens: each event with the cursor to go on after it. Nothing is missed or told twice.

        after: a cursor; None: from seven days ago. every: seconds between two looks, where nothing is new.
        follow: False ends where it would wait. Raises Invalid for a cursor that is none, Unavailable.
        """
        return self._feed.events(after, every=every, follow=follow)

    def events_page(self, after: str | None = None, *, most: int = 500) -> Page:
        """The next ones out of `most` rows of the log, and the cursor to go on with. Raises as `events` does."""
        return self._feed.page(after, most=most)

    def ring(self) -> None:
        """Have the workers look now: after the commit of a `connection` that tells nobody of it."""
        self._bell.ring(set(Lane))

    def close(self) -> None:
        """Give the connections back."""
        self._database.close()
        self._bell.close()

    def __enter__(self) -> Notifier:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
