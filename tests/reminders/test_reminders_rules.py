"""Rules that go by people's days or a recurrence: who gets what, when, and who gets nothing and why."""

from __future__ import annotations

from datetime import datetime, time, timedelta

import pytest

from tests.reminders.office import Calendar
from worker.errors import Invalid, NotFound
from worker.lifecycle import ReminderKind
from worker.recurrence import Feb29, LeapMonth, ShortMonth
from worker.reminders import Anniversary, Channel, Recurring


def test_a_birthday_is_wished_at_its_hour_and_only_to_whose_it_is(calendar: Calendar) -> None:
    lan = calendar.contact("Lan", born="1990-03-01")
    calendar.contact("Mai", born="1990-03-02")
    calendar.birthdays()
    calendar.tick("2027-02-28 23:00")
    calendar.tick("2027-03-01 07:50")
    assert calendar.dates(lan) == ["2027-03-01 08:00"]
    assert calendar.texts() == ["Chuc mung sinh nhat Lan!"]
    assert len(calendar.sent()) == 1


def test_it_becomes_a_notification_only_a_little_ahead(calendar: Calendar) -> None:
    calendar.contact("Lan", born="1990-03-01")
    calendar.birthdays()
    calendar.tick("2027-03-01 07:44")
    assert calendar.texts() == []
    calendar.tick("2027-03-01 07:45")
    assert calendar.texts() == ["Chuc mung sinh nhat Lan!"]


def test_days_before_remind_ahead_of_the_day(calendar: Calendar) -> None:
    lan = calendar.contact("Lan", born="1990-03-01")
    calendar.template("soon", "{first_name} tron {age} tuoi ngay {date}")
    calendar.birthdays(template="soon", days_before=3)
    calendar.tick("2027-02-26 08:00")
    calendar.tick("2027-03-01 08:00")
    assert calendar.dates(lan) == ["2027-02-26 08:00"]
    assert calendar.texts() == ["Lan tron 37 tuoi ngay 01/03/2027"]


@pytest.mark.parametrize(
    ("feb29", "year", "day"),
    [
        (Feb29.FEB28, 2027, "2027-02-28"),
        (Feb29.MAR1, 2027, "2027-03-01"),
        (Feb29.LEAP_YEARS_ONLY, 2027, None),
        (Feb29.FEB28, 2028, "2028-02-29"),
        (Feb29.MAR1, 2028, "2028-02-29"),
        (Feb29.LEAP_YEARS_ONLY, 2028, "2028-02-29"),
    ],
)
def test_29_february_is_kept_as_the_rule_says(calendar: Calendar, feb29: Feb29, year: int, day: str | None) -> None:
    lan = calendar.contact("Lan", born="2000-02-29")
    calendar.template("age", "{age}")
    calendar.now = calendar.now.replace(year=year)
    calendar.birthdays(feb29=feb29, template="age")
    for tick in ("02-28", "02-29", "03-01", "03-02"):
        if not (tick == "02-29" and year == 2027):
            calendar.tick(f"{year}-{tick} 08:00")
    assert calendar.dates(lan) == ([f"{day} 08:00"] if day else [])
    assert calendar.texts() == ([str(year - 2000)] if day else [])


def test_a_lunar_birthday_moves_through_the_solar_year(calendar: Calendar) -> None:
    lan = calendar.contact("Lan", lunar_birth_day=815, lunar_birth_leap=False)
    calendar.birthdays(kind=ReminderKind.LUNAR_BIRTHDAY)
    for day in ("2027-09-15 08:00", "2028-10-03 08:00"):  # Mid-Autumn
        calendar.tick(day)
    assert calendar.dates(lan) == ["2027-09-15 08:00", "2028-10-03 08:00"]


def test_a_lunar_age_counts_lunar_years(calendar: Calendar) -> None:
    calendar.contact("Lan", born="1990-01-20")  # the 24th of the twelfth month of the lunar year 1989
    calendar.template("age", "{age}")
    calendar.now = calendar.now.replace(year=2028)
    calendar.birthdays(kind=ReminderKind.LUNAR_BIRTHDAY, template="age")
    for day in range(10, 25):
        calendar.tick(f"2028-01-{day} 08:00")
    assert calendar.texts() == ["38"]  # the day before she is 38 by the solar calendar


