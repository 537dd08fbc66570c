"""Tokens: made, found by their digest, rotated, revoked. The secret itself never comes here."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING
from uuid import UUID

from sqlalchemy import text

from worker.ids import uuid7

if TYPE_CHECKING:
    from sqlalchemy import Connection
    from sqlalchemy.orm import Session


@dataclass(frozen=True, slots=True, kw_only=True)
class TokenRow:
    """One token, without its secret. Times in UTC."""

    id: UUID
    name: str
    source: str | None
    may: Collection[str]
    rate: float | None
    created_at: datetime
    until: datetime | None
    used_at: datetime | None
    revoked_at: datetime | None


_COLUMNS = "id, name, source, may, rate, created_at, until, used_at, revoked_at"

_ADD = text("""
    INSERT INTO token (id, name, source, may, rate, digest, until)
    VALUES (:id, :name, :source, :may, :rate, :digest, :until)
""")

_FIND = text(f"""
    SELECT {_COLUMNS}, coalesce(used_at >= now() - interval '1 minute', false) AS used_lately FROM token
    WHERE digest = :digest AND revoked_at IS NULL AND (until IS NULL OR until > now())
""")

# The last use is kept to the minute: a row for each request would be a queue of writers on one row. Apart from the
# question, which is answered where nothing can be written.
_USE = text("""
    UPDATE token SET used_at = now() WHERE id = :id AND coalesce(used_at, '-infinity') < now() - interval '1 minute'
""")

_LIST = text(f"SELECT {_COLUMNS} FROM token ORDER BY name, created_at")

# One rotation at a time for a name: two at once would both end the one before, and one would end the other's.
_CURRENT = text(f"""
    SELECT {_COLUMNS} FROM token
    WHERE name = :name AND revoked_at IS NULL AND (until IS NULL OR until > now())
    ORDER BY created_at DESC LIMIT 1 FOR UPDATE
""")

_END = text("""
    UPDATE token SET until = least(until, now() + :overlap)
    WHERE name = :name AND revoked_at IS NULL AND id <> :but
""")

_REVOKE = text("UPDATE token SET revoked_at = now() WHERE name = :name AND revoked_at IS NULL")

_REFUSED = text("""
    INSERT INTO refused_token (day, requests) VALUES (current_date, :requests)
    ON CONFLICT (day) DO UPDATE SET requests = refused_token.requests + excluded.requests
""")

_REFUSALS = text("SELECT coalesce(sum(requests), 0) FROM refused_token WHERE day > current_date - :days")


def add_token(
    session: Session,
    *,
    name: str,
    source: str | None,
    may: Collection[str],
    rate: float | None,
    until: datetime | None,
    digest: bytes,
) -> UUID:
    """Store one; its id."""
    id_ = uuid7()
    columns = {"id": id_, "name": name, "source": source, "may": sorted(may), "rate": rate, "until": until}
    session.execute(_ADD, columns | {"digest": digest})
    return id_


def find_token(session: Session | Connection, digest: bytes) -> tuple[TokenRow, bool] | None:
    """The valid one with this digest, and whether its use was noted within a minute."""
    if (row := session.execute(_FIND, {"digest": digest}).mappings().first()) is None:
        return None
    columns = dict(row)
    used_lately = columns.pop("used_lately")
    return TokenRow(**columns), used_lately


def note_token_use(session: Session, id_: UUID) -> None:
    """It was used just now."""
    session.execute(_USE, {"id": id_})


def tokens(session: Session) -> list[TokenRow]:
    """All, by name, those of before included."""
    return [TokenRow(**row) for row in session.execute(_LIST).mappings()]


def current_token(session: Session, name: str) -> TokenRow | None:
    """The newest valid one of this name, locked until the transaction ends."""
    row = session.execute(_CURRENT, {"name": name}).mappings().first()
    return TokenRow(**row) if row else None


def end_others(session: Session, name: str, *, but: UUID, overlap: timedelta) -> None:
    """Let all of this name but one end after `overlap`."""
    session.execute(_END, {"name": name, "but": but, "overlap": overlap})


def revoke_tokens(session: Session, name: str) -> int:
    """Let none of this name in any more; how many there were."""
    return session.execute(_REVOKE, {"name": name}).rowcount  # type: ignore[attr-defined, no-any-return]


def note_refused(session: Session, requests: int) -> None:
    """So many requests came with a token that is none."""
    session.execute(_REFUSED, {"requests": requests})


def refused_tokens(session: Session, *, days: int) -> int:
    """How many requests of the last days came with a token that is none."""
    return int(session.execute(_REFUSALS, {"days": days}).scalar_one())
