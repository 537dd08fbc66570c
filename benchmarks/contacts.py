"""A million people: how long Postgres takes to find today's birthdays, and how fast people come in.

    python -m benchmarks.contacts [--contacts 1000000] [--rows 50000] [--file 100000]

The database's time is Postgres's own (EXPLAIN ANALYZE, execution), once with cold and then with warm caches.
"""

from __future__ import annotations

import argparse
import json
import resource
import sys
import time
from datetime import date, timedelta
from pathlib import Path
from statistics import median
from typing import Any

from rich.table import Table
from sqlalchemy import text

from benchmarks.support import Stage, console, load, phone, stage
from worker import ContactFields, Notifier
from worker.contacts.checks import lunar_day
from worker.contacts.columns import choose
from worker.contacts.dates import DateOrder
from worker.contacts.importing import Importer
from worker.contacts.rows import Reader
from worker.ledger import contacts
from worker.ledger.contacts.finding import NO_ID, _born_on
from worker.spreadsheets import open_sheet

MOST = 50.0  # milliseconds of database time for a day's birthdays
LEAST = 5_000  # contacts a second
TODAY = date(2026, 11, 23)
FIRST_BIRTH = date(1950, 1, 1)

PEOPLE = """
    INSERT INTO contact (id, source, key, name, phones, birth_date, birth_day, lunar_birth_day, lunar_birth_leap, tags)
    SELECT gen_random_uuid(), 'bench', n::text, 'Nguyễn Thị ' || n, ARRAY['+849' || lpad(n::text, 8, '0')], born,
           extract(month FROM born) * 100 + extract(day FROM born), (n % 12 + 1) * 100 + n / 12 % 30 + 1, n % 40 = 0,
           ARRAY[CASE WHEN n % 3 = 0 THEN 'staff' ELSE 'customer' END]
    FROM generate_series(1, :people) AS n,
         LATERAL (SELECT DATE '1950-01-01' + CAST(n::bigint * 7919 % 25000 AS integer) AS born) AS days
"""


def fill(on: Stage, people: int) -> float:
    """So many people, by Postgres itself; the seconds that it takes with all indexes in place."""
    started = time.perf_counter()
    with on.database.begin() as session:
        session.execute(text("SET LOCAL statement_timeout = 0"))
        session.execute(text(PEOPLE), {"people": people})
    on.database.engine.dispose()
    with on.database.engine.connect() as connection:
        quiet = connection.execution_options(isolation_level="AUTOCOMMIT")
        quiet.execute(text("SET statement_timeout = 0"))
        quiet.execute(text("VACUUM ANALYZE contact"))
        quiet.execute(text("CHECKPOINT"))
    return time.perf_counter() - started


# Birthdays...


def birthdays(on: Stage, *, lunar: bool, tags: list[str]) -> dict[str, Any]:
    """One day's birthdays, each thousand a statement as the reminders take them."""
    day, took, found, plans = (601 if lunar else 1123), [], 0, set()
    after = NO_ID
    with on.database.begin() as session:
        while True:
            asked = {"days": [day], "leaps": [None], "tags": tags, "source": None, "after": after, "most": 1000}
            plan = _explained(session, _born_on(lunar=lunar, death=False), asked)
            took.append(plan["Execution Time"] + plan["Planning Time"])
            plans |= _nodes(plan["Plan"])
            rows = contacts.born_on(session, [day], lunar=lunar, tags=tags, after=after)
            found += len(rows)
            if len(rows) < 1000:
                break
            after = rows[-1].id
    return {"found": found, "milliseconds": sum(took), "scans": bool(plans & {"Seq Scan"}), "plan": plans}


def _explained(session: Any, statement: str, asked: dict[str, Any]) -> dict[str, Any]:
    told = session.execute(text(f"EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) {statement}"), asked).scalar_one()
    plan: dict[str, Any] = (json.loads(told) if isinstance(told, str) else told)[0]
    return plan


def _nodes(plan: dict[str, Any]) -> set[str]:
    name = plan["Node Type"] + (f" on {plan['Index Name']}" if "Index Name" in plan else "")
    return {name}.union(*(_nodes(child) for child in plan.get("Plans", [])))


# Coming in...


def person(place: int) -> ContactFields:
    """As an application tells of somebody."""
    return ContactFields(
        key=f"k{place}",
        source="app",
        name=f"Nguyễn Thị {place}",
        phones=phone(place),
        birth_date=FIRST_BIRTH + timedelta(days=place * 7919 % 25000),
        tags=["customer"],
        attributes={"room": str(place % 100)},
    )


