"""The log of what happened, settlements and happenings as one, read on from where a reader was.

Where it was is a snapshot of Postgres, as in roll_up: what became visible late, behind others with higher numbers, is
neither missed nor waited for.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from sqlalchemy import text

from worker.event_kinds import OF_STATUS, EventKind
from worker.ledger.opt_out import REASON
from worker.ledger.roll_up import Snapshot

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

_SETTLED = """SELECT transaction, id AS number, at, message_id, notification_id, was, status, code,
            CAST(NULL AS text) AS kind, CAST(NULL AS text) AS source, CAST(NULL AS jsonb) AS facts
        FROM {schema}settlement"""
_HAPPENED = """SELECT transaction, number, at, CAST(NULL AS uuid), CAST(NULL AS uuid), NULL, NULL, NULL,
            kind, source, facts
        FROM {schema}happening"""


def _new(select: str, number: str) -> str:
    """What was running at the last snapshot and is over, then what began since: two questions to the index."""
    after = f"(transaction, {number}) > ({{after_transaction}}, {{after_number}})"
    order = f"ORDER BY transaction, {number} LIMIT {{most}}"
    return f"""(
        {select} WHERE transaction = ANY({{late}}) AND {after} {order}
    ) UNION ALL (
        {select} WHERE transaction >= {{begin}} AND transaction < {{below}} AND transaction <> ALL({{running}})
          AND {after} {order}
    )"""


# Two rows of one log never have the same number: a happening's is below zero.
LOG = f"""
    SELECT * FROM ({_new(_SETTLED, "id")} UNION ALL {_new(_HAPPENED, "number")}) AS both_tables
    ORDER BY transaction, number LIMIT {{most}}
"""

_STATUSES = " ".join(f"WHEN '{status}' THEN '{kind}'" for status, kind in OF_STATUS.items())
# Of a row `b` of the log and its message `m`; NULL: nobody is told of it.
KIND = f"""coalesce(b.kind, CASE
        WHEN b.status IS NOT DISTINCT FROM b.was THEN NULL
        WHEN b.status = 'cancelled' AND m.reason = '{REASON}' THEN '{EventKind.OPTED_OUT}'
        ELSE CASE b.status {_STATUSES} END
    END)"""
SOURCE = "coalesce(n.source, b.source)"
FACTS = """coalesce(b.facts, jsonb_build_object(
        'id', n.id, 'message_id', m.id, 'phone', m.phone, 'kind', n.kind, 'source', n.source, 'reference', n.reference,
        'campaign', n.campaign, 'status', b.status, 'code', b.code
    ))"""
WHOLE = """LEFT JOIN LATERAL (
        SELECT * FROM {schema}notification AS n WHERE n.id = b.notification_id OFFSET 0
    ) AS n ON true LEFT JOIN LATERAL (
        SELECT * FROM {schema}message AS m WHERE m.id = b.message_id OFFSET 0
    ) AS m ON true"""

# For whoever asks: a login that is bound to sources can't read settlements, and a page is a page of the whole log.
EVENTS = f"""
    CREATE OR REPLACE FUNCTION esms.events(
        late bigint[], begin_at bigint, below bigint, running bigint[], after_transaction bigint, after_number bigint,
        most integer
    ) RETURNS TABLE (transaction bigint, number bigint, at timestamptz, kind text, source text, facts jsonb)
    LANGUAGE sql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
        SELECT b.transaction, b.number, b.at, CASE WHEN o.mine THEN {KIND} END,
            CASE WHEN o.mine THEN {SOURCE} END, CASE WHEN o.mine THEN {FACTS} END
        FROM ({LOG}) AS b {WHOLE}
        CROSS JOIN LATERAL (SELECT esms.is_mine({SOURCE}) IS NOT FALSE) AS o (mine)
        ORDER BY 1, 2
    $$
