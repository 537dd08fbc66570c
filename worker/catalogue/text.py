"""One saying in both languages, and how each of them writes numbers, money and moments."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime, tzinfo
from decimal import Decimal
from enum import StrEnum


class Language(StrEnum):
    """A language that people are spoken to in."""

    VI = "vi"
    EN = "en"


@dataclass(frozen=True, slots=True)
class Text:
    """The same saying in both; `{names}` are filled in by `say`, and what is filled in is never looked at again."""

    en: str
    vi: str

    def say(self, language: Language, **values: object) -> str:
        """In this language. Raises KeyError for a name without a value."""
        return (self.vi if language is Language.VI else self.en).format(**values)


def number(value: float | Decimal, language: Language, *, decimals: int = 0) -> str:
    """1,234.5 in English, 1.234,5 in Vietnamese."""
    written = f"{value:,.{decimals}f}"
    return written.translate(_SWAPPED) if language is Language.VI else written


_SWAPPED = str.maketrans(",.", ".,")


def dong(value: Decimal | float, language: Language) -> str:
    """An amount in đồng, without its parts."""
    return f"{number(value, language)} đ"


def moment(at: datetime, zone: tzinfo, language: Language) -> str:
    """A moment as people read it in this zone: day first in Vietnamese, the year first in English."""
    style = f"%H:%M:%S {_DAY[language]}" if language is Language.VI else f"{_DAY[language]} %H:%M:%S"
    return at.astimezone(zone).strftime(style)


def day(at: datetime, zone: tzinfo, language: Language) -> str:
    """Its day alone."""
    return at.astimezone(zone).strftime(_DAY[language])


_DAY = {Language.VI: "%d/%m/%Y", Language.EN: "%Y-%m-%d"}


def span(seconds: float, language: Language) -> str:
    """About how long, in the largest unit that fits."""
    size, unit = next(((size, unit) for size, unit in _UNITS if seconds >= 2 * size), _UNITS[-1])
    count = round(seconds / size)
    return unit.say(language, count=number(count, language), s="" if count == 1 else "s")


_UNITS = (
    (86_400, Text("{count} day{s}", "{count} ngày")),
    (3600, Text("{count} hour{s}", "{count} giờ")),
    (60, Text("{count} minute{s}", "{count} phút")),
    (1, Text("{count} second{s}", "{count} giây")),
)


def offsets_said(told: Iterable[str], language: Language) -> str:
    """How long before something, each `1d`, `1h30m` or `1d 18:00`: as people write it, and as it is read again."""
    return ", ".join(_lengths(_length_in(language), each) for each in told)


_lengths = re.compile(r"(?<![\w:])((?:\d+[dhm])+)(?![\w:])").sub
_amounts = re.compile(r"(\d+)([dhm])").findall
_LENGTHS = {
    "d": Text("{count} day{s}", "{count} ngày"),
    "h": Text("{count} hour{s}", "{count} giờ"),
    "m": Text("{count} minute{s}", "{count} phút"),
}


def _length_in(language: Language) -> Callable[[re.Match[str]], str]:
    def said(found: re.Match[str]) -> str:
        amounts = [(_LENGTHS[unit], int(count)) for count, unit in _amounts(found[0])]
        return " ".join(unit.say(language, count=count, s="" if count == 1 else "s") for unit, count in amounts)

    return said
