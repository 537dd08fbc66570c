"""Appointments of a spreadsheet: how a start is written, and what is said of a row that can't be used."""

from __future__ import annotations

from datetime import datetime

import pytest

from worker.contacts.dates import DateOrder
from worker.errors import Invalid
from worker.reminders.event_sheets import guessed, moment_of, places_of
from worker.spreadsheets import Unreadable


@pytest.mark.parametrize(
    "day, at",
    [
        ("15/12/2026 08:30", ""),
        ("2026-12-15 08:30:00", ""),
        ("8h30 15/12/2026", ""),
        ("15/12/2026", "8 giờ 30"),
        ("15/12/2026", "08:30:00"),
        ("2026-12-15", "8g30"),
        ("15/12/2026", "8h30:00"),
        ("8h30 - 15/12/2026", ""),
        ("8h30, ngày 15 tháng 12 năm 2026", ""),
    ],
)
def test_a_start_is_read_as_people_write_it(day: str, at: str) -> None:
    assert moment_of(day, at, DateOrder.DMY) == datetime(2026, 12, 15, 8, 30)  # noqa: DTZ001 — TIME_ZONE's own


@pytest.mark.parametrize(
    "day", ["8h 15/12/2026", "8 giờ 15 tháng 12 năm 2026", "8h, ngày 15 tháng 12 năm 2026", "8g 15-12-2026"]
)
def test_a_day_behind_the_hour_is_none_of_its_minutes(day: str) -> None:
    assert moment_of(day, "", DateOrder.DMY) == datetime(2026, 12, 15, 8)  # noqa: DTZ001 — TIME_ZONE's own


@pytest.mark.parametrize(
    "day, at, order",
    [
        ("15/12/2026", "", DateOrder.DMY),
        ("15/12/2026 25:00", "", DateOrder.DMY),
        ("15/12/2026 8:30 PM", "", DateOrder.DMY),
        ("15/12/2026 08:30", "09:30", DateOrder.DMY),
        ("03/04/2027 08:30", "", None),
        ("08:30", "", DateOrder.DMY),
        ("", "", DateOrder.DMY),
    ],
)
def test_a_start_that_is_none_or_may_be_two_is_refused_and_never_guessed(day: str, at: str, order: DateOrder) -> None:
    with pytest.raises(Invalid, match="starts_at"):
        moment_of(day, at, order)


def test_what_to_write_is_told_with_a_time() -> None:
    with pytest.raises(Invalid, match="08:30"):
        moment_of("mai 8h", "", DateOrder.DMY)


def test_columns_are_guessed_by_their_names_and_a_start_and_a_number_are_needed() -> None:
    titles = ["Họ và tên", "Điện thoại", "Ngày hẹn", "Giờ", "Dịch vụ", "Ghi chú"]
    told = guessed(titles)
    assert places_of(titles, told) == {"name": 0, "phone": 1, "starts_at": 2, "time": 3, "title": 4}
    assert "starts_at" not in guessed([*titles, "Ngày khám"]) and "name" not in guessed(["Tên", *titles])
    with pytest.raises(Unreadable, match="no column is chosen for the number"):
        places_of(titles, {name: place for name, place in told.items() if name != "phone"})
    assert places_of(titles, {"phone": "điện thoại", "starts_at": 2}) == {"phone": 1, "starts_at": 2}
    with pytest.raises(Unreadable, match="there is no column 6"):
        places_of(titles, {**told, "time": 6})
