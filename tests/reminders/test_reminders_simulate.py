"""What a year will bring: counts, limits, odd dates, and a picture that says it without colour."""

from __future__ import annotations

import re
from datetime import date, timedelta
from typing import Any

import pytest
from sqlalchemy.orm import Session

from tests.reminders.office import VIETNAM, Calendar, guests
from worker.ledger.contacts import by_keys
from worker.ledger.opt_out import opt_out
from worker.ledger.reminder_rules import all_rules
from worker.lifecycle import ReminderKind
from worker.recurrence import Feb29, LeapMonth, ShortMonth
from worker.reminders import Attendee, Recurring
from worker.reminders.costs import Price
from worker.reminders.heatmap import page
from worker.reminders.months import darkness, legend
from worker.reminders.simulate import Simulation, simulate
from worker.reminders.why import why_of


def run(calendar: Calendar, since: str = "2027-01-01", until: str = "2027-12-31", **options: object) -> Simulation:
    with calendar.database.begin() as session:
        begin, end = date.fromisoformat(since), date.fromisoformat(until)
        return simulate(session, begin, end, zone=VIETNAM, **options)  # type: ignore[arg-type]


def days(found: Simulation) -> dict[str, int]:
    return {str(day.day): day.messages for day in found.days if day.messages}


def test_it_counts_by_day_lane_rule_and_money(calendar: Calendar) -> None:
    for place in range(3):
        calendar.contact(f"c{place}", born="1990-03-01", tags=["vip"] if place else [])
    calendar.birthdays()
    calendar.birthdays(name="vips", tags=["vip", "gold"])
    calendar.event(starts="2027-03-02 09:00", attendees=guests(5))
    found = run(calendar, price=Price(segment=800), balance=4_500)
    assert days(found) == {"2027-03-01": 3 + 2 + 5, "2027-03-02": 5}
    [first, second] = [day for day in found.days if day.messages]
    assert dict(first.names) == {"birthdays": 3, "vips": 2, "m1": 5}
    assert dict(first.lanes) == {"normal": 10}
    assert (first.cost, first.over_balance, second.cost) == (8_000, True, 4_000)
    assert not found.days[58].over_balance
    assert (found.messages, found.cost) == (15, 12_000)


def test_who_opted_out_or_died_or_has_no_number_is_not_counted(calendar: Calendar) -> None:
    calendar.contact("Lan", born="1990-03-01")
    calendar.contact("silent", born="1990-03-01", phones=[])
    calendar.contact("out", born="1990-03-01")
    calendar.contact("dead", born="1990-03-01", death_day=101, death_date=date(2020, 1, 1))
    calendar.execute("UPDATE contact SET opted_out_at = now() WHERE key = 'out'")
    calendar.birthdays()
    assert days(run(calendar)) == {"2027-03-01": 1}


LACKING: dict[str, dict[str, Any]] = {
    "landline": {"phones": ["+842438251234"]},
    "nameless": {"name": " "},
    "no room": {},
    "room": {"attributes": {"room": "5"}},
    "blank room": {"attributes": {"room": " "}},
    "undated": {"birth_date": None},
    "newborn": {"birth_date": date(2027, 3, 1), "attributes": {"room": "6"}},
    "of last year": {"birth_date": date(2026, 3, 1), "attributes": {"room": "7"}},
}


@pytest.mark.parametrize(
    "content", ["Chuc {first_name}", "Tron {age} tuoi", "Phong {attr.room}", "{name} {phone} {date}"]
)
def test_who_can_not_get_the_text_is_not_counted_and_is_told_so(calendar: Calendar, content: str) -> None:
    calendar.template("needy", content)
    for key, columns in LACKING.items():
        calendar.contact(key, born="1990-03-01", **columns)
    calendar.birthdays(template="needy")
    calendar.add(Recurring(name="all", template="needy", cron="0 9 1 3 *"))
    counted = days(run(calendar))
    with calendar.database.begin() as session:
        told = {key: _why(session, calendar, key) for key in LACKING}
    made = calendar.tick("2027-03-01 08:00").made + calendar.tick("2027-03-01 09:00").made
    assert counted == ({"2027-03-01": made} if made else {})
    got = {
        row.recipient.split("\t")[1] for row in calendar.rows("SELECT recipient FROM occurrence WHERE state = 'made'")
    }
    assert {key for key, why in told.items() if "it is still to come" in why} == got


def _why(session: Session, calendar: Calendar, key: str) -> set[str]:
    day, now = date(2027, 3, 1), calendar.now
    [contact] = by_keys(session, [key])
    return {each.why for each in why_of(session, contact, [], all_rules(session), day, zone=VIETNAM, now=now)}


