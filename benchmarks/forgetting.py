"""What removing old numbers and texts takes from sending: the rate beside it and without it, in turns, in one run.

A million messages of three months ago (`--old`) are to be emptied, tick by tick as housekeeping does it, in a process
of its own; meanwhile real workers send. Postgres, the workers, the provider and the removing share the machine.

    python -m benchmarks.forgetting [--old 1000000] [--sends 30000] [--rounds 3]
"""

from __future__ import annotations

import argparse
import os
import sys
import time
from dataclasses import replace
from datetime import timedelta
from statistics import median

from sqlalchemy import text

from benchmarks.setups import Way, measure, our_way
from benchmarks.support import Stage, console, load, outside, stage
from worker.database import Database
from worker.maintenance import remove_what_is_old
from worker.settings.retention import Retention

LEAST_TIMES = 0.9
TICK = timedelta(seconds=5)
OLD = """
    WITH put AS (
        INSERT INTO notification (
            id, kind, purpose, source, reference, content, options, hand_over, fingerprint, created_at
        )
        SELECT gen_random_uuid(), 'sms', 'service', 'shop', 'old ' || place,
            'Don hang ' || place || ' cua quy khach da duoc giao, cam on quy khach da mua hang', '{"sms_type": 4}',
            false, md5(place::text), now() - interval '100 days'
        FROM generate_series(1, :rows) AS place RETURNING id, created_at
    ), messages AS (
        INSERT INTO message (
            id, notification_id, phone, lane, status, grouped, due_at, wanted_at, attempts, request_id, sms_id,
            accepted_at, settled_at, created_at
        )
        SELECT id, id, '+849' || lpad((random() * 1e8)::bigint::text, 8, '0'), 'normal', 'delivered', false, created_at,
            created_at, 1, replace(id::text, '-', ''), id::text, created_at, created_at, created_at
        FROM put RETURNING id, created_at
    )
    INSERT INTO settlement (
        transaction, at, wanted_at, message_id, notification_id, generation, lane, status
    )
    SELECT 3, created_at, created_at + random() * interval '1 day', id, id, 0, 'normal', 'delivered' FROM messages
"""
UNDER_WAY = "SELECT count(*) FROM message WHERE status IN ('queued', 'sending', 'unconfirmed')"
EMPTIED = "SELECT count(*) FROM message WHERE emptied_at IS NOT NULL"


def put_old(on: Stage, rows: int) -> None:
    """So many that ended a hundred days ago."""
    with on.database.begin() as session:
        session.execute(text("SET LOCAL statement_timeout = 0"))
        session.execute(text("SET LOCAL session_replication_role = replica"))
        session.execute(text(OLD), {"rows": rows})
    outside(on.database, "VACUUM (ANALYZE)")


def remove_for_ever() -> None:
    """As housekeeping does, tick by tick, until this process is told to end."""
    with Database(os.environ["DATABASE_URL"], pool_size=1) as database:
        while True:
            began = time.monotonic()
            remove_what_is_old(database, Retention.from_environ(os.environ), TICK)
            time.sleep(max(0.0, TICK.total_seconds() - (time.monotonic() - began)))


def beside(on: Stage, way: Way, sends: int) -> tuple[float, float]:
    """Messages sent a second, and emptied a second, meanwhile."""
    before, began = on.scalar(EMPTIED), time.monotonic()
    removing = on.python("removing", ["benchmarks.forgetting", "--beside"])
    try:
        rate = measure(on, way, sends).rate
        return rate, (on.scalar(EMPTIED) - before) / (time.monotonic() - began)
    finally:
        removing.stop()


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--old", type=int, default=1_000_000)
    parser.add_argument("--sends", type=int, default=30_000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--beside", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.beside:
        remove_for_ever()
    console.print(load())
    with stage() as on:
        return _measured(on, options.old, options.sends, options.rounds)


def _measured(on: Stage, old: int, sends: int, rounds: int) -> int:
    put_old(on, old)
    with our_way(on, "ours", {}) as made:
        way = replace(made, forget=on.esms.reset, unsettled=lambda: on.scalar(UNDER_WAY))
        measure(on, way, sends // 5)
        pairs = [(beside(on, way, sends), measure(on, way, sends).rate) for _ in range(rounds)]
    times = median(rate / alone for (rate, _), alone in pairs)
    alone, with_it, emptied = (median(each) for each in zip(*((a, r, e) for (r, e), a in pairs), strict=True))
    console.print(f"alone {alone:,.0f} messages/s, beside it {with_it:,.0f}")
    console.print(f"emptied meanwhile {emptied:,.0f} messages/s, of {old:,}")
    console.print(f"{times:.2f} of the rate (median of {rounds} pairs); wanted {LEAST_TIMES:g} or more")
    return 0 if times >= LEAST_TIMES else 1


if __name__ == "__main__":
    sys.exit(main())
