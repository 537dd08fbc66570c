"""How long reports take over a year's messages and 300 campaigns, and how fast and lean a list becomes a file.

The messages are made in Postgres itself; the sums by the very fold that the worker uses, and checked against the raw
tables. Counted is the CPU of a call of `notifier.reports`, ours and that of the Postgres process that serves it,
without parallel workers: what it takes on a machine that nobody else uses. A file's rows are by the command's own CPU.

    python -m benchmarks.reports [--messages 1000000] [--times 20] [--kept FOLDER]
"""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from datetime import timedelta
from functools import partial
from typing import Any

import psutil
from rich.table import Table
from sqlalchemy import text

from benchmarks.support import Stage, console, load
from benchmarks.year import FIRST, year, year_options
from worker import Notifier
from worker.database import Database
from worker.lifecycle import FAILED
from worker.reporting import Which
from worker.settings import Settings

YEAR, DAY, FIRST_ROW, WHY = 0.200, 0.050, 0.300, 0.050  # seconds
ROWS, MEMORY = 50_000, 150.0  # rows a second into a CSV file, MiB

RAW = """
    SELECT n.campaign, m.status, count(*) FROM message AS m JOIN notification AS n ON n.id = m.notification_id
    GROUP BY 1, 2
"""


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
    options = year_options(__doc__)
    console.print(load())
    with year(options.messages, options.kept) as on:
        return _measured(on, options.messages, options.times)


def _measured(on: Stage, messages: int, times: int) -> int:
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
