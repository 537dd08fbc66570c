"""Make what is due: occurrence by occurrence, batch by batch, each person once, whatever happens in between.

One transaction is one batch: the rule's row is locked, occurrences are won by their key, notifications are put, the
cursor moves on. Whoever dies leaves the batch undone as a whole, and the next tick of anybody makes it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Container, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy.orm import Session

from worker.database import Database
from worker.errors import Conflict, Invalid
from worker.intake import Enqueue, Ticket, accept_each
from worker.ledger.clock import clock
from worker.ledger.events import advance_event, invited, take_event
from worker.ledger.occurrences import Closed, Key, close, win
from worker.ledger.opt_out import opted_out
from worker.ledger.people import make_beside_others
from worker.ledger.reminder_failures import note_failure
from worker.ledger.reminder_rules import FRONT, Place, advance_rule, take_rule
from worker.ledger.templates import TemplateRow, template
from worker.lifecycle import Lane
from worker.reminder_rows import RuleRow
from worker.reminders.compose import (
    Owner,
    Person,
    fallback_for,
    owner_of_event,
    owner_of_rule,
    reference_of,
    request_for,
    written_or_reason,
)
from worker.reminders.people import contacts_of, person_of_attendee, person_of_contact
from worker.reminders.plan import INSTANT, Due, dues_at, next_due, next_instant
from worker.settings import Settings
from worker.telemetry import emit, where

BATCH = 1000  # recipients in one transaction

Step = Callable[[Session, Place], Place | None]  # takes what comes after this place in the line


@dataclass(slots=True)
class Made:
    """What a run came to."""

    made: int = 0
    skipped: Counter[str] = field(default_factory=Counter)  # by reason


class Scheduler:
    """Makes what is due until nothing is; any number of processes may do so at once.

    ahead: how early an occurrence becomes a notification that waits; an edit later than that calls it back.
    now: stands in for Postgres's clock where a test drives time. `due` are the lanes to ring after a run.
    """

    def __init__(
        self, database: Database, settings: Settings, *, ahead: timedelta, now: datetime | None = None
    ) -> None:
        self._database, self._settings, self._ahead, self._now = database, settings, ahead, now
        self.due: set[Lane] = set()
        self._broken: list[UUID] = []
        self._at: Place | None = None
        self._told = Made()
        self.total = Made()

    def run(self, stopping: Callable[[], bool] = lambda: False) -> bool:
        """Work until nothing is due or `stopping` says so; True when there is more. Events go before rules."""
        while not stopping():
            made_some = [self._pass(step, stopping) for step in (self._event, self._rule)]
            if not any(made_some):
                return False
        return True

    def _pass(self, step: Step, stopping: Callable[[], bool]) -> bool:
        """Once along the line, one batch of each that is due: a million wishes do not keep a meeting waiting."""
        place, made_some = FRONT, False
        while not stopping():
            self._at = None
            taken = self._one(step, place)
            if taken is None:
                break
            place, made_some = taken, True
        return made_some

    def _one(self, step: Step, after: Place) -> Place | None:
        """One batch in one transaction; where in the line it was."""
        self._told = Made()
        try:
            with self._database.begin() as session:
                make_beside_others(session)
                taken = step(session, after)
        except Exception as error:
            if self._at is None:  # nothing was taken yet: Postgres is away
                raise
            self._leave(self._at.id, error)
            return self._at
        if taken is not None:
            self._tell(taken.id, self._told)
        return taken

    def _leave(self, owner_id: UUID, error: Exception) -> None:
        """One that fails must not stop the others; who looks after them is told where it failed."""
        self._broken.append(owner_id)
        emit("reminders.failed", id=owner_id, error=type(error).__name__, at=where(error))
        with self._database.begin() as session:
            note_failure(session, owner_id, f"{type(error).__name__} at {where(error)}")

    def _tell(self, owner_id: UUID, told: Made) -> None:
        self.total.made += told.made
        self.total.skipped += told.skipped
        if told.made:
            emit("reminders.made", id=owner_id, made=told.made)
        for reason, recipients in told.skipped.items():
            emit("reminders.skipped", id=owner_id, recipients=recipients, reason=reason)

    # One batch of a rule, one of an event...

    def _rule(self, session: Session, after: Place) -> Place | None:
        now = clock(session, self._now)
        row = take_rule(session, until=now + self._ahead, after=after, besides=self._broken)
        if row is None:
            return None
        assert row.next_at is not None
        self._at = Place(row.next_at, row.id)
        due = next_due(row, row.next_at - INSTANT)
        if due is None or due.occurs_at != row.next_at:  # a zone's law has changed since
            advance_rule(session, row.id, next_at=None if due is None else due.occurs_at)
            return self._at
        self._advance_rule(session, row, due, self._make_rule(session, row, due, now))
        return self._at

    def _make_rule(self, session: Session, row: RuleRow, due: Due, now: datetime) -> UUID | None:
        """One batch; the contact to go on after, or None when that was all."""
        contacts = contacts_of(session, row, due, after=row.cursor, most=BATCH)
        people = [person_of_contact(contact, row.kind, due) for contact in contacts]
        self._make(session, owner_of_rule(row), due, people, now)
        return contacts[-1].id if len(contacts) == BATCH else None

    def _advance_rule(self, session: Session, row: RuleRow, due: Due, cursor: UUID | None) -> None:
        if cursor is not None:
            advance_rule(session, row.id, next_at=due.occurs_at, cursor=cursor)
            return
        following = next_due(row, due.occurs_at)
        advance_rule(session, row.id, next_at=None if following is None else following.occurs_at)

    def _event(self, session: Session, after: Place) -> Place | None:
        now = clock(session, self._now)
        row = take_event(session, until=now + self._ahead, after=after, besides=self._broken)
        if row is None:
            return None
        assert row.next_at is not None
        self._at = Place(row.next_at, row.id)
        guests = invited(session, row.id, after=row.cursor, most=BATCH)
        people = [person_of_attendee(guest) for guest in guests]
        for due in dues_at(row, row.next_at):
            self._make(session, owner_of_event(row), due, people, now)
        if len(guests) == BATCH:
            advance_event(session, row.id, next_at=row.next_at, cursor=guests[-1].attendee.key)
        else:
            advance_event(session, row.id, next_at=next_instant(row, row.next_at))
        return self._at

    # Each person...

    def _make(self, session: Session, owner: Owner, due: Due, people: Sequence[Person], now: datetime) -> None:
        if not people:
            return
        won = win(
            session,
            [person.recipient for person in people],
            owner_id=owner.id,
            occasion=due.occasion,
            before=due.before,
            occurs_at=due.occurs_at,
            now=now,
        )
        of = {person.recipient: person for person in people}
        if won:
            wanted = [(key, of[key.recipient], round_) for key, round_ in won.items()]
            self._close(session, self._requests(session, owner, due, wanted, now), now)

    def _requests(
        self, session: Session, owner: Owner, due: Due, wanted: Sequence[tuple[Key, Person, int]], now: datetime
    ) -> dict[Key, Enqueue | str]:
        text, *others = [template(session, name) for name in owner.templates]
        if (general := _why_none(due, text, owner, now)) is not None:
            return {key: general for key, _, _ in wanted}
        assert text is not None
        texts = [text, *filter(None, others)]
        unwilling = opted_out(session, [number for _, person, _ in wanted for number in person.phones])
        return {
            key: _request_or_reason(owner, due, person, texts, key, round_, unwilling) for key, person, round_ in wanted
        }

    def _close(self, session: Session, requests: dict[Key, Enqueue | str], now: datetime) -> None:
        """Put what can be sent, and note for everybody what became of it."""
        good = {key: request for key, request in requests.items() if isinstance(request, Enqueue)}
        answers = dict(zip(good, self._put(session, list(good.values()), now), strict=True))
        closed = [_closed(key, answers.get(key, request)) for key, request in requests.items()]
        close(session, closed)
        self._told.made += sum(one.notification_id is not None for one in closed)
        self._told.skipped.update(one.reason for one in closed if one.reason is not None)

    def _put(self, session: Session, requests: Sequence[Enqueue], now: datetime) -> list[Ticket | Invalid | Conflict]:
        answers, due = accept_each(session, requests, self._settings, now=now) if requests else ([], set())
        self.due |= due
        return answers


def _why_none(due: Due, text: TemplateRow | None, owner: Owner, now: datetime) -> str | None:
    """Why nobody gets this one."""
    if now >= due.deadline:
        return "too late: it could not be made in time"
    if due.overtaken_at is not None and due.overtaken_at <= now:
        return "too late: a later reminder of the same event goes out instead"
    return None if text is not None else f"there is no template {owner.template!r}"


def _request_or_reason(
    owner: Owner,
    due: Due,
    person: Person,
    texts: Sequence[TemplateRow],
    key: Key,
    round_: int,
    unwilling: Container[str],
) -> Enqueue | str:
    """texts: the reminder's, and what follows where it is not delivered."""
    text, *others = texts
    made = written_or_reason(text, person, owner.occasion_of(due), unwilling)
    if isinstance(made, str):
        return made
    fallback = fallback_for(owner, due, others[0], person, made) if others else None
    return request_for(owner, due, text, made, reference_of(key, round_, person.contact_id), fallback)


def _closed(key: Key, answer: object) -> Closed:
    """answer: a ticket, or what says why there is none."""
    if isinstance(answer, Ticket):
        return Closed(key=key, notification_id=answer.id)
    return Closed(key=key, notification_id=None, reason=str(answer))
