"""A sending rule as a value: when it holds, for which messages, what it asks for, and what it does then."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta, tzinfo
from enum import StrEnum
from typing import Any

from worker.checks import known_fields
from worker.errors import Invalid
from worker.lifecycle import Kind, Purpose, SmsType

ALWAYS = date(2000, 1, 1)
AHEAD = 14  # days within which a window must open
CAMPAIGN = "campaign:"  # begins the name of a campaign's window
NOT_BEFORE = "not before "  # begins the reason of what waits for a rule
QUIET = "quiet"  # the name of the hours for everybody but advertising


class Check(StrEnum):
    """What a rule looks at."""

    HOURS = "hours"  # parameters: from, to
    COUNT = "count"  # parameters: most, hours
    LABEL = "label"  # parameters: pattern
    REFUSAL = "refusal"  # parameters: pattern
    SENDER = "sender"  # parameters: sms_types
    REGISTER = "register"
    CONSENT = "consent"


class Mode(StrEnum):
    """What a rule does where it is not kept."""

    OFF = "off"
    WARN = "warn"  # its producer is told, and it goes out
    HOLD = "hold"  # it waits until it may go out
    REFUSE = "refuse"  # it is cancelled


class Did(StrEnum):
    """What a rule did to a message that came to its turn."""

    HELD = "held"
    CANCELLED = "cancelled"
    WARNED = "warned"


OPEN_LEAST = 60  # minutes: what is claimed in them goes out in them
WAITING = frozenset({Check.HOURS, Check.COUNT})  # what passes by itself, so that it can be waited for


class Channel(StrEnum):
    """How somebody is reached."""

    SMS = "sms"
    CALL = "call"


def channel_of(kind: Kind) -> Channel:
    """The channel by which messages of this kind reach people."""
    return Channel.SMS if kind is Kind.SMS else Channel.CALL


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """One row. It holds from the first moment of `since` to the last of `until`, days of TIME_ZONE; None: for good."""

    name: str
    since: date
    until: date | None = None
    check: Check
    purposes: Sequence[Purpose]
    channel: Channel | None = None  # None: both
    campaign: str | None = None  # None: all
    parameters: Mapping[str, Any] = field(default_factory=dict)
    source: str = ""  # the decree and where it was read
    mode: Mode

    def holds_on(self, day: date) -> bool:
        """Is it in force, and not off?"""
        return self.mode is not Mode.OFF and self.since <= day and (self.until is None or day <= self.until)

    def is_about(self, purpose: Purpose, channel: Channel, campaign: str | None) -> bool:
        """Does it look at such messages at all?"""
        return (
            purpose in self.purposes
            and self.channel in (None, channel)
            and (self.campaign is None or self.campaign == campaign)
        )

    def is_broken_by(self, content: str, sms_type: int) -> bool:
        """Does a message break this rule? Only for rules that look at a text or its type."""
        if self.check is Check.SENDER:
            return sms_type not in self.parameters["sms_types"]
        return re.search(self.parameters["pattern"], content, re.IGNORECASE | re.DOTALL) is None

    def opens(self, at: datetime, zone: tzinfo, *, until: datetime | None = None) -> datetime | None:
        """For hours: the moment from which it may go out. None: it may at `at`, and up to `until`."""
        if self._is_open(at, zone) and (until is None or self._is_open(until, zone)):
            return None
        local = at.astimezone(zone)
        start = datetime.combine(local.date(), self._time("from"), zone)
        return next(each for each in (start + timedelta(days=day) for day in range(3)) if each > at)

    def _is_open(self, at: datetime, zone: tzinfo) -> bool:
        now, start, end = at.astimezone(zone).time(), self._time("from"), self._time("to")
        return start <= now < end if start < end else now >= start or now < end

    def _time(self, name: str) -> time:
        return time.fromisoformat(self.parameters[name])


def opening(
    rules: Sequence[Rule], at: datetime, zone: tzinfo, *, lasts: timedelta = timedelta(0)
) -> tuple[datetime, Rule] | None:
    """When all of these hours are open at once, and which of them it waits for; None: they are, for as long.

    Raises Invalid where they never are.
    """
    last, moment = None, at
    while (found := _later(rules, moment, zone, lasts)) is not None:
        moment, last = found
        if moment - at > timedelta(days=AHEAD):
            raise Invalid("hours", f"{last.name} leaves no time of day that the others allow", "widen one of them")
    return None if last is None else (moment, last)


def _later(rules: Sequence[Rule], at: datetime, zone: tzinfo, lasts: timedelta) -> tuple[datetime, Rule] | None:
    found = [(opens, rule) for rule in rules if (opens := rule.opens(at, zone, until=at + lasts)) is not None]
    return max(found, key=lambda each: each[0], default=None)


def hours_of(rules: Sequence[Rule]) -> list[Rule]:
    """The rules that keep messages waiting for a time of day."""
    return [rule for rule in rules if rule.check is Check.HOURS and rule.mode in (Mode.HOLD, Mode.REFUSE)]


def waits_until(rule: Rule, until: datetime, zone: tzinfo) -> str:
    """What a message that waits for it has as its reason."""
    return f"{NOT_BEFORE}{until.astimezone(zone):%Y-%m-%d %H:%M}: {rule.name}"


def rule_in(reason: str) -> str:
    """The name of the rule that such a reason ends with; a name may hold what stands before it."""
    return reason.partition(": ")[2]


# What a person may write...

_NEEDED: Mapping[Check, Sequence[str]] = {
    Check.HOURS: ("from", "to"),
    Check.COUNT: ("most", "hours"),
    Check.LABEL: ("pattern",),
    Check.REFUSAL: ("pattern",),
    Check.SENDER: ("sms_types",),
}


def checked(rule: Rule) -> Rule:
    """The same. Raises Invalid for one that could not be kept."""
    if rule.mode is Mode.HOLD and rule.check not in WAITING:
        raise Invalid("mode", f"nothing that {rule.check} looks at passes by itself", "use warn, refuse or off")
    if Purpose.CODE in rule.purposes or not rule.purposes:
        raise Invalid("purposes", "a code waits for nothing", "name service, reminder or advertising")
    if rule.check is not Check.HOURS and set(rule.purposes) != {Purpose.ADVERTISING}:
        raise Invalid("purposes", f"{rule.check} is looked at for advertising alone", "name advertising")
    if rule.campaign is not None and rule.check is not Check.HOURS:
        raise Invalid("campaign", f"{rule.check} is looked at for all campaigns", "leave it out")
    if rule.channel is not None and rule.check in (Check.REGISTER, Check.CONSENT):
        raise Invalid("channel", f"{rule.check} is looked at for both channels", "leave it out")
    if missing := [name for name in _NEEDED.get(rule.check, ()) if name not in rule.parameters]:
        raise Invalid("parameters", f"{missing[0]} is missing", f"a rule of {rule.check} needs it")
    _check_parameters(rule)
    return rule


def _check_parameters(rule: Rule) -> None:
    try:
        match rule.check:
            case Check.HOURS:
                start, end = rule._time("from"), rule._time("to")
                minutes = (end.hour * 60 + end.minute - start.hour * 60 - start.minute) % (24 * 60)
                fits = start.tzinfo is None and end.tzinfo is None and minutes >= OPEN_LEAST
            case Check.COUNT:
                fits = 1 <= rule.parameters["most"] <= 100 and 1 <= rule.parameters["hours"] <= 168
            case Check.LABEL | Check.REFUSAL:
                fits = bool(re.compile(rule.parameters["pattern"]))
            case Check.SENDER:
                fits = bool(rule.parameters["sms_types"]) and set(rule.parameters["sms_types"]) <= set(SmsType)
            case _:
                fits = True
    except (ValueError, TypeError, re.error):
        fits = False
    if not fits:
        raise Invalid("parameters", f"are none of a rule of {rule.check}", "see docs/law.md")


def rule_of(fields: Mapping[str, Any]) -> Rule:
    """The rule of these JSON fields (as `law list --json` has them), unchecked. Raises Invalid, by the field."""
    known_fields(sorted(fields), Rule.__dataclass_fields__, "is no field of a rule")
    if missing := [name for name in ("name", "since", "check", "mode") if not fields.get(name)]:
        raise Invalid(missing[0], "is missing", "docs/law.md has an example")
    parameters = fields.get("parameters") or {}
    if not isinstance(parameters, Mapping):
        raise Invalid("parameters", "are no object", 'write them like {"from": "07:00", "to": "22:00"}')
    return Rule(
        name=fields["name"],
        since=_day("since", fields["since"]),
        until=_day("until", fields["until"]) if fields.get("until") else None,
        check=_one_of("check", fields["check"], Check),
        purposes=[_one_of("purposes", each, Purpose) for each in fields.get("purposes") or (Purpose.ADVERTISING,)],
        channel=_one_of("channel", fields["channel"], Channel) if fields.get("channel") else None,
        campaign=fields.get("campaign") or None,
        parameters=parameters,
        source=fields.get("source") or "",
        mode=_one_of("mode", fields["mode"], Mode),
    )


def _day(name: str, value: object) -> date:
    try:
        return date.fromisoformat(value)  # type: ignore[arg-type]
    except (TypeError, ValueError):
        raise Invalid(name, "is no day", "write it like 2026-11-26") from None


def _one_of(name: str, value: str, kind: Any) -> Any:
    try:
        return kind(value)
    except ValueError:
        raise Invalid(name, "is not known", f"use {', '.join(kind)}") from None


AGREED = Rule(  # how often somebody agreed to: a rule of each number's own
    name="agreed frequency", since=ALWAYS, check=Check.COUNT, purposes=(Purpose.ADVERTISING,), mode=Mode.HOLD
)


def window(campaign: str, start: str, end: str) -> Rule:
    """The hours of one campaign, for all of it but codes; from 07:00, to 21:30, say. Raises Invalid."""
    return _hours(f"{CAMPAIGN}{campaign}", start, end, (*_WITHOUT_CODES, Purpose.ADVERTISING), campaign)


def quiet(start: str, end: str, purposes: Sequence[Purpose] = ()) -> Rule:
    """The hours in which anything but codes and advertising may go out. Raises Invalid."""
    return _hours(QUIET, start, end, purposes or _WITHOUT_CODES, None)


_WITHOUT_CODES = (Purpose.SERVICE, Purpose.REMINDER)


def _hours(name: str, start: str, end: str, purposes: Sequence[Purpose], campaign: str | None) -> Rule:
    parameters = {"from": start, "to": end}
    rule = Rule(
        name=name,
        since=ALWAYS,
        check=Check.HOURS,
        purposes=purposes,
        campaign=campaign,
        parameters=parameters,
        mode=Mode.HOLD,
    )
    return checked(rule)