"""

# Transactions are numbered in about the order of time: the first one at this moment or later, by halving.
SNAPSHOT_AT = """
    CREATE OR REPLACE FUNCTION esms.snapshot_at(since timestamptz) RETURNS text
    LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    DECLARE
        low bigint := (SELECT s.transaction FROM {schema}.settlement AS s ORDER BY s.transaction, s.id LIMIT 1);
        high bigint := CAST(CAST(pg_snapshot_xmax(pg_current_snapshot()) AS text) AS bigint);
        found record;
    BEGIN
        low := coalesce(least(low, high), high);
        WHILE low < high LOOP
            SELECT s.transaction, s.at INTO found FROM {schema}.settlement AS s
            WHERE s.transaction >= (low + high) / 2 ORDER BY s.transaction, s.id LIMIT 1;
            IF found IS NULL OR found.at >= since OR found.transaction >= high THEN
                high := (low + high) / 2;
            ELSE
                low := found.transaction + 1;
            END IF;
        END LOOP;
        RETURN low || ':' || low || ':';
    END $$
"""


def definitions(schema: str) -> list[str]:
    """The definitions of the functions that read the log, for the tables of this schema."""
    places = ["late", "begin", "below", "running", "after_transaction", "after_number", "most"]
    names = {name: f"${place}" for place, name in enumerate(places, 1)}
    return [EVENTS.format(schema=f"{schema}.", **names), SNAPSHOT_AT.format(schema=schema)]


_NAMES = {
    "late": "CAST(:late AS bigint[])",
    "begin": ":begin",
    "below": ":below",
    "running": "CAST(:running AS bigint[])",
    "after_transaction": ":after_transaction",
    "after_number": ":after_number",
    "most": ":most",
}
LOG_HERE = LOG.format(schema="", **_NAMES)
WHOLE_HERE = WHOLE.format(schema="")

_EVENTS = text(f"SELECT * FROM esms.events({', '.join(_NAMES[name] for name in _NAMES)})")
_NOW = text("SELECT CAST(pg_current_snapshot() AS text)")
_AT = text("SELECT esms.snapshot_at(:since)")


@dataclass(frozen=True, slots=True)
class Place:
    """Where a reader is: it has read what `done` sees, and of what `target` sees besides all up to a row."""

    done: str
    target: str | None = None
    transaction: int = 0
    number: int = 0

    def asked(self, target: str, most: int) -> dict[str, Any]:
        """The parameters of LOG, for what comes next."""
        done, new = Snapshot.read(self.done), Snapshot.read(target)
        return {
            "late": sorted(done.running - new.running),
            "running": sorted(new.running),
            "begin": done.below,
            "below": new.below,
            "after_transaction": self.transaction,
            "after_number": self.number,
            "most": most,
        }

    def onward(self, target: str, rows: int, most: int, last: tuple[int, int]) -> Place:
        """After these rows, whose last one is told."""
        return Place(self.done, target, *last) if rows == most else Place(target)


@dataclass(frozen=True, slots=True)
class Logged:
    """A row of the log that somebody may be told of, and where a reader is after it."""

    number: int
    at: datetime
    kind: str
    source: str | None
    facts: dict[str, Any]
    place: Place


def snapshot(session: Session) -> str:
    """What is visible now."""
    return str(session.scalar(_NOW))


def place_at(session: Session, since: datetime) -> Place:
    """Before what happened then."""
    return Place(str(session.scalar(_AT, {"since": since})))


def read_on(session: Session, place: Place, most: int) -> tuple[list[Logged], Place]:
    """What is ours to see of the next so many rows; and where we are then, with a target where there is more."""
    target = place.target or snapshot(session)
    rows = session.execute(_EVENTS, place.asked(target, most)).all()
    found = [
        Logged(
            row.number, row.at, row.kind, row.source, row.facts, Place(place.done, target, row.transaction, row.number)
        )
        for row in rows
        if row.kind is not None
    ]
    last = (rows[-1].transaction, rows[-1].number) if rows else (0, 0)
    return found, place.onward(target, len(rows), most, last)