def test_the_thirtieth_of_a_short_lunar_month_is_kept_as_the_rule_says(calendar: Calendar) -> None:
    numbers = {}
    for short in ShortMonth:
        numbers[short] = calendar.contact(short, lunar_birth_day=1230, lunar_birth_leap=False, tags=[short])
        calendar.birthdays(name=short, kind=ReminderKind.LUNAR_BIRTHDAY, short=short, leap=LeapMonth.BOTH, tags=[short])
    calendar.now = calendar.now.replace(year=2027, month=2)
    for day in range(1, 12):  # Tết is 6 February 2027, and the month before it has 29 days
        calendar.tick(f"2027-02-{day:02} 08:00")
    assert calendar.dates(numbers[ShortMonth.DAY29]) == ["2027-02-05 08:00"]
    assert calendar.dates(numbers[ShortMonth.NEXT_DAY]) == ["2027-02-06 08:00"]
    assert calendar.dates(numbers[ShortMonth.SKIP]) == []


def test_a_death_anniversary_reaches_the_number_of_the_family_and_a_birthday_does_not(calendar: Calendar) -> None:
    days = {"death_date": datetime(2020, 3, 1).date(), "death_day": 301}  # noqa: DTZ001
    lan = calendar.contact("Lan", born="1930-03-01", **days)
    calendar.template("anniversary", "Ngay gio {name}: {date}")
    calendar.birthdays()
    calendar.birthdays(name="deaths", kind=ReminderKind.DEATH, template="anniversary")
    calendar.tick("2027-03-01 08:00")
    assert calendar.dates(lan) == ["2027-03-01 08:00"]
    assert calendar.texts() == ["Ngay gio Nguyen Van Lan: 01/03/2027"]


def test_tags_and_source_say_who_is_meant(calendar: Calendar) -> None:
    lan = calendar.contact("Lan", born="1990-03-01", tags=["vip"])
    calendar.contact("Mai", born="1990-03-01")
    calendar.birthdays(tags=["vip", "gold"])
    calendar.birthdays(name="others", source="shop")
    calendar.tick("2027-03-01 08:00")
    assert calendar.sent() == {lan: 1}


def test_who_is_born_today_has_no_birthday_yet(calendar: Calendar) -> None:
    calendar.contact("Lan", born="2027-03-01")
    calendar.birthdays()
    assert calendar.tick("2027-03-01 08:00").made == 0
    assert calendar.tick("2028-03-01 08:00").made == 1


def test_one_without_a_number_or_a_name_stops_nobody_and_is_on_record(calendar: Calendar) -> None:
    calendar.contact("nobody", born="1990-03-01", phones=[])
    calendar.contact("landline", born="1990-03-01", phones=["+842838123456"])
    calendar.contact("nameless", born="1990-03-01", name="")
    mobile_too = calendar.contact("both", born="1990-03-01", phones=["+842838123457", "+84901999999"])
    lan = calendar.contact("Lan", born="1990-03-01")
    calendar.birthdays()
    total = calendar.tick("2027-03-01 08:00")
    assert (total.made, total.skipped.total()) == (2, 3)
    assert calendar.sent() == {lan: 1, "+84901999999": 1} != {mobile_too: 1}
    assert sorted(reason.split(":")[0] for reason in calendar.reasons()) == ["first_name", "phones", "phones"]


def test_a_recurring_rule_reaches_everybody_it_means(calendar: Calendar) -> None:
    lan = calendar.contact("Lan", tags=["class"])
    calendar.contact("Mai")
    calendar.template("class", "Lop hoc luc {time} ngay {date}")
    calendar.add(Recurring(name="yoga", template="class", rrule="FREQ=WEEKLY;BYDAY=MO", tags=["class"],
                           start=datetime(2027, 1, 4, 17, 30)))  # noqa: DTZ001  # fmt: skip
    for day in ("2027-01-04", "2027-01-05", "2027-01-11"):
        calendar.tick(f"{day} 17:30")
    assert calendar.dates(lan) == ["2027-01-04 17:30", "2027-01-11 17:30"]
    assert calendar.texts()[0] == "Lop hoc luc 17:30 ngay 04/01/2027"


