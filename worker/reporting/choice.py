"""Which messages a report is about, and by what it groups them; the same words in every report, door and file."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, fields
from datetime import date, datetime, time, timedelta, tzinfo
from typing import TYPE_CHECKING, Any, Literal, TypedDict

from sqlalchemy import ColumnElement, func

from worker.checks import truth
from worker.errors import Invalid
from worker.lifecycle import Lane, Purpose, Status
from worker.reporting.summary import refuse_unknown
from worker.reporting.tables import Columns, among

if TYPE_CHECKING:
    from worker.database import Reader

GroupBy = Literal[
    "day", "month", "source", "campaign", "purpose", "lane", "sms_type", "network", "status", "code"
]  # fmt: skip
Word = str | Sequence[str] | None

KNOWN: Mapping[str, Iterable[str]] = {"purpose": Purpose, "lane": Lane, "status": Status}


class Which(TypedDict, total=False):
    """Which messages; of several words any, and '' is what has none. What is left out, or None, leaves nothing out."""

    since: date | None
    """The day of TIME_ZONE on which they were to go out; in."""
    until: date | None
    """The last one; in, too."""
    campaign: Word
    source: Word
    purpose: Word
    lane: Word
    status: Word
    code: Word
    network: Word
    """As eSMS names it, in small letters."""
    each: bool
    """Count each generation of what was sent again, and not each recipient once by the last one."""


LAST_YEAR = 9998  # a month later there must still be a calendar


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """The same, checked."""

    since: date | None = None
    until: date | None = None
    words: Mapping[str, Sequence[str]] = field(default_factory=dict)
    each: bool = False

    @classmethod
    def of(cls, which: Which) -> Choice:
        """Raises Invalid, which names the field."""
        given: dict[str, Any] = {name: value for name, value in which.items() if value is not None}
        since, until = (_day(name, given.pop(name, None)) for name in ("since", "until"))
        each = truth("each", given.pop("each", False))
        if since and until and until < since:
            raise Invalid("since", f"{since} is after until, {until}", "give the earlier day first")
        words = {name: _words(name, value) for name, value in given.items()}
        return cls(since=since, until=until, words=words, each=each)

    def where(self, columns: Mapping[str, Any]) -> list[ColumnElement[bool]]:
        """The choice as conditions on a table of sums. columns: by word. Raises Invalid for a word that has none."""
        held = [among(_of(columns, name), values) for name, values in self.words.items()]
        if self.since:
            held.append(columns["day"] >= self.since)
        if self.until:
            held.append(columns["day"] <= self.until)
        return held

    def moments(self, zone: tzinfo) -> tuple[datetime | None, datetime | None]:
        """The moments that the days begin at and end before, in this zone; None: no bound."""
        first = datetime.combine(self.since, time.min, zone) if self.since else None
        return first, datetime.combine(self.until + timedelta(days=1), time.min, zone) if self.until else None

    def whole_months(self) -> tuple[date | None, date | None]:
        """The whole months within: the first day of the first, and of the month after the last. None: no bound."""
        first = self.since and first_of_a_month(self.since)
        return first, (self.until + timedelta(days=1)).replace(day=1) if self.until else None

    def refuse_unknown(self, session: Reader, own: str | None = None) -> None:
        """Raises NotFound for a campaign or source that nothing has, with the nearest names.

        own: a source that is known without a message of its own.
        """
        sources = self.words.get("source", ())
        within = sources[0] if len(sources) == 1 else None
        for source in {*filter(None, sources)} - {own}:
            refuse_unknown(session, source=source)
        for campaign in filter(None, self.words.get("campaign", ())):
            refuse_unknown(session, campaign=campaign, within=within)


def first_of_a_month(day: date) -> date:
    """This day, or the next such."""
    return day if day.day == 1 else (day.replace(day=28) + timedelta(days=4)).replace(day=1)


def _of(columns: Mapping[str, Any], name: str) -> Any:
    if name not in columns:
        raise Invalid(name, "is not counted in this report", f"use {', '.join(columns)}")
    return columns[name]


def columns_of(sums: Columns, *names: str) -> dict[str, Any]:
    """What a table of sums can be grouped by and asked for."""
    return {"day": sums.day, "month": func.to_char(sums.day, "YYYY-MM"), **{name: sums[name] for name in names}}


def flat(line: Any) -> dict[str, Any]:
    """A line of a report as a row: its key, and its other fields."""
    facts = {each.name: getattr(line, each.name) for each in fields(line) if each.name != "key"}
    return {str(name): value for name, value in line.key.items()} | facts


def grouping(by: Sequence[str], columns: Mapping[str, Any]) -> list[Any]:
    """The columns that are grouped by, each once. Raises Invalid for one that there is not."""
    for name in by:
        if name not in columns:
            raise Invalid("by", f"{name!r} is none of this report's", f"use {', '.join(columns)}")
    return [columns[name].label(name) for name in dict.fromkeys(by)]


def _day(name: str, value: object) -> date | None:
    if isinstance(value, date) and value.year > LAST_YEAR:
        raise Invalid(name, "its year is out of reach", f"give a year from {date.min.year} to {LAST_YEAR}")
    if value is None or (isinstance(value, date) and not isinstance(value, datetime)):
        return value
    raise Invalid(name, "is no day", "give a datetime.date: reports count by days")


def _words(name: str, value: Word) -> Sequence[str]:
    words = [value] if isinstance(value, str) else list(value or ())
    known = KNOWN.get(name)
    for word in words:
        if not isinstance(word, str):
            raise Invalid(name, f"is {type(word).__name__}, not text", "give one text, or several")
        if known is not None and word not in set(known):
            raise Invalid(name, f"there is no {name} {word!r}", f"use {', '.join(known)}")
    return [word.lower() for word in words] if name == "network" else words
