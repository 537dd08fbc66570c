"""Handing over: one transaction for all that is given, and the bell once it is committed."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import ExitStack
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from worker import intake
from worker.actor import actor_now
from worker.ahead import Ahead, wait_if_allowed
from worker.api.naming import RungLater, each_in_the_name_of, in_the_name_of, ring_once_committed
from worker.bell import Bell
from worker.database import Database
from worker.errors import Conflict, Invalid
from worker.foreign_transactions import Lending
from worker.intake import Enqueue, Request, Ticket
from worker.intake.fields import enqueue_of
from worker.ledger.acts import note_act
from worker.lifecycle import Kind, Lane
from worker.settings import Settings

if TYPE_CHECKING:
    from sqlalchemy.orm import Session


class Intake:
    """What Notifier's `enqueue` and its like do, and say of themselves there."""

    def __init__(self, database: Database, settings: Settings, bell: Bell, source: str | None) -> None:
        self._database, self._settings, self._bell, self._source = database, settings, bell, source
        self._later, self._lending, self._ahead = RungLater(bell), Lending(), Ahead(database)

    def one(self, request: Request, *, session: Session | None, connection: object, **fields: Any) -> Ticket:
        return _alone(lambda: self._accept([Enqueue(request=request, **fields)], session, connection))

    def many(
        self,
        items: Iterable[Request | Enqueue],
        session: Session | None,
        connection: object,
        common: Mapping[str, Any],
    ) -> list[Ticket]:
        wanted = (item if isinstance(item, Enqueue) else Enqueue(request=item, **common) for item in items)
        return self._accept(wanted, session, connection)

    def each(self, items: Iterable[Enqueue | Invalid], *, atomic: bool) -> list[Ticket | Invalid | Conflict]:
        named = each_in_the_name_of(self._source, items)
        answers: list[Ticket | Invalid | Conflict] = []
        due: set[Lane] = set()
        ahead = self._ahead.is_allowed
        with self._database.begin() as session:
            now = datetime.now(UTC)
            answers, due = intake.accept_each(
                session, named, self._settings, now=now, late=False, beside=True, ahead=ahead
            )
            _note(session, [each for each in answers if isinstance(each, Ticket)], self._ahead.wait)
            if atomic and not all(isinstance(answer, Ticket) for answer in answers):
                session.rollback()
        self._bell.ring(due)
        self._ahead.catch_up(session)
        return answers

    def rehearse(self, items: Iterable[Enqueue]) -> list[Ticket]:
        tickets: list[Ticket] = []
        with self._database.begin() as session:
            wanted = in_the_name_of(self._source, items)
            tickets, _ = intake.accept(session, wanted, self._settings, now=datetime.now(UTC))
            session.rollback()
        return tickets

    def rehearse_one(self, request: Request, common: Mapping[str, Any]) -> Ticket:
        return _alone(lambda: self.rehearse([Enqueue(request=request, **common)]))

    def fields(self, kind: Kind, fields: Mapping[str, Any], *, late: bool) -> Ticket:
        return _alone(lambda: self._accept([enqueue_of(kind, fields)], None, late=late))

    def _accept(
        self,
        wanted: Iterable[Enqueue],
        session: Session | None,
        connection: object = None,
        *,
        late: bool = False,
    ) -> list[Ticket]:
        """late: a date that has passed is no mistake."""
        named, now = in_the_name_of(self._source, wanted), datetime.now(UTC)
        ours = session is None and connection is None
        ahead = ours and self._ahead.is_allowed
        with ExitStack() as stack:
            within = session if connection is None else stack.enter_context(self._lending.session(connection))
            joined = stack.enter_context(self._database.joined(within))  # all or none, whatever its owner does then
            tickets, due = intake.accept(joined, named, self._settings, now=now, late=late, beside=ours, ahead=ahead)
            _note(joined, tickets, self._ahead.wait if ours else wait_if_allowed)
        if connection is not None:
            ring_once_committed(connection, lambda: self._bell.ring(due))
        elif session is None:
            self._bell.ring(due)
            self._ahead.catch_up(joined)
        else:
            self._later.ring(session, due)
        return tickets


def _note(session: Session, tickets: Sequence[Ticket], wait: Callable[[Session], None]) -> None:
    """What a person did; what applications hand over tells of itself.

    Of a repeat nothing is written, and what it repeats may have gone ahead of the disk.
    """
    new = [ticket for ticket in tickets if not ticket.repeated]
    if actor_now() and new:
        note_act(session, "message.send", sum(ticket.messages for ticket in new), notification=new[0].id)
    if len(new) < len(tickets):
        wait(session)


def _alone(accept: Callable[[], list[Ticket]]) -> Ticket:
    """The ticket of one; an error does not number what is alone."""
    try:
        [ticket] = accept()
    except Invalid as error:
        raise error.at(None) from None
    return ticket
