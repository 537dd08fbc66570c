"""What people did, the last first; a long act is one line, with what all its transactions changed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any
from uuid import UUID

from sqlalchemy import text

if TYPE_CHECKING:
    from worker.database import Reader


@dataclass(frozen=True, slots=True, kw_only=True)
class ActShown:
    """One act. at: when it began, in UTC."""

    id: UUID
    at: datetime
    who: str
    via: str
    """page, command line or http."""
    place: str | None
    """The address or the machine that they came from."""
    what: str
    how_many: int
    subject: Mapping[str, Any]
    """Of what: ids and labels."""


_ACTS = """
    SELECT a.id, a.at, a.who, a.via, a.place, a.what, a.subject,
        (SELECT sum(s.how_many) FROM act AS s WHERE s.id = a.id) AS how_many
    FROM act AS a WHERE a.step = 0 {which}
    ORDER BY a.id DESC LIMIT :most
"""
_WHICH = {
    "who": "AND a.who = :who",
    "what": "AND a.what = :what",
    "since": "AND a.at >= :since",
    "before": "AND a.id < :before",
}


def acts(session: Reader, *, most: int, **which: Any) -> list[ActShown]:
    """The acts that are chosen: by whom, what, since a moment; before: older than the act with this id."""
    given = {name: value for name, value in which.items() if value is not None}
    query = text(_ACTS.format(which=" ".join(_WHICH[name] for name in given)))
    rows = session.execute(query, given | {"most": most}).mappings()
    return [ActShown(**{**row, "how_many": int(row["how_many"])}) for row in rows]