def test_guests_who_can_not_get_it_are_not_counted(calendar: Calendar) -> None:
    calendar.contact("Lan")
    calendar.contact("out")
    calendar.execute("UPDATE contact SET opted_out_at = now() WHERE key = 'out'")
    unwilling = "0901000009"
    with calendar.database.begin() as session:
        opt_out(session, ["+84901000009"], "test")
    invited = [
        Attendee(key="1", phone="0901000001"),
        Attendee(key="2", phone=unwilling),
        Attendee(key="3", phone="02438251234"),
        Attendee(key="4", contact="Lan", contact_source="hr"),
        Attendee(key="5", contact="out", contact_source="hr"),
        Attendee(key="6", contact="nobody", contact_source="hr"),
    ]
    calendar.event(attendees=invited, offsets=["1h"])
    assert days(run(calendar)) == {"2027-03-01": 2}
    assert calendar.tick("2027-03-01 13:00").made == 2


def test_a_day_with_more_than_the_rate_lets_out_in_time_is_told(calendar: Calendar) -> None:
    for place in range(30):
        calendar.contact(f"c{place}")
    calendar.add(Recurring(name="big", template="wish", cron="0 8 1 * *", late_for=timedelta(minutes=10)))
    late = {day.day.day: day.late for day in run(calendar, rate=1 / 60).days if day.late}
    assert late == {1: 20}
    assert not any(day.late for day in run(calendar, rate=1 / 20).days)
    assert not any(day.late for day in run(calendar).days)


def test_odd_dates_are_told_with_how_many_they_concern(calendar: Calendar) -> None:
    calendar.contact("leap", born="2000-02-29")
    calendar.contact("thirtieth", lunar_birth_day=1230, lunar_birth_leap=False)
    calendar.birthdays(name="early", feb29=Feb29.FEB28)
    calendar.birthdays(name="never", feb29=Feb29.LEAP_YEARS_ONLY)
    calendar.birthdays(
        name="lunar", kind=ReminderKind.LUNAR_BIRTHDAY, leap=LeapMonth.BOTH, short=ShortMonth.SKIP, tags=[]
    )
    told = {(str(each.day), each.rule, each.what): each.people for each in run(calendar).odd}
    assert told == {
        ("2027-02-28", "early", "29 February is kept today, this year has none"): 1,
        ("2027-02-28", "never", "29 February is not kept this year"): 1,
        ("2027-02-05", "lunar", "the 30th of lunar month 12 is not kept, it has 29 days this year"): 1,
    }


def test_paused_rules_are_left_out_and_named(calendar: Calendar) -> None:
    calendar.contact("Lan", born="1990-03-01")
    calendar.birthdays()
    calendar.pause("birthdays")
    found = run(calendar)
    assert (found.messages, found.paused) == (0, ["birthdays"])


def test_the_picture_stands_alone_and_says_it_in_numbers_and_signs(calendar: Calendar) -> None:
    calendar.contact("Lan", born="1990-03-01")
    calendar.birthdays(name="<script>alert(1)</script>")
    html = page(run(calendar, price=Price(segment=800), balance=100))
    assert "<script" not in html
    assert not re.search(r"(src|href)=|https?://|@import|url\(", html)
    assert html.count("<section>") == 12
    [cell] = re.findall(r'<td class="[^"]*"[^>]*>1 ([!$*]*)<b>1</b></td>', html)
    assert cell == "$"


def test_the_picture_has_its_names_its_legend_and_its_sunday_without_a_mouse(calendar: Calendar) -> None:
    for number in range(3):
        calendar.contact(f"Lan {number}", born="1990-03-01")
    calendar.contact("Minh", born="1990-03-02")
    calendar.birthdays()
    found = run(calendar)
    html = page(found, "vi")
    assert 'name="viewport"' in html
    assert "<th>CN</th>" in html
    assert '<p class="names">birthdays: 4</p>' in html
    assert '<td class="n">01</td><td class="n">3</td><td>birthdays: 3</td>' in html
    shown = re.findall(r'<span class="(d\d)">([^<]+)</span>', html)
    assert shown == [("d2", "1"), ("d4", "2"), ("d6", "3")]
    assert "Each day by name" in page(found)


def test_each_number_in_the_legend_has_the_colour_of_its_cells() -> None:
    for most in (1, 2, 7, 40, 1234):
        of: dict[int, list[int]] = {darkness(count, most): [] for count in range(1, most + 1)}
        for count in range(1, most + 1):
            of[darkness(count, most)].append(count)
        assert legend(most) == {step: (one[0], one[-1]) for step, one in of.items()}
