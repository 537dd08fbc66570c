"""How long after, and how long ago, as people write it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest

from worker.errors import Invalid
from worker.spans import age_of, span_of, times_and_wait


@pytest.mark.parametrize(
    ("given", "minutes"),
    [("30m", 30), ("1h 30m", 90), ("2 days", 2880), ("1 giờ", 60), ("7d", 10080), (timedelta(hours=1), 60)],
)
def test_an_amount_of_time_is_that_long(given: object, minutes: int) -> None:
    assert span_of("fallback_after", given) == age_of("older_than", given) == timedelta(minutes=minutes)


@pytest.mark.parametrize(
    "given",
    ["", "soon", "30", "1h before", "1 giờ trước", "the day before", "day", "18:00 the day before", "-PT1H", 30],
)
@pytest.mark.parametrize("read", [span_of, age_of])
def test_what_lies_before_something_or_at_a_time_of_day_is_no_amount_of_time(
    read: Callable[[str, object], timedelta], given: object
) -> None:
    with pytest.raises(Invalid, match=r"^wait: is no amount of time: write it like 30m or 1h$"):
        read("wait", given)


@pytest.mark.parametrize("given", ["0m", "8d", "500000d", "999999w", timedelta(seconds=59), timedelta(days=-1)])
def test_nothing_follows_at_once_or_after_more_than_a_week(given: object) -> None:
    with pytest.raises(Invalid, match=r"^wait: is out of range: give a minute to seven days, like 30m$"):
        span_of("wait", given)


@pytest.mark.parametrize("given", ["0m", "367d", "500000d", "999999w"])
def test_nothing_is_older_than_a_year(given: str) -> None:
    with pytest.raises(Invalid, match=r"^older_than: is out of range: give a minute to a year, like 2h$"):
        age_of("older_than", given)


def test_a_wait_that_was_not_given_is_missing() -> None:
    with pytest.raises(Invalid, match=r"^fallback_after: is missing: say how long after, like 30m$"):
        span_of("fallback_after", None)


@pytest.mark.parametrize("given", ["", "often", "x1h", "2x", "2x1h before", "1000x1h", 2])
def test_how_often_and_how_long_after_are_told_together(given: object) -> None:
    with pytest.raises(Invalid, match=r"^retry_undelivered: (does not say how often|is no amount of time): write it"):
        times_and_wait("retry_undelivered", given)
    assert times_and_wait("retry_undelivered", "2x1h") == (2, timedelta(hours=1))
