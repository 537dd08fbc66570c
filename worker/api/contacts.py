"""People to be reminded, for a producer: `notifier.contacts.upsert(key="17", name="Lan", phones="0901234567")`."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypedDict, Unpack
from uuid import UUID

from worker.api.opt_outs import confirming
from worker.contacts import ContactFields, opt_in_of, opt_out_of, upsert_contacts, upsert_fields
from worker.contacts.checks import parse_phone
from worker.contacts.contact_fields import ContactChanges
from worker.contacts.exporting import pages
from worker.contacts.forgotten import Forgotten
from worker.contacts.importing import Importer, Summary
from worker.contacts.rows import Reader
from worker.database import Database
from worker.errors import Invalid, NotFound
from worker.ledger import Act, contacts, note_act, opt_out
from worker.ledger.contacts import ContactRow, Counts
from worker.settings import Settings
from worker.spreadsheets import RefusedRow, Sheet

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

__all__ = ["ContactRow", "Contacts", "Watch", "Which"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Watch:
    """What is told while a file comes in: rows not taken, cells left out of those that are, how many rows are done."""

    refuse: Callable[[RefusedRow], object]
    leave_out: Callable[[RefusedRow], object]
    advance: Callable[[int], object] = int


class Which(TypedDict, total=False):
    """Which contacts: with one of these tags, of this source, only those who opted out (or did not)."""

    tags: Sequence[str]
    source: str | None
    opted_out: bool | None


class Contacts:
    """Who is reminded, and who wants nothing. Every method may raise Unavailable when Postgres can't be reached.

    session: where a method takes one, it joins that transaction.
    """

    def __init__(self, database: Database, settings: Settings, *, source: str = "") -> None:
        """source: whose contacts they are where a call names none."""
        self._database, self._settings, self._source = database, settings, source

    def upsert(
        self, *, key: str, source: str = "", session: Session | None = None, **fields: Unpack[ContactChanges]
    ) -> Counts:
        """Add or change one person by your own key; what is not given stays, None or an empty value clears it.

        fields: those of ContactFields. Raises Invalid, which names the field.
        """
        try:
            wanted = ContactFields(key=key, source=source or self._source, **fields)
        except TypeError:
            known = ", ".join(ContactFields.__dataclass_fields__)
            raise Invalid("contact", "there is no such field", f"use {known}") from None
        try:
            return self.upsert_many([wanted], session=session)
        except Invalid as error:
            raise error.at(None) from None

    def upsert_fields(self, fields: Mapping[str, Any], *, session: Session | None = None) -> Counts:
        """The same from JSON fields: what is absent stays, null clears. Raises Invalid, also for an unknown field."""
        with self._database.joined(session) as joined:
            counts = upsert_fields(joined, fields, today=self._settings.today(), forgotten=self._forgotten(joined))
            return self._noted(joined, counts)

    def upsert_many(
        self, items: Iterable[ContactFields], *, came_back: bool = False, session: Session | None = None
    ) -> Counts:
        """Add or change many, all or none; thousands a second. Raises Invalid, which tells the item and the field.

        came_back: those who once asked to be forgotten have come back by their own wish; without it they are refused.
        """
        with self._database.joined(session) as joined:
            forgotten = self._forgotten(joined, came_back=came_back)
            counts = upsert_contacts(joined, items, today=self._settings.today(), forgotten=forgotten)
            return self._noted(joined, counts)

    @staticmethod
    def _noted(session: Session, counts: Counts) -> Counts:
        note_act(session, "contact.put", counts.added + counts.updated)
        return counts

    def import_sheet(
        self, sheet: Sheet, reader: Reader, *, dry: bool = False, came_back: bool = False, watch: Watch
    ) -> Summary:
        """Bring people in from an open sheet, a thousand rows to a transaction. Raises Unreadable, Unavailable.

        dry: everything but the commits. came_back: as of `upsert_many`.
        """
        with self._database.begin() as session:
            forgotten = self._forgotten(session, came_back=came_back)
        importer = Importer(
            begin=self._database.begin,
            reader=reader,
            today=self._settings.today(),
            dry=dry,
            refuse=watch.refuse,
            leave_out=watch.leave_out,
            advance=watch.advance,
            forgotten=forgotten,
        )
        act = Act("contact.import")
        if dry:
            return importer.run(sheet)
        with self._database.begin() as session:
            act.note(session, 0)
        summary = importer.run(sheet)
        with self._database.begin() as session:
            act.note(session, summary.counts.added + summary.counts.updated)
        return summary

    def export(self, **which: Unpack[Which]) -> Iterator[ContactRow]:
        """All contacts that are meant, a page to a transaction."""
        with self._database.begin() as session:
            note_act(session, "contact.export", source=which.get("source"))
        return (row for page in pages(self._database.begin, **which) for row in page)

    def attribute_names(self) -> Sequence[str]:
        """Every attribute that some contact has; reads them all."""
        with self._database.begin() as session:
            return contacts.attribute_names(session)

    def list(
        self,
        *,
        tags: Sequence[str] = (),
        source: str | None = None,
        opted_out: bool | None = None,
        name: str | None = None,
        after: UUID | None = None,
        most: int = 50,
    ) -> Sequence[ContactRow]:
        """The first to come first. tags: those with at least one; opted_out: only those who did, or did not.

        name: words of it, or how they begin; without accents and capitals. after: the id of the last one before these.
        """
        which: Which = {"tags": tags, "source": source, "opted_out": opted_out}
        with self._database.begin() as session:
            return contacts.page(session, **which, name=name, after=after, most=most)

    def by_id(self, contact: UUID) -> ContactRow:
        """The contact with this id of ours. Raises NotFound."""
        with self._database.begin() as session:
            if (row := contacts.by_id(session, contact)) is None:
                raise NotFound("no contact has this id: it was removed, or is of another installation")
        return row

    def by_key(self, key: str, *, source: str | None = None) -> Sequence[ContactRow]:
        """The contacts with this key; several sources may have one each."""
        with self._database.begin() as session:
            return contacts.by_keys(session, [key], source=source)

    def by_phone(self, phone: str, *, source: str | None = None) -> Sequence[ContactRow]:
        """The contacts with this number, in any spelling. Raises Invalid."""
        number = parse_phone(phone)
        with self._database.begin() as session:
            return contacts.by_phones(session, [number], source=source)

    def show(self, key: str, *, source: str | None = None) -> ContactRow:
        """The contact with this key. Raises NotFound; Invalid if several sources have one."""
        with self._database.begin() as session:
            return only(contacts.by_keys(session, [key], source=source))

    def opt_out(self, key: str, *, source: str | None = None, session: Session | None = None) -> int:
        """Opt a person out of reminders and advertising, on all their numbers.

        How many messages were cancelled. Raises NotFound, Invalid.
        """
        with self._database.joined(session) as joined:
            row = only(contacts.by_keys(joined, [key], source=source))
            note_act(joined, "contact.opt-out", contact=row.id)
            return opt_out_of(joined, [row], source=row.source, told=confirming(joined, self._settings, self._source))

    def opt_in(self, key: str, *, source: str | None = None, session: Session | None = None) -> None:
        """Opt a person in again; what was cancelled stays so. Raises NotFound, Invalid."""
        with self._database.joined(session) as joined:
            row = only(contacts.by_keys(joined, [key], source=source))
            note_act(joined, "contact.opt-in", contact=row.id)
            opt_in_of(joined, [row])

    def opt_out_phones(self, phones: Collection[str], *, source: str = "", session: Session | None = None) -> int:
        """Opt these numbers out, whoever has them; how many messages were cancelled. Raises Invalid."""
        numbers = [parse_phone(each) for each in phones]
        with self._database.joined(session) as joined:
            note_act(joined, "number.opt-out", len(numbers))
            told = confirming(joined, self._settings, self._source)
            return opt_out.opt_out(joined, numbers, source or self._source, told=told)

    def opt_in_phones(self, phones: Collection[str], *, session: Session | None = None) -> int:
        """Opt these numbers in again; how many had opted out. Raises Invalid."""
        numbers = [parse_phone(each) for each in phones]
        with self._database.joined(session) as joined:
            note_act(joined, "number.opt-in", len(numbers))
            return opt_out.opt_in(joined, numbers)

    def remove(self, key: str, *, source: str | None = None, session: Session | None = None) -> int:
        """Forget a person; how many of their queued reminders were cancelled. Raises NotFound, Invalid.

        What was sent to them stays on record, and so does an opt-out.
        """
        with self._database.joined(session) as joined:
            row = only(contacts.by_keys(joined, [key], source=source))
            _, cancelled = contacts.remove(joined, [row.id])
            note_act(joined, "contact.remove", contact=row.id)
        return cancelled

    def _forgotten(self, session: Session, *, came_back: bool = False) -> Forgotten:
        return Forgotten.of(session, self._settings.privacy_key, came_back=came_back)


def only(rows: list[ContactRow]) -> ContactRow:
    """The one that was meant. Raises NotFound, or Invalid where several sources have it."""
    if not rows:
        raise NotFound("no contact has this key: `esms-worker contacts list` shows them")
    if len(rows) > 1:
        sources = ", ".join(repr(row.source) for row in rows)
        raise Invalid("source", f"several have this key: {sources}", "say which one is meant")
    return rows[0]
