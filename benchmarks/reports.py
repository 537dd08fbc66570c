"""How long reports take over a year's messages and 300 campaigns, and how fast and lean a list becomes a file.

The messages are made in Postgres itself; the sums by the very fold that the worker uses, and checked against the raw
tables. Counted is the CPU of a call of `notifier.reports`, ours and that of the Postgres process that serves it,
without parallel workers: what it takes on a machine that nobody else uses. A file's rows are by the command's own CPU.

    python -m benchmarks.reports [--messages 1000000] [--times 20]
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from datetime import date, timedelta
from functools import partial
from typing import Any

import psutil
from rich.table import Table
from sqlalchemy import text

from benchmarks.support import Stage, console, load, outside, stage
from worker import Notifier, ledger
from worker.database import Database
from worker.lifecycle import FAILED
from worker.reporting import Which
from worker.settings import Settings

ZONE = "Asia/Ho_Chi_Minh"
FIRST = date(2025, 1, 1)
YEAR, DAY, FIRST_ROW, WHY = 0.200, 0.050, 0.300, 0.050  # seconds
ROWS, MEMORY = 50_000, 150.0  # rows a second into a CSV file, MiB
BIG = 100_000  # recipients of the campaign whose failures are listed; one in twenty failed

AT = f"timestamptz '{FIRST} 00:00+07' + (n - 0.5) * interval '365 days' / {{rows}}"
FAILED_AS = "CASE n % 80 WHEN 0 THEN 'undelivered' WHEN 20 THEN 'rejected' WHEN 40 THEN 'expired' ELSE 'unknown' END"
STATUS = f"CASE WHEN n % 20 = 0 THEN {FAILED_AS} WHEN n % 1000 = 1 THEN 'cancelled' ELSE 'delivered' END"
CODE = "CASE n % 80 WHEN 20 THEN (ARRAY['104', '118', '146'])[1 + n / 80 % 3] WHEN 40 THEN NULL ELSE '100' END"
NETWORK = "(ARRAY['viettel', 'viettel', 'mobifone', 'vinaphone', 'vietnamobile', 'gmobile'])[1 + n / 7 % 6]"
ID = "lpad(to_hex(n), 32, '0')::uuid"
# Half of them of five that run all the year, the others of some twelve that run a fortnight; and one that is big.
CAMPAIGN = """CASE WHEN n > {rows} / 2 AND n <= {rows} / 2 + {big} THEN 'big'
    WHEN n % 2 = 0 THEN 'always-' || n / 2 % 5 ELSE 'c-' || n * 282 / {rows} + n / 2 % 12 END"""
FILL = (
    f"""
    INSERT INTO notification (id, kind, purpose, source, reference, campaign, content, options, segments, hand_over,
        fingerprint, created_at)
    SELECT {ID}, 'sms', 'service', 'shop-' || n % 3, 'order:' || n, {CAMPAIGN}, 'x', '{{{{"sms_type": 4}}}}', 1, false,
        '', {AT} FROM generate_series(CAST({{first}} AS bigint), {{last}}) AS n
    """,
    f"""
    INSERT INTO message (id, notification_id, phone, lane, status, grouped, due_at, attempts, request_id, code, network,
        accepted_at, settled_at, wanted_at, created_at)
    SELECT {ID}, {ID}, '+849' || lpad(CAST(n * 7919 % 100000000 AS text), 8, '0'), 'normal', {STATUS}, false, {AT}, 1,
        n, {CODE}, {NETWORK}, {AT} + n % 97 * interval '0.1 s', {AT} + interval '15 s', {AT}, {AT}
    FROM generate_series(CAST({{first}} AS bigint), {{last}}) AS n
    """,
    f"""
    INSERT INTO settlement (transaction, at, wanted_at, message_id, notification_id, accepted_after, delivered_after,
        generation, lane, status, code, network)
    SELECT CAST(CAST(pg_current_xact_id() AS text) AS bigint), {AT}, {AT}, {ID}, {ID}, n % 97 * 0.1,
        CASE WHEN n % 20 <> 0 THEN 15 - n % 97 * 0.1 END, 0, 'normal', {STATUS}, {CODE}, {NETWORK}
    FROM generate_series(CAST({{first}} AS bigint), {{last}}) AS n
    """,
    """
    INSERT INTO contact (id, source, key, name, phones)
    SELECT gen_random_uuid(), '', CAST(n AS text), 'Lan',
        ARRAY['+849' || lpad(CAST(n * 7919 % 100000000 AS text), 8, '0')]
    FROM generate_series(CAST({first} AS bigint), {last}, 100) AS n
    """,
)
RAW = """
    SELECT n.campaign, m.status, count(*) FROM message AS m JOIN notification AS n ON n.id = m.notification_id
    GROUP BY 1, 2
