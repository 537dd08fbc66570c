"""How fast what failed of a large campaign is queued again, and how long it takes to see before what that would do.

A million messages of one campaign, every tenth of which failed. The first hundred go, one arrives, and the rest follows
as beat has it follow: 2,500 in a transaction, as they are, and then corrected. Counted is the CPU of both sides, ours
(with a worker's garbage collector) and that of the Postgres process that serves us: what it takes on a machine that
nobody else uses.

And how long a code takes from `enqueue` to the provider meanwhile, beside how long it takes idle: with all processes of
the Procfile, of which one queues again and others send what is queued, by the transport that `auto` takes.

    python -m benchmarks.reruns [--messages 1000000] [--times 5] [--codes 250]
"""

from __future__ import annotations

import argparse
import sys
import time

from rich.table import Table

from benchmarks import lanes
from benchmarks.lanes import Period
from benchmarks.processes import crew
from benchmarks.reports import cpu, server_of, spent
from benchmarks.setups import UNASKED
from benchmarks.support import Stage, console, load, stage
from benchmarks.year import filled
from worker import Corrected, Failed, Notifier, again
from worker.ledger.streams import stream_key
from worker.runtime import collect_garbage_seldom
from worker.settings import Settings

ROWS, SEEN, SEEN_CORRECTED = 20_000, 0.300, 0.500  # messages a second, seconds for a dry run
MOST_TIMES = 2.0  # of its idle p99, that a code may take meanwhile
ONE_IN = 10  # failed
CAMPAIGN = "big"
MOVED = "SELECT max(moved) FROM rerun"
ID = "lpad(to_hex(n), 32, '0')::uuid"
KEY = stream_key("shop", CAMPAIGN)
FILL = (
    f"""
    INSERT INTO notification (id, kind, purpose, source, reference, campaign, content, options, segments, hand_over,
        fingerprint)
    SELECT {ID}, 'sms', 'service', 'shop', 'order:' || n, '{CAMPAIGN}', 'Don hang ' || n, '{{{{"sms_type": 4}}}}', 1,
        false, '' FROM generate_series(CAST({{first}} AS bigint), {{last}}) AS n
    """,
    f"""
    INSERT INTO message (id, notification_id, phone, lane, stream, status, grouped, due_at, attempts, request_id, code,
        accepted_at, settled_at, wanted_at)
    SELECT {ID}, {ID}, '+849' || lpad(CAST(n * 7919 % 100000000 AS text), 8, '0'), 'normal', {KEY},
        CASE WHEN n % {ONE_IN} = 0 THEN 'undelivered' ELSE 'delivered' END, false, now(), 1, n, '100', now(), now(),
        now() FROM generate_series(CAST({{first}} AS bigint), {{last}}) AS n
    """,
)


ARRIVED = (
    """
    UPDATE message SET status = 'delivered', settled_at = now(), accepted_at = now(), lease_until = NULL
    WHERE id = ANY(SELECT unnest(trial) FROM rerun WHERE state = 'trying')
    """,
    "UPDATE rerun SET look_at = now()",
)


def follow(on: Stage, notifier: Notifier, settings: Settings, corrected: Corrected | None, most: int) -> int:
    """The first hundred arrive, and the rest follows; how many those are."""
    decided = notifier.again.retry(Failed(campaign=CAMPAIGN, most=most), corrected=corrected)
    on.execute(*ARRIVED)
    while again.go_on(on.database, settings):
        pass
    return decided.rest


def measure(on: Stage, rows: int, times: int) -> list[tuple[str, float, bool]]:
    """What was measured, and whether it is what it should be."""
    settings = Settings.from_environ(on.environ)
    notifier = Notifier(settings, database=on.database)
    server, failed = server_of(on.database), Failed(campaign=CAMPAIGN)
    collect_garbage_seldom()
    seen = spent(server, lambda: notifier.again.foresee(failed), times)
    found = [(f"seconds of a dry run over {rows // ONE_IN:,} failed of {rows:,}", seen, seen <= SEEN)]
    said = Corrected(content="Don hang da giao")
    seen = spent(server, lambda: notifier.again.foresee(failed, corrected=said), times)
    found.append(("seconds of the same, one text for all instead", seen, seen <= SEEN_CORRECTED))
    notifier.again.retry(Failed(campaign=CAMPAIGN, most=1))  # what is imported once
    half = rows // ONE_IN // 2
    for name, corrected in (("as they are", None), ("corrected", said)):
        before, queued = cpu(server), follow(on, notifier, settings, corrected, half)
        rate = queued / (cpu(server) - before)
        found.append((f"{name}: {queued:,} queued again a second", rate, rate >= ROWS))
    return found


def meanwhile(on: Stage, codes: int) -> tuple[Period, Period]:
    """Idle, and while what failed is queued again by the processes themselves."""
    with crew(on, UNASKED) as _, Notifier.from_env(on.environ) as notifier:
        lanes.measure(on, notifier, "warm-up", lanes.WARM_UP, 90_000)
        idle = lanes.measure(on, notifier, "idle", 4 * codes, 0)  # of a few hundred, one pause of the disk is the p99
        notifier.again.retry(Failed(campaign=CAMPAIGN))
        on.execute(*ARRIVED)
        on.until(lambda: on.scalar("SELECT count(*) FROM rerun WHERE moved > 1000") > 0, "what failed queued again")
        before, started = on.scalar(MOVED), time.monotonic()
        busy = lanes.measure(on, notifier, "while it is queued again", codes, 10_000)
        _tell(idle, busy, (on.scalar(MOVED) - before) / (time.monotonic() - started))
        assert on.scalar("SELECT count(*) FROM rerun WHERE state = 'going'"), "it was over too soon: give more messages"
    return idle, busy


def _tell(idle: Period, busy: Period, rate: float) -> None:
    for each in (idle, busy):
        shown = ", ".join(f"p{percent} {each.quantile(percent):.1f} ms" for percent in lanes.PERCENT)
        console.print(f"a code, {each.system}: {shown}; {each.bulk:,} others went out, cores busy {each.cpu:.0f} %")
    console.print(f"meanwhile {rate:,.0f} a second were queued again")


def main() -> int:
    """Exit code 1 where a target is missed."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--messages", type=int, default=1_000_000)
    parser.add_argument("--times", type=int, default=5)
    parser.add_argument("--codes", type=int, default=250)
    given = parser.parse_args()
    console.print(load())
    with stage() as on:
        filled(on.database, FILL, 2 * given.messages)  # or all were queued again before the codes are through
        on.settle()
        idle, busy = meanwhile(on, given.codes)
    with stage() as on:
        filled(on.database, FILL, given.messages)
        found = measure(on, given.messages, given.times)
    times = busy.quantile(99) / idle.quantile(99)
    found.append(
        (f"p99 of a code meanwhile, {busy.quantile(99):.0f} ms, in times of its idle", times, times <= MOST_TIMES)
    )
    shown = Table("what", "figure", "")
    for what, figure, good in found:
        shown.add_row(what, f"{figure:,.3f}" if figure < 100 else f"{figure:,.0f}", "✔" if good else "missed")
    console.print(shown)
    return int(not all(good for _, _, good in found))


if __name__ == "__main__":
    sys.exit(main())
