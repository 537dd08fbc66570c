"""What people look for, kept for a day under keys that say nothing."""

from __future__ import annotations

from collections.abc import Mapping
from secrets import token_urlsafe
from typing import TYPE_CHECKING, Any

import orjson
from sqlalchemy import text

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

    from worker.database import Reader

BYTES = 16  # of a key

_FORGET = text("DELETE FROM search WHERE at < now() - interval '1 day'")
_KEEP = text("INSERT INTO search (key, person, asked) VALUES (:key, :person, CAST(:asked AS jsonb))")
_KEPT = text("SELECT asked FROM search WHERE key = :key AND person = :person")


def keep_search(session: Session, person: str, asked: Mapping[str, Any]) -> str:
    """The key under which it is kept for this person; what is older than a day goes."""
    key = token_urlsafe(BYTES)
    session.execute(_FORGET)
    session.execute(_KEEP, {"key": key, "person": person, "asked": orjson.dumps(asked).decode()})
    return key


def kept_search(session: Reader, person: str, key: str) -> Mapping[str, Any] | None:
    """What this person looks for under this key; None: nothing, or no more."""
    asked: Mapping[str, Any] | None = session.execute(_KEPT, {"key": key, "person": person}).scalar_one_or_none()
    return asked
