"""Who asked to be forgotten is not brought back by a file, a task or a form unseen: it is said, and asked."""

from __future__ import annotations

from collections.abc import Set
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from worker.errors import Invalid
from worker.ledger import people
from worker.ledger.contacts import StoredContact
from worker.pseudonym import PrivacyKey

if TYPE_CHECKING:
    from sqlalchemy.orm import Session


@dataclass(frozen=True, slots=True)
class Forgotten:
    """Those who were forgotten, by keyed hashes; few among all. Without a key nobody is known again."""

    key: PrivacyKey | None = field(default=None, repr=False)
    people: Set[str] = frozenset()

    @classmethod
    def of(cls, session: Session, key: PrivacyKey | None, *, came_back: bool = False) -> Forgotten:
        """Who was forgotten by now. came_back: those in the file have come back by their own wish, so refuse nobody."""
        return cls(key, people.tombstones(session)) if key and not came_back else cls()

    def refuse(self, row: StoredContact) -> None:
        """Raises Invalid where one of its numbers is that of somebody who was forgotten."""
        if (key := self.key) is None or not self.people:
            return
        if any(key.hide(phone) in self.people for phone in row.values.get("phones") or ()):
            problem = "is the number of somebody who asked to be forgotten"
            raise Invalid("phones", problem, "leave them out, or say that they came back by themselves (came_back)")


NOBODY = Forgotten()
