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
        ("8h30, ngày 15 tháng 12 năm 2026", ""),
    ],
)
def test_a_start_is_read_as_people_write_it(day: str, at: str) -> None:
    assert moment_of(day, at, DateOrder.DMY) == datetime(2026, 12, 15, 8, 30)  # noqa: DTZ001 — TIME_ZONE's own


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


def test_columns_are_guessed_by_their_names_and_a_start_and_a_number_are_needed() -> None:
    titles = ["Họ và tên", "Điện thoại", "Ngày hẹn", "Giờ", "Dịch vụ", "Ghi chú"]
    told = guessed(titles)
    assert places_of(titles, told) == {"name": 0, "phone": 1, "starts_at": 2, "time": 3, "title": 4}
    with pytest.raises(Unreadable, match="none is called phone"):
        places_of(titles, {name: title for name, title in told.items() if name != "phone"})
