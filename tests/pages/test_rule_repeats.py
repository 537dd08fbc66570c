"""How often a rule reminds, chosen in words by who writes no RRULE; told in words, and kept."""

from __future__ import annotations

import re
from typing import Any

import pytest

from tests.pages.conftest import Browser, Browsers
from tests.support import Bench

RULE = {"name": "sinh nhật", "kind": "recurring", "template": "hen", "at": "09:00", "start": "2030-01-07",
        "sms_type": "4", "then": "save"}  # fmt: skip


@pytest.fixture
def operator(browsers: Browsers, bench: Bench) -> Browser:
    bench.notifier.templates.save("hen", content="Chuc mung {name}")
    return browsers("operator")


@pytest.mark.parametrize(
    "asked, rrule, told",
    [
        ({"every": "day"}, "FREQ=DAILY", "hằng ngày"),
        ({"every": "week", "weekday": ["MO", "TH"]}, "FREQ=WEEKLY;BYDAY=MO,TH", "hằng tuần: T2, T5"),
        ({"every": "week"}, "FREQ=WEEKLY", "hằng tuần"),
        ({"every": "month", "month_day": "1"}, "FREQ=MONTHLY;BYMONTHDAY=1", "hằng tháng, ngày 1"),
        ({"every": "month", "month_day": "31"}, "FREQ=MONTHLY;BYMONTHDAY=-1", "hằng tháng, ngày cuối tháng"),
        ({"every": "year"}, "FREQ=YEARLY", "hằng năm"),
        ({"every": "own", "rrule": "FREQ=DAILY;INTERVAL=3"}, "FREQ=DAILY;INTERVAL=3", "<code>FREQ=DAILY;INTERVAL=3"),
    ],
)
def test_how_a_rule_repeats_is_chosen_in_words_told_in_words_and_kept_where_the_form_is_saved_again(
    operator: Browser, bench: Bench, asked: dict[str, Any], rrule: str, told: str
) -> None:
    said = RULE | asked
    address = operator.post("/reminders/new", said).headers["location"]
    assert bench.notifier.reminders.show("sinh nhật").spec["rrule"] == rrule
    assert told in " ".join(operator.get("/reminders").text.split())
    operator.post(address, said | filled(operator.get(address).text))
    assert bench.notifier.reminders.show("sinh nhật").spec["rrule"] == rrule


def filled(page: str) -> dict[str, Any]:
    """What the form of a rule would send of how it repeats, as it is shown."""
    chosen = re.search(r'id="f-every".*?value="(\w+)" selected', page, re.DOTALL)
    ticked = re.findall(r'name="weekday" value="(\w+)" checked', page)
    texts = {
        name: re.search(rf'name="{name}" type="\w+" value="([^"]*)"', page) for name in ("month_day", "rrule", "cron")
    }
    return {name: found[1] for name, found in texts.items() if found} | {
        "every": chosen[1] if chosen else "", "weekday": ticked}  # fmt: skip


def test_a_day_that_no_month_has_is_refused_at_its_field(operator: Browser, bench: Bench) -> None:
    refused = operator.post("/reminders/new", RULE | {"every": "month", "month_day": "32"})
    assert refused.status_code == 422 and 'id="e-month_day"' in refused.text


def test_the_hour_of_a_cron_line_is_nobody_elses(operator: Browser, bench: Bench) -> None:
    said = {"cron": "0 9 1 * *", "at": ""}
    address = operator.post("/reminders/new", RULE | said).headers["location"]
    assert 'name="at" type="time" value=""' in operator.get(address).text
