"""All that was sent to one recipient, each in the place of the one before; where each stands, and what it cost.

What eSMS told of a price is believed, else the price list is asked, as by `report costs`.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, Any
from uuid import UUID

from sqlalchemy import text

from worker.generations import COUNTED_FIRST, THESE
from worker.generations import chains as all_of
from worker.lookups import by_key
from worker.price_list import price_of
from worker.reporting.costs import IN_DOUBT, TAKEN, TAKEN_CODES, Known

if TYPE_CHECKING:
    from worker.database import Reader


def _words(words: Sequence[str]) -> str:
    return ", ".join(repr(str(each)) for each in words)


@dataclass(frozen=True, slots=True, kw_only=True)
class PlaceShown:
    """One of several messages to the same recipient."""

    message: UUID
    notification: UUID
    kind: str
    phone: str
    """A correction may go to another number."""
    status: str
    code: str | None
    is_counted: bool
    """By it reports count the recipient."""
    cost: Decimal
    """In đồng, of all its attempts: what eSMS told, and what the price list says of the others."""
    known: Known
    """Whose figure that is: eSMS's, the list's, both theirs; of a part of it; or nobody's."""


_LISTED = price_of("t.sms_type", "lower(coalesce(t.network, ''))", "CAST(timezone(:zone, t.wanted_at) AS date)")
# An attempt that eSMS surely did not take costs nothing; of what is in doubt nobody knows whether it did.
_CHAINS = text(
    f"""
    WITH RECURSIVE {all_of(THESE)}
    SELECT c.root, m.id AS message, n.id AS notification, n.kind, m.phone, m.status, m.code, c.nth = 1 AS is_counted,
        coalesce(t.told, 0) + coalesce(t.listed, 0) AS cost, t.is_told, t.is_listed, t.is_unknown
    FROM (SELECT *, row_number() OVER (PARTITION BY root ORDER BY {COUNTED_FIRST}) AS nth FROM chain) AS c
    {by_key("message", "m", of="c.id")} {by_key("notification", "n", of="m.notification_id")}
    CROSS JOIN LATERAL (
        SELECT sum(t.price) AS told, sum(t.listed) FILTER (WHERE t.is_taken) AS listed,
            bool_or(t.price IS NOT NULL) AS is_told,
            bool_or(t.is_taken AND t.listed IS NOT NULL) AS is_listed,
            bool_or(t.is_taken AND t.listed IS NULL OR t.in_doubt) AS is_unknown
        FROM (
            SELECT t.price, t.price IS NULL AND t.status IN ({_words(IN_DOUBT)}) AS in_doubt,
                t.price IS NULL AND (
                    t.status IN ({_words(TAKEN)}) OR t.status = 'rejected' AND t.code IN ({_words(TAKEN_CODES)})
                ) AS is_taken,
                CASE WHEN n.kind = 'sms' THEN n.segments ELSE 1 END * {_LISTED} AS listed
            FROM (
                SELECT m.status, m.code, m.network, m.price, coalesce(m.wanted_at, m.created_at) AS wanted_at,
                    coalesce(CAST(n.options ->> 'sms_type' AS smallint), 0) AS sms_type
                UNION ALL
                SELECT a.status, a.code, a.network, a.price, a.wanted_at, coalesce(a.sms_type, 0) FROM attempt AS a
                WHERE a.message_id = m.id AND m.renewals > 0
            ) AS t
        ) AS t
    ) AS t
    ORDER BY c.root, c.place
"""  # noqa: S608 — our own constants
)


def chains(session: Reader, messages: Sequence[Any], zone: str) -> Mapping[UUID, Sequence[PlaceShown]]:
    """The whole chain, in its order, of each of these messages that replaced another or was replaced."""
    several = {each.id for each in messages if each.replaces is not None or each.replaced_by is not None}
    found: dict[UUID, list[PlaceShown]] = defaultdict(list)
    if several:
        for row in session.execute(_CHAINS, {"ids": list(several), "zone": zone}):
            found[row.root].append(_place(row))
    return {each.message: chain for chain in found.values() for each in chain if each.message in several}


def together(chain: Sequence[PlaceShown]) -> tuple[Decimal, Known]:
    """What all of them cost, and whose figure that is."""
    told = {each.known for each in chain if each.cost or each.known not in ("esms", "list")}
    return sum((each.cost for each in chain), Decimal(0)), _known_together(told)


def _known_together(told: set[Known]) -> Known:
    if told & {"part", "no"}:
        return "no" if told == {"no"} else "part"
    if len(told) > 1:
        return "both"
    return next(iter(told), "esms")


def _place(row: Any) -> PlaceShown:
    return PlaceShown(
        message=row.message,
        notification=row.notification,
        kind=row.kind,
        phone=row.phone,
        status=row.status,
        code=row.code,
        is_counted=row.is_counted,
        cost=row.cost,
        known=_known(told=row.is_told, listed=row.is_listed, unknown=row.is_unknown),
    )


def _known(*, told: bool, listed: bool, unknown: bool) -> Known:
    if unknown:
        return "part" if told or listed else "no"
    return "both" if told and listed else "list" if listed else "esms"
