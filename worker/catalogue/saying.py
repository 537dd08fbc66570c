"""Figures and our own words as a page says them, in one language and zone."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date, datetime, tzinfo
from typing import Any

from markupsafe import Markup, escape

from worker.catalogue.names import KINDS, LANES, PURPOSES
from worker.catalogue.reasons import in_language
from worker.catalogue.statuses import MEANINGS, NAMES, SIGNS
from worker.catalogue.text import Language, dong, moment, number, span
from worker.catalogue.text import day as day_of
from worker.lifecycle import Kind, Lane, Purpose, Status

_code = re.compile("`([^`]+)`").sub


@dataclass(frozen=True, slots=True)
class Saying:
    """For templates: `say.number(1234)`."""

    language: Language
    zone: tzinfo

    def number(self, value: float, decimals: int = 0) -> str:
        return number(value, self.language, decimals=decimals)

    def percent(self, part: float | None) -> str:
        return "–" if part is None else f"{number(100 * part, self.language, decimals=1)}\u00a0%"

    def dong(self, amount: Any) -> str:
        return dong(amount, self.language).replace(" ", "\u00a0")

    def span(self, seconds: float) -> str:
        """As short as it can be read: parts of seconds below ten of them."""
        if seconds >= 120:
            return span(seconds, self.language)
        written = number(seconds, self.language, decimals=1 if seconds < 10 else 0)
        return f"{written} {'giây' if self.language is Language.VI else 's'}"

    def day(self, day: date) -> str:
        """A moment's is that of the zone."""
        if isinstance(day, datetime):
            return day_of(day, self.zone, self.language)
        return f"{day:%d/%m/%Y}" if self.language is Language.VI else f"{day:%Y-%m-%d}"

    def moment(self, at: datetime) -> str:
        return moment(at, self.zone, self.language)

    def clock(self, at: datetime) -> str:
        """The time of day alone, to the minute."""
        return f"{at.astimezone(self.zone):%H:%M}"

    def lane(self, lane: str) -> str:
        return LANES[Lane(lane)].say(self.language)

    def kind(self, kind: str) -> str:
        return KINDS[Kind(kind)].say(self.language)

    def purpose(self, purpose: str) -> str:
        return PURPOSES[Purpose(purpose)].say(self.language)

    def status(self, status: str) -> str:
        return NAMES[Status(status)].say(self.language)

    def sign(self, status: str) -> str:
        return SIGNS[Status(status)]

    def meaning(self, status: str) -> str:
        return MEANINGS[Status(status)].say(self.language)

    def reason(self, reason: str | None) -> str:
        return in_language(reason or "", self.language)

    def coded(self, told: str) -> Markup:
        """What stands between backticks as code."""
        return Markup(_code(r"<code>\1</code>", str(escape(told))))  # noqa: S704 — escaped right there
