"""A million people and a hundred rules: one day's birthdays made, an event of 50,000 changed, a whole year counted.

    python -m benchmarks.reminders [--contacts 1000000] [--attendees 50000] [--rules 100]

The birthday query's time is Postgres's own (EXPLAIN ANALYZE); everything else is seconds by the clock, from the call to
the commit.
"""

from __future__ import annotations

import argparse
import json
import logging
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from statistics import median
from zoneinfo import ZoneInfo

from rich.table import Table
from sqlalchemy import text

from benchmarks.provider import BRANDNAME
from benchmarks.support import Stage, console, load, phone, stage
from worker import Anniversary, Attendee, Channel, Notifier, Recurring
from worker.ledger.contacts import born_on
from worker.ledger.contacts.finding import NO_ID, _born_on
from worker.ledger.templates import StoredTemplate, add_template
from worker.lifecycle import Kind, ReminderKind
from worker.recurrence import LeapMonth
from worker.reminders import Rule, Scheduler
from worker.reminders.simulate import Simulation, simulate
from worker.settings import Settings

VIETNAM = ZoneInfo("Asia/Ho_Chi_Minh")
AHEAD = timedelta(minutes=15)
BATCH = 1000
CHANNEL = Channel(brandname=BRANDNAME)

# 28 lunar days a month, so that every one of them comes each month; 100 tags, one or two to a person.
PEOPLE = """
    INSERT INTO contact (id, source, key, name, phones, birth_date, birth_day, lunar_birth_day, lunar_birth_leap, tags)
    SELECT gen_random_uuid(), 'bench', n::text, 'Nguyễn Thị ' || n, ARRAY['+849' || lpad(n::text, 8, '0')], born,
           extract(month FROM born) * 100 + extract(day FROM born), (n % 12 + 1) * 100 + n / 12 % 28 + 1, n % 40 = 0,
           CASE WHEN n % 3 = 0 THEN ARRAY['tag' || n % 100, 'tag' || n / 100 % 100] ELSE ARRAY['tag' || n % 100] END
    FROM generate_series(1, :people) AS n,
         LATERAL (SELECT DATE '1950-01-01' + CAST(n::bigint * 7919 % 25000 AS integer) AS born) AS days
"""


@dataclass(frozen=True)
class Figure:
    """One line of the result."""

    what: str
    measured: float
    most: float
    unit: str = "s"

    @property
    def kept(self) -> bool:
        return self.measured <= self.most


def timed(step: Callable[[], object]) -> float:
    """Seconds by the clock."""
    started = time.perf_counter()
    step()
    return time.perf_counter() - started


def fill(on: Stage, people: int) -> None:
    """So many people, by Postgres itself."""
    with on.database.begin() as session:
        session.execute(text("SET LOCAL statement_timeout = 0"))
        session.execute(text(PEOPLE), {"people": people})
        add_template(session, StoredTemplate(name="wish", kind=Kind.SMS, content="Chuc mung sinh nhat {first_name}!"))
        add_template(session, StoredTemplate(name="visit", kind=Kind.SMS, content="Nhac hen {title} luc {time}"))
    with on.database.engine.connect() as connection:
        quiet = connection.execution_options(isolation_level="AUTOCOMMIT")
        quiet.execute(text("SET statement_timeout = 0"))
        quiet.execute(text("VACUUM ANALYZE contact"))


def birthday_query(on: Stage, day: int) -> float:
    """Milliseconds of Postgres's, planning included, for all of a day, a thousand at a time as the engine asks."""
    took, after = 0.0, NO_ID
    asked = {"days": [day], "leaps": [None], "tags": [], "source": None, "most": BATCH}
    explained = text(f"EXPLAIN (ANALYZE, FORMAT JSON) {_born_on(lunar=False, death=False)}")
    with on.database.begin() as session:
        while True:
            [plan] = session.execute(explained, asked | {"after": after}).scalar_one()
            assert "Seq Scan" not in json.dumps(plan)
            took += float(plan["Execution Time"]) + float(plan["Planning Time"])
            rows = born_on(session, [day], after=after, most=BATCH)
            if len(rows) < BATCH:
                return took
            after = rows[-1].id


def make(on: Stage, settings: Settings, now: datetime) -> int:
    """Everything that is due by then, as one beat's tick makes it."""
    maker = Scheduler(on.database, settings, ahead=AHEAD, now=now)
    maker.run()
    return maker.total.made


