"""What the gate for advertising costs a message in the database: Postgres's own CPU, with the rules and without.

The same claims in turns: of service and of advertising, by a process that knows no rules and by one that has those for
Viet Nam, where a million numbers got advertising today and a million stand in the register. Of advertising the half
goes to numbers that got some already. Rolled back, so that each finds the same; the commit is not in it.

    python -m benchmarks.gate_cost [--numbers 1000000] [--rounds 7] [--json FILE]
"""

from __future__ import annotations

import argparse
import sys
from dataclasses import dataclass
from datetime import timedelta
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
from worker.ledger import Gate, advertised
from worker.lifecycle import Lane
from worker.migrating import migrate

WANTED = 15.0  # µs that the gate may cost an advertising message
BATCH = 100
CLAIMS = 50  # in one transaction; Postgres's CPU is told in hundredths of a second: 2 µs for each message
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
        '+849' || lpad((n * 397 % (2 * {numbers}))::text, 8, '0'), '{lane}', 1, 'queued', false,
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
    """A day's counts, the register, and enough that is due."""
    rows = BATCH * CLAIMS
    with on.database.begin() as session:
        session.execute(text("SET LOCAL statement_timeout = 0"))
        for first, purpose, lane in ((0, "service", "normal"), (rows, "advertising", "bulk")):
            shared = {"first": first, "rows": rows, "purpose": purpose, "lane": lane, "numbers": numbers}
            session.execute(text(NOTIFICATIONS.format(**shared)))
            session.execute(text(MESSAGES.format(**shared)))
        for statement in (STREAMS, ADVERTISED.format(numbers=numbers), REGISTER.format(numbers=numbers)):
            session.execute(text(statement))
        session.connection().exec_driver_sql(ALWAYS_OPEN)
    outside(on.database, "VACUUM (ANALYZE) notification, message, advertised, do_not_call")


def measure(on: Stage, case: Case) -> float:
    """Microseconds of Postgres's CPU for each message."""
    gate = Gate(zone=ZoneInfo("Asia/Ho_Chi_Minh"), lasts=MINUTES)
    with on.database.engine.connect() as connection, Session(connection) as session:
        if case.ruled:
            gate.look(session)
        server = psutil.Process(session.scalar(text("SELECT pg_backend_pid()")))
        _claims(session, case, gate, 3)
        before = cpu_of(server)
        going = _claims(session, case, gate, CLAIMS - 3)
        spent = cpu_of(server) - before
        session.rollback()
    assert going > 0.9 * BATCH * (CLAIMS - 3)
    return spent / (BATCH * (CLAIMS - 3)) * 1e6


def _claims(session: Session, case: Case, gate: Gate, times: int) -> int:
    going = 0
    for _ in range(times):
        claims = ledger.claim(session, [case.lane], most=BATCH, lease=MINUTES, group_most=1000, gate=gate)
        going += len(advertised.counted(session, claims, gate))
    return going


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--numbers", type=int, default=1_000_000)
    parser.add_argument("--rounds", type=int, default=7)
    results.add_argument(parser)
    options = parser.parse_args()
    console.print(load())
    with stage() as on:
        migrate(on.database)
        fill(on, options.numbers)
        on.settle()
        taken = [{case.name: measure(on, case) for case in CASES} for _ in range(options.rounds)]
    micros = {case.name: median(each[case.name] for each in taken) for case in CASES}
    gate = micros["advertising"] - micros["advertising, no rules"]
    besides = micros["service"] - micros["service, no rules"]
    in_all = micros["advertising"] - micros["service"]
    table = Table("claimed", "µs", title=f"Postgres's CPU for each message of a claim of {BATCH}; medians")
    for name, each in micros.items():
        table.add_row(name, f"{each:.1f}")
    console.print(table)
    console.print(f"the gate: {gate:.1f} µs for advertising (wanted {WANTED:g} or less), {besides:.1f} for others")
    console.print(
        f"with the look at opt-outs and consent, which no rule turns off: {in_all:.1f} µs more than of service"
    )
    kept = {
        "numbers": options.numbers,
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
