"""What a person may mean by a few words or figures: an id, reference, number, campaign, or somebody's name or key."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

from worker.errors import NotFound
from worker.ledger import contacts
from worker.phone import e164_of, local_of
from worker.reporting.choice import Choice
from worker.reporting.finding import Search
from worker.reporting.locating import by_id
from worker.reporting.standing import referenced
from worker.reporting.summary import campaigns

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

    from worker.ledger.contacts import ContactRow

Kind = Literal["message", "notification", "reference", "number", "campaign", "person"]

SOME = 5  # campaigns that begin so, people who are called so


@dataclass(frozen=True, slots=True, kw_only=True)
class Meaning:
    """One thing that it may mean, and the search for its messages."""

    kind: Kind
    name: str = field(repr=False)
    """As people write it: a number as 0901234567, a person's name."""
    search: Search


def meanings(session: Session, given: str) -> Sequence[Meaning]:
    """The most exact first; none: it is nothing that is known here."""
    if not (words := given.strip()):
        return []
    return [each for look in (_ids, _references, _numbers, _campaigns, _people) for each in look(session, words)]


def _ids(session: Session, given: str) -> Iterator[Meaning]:
    try:
        found = by_id(session, given)
    except NotFound:  # it begins too many
        return
    for each in sorted(found, key=lambda located: str(located.message)):
        if each.message is None:
            yield Meaning(kind="notification", name=given, search=Search(notifications=[each.notification]))
        else:
            yield Meaning(kind="message", name=str(each.message), search=Search(messages=[each.message]))


def _references(session: Session, given: str) -> Iterator[Meaning]:
    if found := referenced(session, given):
        yield Meaning(kind="reference", name=given, search=Search(notifications=[row.id for row in found]))


def _numbers(_: Session, given: str) -> Iterator[Meaning]:
    if phone := e164_of(given):
        yield Meaning(kind="number", name=local_of(phone), search=Search(phones=[phone]))


def _campaigns(session: Session, given: str) -> Iterator[Meaning]:
    for name in campaigns(session, given, most=SOME):
        yield Meaning(kind="campaign", name=name, search=Search(choice=Choice(words={"campaign": [name]})))


def _people(session: Session, given: str) -> Iterator[Meaning]:
    found = {row.id: row for row in contacts.by_keys(session, [given])[:SOME]}
    found |= {row.id: row for row in contacts.page(session, name=given, most=SOME)}
    return (_person(row) for row in found.values() if row.phones)


def _person(row: ContactRow) -> Meaning:
    return Meaning(kind="person", name=row.name or row.key, search=Search(phones=list(row.phones)))
