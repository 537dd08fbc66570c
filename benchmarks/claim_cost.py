"""What it costs to claim a message, however many are queued: `ledger.claim` at 10,000 and at 1,000,000 rows.

Two cases: mixed, in which most are due later and other lanes have theirs, and all due at once. Rows lie as a producer's
do, in the order in which they came. Each size has a database of its own and they are claimed from in turns, so that a
noisy machine is noisy for all. Timed is the claim itself with its rows fetched; the commit comes after it.

    python -m benchmarks.claim_cost [--rows 10000 100000 1000000] [--claims 20] [--json FILE]
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import asdict, dataclass
from datetime import timedelta
from statistics import median
from typing import Any

from rich.table import Table
from sqlalchemy import event, text
from sqlalchemy.engine import make_url
from sqlalchemy.orm import Session

from benchmarks import results
from benchmarks.support import Stage, console, load, outside, stage
from worker import ledger
from worker.database import Database
from worker.lifecycle import Lane
from worker.migrating import migrate

MOST_TIMES = 1.3  # that the largest may cost of what the smallest costs
BATCH = 100  # messages that one statement claims: the default of WORKER_CLAIM_MOST
WARM_UP = 3  # claims
LATER = "now() + interval '1 hour' + n * interval '1 second'"
CASES = {"mixed": f"CASE WHEN n % 10 < 3 THEN now() - interval '1 hour' ELSE {LATER} END", "all due": "now()"}

NOTIFICATIONS = """
    INSERT INTO notification (id, kind, source, content, options, hand_over, fingerprint)
    SELECT lpad(to_hex(n), 32, '0')::uuid, 'sms', 'bench', 'Don hang ' || n || ' cua quy khach da duoc giao',
        '{{"sms_type": 4}}', false, md5(n::text)
    FROM generate_series(1, {rows}) AS n
"""
MESSAGES = """
    INSERT INTO message (id, notification_id, phone, lane, stream, status, grouped, due_at)
    SELECT lpad(to_hex(n), 32, '0')::uuid, lpad(to_hex(n), 32, '0')::uuid, '+849' || lpad(n::text, 8, '0'),
        CASE (n / 10) % 10 WHEN 0 THEN 'urgent' WHEN 1 THEN 'bulk' ELSE 'normal' END, 1, 'queued', false,
        {due_at} + n * interval '1 microsecond'
    FROM generate_series(1, {rows}) AS n
"""

STREAMS = """
    INSERT INTO stream (lane, key, source, due_from)
    SELECT lane, 1, 'bench', now() FROM unnest(ARRAY['urgent', 'normal', 'bulk']) AS lanes (lane)
"""


@dataclass(frozen=True)
class Cost:
    """Medians of some claims of one case."""

    case: str
    rows: int  # queued when it began
    micros: float  # for each claimed message
    slowest: float  # of these claims, micros for each message
    buffers: float  # pages of 8 kB that Postgres looked at, for each message


@contextmanager
def ledgers(on: Stage, sizes: list[int]) -> Iterator[dict[int, Database]]:
    """An empty ledger for each size, side by side in one Postgres."""
    with ExitStack() as stack:
        found: dict[int, Database] = {}
        for rows in sizes:
            name = f"rows_{rows}"
            outside(on.database, f"CREATE DATABASE {name}")
            url = make_url(on.environ["DATABASE_URL"]).set(database=name)
            found[rows] = stack.enter_context(Database(url.render_as_string(hide_password=False)))
            migrate(found[rows])
        yield found


def fill(database: Database, rows: int, due_at: str) -> None:
    """So many queued messages, written down, counted and settled, as after a day's quiet."""
    with database.begin() as session:
        session.execute(text("SET LOCAL statement_timeout = 0"))
        session.execute(text("TRUNCATE request, message, notification, stream"))
        session.execute(text(NOTIFICATIONS.format(rows=rows)))
        session.execute(text(MESSAGES.format(rows=rows, due_at=due_at)))
        session.execute(text(STREAMS))
    outside(database, "VACUUM (ANALYZE) notification, message")


