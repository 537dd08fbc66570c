"""What a source may hand to eSMS at most: so many messages a second, so many and so much money a day.

It is counted where messages are claimed, under a lock on the source's row, so that any number of workers keep to it
together. What is over waits: for a moment, or until the next day begins. What is claimed and goes back to the queue
unsent is counted no more; what in doubt is asked for again is not counted again.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import TYPE_CHECKING
from uuid import UUID

from sqlalchemy import text

from worker.lookups import by_key, by_keys
from worker.price_list import of_networks
from worker.source_limits import DONG_TODAY, MESSAGES_TODAY, TODAY, Limit

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

# What may go out by the rate now; a pause saves up one second of it at most.
_CREDIT = """
    CASE WHEN l.rate IS NOT NULL THEN least(
        greatest(l.rate, 1),
        l.credit + l.rate * extract(epoch FROM greatest(clock_timestamp() - l.credit_at, interval '0'))
    ) END
"""

_SMS_TYPE = "CASE n.kind WHEN 'sms' THEN CAST(n.options ->> 'sms_type' AS smallint) ELSE 0 END"
# What a notification `n` costs for each recipient, by the dearest network of the price list.
COST = f"coalesce(n.segments, 1) * (SELECT max(dong) FROM {of_networks(_SMS_TYPE, '{today}')})"

# Locked until the claim commits, so that no two claims count the same room. A claim that finds a row locked leaves that
# source out.
LIMITS = f"""
    limits AS MATERIALIZED (
        SELECT l.source, {TODAY} AS today, l.messages_a_day - {MESSAGES_TODAY} AS messages,
            l.dong_a_day - {DONG_TODAY} AS dong, floor({_CREDIT}) AS credit
        FROM source_limit AS l
        WHERE EXISTS (SELECT FROM stream AS s WHERE s.lane = :lane AND s.source = l.source AND s.due_from <= now())
        FOR UPDATE OF l SKIP LOCKED
    )
"""
# May the source `s` send anything now? `l` is its row of `limits`, if it was not locked by another claim.
HAS_SOME_LEFT = """
    CASE WHEN l.source IS NULL THEN NOT EXISTS (SELECT FROM source_limit AS x WHERE x.source = s.source)
        ELSE least(l.messages, l.credit, 1) >= 1 AND coalesce(l.dong > 0, true) END
"""

_OF_THESE = f"""
    SELECT l.source, count(*) AS messages,
        sum(CASE WHEN l.dong_a_day IS NULL THEN 0 ELSE coalesce({COST.format(today=TODAY)}, 0) END) AS dong
    FROM {by_keys("message", "m", of=":ids")}
    {by_key("notification", "n", of="m.notification_id")} JOIN source_limit AS l ON l.source = n.source
    GROUP BY l.source
"""

_CHARGE = text(f"""
    WITH spent AS MATERIALIZED ({_OF_THESE})
    UPDATE source_limit AS l SET
        day = {TODAY}, messages = {MESSAGES_TODAY} + spent.messages, dong = {DONG_TODAY} + spent.dong,
        credit = coalesce({_CREDIT} - spent.messages, 0), credit_at = clock_timestamp()
    FROM spent WHERE l.source = spent.source
    RETURNING CASE WHEN l.rate IS NOT NULL THEN greatest(0, (1 - l.credit) / l.rate) END AS again_after
""")

_REFUND = text(f"""
    WITH back AS MATERIALIZED ({_OF_THESE}), locked AS MATERIALIZED (
        SELECT l.source FROM source_limit AS l JOIN back USING (source) ORDER BY l.source FOR UPDATE OF l
    )
    UPDATE source_limit AS l SET
        messages = CASE WHEN l.day = {TODAY} THEN greatest(0, l.messages - back.messages) ELSE l.messages END,
        dong = CASE WHEN l.day = {TODAY} THEN greatest(0, l.dong - back.dong) ELSE l.dong END,
        credit = l.credit + back.messages
    FROM back JOIN locked USING (source) WHERE l.source = back.source
""")

_SET = text("""
    INSERT INTO source_limit (source, rate, messages_a_day, dong_a_day, zone)
    VALUES (:source, :rate, :messages_a_day, :dong_a_day, :zone)
    ON CONFLICT (source) DO UPDATE SET rate = excluded.rate, messages_a_day = excluded.messages_a_day,
        dong_a_day = excluded.dong_a_day, zone = excluded.zone
""")
_REMOVE = text("DELETE FROM source_limit WHERE source = :source")


def set_limit(session: Session, limit: Limit, zone: str) -> None:
    """Set this limit, from the next claim on; what the source has used today counts. zone: of the days."""
    if limit.is_none:
        session.execute(_REMOVE, {"source": limit.source})
        return
    asked = {"rate": limit.rate, "messages_a_day": limit.messages_a_day, "dong_a_day": limit.dong_a_day}
    session.execute(_SET, asked | {"source": limit.source, "zone": zone})


def charge(session: Session, ids: Collection[UUID]) -> float | None:
    """Count what was claimed; seconds until each of their sources may send more. None: none of them has a rate."""
    waits = session.scalars(_CHARGE, {"ids": list(ids)}).all()
    return max((wait for wait in waits if wait is not None), default=None)


def refund(session: Session, ids: Collection[UUID]) -> None:
    """Count these no more: they were claimed and go back unsent."""
    session.execute(_REFUND, {"ids": list(ids)})
