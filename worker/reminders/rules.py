"""Rules as a person writes them: who, when, which text, by which channel; checked here, before anything is stored.

Anniversary goes by the days in people's lives, Recurring by an RRULE or cron line of its own.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from typing import Any
from uuid import uuid4

from worker.checks import label, truth
from worker.errors import Invalid
from worker.lifecycle import Kind, ReminderKind, SmsType
from worker.recurrence import Feb29, LeapMonth, ShortMonth
from worker.recurrence.wallclock import wall_clock
from worker.reminder_rows import RuleRow
from worker.reminders.checks import clock_of, duration_of, moments_of, read_moment, word_of, zone_of
from worker.reminders.recurring import LEAST_LATE, recurrence_of
from worker.spans import span_of, times_and_wait

DAYS_BEFORE_MOST = 60
LATE_MOST = timedelta(days=7)
LATE = timedelta(hours=2)
ALL_DAY_AT = time(8)  # where only a day is given, nobody is to be woken at midnight
TAGS_MOST = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Channel:
    """How it goes out; for a call the template says all there is to say."""

    sms_type: int = SmsType.CUSTOMER_CARE
    brandname: str | None = None
    unicode: bool = False
    fallback_template: str | None = None
    """Of `esms-worker templates`: takes its place, once it is closed as failed; an SMS goes by this channel, too."""
    fallback_kind: Kind | str | None = None
    """What that template must be when this is given: `sms` or `template_call`; None: whichever it is."""
    fallback_after: timedelta | str | None = None
    """So long after it went out, like 30m; no fallback goes out later than the reminder itself would."""
    fallback_in_doubt: bool = False
    """Also where the first may still arrive: twice is better than never."""
    retry_undelivered: str | None = None
    """Sent again by itself: 2x1h is twice, an hour after it is known that it was not delivered."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Rule:
    name: str
    template: str
    """Of `esms-worker templates`."""
    tags: Sequence[str] = ()
    """Contacts that have one of these; none: everybody."""
    source: str | None = None
    """Only contacts of this source."""
    zone: str | None = None
    """Whose clock counts; None: TIME_ZONE."""
    channel: Channel = field(default_factory=Channel)


@dataclass(frozen=True, slots=True, kw_only=True)
class Anniversary(_Rule):
    """On people's birthdays or death anniversaries, by the solar or the Vietnamese lunar calendar."""

    kind: ReminderKind = ReminderKind.BIRTHDAY
    at: time = time(8)
    days_before: int = 0
    late_until: time = time(20)
    """Of the day that it is due; after that it is skipped."""
    feb29: Feb29 = Feb29.FEB28
    leap: LeapMonth = LeapMonth.FIRST
    short: ShortMonth = ShortMonth.DAY29


@dataclass(frozen=True, slots=True, kw_only=True)
class Recurring(_Rule):
    """By a recurrence of its own: exactly one of rrule and cron."""

    rrule: str | None = None
    cron: str | None = None
    start: datetime | date | None = None
    """Where an RRULE counts from; naive: the zone's wall clock. None: today."""
    at: time | None = None
    """Of a start that is a day, or is not given; None: 08:00 of such a day."""
    until: datetime | date | None = None
    """A day to its end."""
    exceptions: Sequence[datetime | date] = ()
    """Occurrences, or whole days, that fall out."""
    late_for: timedelta = LATE

    @property
    def kind(self) -> ReminderKind:
        return ReminderKind.RECURRING


Rule = Anniversary | Recurring


def row_of(rule: Rule, *, time_zone: str, now: datetime) -> RuleRow:
    """The rule as it is stored, without its next occurrence. Raises Invalid, which names the field."""
    zone = rule.zone or time_zone
    zone_of(zone)
    return RuleRow(
        id=uuid4(),
        name=label("name", rule.name),
        kind=word_of("kind", ReminderKind, rule.kind),
        spec=_anniversary(rule) if isinstance(rule, Anniversary) else _recurring(rule, zone, now),
        template=label("template", rule.template),
        channel=channel_of(rule.channel),
        tags=_tags(rule.tags),
        source=None if rule.source is None else label("source", rule.source),
        zone=zone,
    )


def rule_of(row: RuleRow) -> Rule:
    """The rule that a row holds."""
    common: dict[str, Any] = {
        "name": row.name,
        "template": row.template,
        "tags": row.tags,
        "source": row.source,
        "zone": row.zone,
        "channel": Channel(**row.channel),
    }
    if row.kind is ReminderKind.RECURRING:
        return Recurring(**common, **_read_recurring(row.spec))
    return Anniversary(**common, kind=row.kind, **_read_anniversary(row.spec))


def channel_of(channel: Channel) -> dict[str, Any]:
    """The channel as it is stored. Raises Invalid; what only eSMS's rules forbid is found when a text is tried."""
    try:
        sms_type = SmsType(channel.sms_type)
    except ValueError:
        known = ", ".join(str(int(each)) for each in SmsType if each is not SmsType.ADVERTISING)
        raise Invalid("sms_type", f"{channel.sms_type!r} is not known", f"use one of {known}") from None
    if sms_type is SmsType.ADVERTISING:
        problem = "advertising (SmsType 1) goes to many at once with one text"
        raise Invalid("sms_type", problem, "use 2 for customer care, or 3")
    if channel.unicode is not True and channel.unicode is not False:
        raise Invalid("unicode", "is no truth value", "give true or false")
    brandname = label("brandname", channel.brandname) if channel.brandname else None
    return {"sms_type": int(sms_type), "brandname": brandname, "unicode": channel.unicode} | _followed(channel)


