"""What may follow some messages by itself, and what stands in their places: each a row or two by its key."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING
from uuid import UUID

from sqlalchemy import text

from worker.generations import THESE, chains
from worker.ledger.follow_ups import FALLBACK_AT, FALLBACK_LATE_AT, RETRY_AT
from worker.lifecycle import IS_SET_ASIDE, Status
from worker.lookups import by_key, by_keys

if TYPE_CHECKING:
    from worker.database import Reader
    from worker.reporting.story.reading import AnyRow

_PROMISES = text(f"""
    SELECT f.message_id, f.due_at IS NOT NULL AND NOT {IS_SET_ASIDE} AS open, f.outcome,
        n.follow_up #>> '{{fallback,kind}}' AS kind, n.follow_up #>> '{{fallback,template_id}}' AS template,
        coalesce(CAST(n.follow_up ->> 'in_doubt' AS boolean), false) AS in_doubt,
        {FALLBACK_AT} AS fallback_at, {FALLBACK_LATE_AT} AS late_at,
        CAST(n.follow_up #>> '{{retry,times}}' AS integer) AS times,
        CAST(n.follow_up #>> '{{retry,wait}}' AS double precision) AS wait, {RETRY_AT} AS retry_at, n.expires_at
    FROM unnest(CAST(:ids AS uuid[])) AS i (id)
    {by_key("follow_up", "f", of="i.id", key="message_id")}
    {by_key("message", "m", of="f.message_id")}
    {by_key("notification", "n", of="m.notification_id")}
""")  # noqa: S608 — our own constants
_SUCCESSORS = text(f"""
    SELECT m.id, n.kind, m.phone, m.status, m.wanted_by, m.replaced_by FROM {by_keys("message", "m", of=":ids")}
    {by_key("notification", "n", of="m.notification_id")}
""")  # noqa: S608 — our own constants
# Of those in whose places they went, the one that arrived after all.
_REACHED = text(f"""
    WITH RECURSIVE {chains(THESE)}
    SELECT DISTINCT ON (own.id) own.id AS message_id, m.id, m.settled_at
    FROM chain AS own JOIN chain AS c ON c.root = own.root AND c.place < own.place AND c.status = 'delivered'
    {by_key("message", "m", of="c.id")}
    WHERE own.id = ANY(CAST(:ids AS uuid[])) ORDER BY own.id, c.place
""")  # noqa: S608 — our own constants


@dataclass(frozen=True, slots=True, kw_only=True)
class Successor:
    """The message in another's place."""

    id: UUID
    kind: str
    phone: str
    status: Status
    wanted_by: str | None
    replaced_by: UUID | None


def promises_of(session: Reader, messages: Sequence[AnyRow]) -> Mapping[UUID, AnyRow]:
    """What may follow by itself, or how that was decided."""
    rows = session.execute(_PROMISES, {"ids": [row.id for row in messages]})
    return {row.message_id: row for row in rows}


def reached_before(session: Reader, messages: Sequence[AnyRow]) -> Mapping[UUID, AnyRow]:
    """For each of these messages an earlier one that reached its recipient after all, if any did."""
    ids = [row.id for row in messages if row.replaces is not None]
    return {row.message_id: row for row in session.execute(_REACHED, {"ids": ids})} if ids else {}


def successors_of(session: Reader, messages: Sequence[AnyRow]) -> Mapping[UUID, Sequence[Successor]]:
    """All that came in the place of each, one after the other, by its id; there are a few at most."""
    found: dict[UUID, Successor] = {}
    ids = {row.replaced_by for row in messages} - {None}
    while ids:
        these = {each.id: each for each in _these(session, ids)}
        found |= these
        ids = {each.replaced_by for each in these.values()} - {None, *found}
    return {row.id: _chain(row.replaced_by, found) for row in messages}


def _these(session: Reader, ids: set[UUID]) -> Sequence[Successor]:
    return [
        Successor(
            id=row.id,
            kind=row.kind,
            phone=row.phone,
            status=Status(row.status),
            wanted_by=row.wanted_by,
            replaced_by=row.replaced_by,
        )
        for row in session.execute(_SUCCESSORS, {"ids": list(ids)})
    ]


def _chain(id_: UUID | None, found: Mapping[UUID, Successor]) -> Sequence[Successor]:
    chain: list[Successor] = []
    while id_ is not None and id_ in found:
        chain.append(found[id_])
        id_ = found[id_].replaced_by
    return chain
