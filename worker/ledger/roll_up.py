"""Add up settlements by day, each exactly once, some at a time, by whichever process comes first.

What has been added up is a snapshot of Postgres: the transactions that it sees. The next step adds those that a newer
one sees besides. So a row that becomes visible late, behind others with higher numbers, is neither missed nor waited
for: an application's transaction that stays open for an hour holds up only its own rows, and a reader's holds up none.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from sqlalchemy import text

from worker.ledger.contributions import AS_INDEXED, FOLD
from worker.ledger.superseded import AGAIN, look_anew
from worker.ledger.upkeep import take_turn

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

MOST = 20_000  # settlements that one step adds up
MOST_AGAIN = 5000  # settlements after which one step looks anew at who counts: each may be of another chain
NOTHING = "3:3:"  # a snapshot that sees no transaction of ours

_BEGUN = text("""
    INSERT INTO roll_up (id, server, done)
    SELECT 1, system_identifier, :nothing FROM pg_control_system()
    ON CONFLICT DO NOTHING
""")

_STATE = text("""
    SELECT r.server = c.system_identifier AS at_home, coalesce(r.zone, :zone) AS zone, r.done, r.target,
        r.after_transaction, r.after_id, CAST(pg_current_snapshot() AS text) AS now
    FROM roll_up AS r, pg_control_system() AS c
    FOR UPDATE OF r SKIP LOCKED
""")

# How far the step has come on its way to `target`; once there, the target becomes `done`.
_ON = text("""
    UPDATE roll_up SET zone = :zone, target = :target, after_transaction = :after_transaction, after_id = :after_id
""")
_DONE = text("""
    UPDATE roll_up SET zone = :zone, done = :target, target = NULL, after_transaction = 0, after_id = 0,
        folded_at = CASE WHEN :caught_up THEN now() ELSE folded_at END
""")

# Who counts is looked at behind the sums, and no further than these have come.
_PEOPLE = text("""
    SELECT zone, people_done AS done, people_target AS target, coalesce(people_target, done) AS now,
        people_after_transaction AS after_transaction, people_after_id AS after_id
    FROM roll_up
""")
_PEOPLE_ON = text("""
    UPDATE roll_up SET people_target = :target, people_after_transaction = :after_transaction,
        people_after_id = :after_id
""")
_PEOPLE_DONE = text("""
    UPDATE roll_up SET people_done = :target, people_target = NULL, people_after_transaction = 0, people_after_id = 0
""")

_ANEW = text("""
    UPDATE roll_up SET server = c.system_identifier, zone = :zone, done = :nothing, target = NULL,
        after_transaction = 0, after_id = 0, folded_at = NULL, people_done = :nothing, people_target = NULL,
        people_after_transaction = 0, people_after_id = 0
    FROM pg_control_system() AS c
""")
# In a restored dump the transaction numbers are another server's: a visible row with one that was not given out here
# yet comes from there. It gets 3, the first of all numbers, which every snapshot sees.
_RENUMBER = text("""
    UPDATE settlement SET transaction = 3 WHERE (transaction, id) IN (
        SELECT transaction, id FROM settlement
        WHERE transaction >= CAST(CAST(pg_snapshot_xmax(pg_current_snapshot()) AS text) AS bigint)
        ORDER BY transaction, id LIMIT :most
    )
""")
_FORGET = [
    text(f"DELETE FROM {table}")
    for table in ("report_daily", "report_latency", "report_minute", "report_standing", "report_superseded")
]
_CLEAR = text("DELETE FROM report_minute WHERE minute < now() - interval '2 days'")
# While a former version's workers add up, which know only the sums of days, report_standing falls behind.
_RECOUNT = (
    text("DELETE FROM report_standing"),
    text("""
        INSERT INTO report_standing (lane, status, messages)
        SELECT lane, status, sum(messages) FROM report_daily GROUP BY lane, status
    """),
)
RECOUNTED_EVERY = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class Snapshot:
    """A pg_snapshot's text: it sees the transactions below `below`, but for those that were running."""

    below: int
    running: frozenset[int]

    @classmethod
    def read(cls, written: str) -> Snapshot:
        """Read a snapshot from Postgres's text, `xmin:xmax:running,running,…`."""
        _, below, running = written.split(":")
        return cls(int(below), frozenset(int(each) for each in running.split(",") if each))


def fold(session: Session, zone: str, *, most: int = MOST) -> bool:
    """Add up the next ones, at most so many. True: there is more; False: that was all, or another process is at it.

    zone: whose days are counted by; it stays that of the first fold, until `begin_anew`.
    """
    if (state := _state(session, zone)) is None:
        return False
    if not state.at_home:
        return _come_home(session, state.zone, most)
    return _add_up(session, state, most) or _count_people(session, min(most, MOST_AGAIN))


def _add_up(session: Session, state: Any, most: int) -> bool:
    """The next settlements, to the sums of their days."""
    target = state.target or state.now
    session.execute(AS_INDEXED)
    found = session.execute(FOLD, _asked(state, target, most)).one()
    now = {"zone": state.zone, "target": target}
    if found.rows == most:
        session.execute(_ON, now | {"after_transaction": found.last[0], "after_id": found.last[1]})
        return True
    session.execute(_DONE, now | {"caught_up": state.target is None})  # else the target is of a moment ago
    if take_turn(session, "recount what stands where", every=RECOUNTED_EVERY):
        for statement in (_CLEAR, *_RECOUNT):
            session.execute(statement)
    return state.target is not None


def _count_people(session: Session, most: int) -> bool:
    """Of whom there are several generations: by which one each is counted, as the next settlements let it be."""
    state = session.execute(_PEOPLE).one()
    found = session.execute(AGAIN, _asked(state, state.now, most)).one()
    if found.touched:
        look_anew(session, found.touched, state.zone)
    if found.rows == most:
        after = {"after_transaction": found.last[0], "after_id": found.last[1]}
        session.execute(_PEOPLE_ON, {"target": state.now} | after)
    elif state.now != state.done:
        session.execute(_PEOPLE_DONE, {"target": state.now})
    return found.rows == most or state.target is not None


def begin_anew(session: Session, zone: str) -> None:
    """Forget all sums: the next folds add everything up again, by the days of this zone."""
    session.execute(_BEGUN, {"nothing": NOTHING})
    for statement in _FORGET:
        session.execute(statement)
    session.execute(_ANEW, {"zone": zone, "nothing": NOTHING})


def _state(session: Session, zone: str) -> Any:
    """Ours to go on with, or None."""
    state = session.execute(_STATE, {"zone": zone}).one_or_none()
    if state is None:
        session.execute(_BEGUN, {"nothing": NOTHING})
        return session.execute(_STATE, {"zone": zone}).one_or_none()
    return state


def _come_home(session: Session, zone: str, most: int) -> bool:
    """After a dump was restored on another server: its settlements get numbers of ours, and all is added up anew."""
    if session.execute(_RENUMBER, {"most": most}).rowcount < most:  # type: ignore[attr-defined]
        begin_anew(session, zone)
    return True


def _asked(state: Any, target: str, most: int) -> dict[str, Any]:
    done, new = Snapshot.read(state.done), Snapshot.read(target)
    return {
        "late": sorted(done.running - new.running),  # were running then, and are over
        "running": sorted(new.running),
        "from": done.below,
        "below": new.below,
        "after_transaction": state.after_transaction,
        "after_id": state.after_id,
        "zone": state.zone,
        "most": most,
    }