def _followed(channel: Channel) -> dict[str, Any]:
    """What follows by itself, where anything does."""
    found: dict[str, Any] = {}
    in_doubt = truth("fallback_in_doubt", channel.fallback_in_doubt)
    if channel.fallback_template is not None:
        found["fallback_template"] = label("fallback_template", channel.fallback_template)
        found["fallback_after"] = _minutes(span_of("fallback_after", channel.fallback_after))
        found |= {"fallback_in_doubt": True} if in_doubt else {}
    elif channel.fallback_after is not None or channel.fallback_kind is not None or in_doubt:
        raise Invalid("fallback_template", "is missing", "name what is to follow, or leave fallback_after out")
    if channel.retry_undelivered is not None:
        times, wait = times_and_wait("retry_undelivered", channel.retry_undelivered)
        found["retry_undelivered"] = f"{times}x{_minutes(wait)}"
    return found


def _minutes(span: timedelta) -> str:
    return f"{span // timedelta(minutes=1)}m"


def _tags(tags: Sequence[str]) -> tuple[str, ...]:
    if isinstance(tags, str) or not isinstance(tags, Sequence) or len(tags) > TAGS_MOST:
        raise Invalid("tags", "is no list of tags", f"give a list of at most {TAGS_MOST}")
    return tuple(sorted({label("tags", tag).casefold() for tag in tags}))


# Anniversaries...


def _anniversary(rule: Anniversary) -> dict[str, Any]:
    if rule.kind is ReminderKind.RECURRING:
        raise Invalid("kind", "recurring is no anniversary", "use Recurring")
    at, late_until = clock_of("at", rule.at), clock_of("late_until", rule.late_until)
    if late_until <= at:
        raise Invalid("late_until", "is not after the time of day", f"give one after {at:%H:%M}, on the same day")
    if type(rule.days_before) is not int or not 0 <= rule.days_before <= DAYS_BEFORE_MOST:
        raise Invalid("days_before", "is out of range", f"give a whole number from 0 to {DAYS_BEFORE_MOST}")
    return {
        "at": f"{at:%H:%M}",
        "late_until": f"{late_until:%H:%M}",
        "days_before": rule.days_before,
        "feb29": word_of("feb29", Feb29, rule.feb29),
        "leap": word_of("leap", LeapMonth, rule.leap),
        "short": word_of("short", ShortMonth, rule.short),
    }


def _read_anniversary(spec: dict[str, Any]) -> dict[str, Any]:
    return {
        "at": time.fromisoformat(spec["at"]),
        "late_until": time.fromisoformat(spec["late_until"]),
        "days_before": spec["days_before"],
        "feb29": Feb29(spec["feb29"]),
        "leap": LeapMonth(spec["leap"]),
        "short": ShortMonth(spec["short"]),
    }


# Recurrences...


def _recurring(rule: Recurring, zone: str, now: datetime) -> dict[str, Any]:
    if (rule.rrule is None) == (rule.cron is None):
        raise Invalid("rrule", "and cron are two ways to say it", "give exactly one of the two")
    late_for = duration_of("late_for", rule.late_for, least=LEAST_LATE, most=LATE_MOST)
    spec = {
        "rrule": rule.rrule,
        "cron": rule.cron,
        "start": _wall("start", _start(rule, zone, now), zone),
        "until": None if rule.until is None else _wall("until", _end(rule.until), zone),
        "exceptions": moments_of("exceptions", rule.exceptions),
        "late_for": int(late_for.total_seconds()),
    }
    recurrence_of(spec, zone)
    return spec


def _start(rule: Recurring, zone: str, now: datetime) -> object:
    """A day begins at the time that is given for it."""
    at = None if rule.at is None else clock_of("at", rule.at)
    if at is not None and (rule.cron is not None or isinstance(rule.start, datetime)):
        raise Invalid("at", "is said by the cron line, or the start's own time, already", "leave one of the two out")
    if isinstance(rule.start, datetime):
        return rule.start
    today = now.astimezone(zone_of(zone)).replace(second=0, microsecond=0, tzinfo=None)
    if rule.start is None and rule.cron is not None:
        return today
    day = today.date() if rule.start is None else rule.start
    return datetime.combine(day, at or ALL_DAY_AT) if isinstance(day, date) else day


def _end(until: object) -> object:
    whole_day = isinstance(until, date) and not isinstance(until, datetime)
    return datetime.combine(until, time(23, 59)) if whole_day else until  # type: ignore[arg-type]


def _wall(field: str, moment: object, zone: str) -> str:
    """A moment as the zone's clocks show it, without the zone."""
    if not isinstance(moment, datetime):
        raise Invalid(field, f"is {type(moment).__name__}, not a datetime", "give a datetime.datetime")
    return wall_clock(moment, zone_of(zone)).isoformat(timespec="seconds")


def _read_recurring(spec: dict[str, Any]) -> dict[str, Any]:
    return {
        "rrule": spec["rrule"],
        "cron": spec["cron"],
        "start": datetime.fromisoformat(spec["start"]),
        "until": None if spec["until"] is None else datetime.fromisoformat(spec["until"]),
        "exceptions": tuple(map(read_moment, spec["exceptions"])),
        "late_for": timedelta(seconds=spec["late_for"]),
    }
