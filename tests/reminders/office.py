"""A house full of people whose days the tests turn: contacts, templates, rules, events, and ticks at any time."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import text

from worker.database import Database
from worker.ledger.contacts import StoredContact, upsert
from worker.ledger.templates import StoredTemplate, add_template
from worker.lifecycle import Kind
from worker.recurrence import to_lunar
from worker.reminders import Anniversary, Attendee, Event, EventChange, Recurring, RuleChange, Scheduler, rule_changes
from worker.reminders import events as of_events
from worker.reminders.scheduler import Made
from worker.settings import Settings

VIETNAM = ZoneInfo("Asia/Ho_Chi_Minh")
AHEAD = timedelta(minutes=15)


def at(text_: str, zone: ZoneInfo = VIETNAM) -> datetime:
    """A moment as clocks show it: 2027-03-01 08:00, in Viet Nam."""
    return datetime.fromisoformat(text_).replace(tzinfo=zone)


def phone(place: int) -> str:
    """A mobile number of its own for each place, E.164."""
    return f"+8490{place:07}"


class Calendar:
    """One ledger, and a clock that stands where the test puts it."""

    def __init__(self, database: Database, settings: Settings, now: str = "2027-01-01 00:00") -> None:
        self.database, self.settings = database, settings
        self.now = at(now)
        self._contacts = 0
        self.template("wish", "Chuc mung sinh nhat {first_name}!")
        self.template("visit", "Nhac hen: {title} luc {time} ngay {date}")

    # What people and applications say...

    def template(self, name: str, content: str) -> None:
        with self.database.begin() as session:
            add_template(session, StoredTemplate(name=name, kind=Kind.SMS, content=content))

    def contact(self, key: str, born: str | None = None, **columns: Any) -> str:
        """A contact with a number of its own; gives back the number."""
        self._contacts += 1
        given = {"name": f"Nguyen Van {key}", "phones": [phone(self._contacts)]} | _days(born) | columns
        with self.database.begin() as session:
            upsert(session, [StoredContact(source="hr", key=key, values=given)])
        return str(given["phones"][0]) if given["phones"] else ""

    def add(self, rule: Anniversary | Recurring, *, replacing: bool = False) -> RuleChange:
        with self.database.begin() as session:
            return rule_changes.add(session, rule, self.settings, now=self.now, replacing=replacing)

    def birthdays(self, name: str = "birthdays", *, replacing: bool = False, **options: Any) -> RuleChange:
        """A rule that wishes at 8."""
        return self.add(Anniversary(**{"name": name, "template": "wish"} | options), replacing=replacing)

    def pause(self, name: str) -> RuleChange:
        with self.database.begin() as session:
            return rule_changes.pause(session, name, now=self.now)

    def resume(self, name: str) -> RuleChange:
        with self.database.begin() as session:
            return rule_changes.resume(session, name, now=self.now)

    def remove(self, name: str) -> RuleChange:
        with self.database.begin() as session:
            return rule_changes.remove(session, name, now=self.now)

    def event(self, key: str = "m1", starts: str = "2027-03-01 14:00", **fields: Any) -> EventChange:
        """Upsert a meeting with two reminders and one guest."""
        guests = [Attendee(key="lan", phone="0901000001", name="Lan")]
        given = {"template": "visit", "offsets": ["1d", "1h"], "attendees": guests, "title": "Kham rang"} | fields
        with self.database.begin() as session:
            event = Event(source="clinic", key=key, starts_at=at(starts), **given)
            return of_events.upsert(session, event, self.settings, now=self.now)

    def cancel(self, key: str = "m1", **options: Any) -> EventChange:
        with self.database.begin() as session:
            return of_events.cancel(session, "clinic", key, now=self.now, **options)

    # What beat does...

    def tick(self, now: str | datetime | None = None) -> Made:
        """Make what is due at this time."""
        if now is not None:
            self.now = at(now) if isinstance(now, str) else now
        maker = self.maker()
        assert maker.run() is False
        return maker.total

    def maker(self) -> Scheduler:
        return Scheduler(self.database, self.settings, ahead=AHEAD, now=self.now)

    # What a test asks...

    def execute(self, statement: str) -> None:
        with self.database.begin() as session:
            session.execute(text(statement))

    def set_sending(self, which: str = "(SELECT id FROM message)") -> None:
        """As if a worker had claimed them: they can't be called back any more."""
        self.execute(
            f"UPDATE message SET status = 'sending', lease_until = now() + interval '1 h' "
            f"WHERE status = 'queued' AND id IN {which}"
        )

    def rows(self, query: str, **asked: Any) -> list[Any]:
        with self.database.begin() as session:
            return list(session.execute(text(query), asked).all())

    def made(self) -> list[tuple[str, str, str]]:
        """Recipient, occasion and state of each occurrence, in order of time."""
        found = self.rows("SELECT recipient, occasion, state FROM occurrence ORDER BY occurs_at, recipient, before")
        return [(row.recipient.split("\t")[-1], row.occasion, row.state) for row in found]

    def sent(self) -> Counter[str]:
        """How many notifications each number has that have not been called back."""
        found = self.rows("SELECT phone, count(*) AS n FROM message WHERE status <> 'cancelled' GROUP BY phone")
        return Counter({row.phone: row.n for row in found})

    def dates(self, number: str) -> list[str]:
        """When the messages to a number are to go out, in Viet Nam."""
        query = """
            SELECT n.send_date FROM notification AS n JOIN message AS m ON m.notification_id = n.id
            WHERE m.phone = :phone AND m.status <> 'cancelled' ORDER BY n.send_date
        """
        return [f"{row.send_date.astimezone(VIETNAM):%Y-%m-%d %H:%M}" for row in self.rows(query, phone=number)]

    def texts(self) -> list[str]:
        """What goes out, in the order of time."""
        query = """
            SELECT n.content FROM notification AS n JOIN message AS m ON m.notification_id = n.id
            WHERE m.status <> 'cancelled' ORDER BY n.send_date, n.content
        """
        return [row.content for row in self.rows(query)]

    def reasons(self) -> Counter[str]:
        """Why occurrences were skipped or called back."""
        return Counter(row.reason for row in self.rows("SELECT reason FROM occurrence WHERE state <> 'made'"))


def guests(count: int) -> Sequence[Attendee]:
    """So many attendees, each with a number of its own."""
    return [Attendee(key=f"g{place:06}", phone=phone(place)) for place in range(count)]


def _days(born: str | None) -> dict[str, Any]:
    if born is None:
        return {}
    day = date.fromisoformat(born)
    lunar = to_lunar(day)
    return {
        "birth_date": day,
        "birth_day": day.month * 100 + day.day,
        "lunar_birth_day": lunar.month * 100 + lunar.day,
        "lunar_birth_leap": lunar.leap,
    }
