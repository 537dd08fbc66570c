"""Figures and our own words as a page says them, in one language and zone."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, tzinfo
from decimal import Decimal
from typing import Any

from markupsafe import Markup, escape

from worker.catalogue.costs import cost_said
from worker.catalogue.law import rule_said
from worker.catalogue.names import KINDS, LANES, PURPOSES
from worker.catalogue.problems import in_vietnamese
from worker.catalogue.reasons import in_language
from worker.catalogue.statuses import MEANINGS, NAMES, SIGNS
from worker.catalogue.story import outcome
from worker.catalogue.text import Language, dong, moment, number, offsets_said, span
from worker.catalogue.text import day as day_of
from worker.errors import Invalid, WorkerError
from worker.law.outlook import RuleOutlook
from worker.lifecycle import Kind, Lane, Purpose, Status

HOME = "+84"
WORDS_LEFT = 3  # of a text that is masked
_code = re.compile("`([^`]+)`").sub
_field = re.compile(r"[a-z_]+: ").match
_has_number = re.compile(r"\d{6}").search


def masked(number: str) -> str:
    """0901***567."""
    return f"{number[:4]}***{number[-3:]}"


@dataclass(frozen=True, slots=True)
class Saying:
    """For templates: `say.number(1234)`."""

    language: Language
    zone: tzinfo
    sees_people: bool = field(default=True, kw_only=True)
    """Without: numbers are masked, of a text its first words are left, of a day of birth the year is not."""

    def number(self, value: float, decimals: int = 0) -> str:
        return number(value, self.language, decimals=decimals)

    def percent(self, part: float | None) -> str:
        return "–" if part is None else f"{number(100 * part, self.language, decimals=1)}\u00a0%"

    def dong(self, amount: Any) -> str:
        return dong(amount, self.language).replace(" ", "\u00a0")

    def cost(self, cost: Decimal, known: str) -> str:
        """A sum, and whose figure it is."""
        return cost_said(cost, known, self.language).replace(" đ", "\u00a0đ")

    def span(self, seconds: float) -> str:
        """A span as short as it can be read, with parts of a second below ten. Never below 0, though clocks differ."""
        seconds = max(seconds, 0.0)
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

    def minute(self, at: datetime) -> str:
        """The same without its seconds."""
        written = self.moment(at)
        return written.replace(f"{at.astimezone(self.zone):%H:%M:%S}", self.clock(at))

    def clock(self, at: datetime) -> str:
        """The time of day alone, to the minute."""
        return f"{at.astimezone(self.zone):%H:%M}"

    def occasion(self, told: str) -> str:
        """What an occurrence is for, as it is kept: a day, or a moment in UTC."""
        if "T" in told:
            return self.minute(datetime.strptime(told, "%Y-%m-%dT%H:%MZ").replace(tzinfo=UTC))
        return self.day(date.fromisoformat(told))

    def offsets(self, told: Iterable[str]) -> str:
        """How long before something: 1 ngày, 2 giờ."""
        return offsets_said(told, self.language)

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

    def rule(self, outlook: RuleOutlook) -> str:
        return rule_said(outlook, self.language, self.zone)

    def outcome(self, told: str) -> str:
        """What came of a request to eSMS."""
        return outcome(told, self.language)

    def phone(self, number: str) -> str:
        """E.164 as people of this country write it: 0901 234 567; masked 0901***567."""
        local = f"0{number[3:]}" if number.startswith(HOME) else number
        if not self.sees_people:
            return masked(local)
        return f"{local[:4]} {local[4:7]} {local[7:]}" if local.startswith("0") and len(local) == 10 else local

    def key(self, key: str) -> str:
        """What somebody else knows a person by: that may be their number."""
        return key if self.sees_people or not _has_number(key) else masked(key)

    def content(self, content: str) -> str:
        """The text of a message."""
        words = content.split(maxsplit=WORDS_LEFT)
        return content if self.sees_people or len(words) <= WORDS_LEFT else f"{' '.join(words[:WORDS_LEFT])} …"

    def birth(self, born: date) -> str:
        """A day of birth."""
        return self.day(born) if self.sees_people else f"{born:%d/%m}"

    def problem(self, error: WorkerError) -> str:
        """What is wrong with a field, and what to do."""
        return self.trouble(f"{error.problem}: {error.remedy}" if isinstance(error, Invalid) else str(error))

    def trouble(self, told: str) -> str:
        """The same as it was noted: of a row of a file, or of a request."""
        said = self.reason(told)
        if said == told and self.language is Language.VI:
            said = in_vietnamese(told)
        return said[:1].upper() + said[1:]

    def remark(self, told: str) -> str:
        """The same of what stands behind its field."""
        found = _field(told)
        return self.trouble(told[found.end() :] if found else told)

    def coded(self, told: str) -> Markup:
        """What stands between backticks as code."""
        return Markup(_code(r"<code>\1</code>", str(escape(told))))  # noqa: S704 — escaped right there
