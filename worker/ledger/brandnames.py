"""The account's brandnames as eSMS listed them last, so that a wrong one is refused before it is stored.

They are replaced whole, in one statement: a reader sees the former list or the new one, never half of it.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta
from typing import TYPE_CHECKING

from sqlalchemy import text

from worker.lifecycle import BRANDNAMES_TRUSTED

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

NOT_TOLD = 0

# The list is old, and this process is the first to notice: the heartbeat's row is both the lock and the memory of it.
# By address and account, since another eSMS (the simulator first, then the real one) has other brandnames, which must
# not judge from then on: they are forgotten whether or not the new ones can be had.
_ASK = text("""
    WITH strangers AS (DELETE FROM brandname WHERE (rest_url, account) <> (:rest_url, :account))
    INSERT INTO heartbeat (name, at)
    SELECT 'brandnames of ' || :account || ' at ' || :rest_url, now()
    WHERE NOT EXISTS (
        SELECT FROM brandname WHERE rest_url = :rest_url AND account = :account AND seen_at > now() - :fresh
    )
    ON CONFLICT (name) DO UPDATE SET at = excluded.at WHERE heartbeat.at <= now() - :again
    RETURNING name
""")

_REPLACE = text("""
    WITH listed AS MATERIALIZED (
        SELECT DISTINCT name, type FROM unnest(CAST(:name AS text[]), CAST(:type AS integer[])) AS l (name, type)
    ), gone AS (
        DELETE FROM brandname AS b WHERE NOT EXISTS (SELECT FROM listed WHERE (name, type) = (b.name, b.type))
    )
    INSERT INTO brandname (name, type, rest_url, account, seen_at)
    SELECT name, type, :rest_url, :account, now() FROM listed ORDER BY name, type
    ON CONFLICT (name, type) DO UPDATE
    SET rest_url = excluded.rest_url, account = excluded.account, seen_at = excluded.seen_at
""")

_KNOWN = text("SELECT name, array_agg(type) AS types FROM brandname WHERE seen_at > now() - :trusted GROUP BY name")


def ask_for_brandnames(session: Session, *, rest_url: str, account: str, fresh: timedelta, again: timedelta) -> bool:
    """Is the list of this account older than `fresh`, and has nobody asked within `again`? Then this process is to."""
    asked = {"rest_url": rest_url, "account": account, "fresh": fresh, "again": again}
    return session.execute(_ASK, asked).first() is not None


def replace_brandnames(
    session: Session, brandnames: Iterable[tuple[str, int | None]], *, rest_url: str, account: str
) -> None:
    """Keep this list, of names and types, instead of the former one; rest_url, account: whose it is."""
    listed = list(brandnames)
    columns = {"name": [name for name, _ in listed], "type": [type_ or NOT_TOLD for _, type_ in listed]}
    session.execute(_REPLACE, columns | {"rest_url": rest_url, "account": account})


def known_brandnames(session: Session) -> dict[str, frozenset[int]]:
    """Each name with the types it is registered for: 1 advertising, 2 customer care, 0 not told.

    Empty: never asked for, or so long ago that it must not judge.
    """
    return {row.name: frozenset(row.types) for row in session.execute(_KNOWN, {"trusted": BRANDNAMES_TRUSTED})}
