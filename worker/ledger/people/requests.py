"""What people ask about their data: noted when it comes, answered, done."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from sqlalchemy import text

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

    from worker.database import Reader

_COLUMNS = "id, kind, people, received_at, noted_by, extended, answered_at, done_at, outcome"
_NOTE = text("""
    INSERT INTO person_request (kind, people, received_at, noted_by)
    VALUES (:kind, :people, coalesce(CAST(:received_at AS timestamptz), now()), :by)
    RETURNING id
""")
_OPEN = """
    SELECT id FROM person_request WHERE done_at IS NULL AND kind = :kind AND people && CAST(:people AS text[])
    ORDER BY id LIMIT 1
"""
_IS_OPEN, _OPEN_ALREADY = text(_OPEN), text(f"{_OPEN} FOR UPDATE")
_ANSWER = text("""
    UPDATE person_request SET answered_at = coalesce(answered_at, now()), extended = extended OR :extended
    WHERE id = :id RETURNING id
""")
_FINISH = text("""
    UPDATE person_request
    SET answered_at = coalesce(answered_at, now()), done_at = CASE WHEN :done THEN now() END,
        outcome = CAST(:outcome AS jsonb)
    WHERE id = :id
""")
_LIST = text(f"""
    SELECT {_COLUMNS} FROM person_request WHERE done_at IS NULL OR :all ORDER BY done_at IS NOT NULL, id DESC LIMIT 1000
""")


@dataclass(frozen=True, slots=True, kw_only=True)
class AskedFor:
    """One request. people: keyed hashes. Times in UTC."""

    id: int
    kind: str
    people: Sequence[str]
    received_at: datetime
    noted_by: str
    extended: bool
    answered_at: datetime | None
    done_at: datetime | None
    outcome: Mapping[str, Any] | None


def note_request(
    session: Session, kind: str, people: Sequence[str], *, by: str, received_at: datetime | None = None
) -> int:
    """The open one of the same kind by the same person, or a new one."""
    asked = {"kind": kind, "people": list(people), "by": by, "received_at": received_at}
    found = session.scalar(_OPEN_ALREADY, asked)
    return int(found if found is not None else session.execute(_NOTE, asked).scalar_one())


def is_asked_for(session: Reader, kind: str, people: Sequence[str]) -> bool:
    """Is there an open one?"""
    return session.scalar(_IS_OPEN, {"kind": kind, "people": list(people)}) is not None


def answer_request(session: Session, id_: int, *, extended: bool) -> bool:
    """Note that they were answered. extended: and told that it takes longer. False: there is no such request."""
    return session.execute(_ANSWER, {"id": id_, "extended": extended}).first() is not None


def finish_request(session: Session, id_: int, outcome: Mapping[str, Any], *, done: bool) -> None:
    """What came of it; done: nothing of it is left to do."""
    session.execute(_FINISH, {"id": id_, "outcome": json.dumps(outcome), "done": done})


def requests(session: Reader, *, all_: bool) -> list[AskedFor]:
    """The open ones, the last first; all_: those that are done behind them."""
    return [AskedFor(**row) for row in session.execute(_LIST, {"all": all_}).mappings()]
