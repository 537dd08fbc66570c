"""How long the page's rooms take over a million messages of a year: CPU of `serve` and of Postgres.

By the real server, over HTTP, for an admin. A page's time is the CPU that both use for it, in the 95th percentile:
what it takes on a machine that nobody else uses. A sweep over all of a source's messages is timed by the row.

    python -m benchmarks.page_rooms [--messages 1000000] [--times 20] [--kept FOLDER] [--paint]

--paint: besides, when a real Chromium first shows something of each; it takes the extra `browser`.
"""

from __future__ import annotations

import re
import sys
import time
from argparse import Namespace
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from statistics import median
from typing import Any

import httpx
import psutil
from rich.table import Table

from benchmarks.support import Stage, console, load, outside, postgres_of
from benchmarks.year import year, year_options
from worker import Notifier, sweeps
from worker.access import UserRole
from worker.database import Database
from worker.reporting.choice import Choice
from worker.reporting.finding import Search
from worker.settings import Settings

GOAL = 0.200  # seconds
PAINT_GOAL = 1000  # milliseconds
FIRST_PAINT = """() => new Promise(done => new PerformanceObserver(list => {
    for (const each of list.getEntriesByName('first-contentful-paint')) done(each.startTime)
}).observe({type: 'paint', buffered: true}))"""
ROUNDS = 5  # requests that one figure is made of: the clock of CPU ticks a hundred times a second
TOKEN = re.compile(r'name="csrf" value="([0-9a-f]{64})"')
SEARCHES: dict[str, dict[str, str]] = {
    "find: a number": {"q": "0900 007 919"},
    "find: a name that a hundredth of the people have": {"q": "Lan"},
    "find: a reference": {"q": "order:777"},
    "find: a campaign": {"q": "big"},
    "find: a source": {"source": "shop-1"},
    "find: what failed, with a code": {"status": "rejected", "code": "146"},
    "find: what is nowhere": {"source": "shop-1", "code": "999"},
    "find: a day": {"since": "2025-07-01", "until": "2025-07-01"},
}
ROOMS = (
    "/", "/held", "/campaigns", "/campaigns/new", "/reminders", "/reminders/year", "/templates",
    "/contacts", "/refused", "/law", "/log", "/users",
)  # fmt: skip
REPORTS = {
    "reports: a year": {"since": "2025-01-01", "until": "2025-12-31"},
    "reports: a campaign": {"campaign": "big"},
}


class Visitor:
    """Somebody who is signed in."""

    def __init__(self, address: str, notifier: Notifier) -> None:
        self.client = httpx.Client(base_url=address, headers={"Accept": "text/html"}, timeout=60)
        self.post(f"/enter/{notifier.users.link('bench', role=UserRole.ADMIN)}")

    def post(self, path: str, **fields: str) -> str:
        """A form; where it leads."""
        found = TOKEN.search(self.client.get("/password").text) or TOKEN.search(self.client.get("/login").text)
        assert found
        sent = self.client.post(path, data={"csrf": found[1], **fields})
        assert sent.status_code == 303, sent.text
        return sent.headers["location"]

    def get(self, path: str) -> None:
        """A page."""
        assert self.client.get(path).status_code == 200, path

    def paint(self, browser: Any, path: str) -> float:
        """Milliseconds until something is seen of it."""
        context = browser.new_context()
        cookies = self.client.cookies.jar
        address = str(self.client.base_url)
        context.add_cookies([{"name": each.name, "value": each.value, "url": address} for each in cookies])
        page = context.new_page()
        page.goto(address + path)
        found = float(page.evaluate(FIRST_PAINT))
        context.close()
        return found


