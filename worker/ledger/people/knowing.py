"""Who is meant by a number or a contact, and all that stands about them, table by table."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from uuid import UUID

from sqlalchemy import text

from worker.ledger import contacts
from worker.ledger.contacts import ContactRow
from worker.ledger.people.holdings import HOLDINGS

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

    from worker.database import Reader
    from worker.pseudonym import PrivacyKey


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """One person. phones: E.164. contacts: ids, with source and key. shared: numbers that somebody else has, too."""

    phones: Sequence[str] = field(repr=False)
    contacts: Sequence[tuple[UUID, str, str]] = field(default=(), repr=False)
    shared: Sequence[str] = field(default=(), repr=False)

    def hashes(self, key: PrivacyKey) -> list[str]:
        """What stands for them where their numbers do not."""
        return [key.hide(phone) for phone in self.phones]

    def asked(self, key: PrivacyKey | None) -> dict[str, Any]:
        """The parameters of HOLDINGS."""
        return {
            "phones": list(self.phones),
            "numbers": [*self.phones, *(self.hashes(key) if key else ())],
            "contacts": [id_ for id_, _, _ in self.contacts],
            "sources": [source for _, source, _ in self.contacts],
            "keys": [name for _, _, name in self.contacts],
            "recipients": [str(id_) for id_, _, _ in self.contacts] + [name for _, _, name in self.contacts],
            "written": ["[^0-9]*".join(phone.removeprefix("+84").removeprefix("+")) for phone in self.phones],
        }


def known_by(session: Reader, *, phone: str | None = None, key: str | None = None, source: str | None = None) -> Known:
    """Who is meant. By a number: it, and all contacts with it. By a contact: it, and its numbers that no other has."""
    if phone is not None:
        return Known(phones=[phone], contacts=_named(contacts.by_phones(session, [phone])))
    rows = contacts.by_keys(session, [str(key)], source=source)
    ids = {row.id for row in rows}
    phones = list(dict.fromkeys(each for row in rows for each in row.phones))
    others = contacts.by_phones(session, phones)
    shared = {each for other in others if other.id not in ids for each in other.phones} & set(phones)
    unshared = [each for each in phones if each not in shared]
    return Known(phones=unshared, contacts=_named(rows), shared=sorted(shared))


def _named(rows: Sequence[ContactRow]) -> list[tuple[UUID, str, str]]:
    return [(row.id, row.source, row.key) for row in rows]


def everything_about(session: Session, person: Known, key: PrivacyKey | None) -> Mapping[str, Sequence[dict[str, Any]]]:
    """The rows of every table, as they stand; of tables that hold nothing, nothing."""
    asked = person.asked(key)
    found = {
        table: [dict(row) for row in session.scalars(_rows(table, holding.of), asked)]
        for table, holding in HOLDINGS.items()
    }
    return {table: rows for table, rows in found.items() if rows}


def _rows(table: str, condition: str) -> Any:
    return text(f"SELECT to_jsonb(t) FROM {table} AS t WHERE {condition}")