def measure(on: Stage, case: str, places: dict[int, Database], claims: int) -> list[Cost]:
    """One case at every size, in turns."""
    for rows, database in places.items():
        fill(database, rows, CASES[case])
    on.settle()
    taken: dict[int, list[float]] = {rows: [] for rows in places}
    order = list(places)
    for _ in range(WARM_UP + claims):
        order = [*order[1:], order[0]]  # nobody is always first
        for rows in order:
            taken[rows].append(claim(places[rows]))
    taken = {rows: each[WARM_UP:] for rows, each in taken.items()}
    return [Cost(case, rows, median(each), max(each), buffers(places[rows])) for rows, each in taken.items()]


def claim(database: Database) -> float:
    """Microseconds for each message of one claim."""
    with database.begin() as session:
        started = time.perf_counter()
        claimed = _claim(session)
        taken = time.perf_counter() - started
    assert claimed == BATCH
    return taken / BATCH * 1e6


def buffers(database: Database) -> float:
    """Pages for each message, as EXPLAIN counts them for the very statement that a claim runs; then undone."""
    seen: list[tuple[str, Any]] = []

    def note(_connection: Any, _cursor: Any, statement: str, parameters: Any, *_: Any) -> None:
        seen.append((statement, parameters))

    with database.engine.connect() as connection, Session(connection) as session:
        event.listen(connection, "before_cursor_execute", note)
        _claim(session)
        session.rollback()
        event.remove(connection, "before_cursor_execute", note)
        statement, parameters = seen[0]
        explained = connection.exec_driver_sql(f"EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) {statement}", parameters)
        plan = explained.scalar_one()[0]["Plan"]
        connection.rollback()
    return float(plan["Shared Hit Blocks"] + plan["Shared Read Blocks"]) / BATCH


def _claim(session: Session) -> int:
    lease = timedelta(minutes=2)
    claims = ledger.claim(session, [Lane.NORMAL], most=BATCH, lease=lease, group_most=1000)
    return len(claims)


def ratios(costs: list[Cost]) -> dict[str, float]:
    """By case: what the largest costs, in times of the cheapest of the others."""
    by_case = {case: [cost.micros for cost in costs if cost.case == case] for case in CASES}
    return {case: micros[-1] / min(micros[:-1], default=micros[-1]) for case, micros in by_case.items()}


def _print(costs: list[Cost], found: dict[str, float]) -> None:
    table = Table("case", "queued", title=f"Claiming {BATCH} at once, for each message; medians")
    for name in ("µs", "slowest", "8 kB pages"):
        table.add_column(name, justify="right")
    for cost in costs:
        figures = (f"{cost.micros:.1f}", f"{cost.slowest:.1f}", f"{cost.buffers:.1f}")
        table.add_row(cost.case, f"{cost.rows:,}", *figures)
    console.print(table)
    shown = ", ".join(f"{ratio:.2f} {case}" for case, ratio in found.items())
    console.print(f"the largest beside the cheapest of the others: {shown}; wanted {MOST_TIMES:g} or less")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--rows", type=int, nargs="+", default=[10_000, 100_000, 1_000_000])
    parser.add_argument("--claims", type=int, default=18)
    results.add_argument(parser)
    options = parser.parse_args()
    console.print(load())
    with stage() as on, ledgers(on, sorted(options.rows)) as places:
        costs = [cost for case in CASES for cost in measure(on, case, places, options.claims)]
    found = ratios(costs)
    _print(costs, found)
    kept = {"batch": BATCH, "costs": [asdict(cost) for cost in costs], "ratios": found, "wanted": MOST_TIMES}
    results.save(options.json, "claim_cost", kept)
    return 0 if all(ratio <= MOST_TIMES for ratio in found.values()) else 1


if __name__ == "__main__":
    sys.exit(main())
