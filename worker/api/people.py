"""What somebody may ask about their own data: all that is stored, and to be forgotten; by the clock that the law sets.

For whoever administers the database: an application's login may not.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, tzinfo
from typing import TYPE_CHECKING, Any, Self

from worker.api.connected import Connected
from worker.api.naming import BY_DEFAULT
from worker.catalogue.text import Language
from worker.checks import label, phone_of
from worker.database import Database
from worker.errors import Invalid, NotFound, SettingsError
from worker.law.deadlines import Deadlines, deadlines
from worker.ledger import people
from worker.ledger.acts import note_act
from worker.ledger.people import HOLDINGS, AskedFor, Forgot, Known
from worker.lifecycle import PersonRequestKind
from worker.maintenance.forgetting import count_written, forget
from worker.pseudonym import KEY_LEAST, PrivacyKey
from worker.settings import Settings, administration
from worker.settings.retention import KEY

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

    from worker.database import Reader

__all__ = ["Due", "Export", "Forgot", "People", "PersonRequestKind", "Persons", "why_it_stays"]


def why_it_stays(table: str, language: Language = Language.EN) -> str:
    """Why rows of this table stay when somebody is forgotten."""
    stays = HOLDINGS[table].stays
    return "" if stays is None else stays.say(language)


@dataclass(frozen=True, slots=True, kw_only=True)
class Export:
    """All that is stored about one person. Times in ISO 8601, as they stand in the rows."""

    made_at: datetime
    phones: Sequence[str] = field(repr=False)
    shared: Sequence[str] = field(repr=False)
    """Numbers of theirs that another contact has too: what went to these is not in it."""
    tables: Mapping[str, Sequence[Mapping[str, Any]]] = field(repr=False)
    """The rows of each table, by name."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Due:
    """A request, and by when it is to be answered and done: the last day of each, in TIME_ZONE."""

    id: int
    kind: str
    received_at: datetime
    noted_by: str
    extended: bool
    answer_by: date
    answered_at: datetime | None
    done_by: date
    done_at: datetime | None
    late: bool
    """It should have been answered, or done, by now."""
    outcome: Mapping[str, Any] | None


class Persons:
    """Forgets people, for whoever answers for all sources: `notifier.persons`; one that is bound to a source may not.

    Every method may raise Unavailable; SettingsError without WORKER_PRIVACY_KEY, by which nobody brings them back.
    """

    def __init__(self, database: Database, settings: Settings) -> None:
        self._database, self._key = database, settings.privacy_key

    def forget(self, who: str, *, source: str | None = None, opt_out_too: bool = False, by: str = BY_DEFAULT) -> Forgot:
        """Remove all that can be removed about whoever has this number, in any spelling, or this key as a contact.

        For good. What waits for them is cancelled; their messages are emptied by the workers, each once it has been
        over for a day; what stays, and why, comes back. Again it is no mistake, and tells what still waits.
        source: of a contact's key, whose contact it is. opt_out_too: also that they opted out, so that they may be
        written to again. by: who answers for it. Raises NotFound, Invalid, Forbidden.
        """
        return _forget(self._database, self._key, who, source, by, opt_out_too=opt_out_too, empties=False)

    def foresee(self, who: str, *, source: str | None = None, opt_out_too: bool = False) -> Forgot:
        """What `forget` would come to, as things stand; nothing is done. Raises the same."""
        return _foresee(self._database, self._key, who, source, opt_out_too=opt_out_too)


