"""Dates in XLSX: a cell holds a number, and its style alone says that a day is meant."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import date, datetime, time, timedelta

from worker.spreadsheets.rows import Cell
from worker.spreadsheets.xlsx_package import Package, within

STYLES_MOST = 65_536  # the format's own limit is 65,490
DATE_FORMATS = frozenset({*range(14, 23), *range(27, 37), *range(50, 59)})  # those that have no text of their own
FIRST_1904, FIRST_1900, AFTER_29_FEBRUARY = date(1904, 1, 1), date(1899, 12, 30), 60
MILLISECONDS = 86_400_000  # of a day
LAST_DAY = 2_957_000  # as Excel counts; beyond it a number is none of a date

_MIDNIGHT = datetime.combine(FIRST_1904, time())
_a_length = re.compile(r"\[(?:h+|m+|s+)\]", re.IGNORECASE).search
_not_shown = re.compile(r'"[^"]*"|\[[^\]]*\]|\\.|_.').sub  # of a number format


def date_styles(package: Package, part: str) -> Sequence[bool]:
    """For each style of the workbook: does it show a date?"""
    formats: dict[str, bool] = {}
    styles: list[bool] = []
    inside = False

    def start(element: str, attributes: Mapping[str, str]) -> None:
        nonlocal inside
        if element in {"cellXfs", "cellStyleXfs", "cellStyles", "dxfs"}:
            inside = element == "cellXfs"
        elif element == "numFmt":
            within(len(formats), STYLES_MOST)
            formats[attributes["numFmtId"]] = _shows_date(attributes["formatCode"])
        elif element == "xf" and inside:
            within(len(styles), STYLES_MOST)
            number = attributes.get("numFmtId", "0")
            styles.append(formats.get(number, int(number[:9]) in DATE_FORMATS))

    package.read(part, start)
    return styles


def _shows_date(code: str) -> bool:
    """A day, or a time of one; [h] is a length of time, and beside hours or seconds an m is minutes."""
    first = code.partition(";")[0]
    shown = set(_not_shown("", first).casefold().replace("general", ""))
    if shown & set("yd") or _a_length(first):
        return bool(shown & set("yd"))
    return "h" in shown or ("m" in shown and "s" not in shown)


def day_of(serial: float, since_1904: bool) -> Cell:
    """Excel's own calendar: from 1900 on with a 29 February that wasn't, or from 1904 on."""
    if serial < 1 and not since_1904:
        return (_MIDNIGHT + timedelta(milliseconds=round(serial * MILLISECONDS))).time().isoformat()
    first = FIRST_1904 if since_1904 else FIRST_1900 if serial >= AFTER_29_FEBRUARY else FIRST_1900 + timedelta(days=1)
    return moment_of(datetime.combine(first, time()) + timedelta(milliseconds=round(serial * MILLISECONDS)))


def moment_of(moment: datetime) -> Cell:
    """A day where it is one, else with the time, as text."""
    return moment.date() if moment.time() == time() else moment.isoformat(sep=" ")