def upserts(notifier: Notifier, rows: int) -> dict[str, float]:
    """Rows a second by `upsert_many`: new ones, the same once more, and each with another name."""
    people = [person(place) for place in range(rows)]
    renamed = [ContactFields(key=each.key, source="app", name=f"{each.name} B") for each in people]
    rates: dict[str, float] = {}
    for what, items in (("new", people), ("unchanged", people), ("changed", renamed)):
        started = time.perf_counter()
        notifier.contacts.upsert_many(items)
        rates[what] = rows / (time.perf_counter() - started)
    return rates


def imported(on: Stage, rows: int, folder: Path) -> tuple[float, float]:
    """Rows a second of a CSV file, and by how many MB the process grew at its peak."""
    file = folder / "people.csv"
    with file.open("w", encoding="utf-8") as to:
        to.write("Mã KH,Họ tên,SĐT,Ngày sinh,Nhóm,Phòng\n")
        for n in range(rows):
            born = FIRST_BIRTH + timedelta(days=n * 7919 % 25000)
            to.write(f"f{n},Nguyễn Thị {n},{phone(n)},{born:%d/%m/%Y},customer,A{n % 50}\n")
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    started = time.perf_counter()
    sheet = open_sheet(file)
    columns = choose(sheet.columns, ["attr.room=Phòng"])
    summary = Importer(
        begin=on.database.begin,
        reader=Reader(columns=columns, source="file", order=DateOrder.DMY),
        today=TODAY,
        dry=False,
        refuse=print,
        leave_out=print,
        advance=int,
    ).run(sheet)
    seconds = time.perf_counter() - started
    assert (summary.counts.added, summary.refused) == (rows, 0), summary
    return rows / seconds, (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--contacts", type=int, default=1_000_000)
    parser.add_argument("--rows", type=int, default=50_000)
    parser.add_argument("--file", type=int, default=100_000)
    options = parser.parse_args()
    console.print(load())
    with stage() as on, Notifier.from_env(on.environ) as notifier:
        know_the_calendar()
        filled = fill(on, options.contacts)
        console.print(f"{options.contacts:,} contacts by Postgres itself, with every index, in {filled:.0f} s")
        days = {
            "birthdays, cold": birthdays(on, lunar=False, tags=[]),
            "birthdays": median_of(on, lunar=False, tags=[]),
            "birthdays of one tag": median_of(on, lunar=False, tags=["staff"]),
            "lunar birthdays": median_of(on, lunar=True, tags=[]),
        }
        rate, grown = imported(on, options.file, on.folder)  # first: what comes after needs more memory
        rates = upserts(notifier, options.rows)
    _print(days, rates, rate, grown, options)
    missed = any(each["milliseconds"] > MOST or each["scans"] for each in days.values())
    return 1 if missed or min(*rates.values(), rate) < LEAST else 0


def know_the_calendar() -> None:
    """The lunar calendar is worked out once per process: 10 ms for each year that somebody was born in."""
    for days in range(0, 25_000, 300):
        lunar_day(FIRST_BIRTH + timedelta(days=days))


def median_of(on: Stage, *, lunar: bool, tags: list[str]) -> dict[str, Any]:
    """Of five runs."""
    runs = [birthdays(on, lunar=lunar, tags=tags) for _ in range(5)]
    return runs[0] | {"milliseconds": median(run["milliseconds"] for run in runs)}


def _print(
    days: dict[str, dict[str, Any]], rates: dict[str, float], rate: float, grown: float, options: argparse.Namespace
) -> None:
    table = Table(title=f"Contacts, {options.contacts:,} of them")
    for name in ("what", "measured", "wanted"):
        table.add_column(name, justify="left" if name == "what" else "right")
    for what, told in days.items():
        table.add_row(f"{what}: {told['found']:,} found, ms in Postgres", f"{told['milliseconds']:.1f}", f"≤ {MOST:g}")
    for what, each in rates.items():
        table.add_row(f"upsert_many, {what}: rows/s", f"{each:,.0f}", f"≥ {LEAST:,}")
    table.add_row(f"a CSV file of {options.file:,}: rows/s", f"{rate:,.0f}", f"≥ {LEAST:,}")
    table.add_row("  memory that this took at most, MB", f"{grown:.0f}", "")
    console.print(table)
    console.print("The plan: " + ", ".join(sorted(days["birthdays"]["plan"])))


if __name__ == "__main__":
    sys.exit(main())