def rules(count: int) -> list[Rule]:
    """Of every kind, each for a tag of its own."""
    kinds = [kind for kind in ReminderKind if kind is not ReminderKind.RECURRING]
    made: list[Rule] = []
    for place in range(count):
        common = {"name": f"rule {place}", "template": "wish", "tags": [f"tag{place % 100}"], "channel": CHANNEL}
        if place % 5 == 4:
            made.append(Recurring(**common, rrule="FREQ=WEEKLY;BYDAY=MO,TH"))  # type: ignore[arg-type]
        else:
            made.append(Anniversary(**common, kind=kinds[place % 4], leap=LeapMonth.BOTH))  # type: ignore[arg-type]
    return made


def a_year(on: Stage, begin: date) -> Simulation:
    """All rules over a year, counted."""
    with on.database.begin() as session:
        session.execute(text("SET LOCAL statement_timeout = 0"))
        return simulate(session, begin, begin + timedelta(days=364), zone=VIETNAM, rate=100)


def event_figures(notifier: Notifier, attendees: int) -> list[Figure]:
    """An event of so many, new, unchanged, with one exchanged, and moved with its reminders queued."""
    many: Sequence[Attendee] = [Attendee(key=f"a{place}", phone=phone(place)) for place in range(attendees)]
    starts = datetime.now(UTC) + timedelta(days=30)

    def upsert(who: Sequence[Attendee], when: datetime) -> Callable[[], object]:
        return lambda: notifier.reminders.upsert_event(
            source="bench", key="big", starts_at=when, title="Hop", template="visit", offsets=["1d"], attendees=who,
            brandname=BRANDNAME,
        )  # fmt: skip

    other = [*many[1:], Attendee(key="new", phone=phone(attendees + 1))]
    return [
        Figure(f"event of {attendees:,}: added", timed(upsert(many, starts)), 30),
        Figure("  again, unchanged", timed(upsert(many, starts)), 30),
        Figure("  one attendee exchanged", timed(upsert(other, starts)), 30),
    ]


def moved(notifier: Notifier, on: Stage, settings: Settings, attendees: int) -> list[Figure]:
    """Make the event's reminders, then move it: what is queued is called back."""
    with on.database.begin() as session:
        starts = session.execute(text("SELECT starts_at FROM event")).scalar_one()
    seconds = timed(lambda: make(on, settings, starts - timedelta(days=1)))

    def move() -> None:
        change = notifier.reminders.upsert_event(
            source="bench", key="big", starts_at=starts + timedelta(days=2), title="Hop", template="visit",
            offsets=["1d"], brandname=BRANDNAME,
        )  # fmt: skip
        assert change.recalled == attendees

    return [
        Figure(f"  its {attendees:,} reminders made", seconds, 120),
        Figure("  moved: all of them called back", timed(move), 30),
    ]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--contacts", type=int, default=1_000_000)
    parser.add_argument("--attendees", type=int, default=50_000)
    parser.add_argument("--rules", type=int, default=100)
    options = parser.parse_args()
    console.print(load())
    logging.getLogger("worker").addHandler(logging.NullHandler())
    figures: list[Figure] = []
    with stage() as on, Notifier.from_env(on.environ | {"REDIS_URL": "", "CELERY_BROKER_URL": ""}) as notifier:
        settings = notifier.settings
        fill(on, options.contacts)
        queried = median(birthday_query(on, 1123) for _ in range(3))
        figures.append(Figure("a day's birthdays, found by the index", queried, 50, "ms"))
        notifier.reminders.add(Anniversary(name="birthdays", template="wish", channel=CHANNEL))
        tomorrow = notifier.reminders.next("birthdays", 1)[0].occurs_at
        figures.append(Figure("a day's birthdays, made", timed(lambda: make(on, settings, tomorrow)), 30))
        notifier.reminders.remove("birthdays")
        figures += event_figures(notifier, options.attendees)
        figures += moved(notifier, on, settings, options.attendees)
        for rule in rules(options.rules):
            notifier.reminders.add(rule)
        figures.append(
            Figure(f"a year of {options.rules} rules, counted", timed(lambda: a_year(on, tomorrow.date())), 60)
        )
    _print(figures, options.contacts)
    return 0 if all(figure.kept for figure in figures) else 1


def _print(figures: Sequence[Figure], people: int) -> None:
    table = Table(title=f"Reminders among {people:,} people")
    for name in ("what", "measured", "at most"):
        table.add_column(name, justify="left" if name == "what" else "right")
    for figure in figures:
        table.add_row(figure.what, f"{figure.measured:.1f} {figure.unit}", f"{figure.most:g} {figure.unit}")
    console.print(table)


if __name__ == "__main__":
    sys.exit(main())
