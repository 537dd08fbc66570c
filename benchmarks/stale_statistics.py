"""What writing down costs while Postgres believes that hardly anything stands there: stale beside fresh statistics.

A million messages are settled, written down and counted; then 100,000 more are put under way, and nobody counts them.
Each statement is run so, undone, and run again after ANALYZE. By its plan a statement may walk all that stand where it
looks for a few by their ids; then it costs a hundred times as much until Postgres counts again.

    python -m benchmarks.stale_statistics [--settled 1000000] [--under-way 100000] [--runs 9]
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from statistics import median
from uuid import UUID

from rich.table import Table
from sqlalchemy.orm import Session

from benchmarks.support import Stage, console, load, outside, stage
from worker import ledger
from worker.database import Database
from worker.evidence import Evidence
from worker.ledger import Claim, Fence, HttpCall, Outcome, Poll, Settlement
from worker.lifecycle import Kind, Lane, Status

MOST_TIMES = 2.0  # that a statement may cost on stale statistics of what it costs on fresh ones
BATCH = 33  # messages of one statement
WAIT = timedelta(seconds=60)
CALL = HttpCall(function="bench", at=datetime.now(UTC), seconds=0.05, http_status=200, code="100", reply="{}")

NOTIFICATIONS = """
    INSERT INTO notification (id, kind, source, campaign, content, options, hand_over, fingerprint)
    SELECT lpad(to_hex(n), 32, '0')::uuid, 'sms', 'bench', 'campaign ' || n / 100000, 'Chao quy khach ' || n,
        '{{"sms_type": 4}}', false, md5(n::text)
    FROM generate_series({first}, {last}) AS n
"""
MESSAGES = """
    INSERT INTO message (id, notification_id, phone, lane, status, grouped, due_at, attempts, request_id, sms_id,
        accepted_at, settled_at, poll_at, lease_until)
    SELECT lpad(to_hex(n), 32, '0')::uuid, lpad(to_hex(n), 32, '0')::uuid, '+849' || lpad(n::text, 8, '0'), 'normal',
        '{status}', false, now() - interval '1 second', 1, n::text, CASE WHEN '{status}' <> 'sending' THEN n::text END,
        CASE WHEN '{status}' <> 'sending' THEN now() END, CASE WHEN '{status}' = 'delivered' THEN now() END,
        CASE WHEN '{status}' = 'accepted' THEN now() END,
        CASE WHEN '{status}' = 'sending' THEN now() + interval '1 hour' END
    FROM generate_series({first}, {last}) AS n
"""


@dataclass(frozen=True)
class Case:
    """A statement, and where the messages stand that it is about; `step` gets a number for each message."""

    name: str
    status: Status
    step: Callable[[Session, list[int]], object]


def polls(numbers: list[int], *, alone: bool = True) -> list[Poll]:
    """A question about each."""
    return [Poll(UUID(int=n), str(n), 0, alone, CALL.at) for n in numbers]


def settle(session: Session, numbers: list[int], *, alone: bool = True) -> object:
    """All of them arrived."""
    told = [
        Settlement(poll=poll, phone=None, evidence=Evidence.ARRIVED, http_call=CALL)
        for poll in polls(numbers, alone=alone)
    ]
    return ledger.settle(session, told)


def record(session: Session, numbers: list[int]) -> object:
    """All of them were taken."""
    return ledger.record(
        session,
        [
            Outcome(claim=claimed(UUID(int=number)), status=Status.ACCEPTED, sms_id="x", http_call=CALL)
            for number in numbers
        ],
    )


def claimed(id_: UUID) -> Claim:
    """One that is on its way."""
    return Claim(
        fences=(Fence(id_, 1),),
        phones=("",),
        lane=Lane.NORMAL,
        kind=Kind.SMS,
        request_id=str(id_),
        content="",
        template_id=None,
        options={},
        hand_over_at=None,
        advertising=False,
        expires_in=None,
        in_doubt=False,
        failures=0,
        asked=0,
    )


CASES = (
    Case("record", Status.SENDING, record),
    Case("intend", Status.SENDING, lambda s, ns: ledger.intend(s, [Fence(UUID(int=n), 1) for n in ns])),
    Case("hand back", Status.SENDING, lambda s, ns: ledger.hand_back(s, [claimed(UUID(int=n)) for n in ns])),
    Case("settle", Status.ACCEPTED, settle),
    Case("settle groups", Status.ACCEPTED, lambda s, ns: settle(s, ns, alone=False)),
    Case("ask later", Status.ACCEPTED, lambda s, ns: ledger.ask_later(s, [(p, WAIT) for p in polls(ns)])),
    Case("postpone", Status.ACCEPTED, lambda s, ns: ledger.postpone(s, [(str(n), WAIT) for n in ns])),
    Case("claim polls", Status.ACCEPTED, lambda s, ns: ledger.claim_polls(s, most=len(ns), lease=WAIT)),
    Case("cancel", Status.QUEUED, lambda s, ns: ledger.cancel(s, [UUID(int=n) for n in ns])),
)


def measure(database: Database, case: Case, first: int, runs: int) -> float:
    """Milliseconds of one statement, always about others; each is undone."""
    taken = []
    for run in range(runs):
        numbers = list(range(first + run * 1000, first + run * 1000 + 7 * BATCH, 7))
        with _undone(database) as session:
            started = time.perf_counter()
            case.step(session, numbers)
            taken.append(time.perf_counter() - started)
    return median(taken) * 1000


@contextmanager
def _undone(database: Database) -> Iterator[Session]:
    with database.engine.connect() as connection, Session(connection) as session:
        yield session
        session.rollback()


def put(on: Stage, first: int, count: int, status: Status) -> None:
    """So many messages that stand there."""
    numbers = {"first": first, "last": first + count - 1, "status": status}
    on.execute(NOTIFICATIONS.format(**numbers), MESSAGES.format(**numbers))


def ratio(on: Stage, case: Case, settled: int, under_way: int, runs: int) -> tuple[float, float]:
    """Milliseconds on stale and on fresh statistics."""
    outside(on.database, "VACUUM (ANALYZE) notification, message")
    put(on, settled, under_way, case.status)
    stale = measure(on.database, case, settled, runs)
    outside(on.database, "ANALYZE notification, message")
    fresh = measure(on.database, case, settled, runs)
    on.execute(f"DELETE FROM notification WHERE id >= lpad(to_hex({settled}), 32, '0')::uuid")
    return stale, fresh


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--settled", type=int, default=1_000_000)
    parser.add_argument("--under-way", type=int, default=100_000)
    parser.add_argument("--runs", type=int, default=9)
    options = parser.parse_args()
    console.print(load())
    table = Table(
        "statement", title=f"{BATCH} messages of {options.under_way:,} under way, {options.settled:,} settled"
    )
    for name in ("stale, ms", "fresh, ms", "times"):
        table.add_column(name, justify="right")
    worst = 0.0
    with stage() as on:
        on.execute("ALTER TABLE message SET (autovacuum_enabled = false)")
        put(on, 1, options.settled - 1, Status.DELIVERED)
        for case in CASES:
            stale, fresh = ratio(on, case, options.settled, options.under_way, options.runs)
            table.add_row(case.name, f"{stale:.2f}", f"{fresh:.2f}", f"{stale / fresh:.2f}")
            worst = max(worst, stale / fresh)
    console.print(table)
    console.print(f"the worst: {worst:.2f} times; wanted {MOST_TIMES:g} or less")
    return 0 if worst <= MOST_TIMES else 1


if __name__ == "__main__":
    sys.exit(main())
