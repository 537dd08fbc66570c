"""What removing old numbers and texts takes from sending: CPU for each sent message with it and without, in turns.

A million messages of three months ago (`--old`) are to be emptied, tick by tick as housekeeping does it, in a process
of its own; meanwhile real workers send. Postgres, the workers, the provider and the removing share the machine. The CPU
is Postgres's and the workers', without what the removing took: on a busy machine rates differ by what else runs. What
it took, in cores, is what sending would lack on a machine that has no more to give. Autovacuum is off meanwhile: it
comes in some rounds and not in others, and takes more than what is measured.

    python -m benchmarks.forgetting [--old 1000000] [--sends 30000] [--rounds 3]
"""

from __future__ import annotations

import argparse
import os
import sys
import time
from dataclasses import dataclass, replace
from datetime import timedelta
from statistics import median

import psutil
from sqlalchemy import text

from benchmarks.setups import Way, measure, our_way
from benchmarks.support import Stage, console, cpu_of_tree, load, outside, postgres_of, stage
from worker.database import Database
from worker.devkit.processes import Child
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


@dataclass(frozen=True, slots=True)
class Round:
    """rate: messages sent a second. cost: µs of CPU for each. emptied: messages a second, on so many cores."""

    rate: float
    cost: float
    emptied: float = 0
    cores: float = 0


def alone(on: Stage, way: Way, sends: int) -> Round:
    """Nothing is removed."""
    server = postgres_of(on)
    before = cpu_of_tree(server)
    run = measure(on, way, sends)
    return Round(run.rate, (run.cpu + cpu_of_tree(server) - before) / sends * 1e6)


def beside(on: Stage, way: Way, sends: int) -> Round:
    """What is old is removed meanwhile."""
    removed = on.scalar(EMPTIED)
    removing = on.python("removing", ["benchmarks.forgetting", "--beside"])
    try:
        on.until(lambda: on.scalar(EMPTIED) > removed, "something is removed", removing)
        processes = [psutil.Process(removing.pid), server_of(on, removing)]
        before, began, cpu = on.scalar(EMPTIED), time.monotonic(), [cpu_of_tree(each) for each in processes]
        sent = alone(on, way, sends)
        own, servers = (cpu_of_tree(each) - was for each, was in zip(processes, cpu, strict=True))
        took = time.monotonic() - began
        cost = sent.cost - servers / sends * 1e6
        return Round(sent.rate, cost, (on.scalar(EMPTIED) - before) / took, (own + servers) / took)
    finally:
        removing.stop()


def server_of(on: Stage, process: Child) -> psutil.Process:
    """That of its only connection."""
    ports = [each.laddr.port for each in psutil.Process(process.pid).net_connections() if each.status == "ESTABLISHED"]
    found = on.scalar(f"SELECT pid FROM pg_stat_activity WHERE client_port IN ({', '.join(map(str, ports))})")
    return psutil.Process(found)


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
    for statement in ("ALTER SYSTEM SET autovacuum = off", "SELECT pg_reload_conf()"):
        outside(on.database, statement)
    with our_way(on, "ours", {}) as made:
        way = replace(made, forget=on.esms.reset, unsettled=lambda: on.scalar(UNDER_WAY))
        measure(on, way, sends // 5)
        pairs = [(beside(on, way, sends), alone(on, way, sends)) for _ in range(rounds)]
    for name, each in zip(("beside it", "alone"), zip(*pairs, strict=True), strict=True):
        rate, cost = median(one.rate for one in each), median(one.cost for one in each)
        console.print(f"{name}: {rate:,.0f} messages/s, {cost:,.0f} µs of CPU for each")
    emptied, cores = (median(getattr(each, name) for each, _ in pairs) for name in ("emptied", "cores"))
    console.print(f"emptied meanwhile {emptied:,.0f} messages/s, of {old:,}, by {cores:.3f} cores")
    rates = median(with_it.rate / without.rate for with_it, without in pairs)
    console.print(f"{rates:.2f} of the rate as it was, on a machine with other work (median of {rounds} pairs)")
    costs, all_cores = median(without.cost / with_it.cost for with_it, without in pairs), psutil.cpu_count() or 1
    kept = costs * (1 - cores / all_cores)
    console.print(f"{costs:.2f} of the rate by CPU for each message; where all {all_cores} cores are busy, {kept:.2f}")
    console.print(f"wanted {LEAST_TIMES:g} or more")
    return 0 if kept >= LEAST_TIMES else 1


if __name__ == "__main__":
    sys.exit(main())