class People(Connected):
    """One person's data. Every method may raise Unavailable when Postgres can't be reached."""

    def __init__(self, settings: Settings) -> None:
        super().__init__(Database(settings.database_url, pool_size=1))
        self._key, self._zone = settings.privacy_key, settings.time_zone

    @classmethod
    def from_env(cls, environ: Mapping[str, str] | None = None) -> Self:
        """With an administrator's DATABASE_URL; in a folder of `esms-worker up` with its own. Raises SettingsError."""
        return cls(Settings.from_environ(administration() if environ is None else environ))

    def export(self, who: str, *, source: str | None = None, by: str) -> Export:
        """All that is stored about whoever has this number, in any spelling, or this key as a contact.

        What was emptied is found where there is a WORKER_PRIVACY_KEY. by: who hands it out; it is noted as a request
        that is done. Raises NotFound where nothing is stored, Invalid.
        """
        with self._database.begin() as session:
            person = _known(session, who, source)
            tables = people.everything_about(session, person, self._key)
            if not tables:
                raise NotFound("nothing is stored about them")
            request = None
            if self._key:
                request = people.note_request(session, PersonRequestKind.EXPORT, person.hashes(self._key), by=by)
                told = {table: len(rows) for table, rows in tables.items()}
                people.finish_request(session, request, {"exported": told}, done=True)
            note_act(session, "person.export", request=request)
        return Export(made_at=datetime.now(UTC), phones=person.phones, shared=person.shared, tables=tables)

    def forget(self, who: str, *, source: str | None = None, opt_out_too: bool = False, by: str) -> Forgot:
        """Remove all that can be removed about them, now or as soon as it is over; what stays, and why, comes back.

        Of a contact by its key, a number that another one has too stays with that one: `export` names it.
        opt_out_too: also that they opted out, so that they may be written to again. Raises NotFound, Invalid;
        SettingsError without a key.
        """
        return _forget(self._database, self._key, who, source, by, opt_out_too=opt_out_too, empties=True)

    def foresee(self, who: str, *, source: str | None = None, opt_out_too: bool = False) -> Forgot:
        """What `forget` would come to, as things stand; nothing is done. Raises the same.

        Of the messages that wait to be emptied it does not tell which go at once.
        """
        return _foresee(self._database, self._key, who, source, opt_out_too=opt_out_too)

    def note(self, who: str, kind: PersonRequestKind, *, received_at: datetime | None = None, by: str) -> Due:
        """Somebody asked: from now on the clock runs. received_at: when it came; None: now. Raises Invalid."""
        key = _needed(self._key)
        with self._database.begin() as session:
            person = _known(session, who, None)
            at = None if received_at is None else received_at.replace(tzinfo=received_at.tzinfo or self._zone)
            id_ = people.note_request(session, kind, person.hashes(key), by=by, received_at=at)
            note_act(session, "person.request", request=id_)
            return next(due_of(each, self._zone) for each in people.requests(session, all_=False) if each.id == id_)

    def answered(self, id_: int, *, extended: bool = False) -> None:
        """Note that they were answered. extended: that it takes 15 days longer, allowed once. Raises NotFound."""
        with self._database.begin() as session:
            _answer(session, id_, extended=extended)

    def done(self, id_: int) -> None:
        """What they asked for was done by hand. Raises NotFound; Invalid where the worker is about to do it."""
        with self._database.begin() as session:
            if any(each.id == id_ and _is_being_forgotten(each) for each in people.requests(session, all_=False)):
                raise Invalid("id", "waits for messages that are under way", "leave it: it is done by itself")
            _answer(session, id_, extended=False)
            people.finish_request(session, id_, {}, done=True)

    def requests(self, *, all_: bool = False) -> Sequence[Due]:
        """The open requests, the last first; all_: and those that are done."""
        with self._database.reading() as session:
            return [due_of(each, self._zone) for each in people.requests(session, all_=all_)]


def _known(session: Reader, who: str, source: str | None) -> Known:
    try:
        phone = phone_of("who", who, for_sms=False)
    except Invalid:
        person = people.known_by(session, key=who, source=source)
        if not person.contacts:
            raise NotFound("this is no number, and no contact has it as a key") from None
        return person
    return people.known_by(session, phone=phone)


def _needed(key: PrivacyKey | None) -> PrivacyKey:
    if key is None:
        remedy = f"set it to {KEY_LEAST} random characters or more, the same for all workers"
        raise SettingsError(KEY, "is not set, and nobody is known to be forgotten without it", remedy)
    return key


def _forget(database: Database, key: PrivacyKey | None, who: str, source: str | None, by: str, **how: bool) -> Forgot:
    """It is noted first: who dies in the middle is asked anew, and goes on. Who may not do all of it does nothing."""
    with database.begin() as session:
        people.refuse_who_may_not(session, _needed(key), opt_out_too=how["opt_out_too"], empties=how["empties"])
        person = _known(session, who, source)
        hashes = person.hashes(_needed(key))
        request = people.note_request(session, PersonRequestKind.FORGET, hashes, by=label("by", by))
        note_act(session, "person.forget", request=request)
    return forget(database, person, _needed(key), request, **how)


def _foresee(database: Database, key: PrivacyKey | None, who: str, source: str | None, *, opt_out_too: bool) -> Forgot:
    needed = _needed(key)
    with database.reading() as session:
        person = _known(session, who, source)
    written = count_written(database, person, needed)
    with database.reading() as session:
        return people.foresee(session, person, needed, written, opt_out_too=opt_out_too)


def _answer(session: Session, id_: int, *, extended: bool) -> None:
    if not people.answer_request(session, id_, extended=extended):
        raise NotFound(f"there is no request {id_}: `esms-worker requests list --all` shows them")
    note_act(session, "person.request", request=id_)


def _is_being_forgotten(asked: AskedFor) -> bool:
    """Its outcome says what is still to go, and who goes on with it."""
    return asked.kind == PersonRequestKind.FORGET and asked.outcome is not None


def due_of(asked: AskedFor, zone: tzinfo) -> Due:
    """With the days by which it is to be answered and done."""
    by: Deadlines = deadlines(asked.received_at, zone, extended=asked.extended)
    today = datetime.now(zone).date()
    late = (asked.answered_at is None and today > by.answer) or (asked.done_at is None and today > by.done)
    facts = ("id", "kind", "received_at", "noted_by", "extended", "answered_at", "done_at", "outcome")
    return Due(**{name: getattr(asked, name) for name in facts}, answer_by=by.answer, done_by=by.done, late=late)