def pages(visitor: Visitor) -> dict[str, str]:
    """Their addresses."""
    found = dict(zip(ROOMS, ROOMS, strict=True))
    found |= {"find": "/find", "sweeps": "/find/sweeps", "reports": "/reports"}
    found |= {name: visitor.post("/find", **asked) for name, asked in SEARCHES.items()}
    for act, of in (("cancel", "find: a source"), ("retry", "find: a campaign"), ("retry", "find: a number")):
        found[f"{act}, before it is done: {of}"] = visitor.post(f"{found[of]}/act", act=act, scope="all")
    return found | {name: visitor.post("/reports", **asked) for name, asked in REPORTS.items()}


def cpu(processes: list[psutil.Process]) -> float:
    """Of these and their children so far."""
    each = [one for process in processes for one in [process, *process.children(recursive=True)]]
    return sum(sum(one.cpu_times()[:2]) for one in each if one.is_running())


def spent(processes: list[psutil.Process], ask: Callable[[], Any], times: int) -> list[float]:
    """Seconds of CPU of each; once before, so that it is in memory as what is asked often."""
    ask()
    found = []
    for _ in range(times):
        before = cpu(processes)
        for _ in range(ROUNDS):
            ask()
        found.append((cpu(processes) - before) / ROUNDS)
    return sorted(found)


def sweep(on: Stage, notifier: Notifier) -> float:
    """Microseconds of our CPU and Postgres's for each row that a cancel of a whole source goes through."""
    search = Search(choice=Choice.of({"source": "shop-1"}))
    with Database(on.environ["DATABASE_URL"], pool_size=1) as database:
        server = postgres_of(on)
        begun = notifier.sweeps.cancel(search)
        before, before_us = cpu([server]), time.process_time()
        for _ in range(20):
            assert sweeps.go_on(database, notifier.settings, begun.id)
        return (cpu([server]) - before + time.process_time() - before_us) / (20 * sweeps.steps.AT_ONCE) * 1e6


def main() -> int:
    options = year_options(__doc__, "--paint")
    console.print(load())
    with year(options.messages, options.kept) as on, _visited(on) as (visitor, processes, notifier):
        outside(on.database, "CHECKPOINT")
        paths = pages(visitor)
        missed = _measured(visitor, processes, paths, options)
        console.print(f"a sweep: {sweep(on, notifier):.0f} µs of CPU for each row that it goes through")
        return int(bool(missed + (_painted(visitor, paths) if options.paint else 0)))


@contextmanager
def _visited(on: Stage) -> Iterator[tuple[Visitor, list[psutil.Process], Notifier]]:
    serve = on.python("serve", ["worker.cli", "serve", "--port", "0"])
    with serve, Notifier(Settings.from_environ(on.environ)) as notifier:
        on.until(lambda: any("listening on" in line for line in serve.log_lines()), "serve", serve)
        address = next(line.split()[-1] for line in serve.log_lines() if "listening on" in line)
        yield Visitor(address, notifier), [psutil.Process(serve.pid), postgres_of(on)], notifier


def _measured(visitor: Visitor, processes: list[psutil.Process], paths: dict[str, str], options: Namespace) -> int:
    table, missed = Table("page", "median ms", "p95 ms", title=f"{options.messages:,} messages of a year"), 0
    for name, path in paths.items():
        taken = spent(processes, lambda path=path: visitor.get(path), options.times)  # type: ignore[misc]
        p95 = taken[int(0.95 * (len(taken) - 1))]
        missed += p95 > GOAL
        table.add_row(name, f"{1000 * taken[len(taken) // 2]:.0f}", f"{1000 * p95:.0f}" + " missed" * (p95 > GOAL))
    console.print(table)
    return missed


def _painted(visitor: Visitor, paths: dict[str, str]) -> int:
    from tests.browser.pages import launched

    table, missed = Table("page", "first paint, ms", title="In a real Chromium, of five"), 0
    with launched() as browser:
        for name, path in paths.items():
            seen = median(visitor.paint(browser, path) for _ in range(5))
            missed += seen > PAINT_GOAL
            table.add_row(name, f"{seen:.0f}" + " missed" * (seen > PAINT_GOAL))
    console.print(table)
    return missed


if __name__ == "__main__":
    sys.exit(main())
