"""Requests that came by task or by SQL and could not be taken: kept for a while, to be looked at and sent corrected."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any
from uuid import UUID

from worker import intake, reporting
from worker.api.naming import id_of
from worker.bell import Bell
from worker.checks import LABEL_MOST, known_fields, label_or_none, list_of
from worker.database import Database
from worker.errors import Conflict, Invalid, NotFound, Unavailable, WorkerError
from worker.ids import uuid7
from worker.intake import Enqueue, Ticket
from worker.intake.fields import BESIDES, KNOWN, MAKERS, enqueue_of
from worker.ledger import inbox, note_act
from worker.ledger.inbox import Answered, Received
from worker.lifecycle import Handed, InboxState, Kind, Lane
from worker.reporting import RefusedCount, RefusedPage, RefusedRequest
from worker.settings import Settings
from worker.telemetry import emit

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

MOST = 16_384  # bytes of JSON that are kept of one
WORDS_MOST = 500  # characters
TEXTS = ("content", "variables", "fallback")
OPTIONAL_TEXTS = ("variables", "fallback")  # without one of these it would go out as another message
# What leaves something out leaves out with it.
BELONG = {"fallback": ("fallback_after", "fallback_in_doubt")}


class Refused:
    """What producers without a ticket never heard of. Every method may raise Unavailable.

    A Notifier for one source sees its own, and sends none.
    """

    def __init__(self, database: Database, settings: Settings, bell: Bell) -> None:
        self._database, self._settings, self._bell = database, settings, bell

    def list(
        self, *, source: str | None = None, since: datetime | None = None, most: int = 100
    ) -> Sequence[RefusedRequest]:
        """The last ones first. since: then or later."""
        return self.page(source=source, since=since, most=most).requests

    def page(
        self, after: str | None = None, *, source: str | None = None, since: datetime | None = None, most: int = 100
    ) -> RefusedPage:
        """Some of `list`; after: `next` of the page before. Raises Invalid for one that is none."""
        with self._database.reading() as session:
            return reporting.refused_requests(session, source=source, since=since, after=after, most=most)

    def show(self, refused: UUID | str) -> RefusedRequest:
        """This one. Raises NotFound for one that is not refused (any more)."""
        with self._database.reading() as session:
            found = reporting.refused_one(session, id_of(refused))
        if found is None:
            raise _unknown(refused)
        return found

    def last_of(self, reference: str, source: str) -> RefusedRequest | None:
        """The last one with this reference; None: there is none."""
        with self._database.reading() as session:
            return reporting.refused_of(session, reference=reference, source=source)

    def count(
        self, *, source: str | None = None, since: datetime | None = None, until: datetime | None = None
    ) -> Sequence[RefusedCount]:
        """How many, by day of TIME_ZONE, source, door, kind, field and reason, the last day first.

        since is in, until is not.
        """
        zone = self._settings.time_zone.key
        with self._database.reading() as session:
            return reporting.refused_counts(session, zone, source=source, since=since, until=until)

    def locate(self, given: str) -> UUID:
        """The id of the refused request that a person names: by its id or its beginning, or by its reference.

        Raises NotFound, also for what names more than one.
        """
        with self._database.reading() as session:
            return reporting.locate_refused(session, given)

    def send(self, refused: UUID | str, *, without: Sequence[str] = (), **corrections: Any) -> Ticket:
        """Hand it over after all, its fields corrected by these, as its source and under its reference.

        without: fields that it had, left out; fallback_after goes with fallback. Raises NotFound for one that is not
        refused (any more), Invalid, Conflict.
        """
        with self._database.begin() as session:
            row = inbox.refused_one(session, id_of(refused))
            if row is None:
                raise _unknown(refused)
            wanted = _corrected(row, corrections, without)
            ticket, due = _accepted(session, wanted, self._settings)
            note_act(session, "refused.send", ticket.messages, notification=ticket.id)
            inbox.taken_in(session, (), [Answered(row.id, InboxState.STORED, notification_id=ticket.id)])
        self._bell.ring(due)
        return ticket

    @contextmanager
    def kept(self, kind: str, fields: Mapping[str, Any], *, task_id: str | None) -> Iterator[None]:
        """What is refused meanwhile is logged and kept: it came by task, so its producer hears nothing. Raises
        Unavailable.
        """
        try:
            yield
        except Unavailable:
            raise
        except WorkerError as error:
            mine = error.at(None) if isinstance(error, Invalid) else error
            emit("intake.refused", kind=kind, error=mine)
            if kind in {*map(str, Handed)}:
                self._keep(kind, fields, mine, task_id)

    def _keep(self, kind: str, fields: Mapping[str, Any], error: WorkerError, task_id: str | None) -> None:
        """A task that comes again is kept once."""
        field, reason = told(error)
        refused = inbox.Refused(
            id=_random(task_id) or uuid7(),
            kind=Handed(kind),
            source=_name(fields.get("source")) or "",
            reference=_name(fields.get("reference") or fields.get("key")),
            fields=kept_of(kind, fields, whole=self._settings.refused_whole),
            field=field,
            reason=reason,
        )
        with self._database.begin() as session:
            inbox.refuse(session, refused)


def _accepted(session: Session, wanted: Enqueue, settings: Settings) -> tuple[Ticket, set[Lane]]:
    """An error does not number what is alone."""
    try:
        [ticket], due = intake.accept(session, [wanted], settings, now=datetime.now(UTC), late=True)
    except Invalid as error:
        raise error.at(None) from None
    return ticket, due


def _unknown(given: UUID | str) -> NotFound:
    return NotFound(f"no refused request has the id {str(given)[:40]!r}: see `esms-worker refused list`")


def told(error: WorkerError) -> tuple[str | None, str]:
    """Which field, and what is wrong with it and to be done."""
    if isinstance(error, Invalid | Conflict):
        field = "reference" if isinstance(error, Conflict) else error.field
        return _plain(field), _plain(f"{error.problem}: {error.remedy}")
    return None, _plain(str(error))


def _plain(words: str) -> str:
    """A stranger may name a field as he likes."""
    return "".join(each if each.isprintable() else "?" for each in words[:WORDS_MOST])


def kept_of(kind: str, fields: Mapping[str, Any], *, whole: bool) -> Mapping[str, Any]:
    """What is kept of it: of a message its known fields, without its texts unless `whole`; of anything else nothing.

    None stands for a text that was there and that it can do without: nobody is to send it without by mistake.
    """
    if kind not in {*map(str, Kind)}:
        return {}
    known = {*BESIDES, *MAKERS[Kind(kind)].__dataclass_fields__} - (set() if whole else {*TEXTS})
    found = {name: value for name, value in fields.items() if name in known}
    found |= {name: None for name in OPTIONAL_TEXTS if fields.get(name) and name not in known}
    return found if _is_storable(found) else {}


def _is_storable(found: Mapping[str, Any]) -> bool:
    import orjson

    try:
        written = orjson.dumps(found)
    except TypeError:
        return False
    return len(written) <= MOST and b"\\u0000" not in written


def _corrected(row: Received, corrections: Mapping[str, Any], without: Sequence[str]) -> Enqueue:
    """Raises Invalid."""
    if row.kind not in {*map(str, Kind)}:
        raise Invalid("id", f"is of {row.kind}, of which nothing is kept", "have its application send it again")
    known_fields(list_of("without", without), KNOWN[Kind(row.kind)], f"is no field of {row.kind}")
    given = {name: value for name, value in corrections.items() if value is not None}
    gone = {*without, *(each for name in without for each in BELONG.get(name, ()))}
    kept = {name: value for name, value in row.fields.items() if name not in gone - {*given}}
    for name in OPTIONAL_TEXTS:
        if name in kept and kept[name] is None and name not in given:
            raise Invalid(name, "was not kept", "give it again, or say to send it without")
    return replace(enqueue_of(Kind(row.kind), {**kept, **given}), source=row.source, reference=row.reference)


def _name(value: object) -> str | None:
    try:
        return label_or_none("name", value, most=LABEL_MOST)
    except Invalid:
        return None


def _random(task_id: str | None) -> UUID | None:
    try:
        return UUID(task_id)
    except (ValueError, TypeError, AttributeError):
        return None