"""
STEP = 500_000  # rows of one statement


def fill(on: Stage, rows: int) -> None:
    """A year's messages, and what they add up to."""
    dropped = without_indexes(on)
    on.execute("ALTER TABLE message DISABLE TRIGGER USER")
    for first in range(1, rows + 1, STEP):
        sizes = {"rows": rows, "big": min(BIG, rows // 10), "first": first, "last": min(first + STEP - 1, rows)}
        on.execute(*(statement.format(**sizes) for statement in FILL))
        console.print(f"{sizes['last']:,} messages", end="\r")
    for definition in dropped:
        outside(on.database, definition)
    on.execute("ALTER TABLE message ENABLE TRIGGER USER")
    outside(on.database, "VACUUM ANALYZE")
    more = True
    while more:
        with on.database.begin() as session:
            more = ledger.fold(session, ZONE)
    outside(on.database, "VACUUM ANALYZE report_daily, report_latency")


def without_indexes(on: Stage) -> list[str]:
    """Drops those that only cost time while rows come; what makes them again."""
    query = """
        SELECT indexrelid::regclass::text, pg_get_indexdef(indexrelid) FROM pg_index
        WHERE indrelid IN ('message'::regclass, 'notification'::regclass, 'settlement'::regclass)
          AND NOT indisprimary AND NOT indisunique
    """
    with on.database.begin() as session:
        found = session.execute(text(query)).all()
    on.execute(*(f"DROP INDEX {name}" for name, _ in found))
    return [definition for _, definition in found]


def check(on: Stage, notifier: Notifier) -> None:
    """The sums are what the raw tables say."""
    with on.database.begin() as session:
        session.execute(text("SET LOCAL statement_timeout = 0"))
        raw = {(campaign, status): count for campaign, status, count in session.execute(text(RAW))}
    summed = {
        (line.key["campaign"], str(status)): count
        for line in notifier.reports.campaigns()
        for status, count in line.statuses.items()
    }
    assert summed == raw
    failed = sum(count for (campaign, status), count in raw.items() if campaign == "big" and status in FAILED)
    assert sum(1 for _ in notifier.reports.failures(campaign="big")) == failed


def questions(notifier: Notifier) -> Iterator[tuple[str, Callable[[], Any], float]]:
    """Each with the seconds that it may take."""
    reports, day = notifier.reports, FIRST + timedelta(days=200)
    year, one = Which(since=FIRST, until=FIRST + timedelta(days=364)), Which(since=day, until=day)
    for name in ("daily", "campaigns", "networks", "latency", "costs", "reminders"):
        yield f"{name}, a year", partial(getattr(reports, name), **year), YEAR
        yield f"{name}, a day", partial(getattr(reports, name), **one), DAY
    for name in ("messages", "failures"):
        yield f"{name}, a year: the first page", partial(getattr(reports, f"{name}_page"), **year), YEAR
        yield f"{name}, a day: the first page", partial(getattr(reports, f"{name}_page"), **one), DAY
    yield "failures of the big campaign: the first row", lambda: next(reports.failures(campaign="big")), FIRST_ROW
    yield "failures of the big campaign: all", lambda: list(reports.failures(campaign="big")), 1.0
    yield "why --to", lambda: reports.why_to("0900007919", since=None), WHY


def spent(server: psutil.Process, ask: Callable[[], Any], times: int) -> float:
    """Seconds of CPU, on average; once before, so that it is in memory as what is asked often."""
    ask()
    before = cpu(server)
    for _ in range(times):
        ask()
    return (cpu(server) - before) / times


def cpu(server: psutil.Process) -> float:
    """What both sides have used so far."""
    times = server.cpu_times()
    return float(times.user + times.system) + time.process_time()


def export(on: Stage, suffix: str, *which: str) -> tuple[int, float, float]:
    """By the command itself: rows, rows a second of its CPU, MiB at most."""
    file = on.folder / f"failures.{suffix}"
    program = (
        "import resource, sys, time; from worker.cli import run; started = time.process_time();"
        "assert run(sys.argv[1:]) == 0;"
        "print(time.process_time() - started, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)"
    )
    command = [sys.executable, "-c", program, "report", "failures", f"--{suffix}", str(file), *which]
    done = subprocess.run(command, env=on.environ, cwd=on.folder, capture_output=True, text=True, check=True)
    told, figures = done.stdout.splitlines()
    rows, (seconds, memory) = int(told.split()[0].replace(",", "")), map(float, figures.split())
    return rows, rows / seconds, memory


def server_of(database: Database) -> psutil.Process:
    """The process of Postgres that serves us, which from now on does all by itself."""
    with database.connect() as connection:
        connection.execute(text("SET max_parallel_workers_per_gather = 0"))
        connection.commit()
        return psutil.Process(connection.scalar(text("SELECT pg_backend_pid()")))


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--messages", type=int, default=1_000_000)
    parser.add_argument("--times", type=int, default=20)
    options = parser.parse_args()
    console.print(load())
    with stage() as on:
        return _measured(on, options.messages, options.times)


def _measured(on: Stage, messages: int, times: int) -> int:
    started = time.monotonic()
    fill(on, messages)
    console.print(
        f"{messages:,} messages, {on.scalar('SELECT count(*) FROM report_daily'):,} rows of report_daily: "
        f"made in {time.monotonic() - started:.0f} s"
    )
    table, missed = Table("question", "ms of CPU", "goal", title=f"{messages:,} messages of a year"), 0
    database = Database(on.environ["DATABASE_URL"], pool_size=1)
    with Notifier(Settings.from_environ(on.environ), database=database) as notifier:
        server = server_of(database)
        check(on, notifier)
        for name, ask, goal in questions(notifier):
            taken = spent(server, ask, times)
            missed += taken > goal
            table.add_row(name, f"{1000 * taken:.0f}", f"{1000 * goal:.0f}" + (" missed" if taken > goal else ""))
    console.print(table)
    rows, speed, memory = export(on, "csv")
    console.print(f"failures of the year as CSV: {rows:,} rows, {speed:,.0f} a second, {memory:.0f} MiB at most")
    of_xlsx, xlsx_speed, xlsx_memory = export(on, "xlsx", "--campaign", "big")
    console.print(f"as XLSX: {of_xlsx:,} rows, {xlsx_speed:,.0f} a second, {xlsx_memory:.0f} MiB at most")
    return int(bool(missed) or speed < ROWS or memory > MEMORY)


if __name__ == "__main__":
    sys.exit(main())