def test_a_rule_that_has_an_end_ends(calendar: Calendar) -> None:
    lan = calendar.contact("Lan")
    start = datetime(2027, 1, 4, 8)  # noqa: DTZ001
    calendar.add(Recurring(name="three", template="wish", rrule="FREQ=DAILY;COUNT=3", start=start))
    for day in range(1, 12):
        calendar.tick(f"2027-01-{day:02} 09:00")
    assert calendar.dates(lan) == ["2027-01-04 08:00", "2027-01-05 08:00", "2027-01-06 08:00"]
    assert calendar.rows("SELECT next_at FROM reminder") == [(None,)]


def test_a_call_reads_out_its_variables_in_order(calendar: Calendar) -> None:
    from worker.ledger.templates import StoredTemplate, add_template
    from worker.lifecycle import Kind

    calendar.contact("Lan", born="1990-03-01")
    with calendar.database.begin() as session:
        call = StoredTemplate(
            name="call", kind=Kind.TEMPLATE_CALL, template_id="77", variables=("{first_name}", "tuoi {age}")
        )
        add_template(session, call)
    calendar.birthdays(template="call")
    calendar.tick("2027-03-01 08:00")
    [row] = calendar.rows("SELECT kind, template_id, options FROM notification")
    assert (row.kind, row.template_id, row.options) == ("template_call", "77", {"variables": ["Lan", "tuoi 37"]})


@pytest.mark.parametrize(
    ("rule", "error"),
    [
        (Anniversary(name="", template="wish"), "name: is empty"),
        (Anniversary(name="x", template="nothing"), "template: there is none called 'nothing'"),
        (Anniversary(name="x", template="visit"), "there is no variable {title}"),
        (Anniversary(name="x", template="wish", days_before=61), "days_before: is out of range"),
        (Anniversary(name="x", template="wish", at=time(21)), "late_until: is not after the time of day"),
        (Anniversary(name="x", template="wish", at=time(8, 0, 1)), "at: is finer than a minute"),
        (Anniversary(name="x", template="wish", zone="Mars/Olympus"), "zone: there is no time zone"),
        (Anniversary(name="x", template="wish", channel=Channel(sms_type=1)), "sms_type: advertising"),
        (Anniversary(name="x", template="wish", channel=Channel(sms_type=99)), "sms_type: 99 is not known"),
        (Anniversary(name="x", template="wish", kind=ReminderKind.RECURRING), "kind: recurring is no anniversary"),
        (Recurring(name="x", template="wish"), "rrule: and cron are two ways"),
        (Recurring(name="x", template="wish", rrule="FREQ=SECONDLY"), "every 15 minutes"),
        (Recurring(name="x", template="wish", cron="* * * * *"), "every 15 minutes"),
        (Recurring(name="x", template="wish", cron="0 8 * *"), "cron: it has 4 fields"),
        (Recurring(name="x", template="wish", rrule="FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=30"), "never comes"),
        (Recurring(name="x", template="wish", rrule="DROP TABLE reminder"), "rrule"),
        (
            Recurring(name="x", template="wish", cron="0 8 * * *", late_for=timedelta(days=30)),
            "late_for: is out of range",
        ),
    ],
)
def test_a_rule_that_makes_no_sense_is_refused_with_its_field_and_nothing_is_stored(
    calendar: Calendar, rule: Anniversary | Recurring, error: str
) -> None:
    with pytest.raises(Invalid) as told:
        calendar.add(rule)
    assert error in str(told.value)
    assert "\n" not in str(told.value)
    assert calendar.rows("SELECT 1 FROM reminder") == []


def test_a_name_that_is_taken_is_refused_and_one_that_was_removed_is_free(calendar: Calendar) -> None:
    calendar.birthdays()
    with pytest.raises(Invalid, match="there is a rule called"):
        calendar.birthdays()
    calendar.remove("birthdays")
    calendar.birthdays()
    with pytest.raises(NotFound):
        calendar.pause("nothing")
