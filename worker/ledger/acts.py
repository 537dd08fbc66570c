"""What people do, written down in the transaction in which they do it; never changed afterwards."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from sqlalchemy import text

from worker.actor import actor_now
from worker.ids import uuid7

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

_ADD = text("""
    INSERT INTO act (id, step, who, via, place, what, how_many, subject)
    VALUES (:id, :step, :who, :via, :place, :what, :how_many, CAST(:subject AS jsonb))
""")


class Act:
    """One thing that somebody does, over however many transactions: each has a row with what it changed."""

    def __init__(self, what: str, **subject: object) -> None:
        """what: a key of `catalogue.acts`. subject: of what; ids and labels, never a number or a text."""
        self._id, self._step, self._actor = uuid7(), 0, actor_now()
        self._what = what
        self._subject = {name: value for name, value in subject.items() if value is not None}

    def note(self, session: Session, how_many: int = 1) -> None:
        """Write down what this transaction changed; nothing where a program acts, and not nothing again and again."""
        if self._actor is None or (self._step and not how_many):
            return
        facts = {"who": self._actor.name, "via": self._actor.via, "place": self._actor.place}
        written = json.dumps(self._subject, default=str)
        row = {"id": self._id, "step": self._step, "what": self._what, "how_many": how_many, "subject": written}
        session.execute(_ADD, facts | row)
        self._step += 1


def note_act(session: Session, what: str, how_many: int = 1, **subject: object) -> None:
    """The same for what is done in one transaction."""
    if actor_now() is not None:
        Act(what, **subject).note(session, how_many)
