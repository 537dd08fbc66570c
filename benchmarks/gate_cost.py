"""What the gate for advertising costs a message in the database: Postgres's own CPU, with the rules and without.

The same claims in turns: of service and of advertising, by a process that knows no rules and by one that has those for
Viet Nam, where a million numbers got advertising today and a million stand in the register. Of advertising the half
goes to numbers that got some already. Each turn has messages of its own, stored just before a checkpoint: that a page
is written whole when it first changes after one is in the figures, as often as with a campaign of so many.

    python -m benchmarks.gate_cost [--numbers 1000000] [--rounds 5] [--shared-buffers 1GB] [--json FILE]
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from itertools import count
from statistics import median
from zoneinfo import ZoneInfo

import psutil
from rich.table import Table
from sqlalchemy import text
from sqlalchemy.orm import Session

from benchmarks import results
from benchmarks.history_cost import cpu_of
from benchmarks.support import Stage, console, load, outside, stage
from worker import ledger
from worker.ledger import Floors, Gate, advertised
from worker.lifecycle import Lane
from worker.migrating import migrate

WANTED = 15.0  # µs that the gate may cost an advertising message
BATCH = 100
CLAIMS = 500  # each a transaction; Postgres's CPU is told in hundredths of a second: 0.2 µs for each message
ROWS = BATCH * CLAIMS
MINUTES = timedelta(minutes=2)

NOTIFICATIONS = """
    INSERT INTO notification (id, kind, purpose, source, content, options, hand_over, fingerprint)
    SELECT lpad(to_hex({first} + n), 32, '0')::uuid, 'sms', '{purpose}', 'bench',
        '[QC] Giam gia ' || n || '. Tu choi: soan TC gui 8xxx', '{{"sms_type": 4}}', false, md5(n::text)
    FROM generate_series(1, {rows}) AS n
"""
MESSAGES = """
    INSERT INTO message (id, notification_id, phone, lane, stream, status, grouped, due_at)
    SELECT lpad(to_hex({first} + n), 32, '0')::uuid, lpad(to_hex({first} + n), 32, '0')::uuid,
        '+849' || lpad((({first} + n) * 397 % (2 * {numbers}))::text, 8, '0'), '{lane}', 1, 'queued', false,
        now() - interval '1 hour' + n * interval '1 microsecond'
    FROM generate_series(1, {rows}) AS n
"""
STREAMS = (
    "INSERT INTO stream (lane, key, source, due_from) VALUES ('normal', 1, 'bench', now()), ('bulk', 1, 'bench', now())"
)
ADVERTISED = """
    INSERT INTO advertised (phone, channel, at, messages)
    SELECT '+849' || lpad(n::text, 8, '0'), 'sms', ARRAY[now() - interval '5 hours'], ARRAY[gen_random_uuid()]
    FROM generate_series(1, {numbers}) AS n
"""
REGISTER = "INSERT INTO do_not_call SELECT '+848' || lpad(n::text, 8, '0') FROM generate_series(1, {numbers}) AS n"
ALWAYS_OPEN = """UPDATE law_rule SET parameters = '{"from": "00:00", "to": "23:59:59"}' WHERE checks = 'hours'"""


@dataclass(frozen=True)
class Case:
    """What is claimed, and by whom."""

    name: str
    lane: Lane
    ruled: bool


CASES = (
    Case("service, no rules", Lane.NORMAL, ruled=False),
    Case("service", Lane.NORMAL, ruled=True),
    Case("advertising, no rules", Lane.BULK, ruled=False),
    Case("advertising", Lane.BULK, ruled=True),
)


def fill(on: Stage, numbers: int) -> None:
    """A day's counts, and the register."""
    with on.database.begin() as session:
        session.execute(text("SET LOCAL statement_timeout = 0"))
        for statement in (STREAMS, ADVERTISED.format(numbers=numbers), REGISTER.format(numbers=numbers)):
            session.execute(text(statement))
        session.connection().exec_driver_sql(ALWAYS_OPEN)
    outside(on.database, "VACUUM (ANALYZE) advertised, do_not_call")


def put(on: Stage, case: Case, turn: int, numbers: int) -> None:
    """What is claimed in this turn."""
    purpose = "service" if case.lane is Lane.NORMAL else "advertising"
    shared = {"first": turn * ROWS, "rows": ROWS, "purpose": purpose, "lane": case.lane, "numbers": numbers}
    on.execute(NOTIFICATIONS.format(**shared), MESSAGES.format(**shared))
    for statement in ("VACUUM (ANALYZE) notification, message, advertised", "CHECKPOINT"):
        outside(on.database, statement)


def measure(on: Stage, case: Case) -> float:
    """Microseconds of Postgres's CPU for each message."""
    gate, floors = Gate(zone=ZoneInfo("Asia/Ho_Chi_Minh"), lasts=MINUTES), Floors()
    with on.database.engine.connect() as connection, Session(connection) as session:
        if case.ruled:
            gate.look(session)
        server = psutil.Process(session.scalar(text("SELECT pg_backend_pid()")))
        session.commit()
        before = cpu_of(server)
        going = sum(_claimed(session, case, gate, floors) for _ in range(CLAIMS))
        spent = cpu_of(server) - before
    assert going == ROWS, f"{going} of {ROWS} were claimed"
    return spent / ROWS * 1e6


def _claimed(session: Session, case: Case, gate: Gate, floors: Floors) -> int:
    with session.begin():
        found = ledger.claim(session, [case.lane], most=BATCH, lease=MINUTES, group_most=1000, floors=floors, gate=gate)
        return len(advertised.count_advertising(session, found, gate))


def one_round(on: Stage, turns: Iterator[int], first: int, numbers: int) -> dict[str, float]:
    """By case, beginning with another each time: what was stored before costs a little."""
    taken = {}
    for case in CASES[first:] + CASES[:first]:
        put(on, case, next(turns), numbers)
        taken[case.name] = measure(on, case)
    return taken


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--numbers", type=int, default=1_000_000)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument(
        "--shared-buffers", default="1GB", help="as docs/run-it-on-many.md advises, not Postgres's 128MB"
    )
    results.add_argument(parser)
    options = parser.parse_args()
    console.print(load())
    with stage(shared_buffers=options.shared_buffers) as on:
        migrate(on.database)
        fill(on, options.numbers)
        on.settle()
        turns = count()
        taken = [one_round(on, turns, turn % len(CASES), options.numbers) for turn in range(options.rounds)]
    micros = {case.name: median(each[case.name] for each in taken) for case in CASES}
    gate = micros["advertising"] - micros["advertising, no rules"]
    besides = micros["service"] - micros["service, no rules"]
    in_all = micros["advertising"] - micros["service"]
    table = Table("claimed", "µs", title=f"Postgres's CPU for each message of a claim of {BATCH}")
    for name, each in micros.items():
        table.add_row(name, f"{each:.1f}")
    console.print(table)
    console.print(f"the gate: {gate:.1f} µs for advertising (wanted {WANTED:g} or less), {besides:.1f} for others")
    console.print(
        f"with the look at opt-outs and consent, which no rule turns off: {in_all:.1f} µs more than of service"
    )
    kept = {
        "numbers": options.numbers,
        "shared_buffers": options.shared_buffers,
        "micros": micros,
        "gate": gate,
        "besides": besides,
        "in_all": in_all,
        "wanted": WANTED,
    }
    results.save(options.json, "gate_cost", kept)
    return 0 if gate <= WANTED else 1


if __name__ == "__main__":
    sys.exit(main())
