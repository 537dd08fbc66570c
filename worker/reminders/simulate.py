"""What will come: every rule and event over days to come, counted and not sent.

Counts go by the people as they are today. What goes out is taken as a queue: at the rate that eSMS may be asked, does
each reminder go out before it is too late for it? Where it does not, the day is over the limit.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from itertools import takewhile
from zoneinfo import ZoneInfo

from sqlalchemy.orm import Session

from worker.law.rules import Channel, opening
from worker.law.rules import Rule as SendingRule
from worker.ledger.events import standing_events
from worker.ledger.reminder_rules import all_rules
from worker.ledger.templates import templates
from worker.lifecycle import LANE_OF_SMS, Lane, Purpose, SmsType
from worker.reminder_rows import EventRow, RuleRow
from worker.reminders.audiences import Audiences, count_guests
from worker.reminders.calendar_gaps import Odd, odd_on
from worker.reminders.compose import Owner, owner_of_event, owner_of_rule
from worker.reminders.costs import Costs, Price
from worker.reminders.people import keys_of
from worker.reminders.plan import INSTANT, Due, dues, event_dues, midnight
from worker.reminders.rules import Anniversary, rule_of

DAYS_MOST = 3660
INSTANTS_MOST = 50_000  # of one event


@dataclass(frozen=True, slots=True, kw_only=True)
class Batch:
    """Reminders that go out together."""

    name: str  # of the rule, or the event's key
    campaign: str
    due: Due
    lane: Lane
    messages: int
    segments: int  # SMS that each is billed as; 0: a call
    cost: float  # of all of them


@dataclass(slots=True)
class Day:
    """What one day brings."""

    day: date
    lanes: Counter[Lane] = field(default_factory=Counter)
    names: Counter[str] = field(default_factory=Counter)
    segments: int = 0
    cost: float = 0.0
    late: int = 0  # messages that the rate does not let out in time
    waiting: int = 0  # that wait for quiet hours, or a campaign's window, to be over
    skipped: int = 0  # and that are too late then: not among `messages`
    over_balance: bool = False  # what the days until then cost is more than there is

    @property
    def messages(self) -> int:
        return self.lanes.total()


@dataclass(frozen=True, slots=True, kw_only=True)
class Simulation:
    """Days in order, the odd dates among them, and the rules that are left out because they are paused."""

    days: Sequence[Day]
    odd: Sequence[Odd]
    paused: Sequence[str]

    @property
    def messages(self) -> int:
        return sum(day.messages for day in self.days)

    @property
    def cost(self) -> float:
        return sum(day.cost for day in self.days)


def simulate(
    session: Session,
    since: date,
    until: date,
    *,
    zone: ZoneInfo,
    rate: float | None = None,
    price: Price | None = None,
    balance: float | None = None,
    hours: Sequence[SendingRule] = (),
) -> Simulation:
    """Both days belong to it. rate: messages a second; balance: in the price's money. hours: those that hold back."""
    every = all_rules(session)
    rules = [rule for rule in every if rule.paused_at is None]
    begin, end = midnight(since, zone), midnight(until + timedelta(days=1), zone)
    named = {row.name: row for row in templates(session)}
    audiences, costs = Audiences(session, rules, named, since), Costs(named, price or Price())
    batches = [batch for rule in rules for batch in _of_rule(rule, audiences, costs, begin, end)]
    events = standing_events(session, since=begin, until=end + timedelta(days=366))
    guests = count_guests(session, events, named)
    for event in events:
        batches += _of_event(event, guests[event.id], costs, begin, end)
    batches.sort(key=lambda batch: batch.due.occurs_at)
    odd = [each for rule in rules for each in _odd(rule, audiences, since, until)]
    days = _by_day(batches, since, until, zone, rate, hours)
    _mark_balance(days, balance)
    paused = [rule.name for rule in every if rule.paused_at is not None]
    return Simulation(days=days, odd=sorted(odd, key=lambda each: each.day), paused=paused)


# What goes out...


def _of_rule(rule: RuleRow, audiences: Audiences, costs: Costs, begin: datetime, end: datetime) -> Iterator[Batch]:
    read = rule_of(rule)
    for due in takewhile(lambda due: due.occurs_at < end, dues(rule, begin - INSTANT)):
        keys = keys_of(read, date.fromisoformat(due.occasion)) if isinstance(read, Anniversary) else None
        if people := audiences.reached(rule, keys, due.about.date()):
            yield _batch(rule.name, owner_of_rule(rule), due, people, costs)


def _of_event(event: EventRow, guests: int, costs: Costs, begin: datetime, end: datetime) -> Iterator[Batch]:
    if guests:
        for due in event_dues(event, begin, end, most=INSTANTS_MOST):
            yield _batch(event.key, owner_of_event(event), due, guests, costs)


def _batch(name: str, owner: Owner, due: Due, people: int, costs: Costs) -> Batch:
    sms_type = SmsType(owner.channel["sms_type"])
    segments = costs.segments(owner.template, sms_type)
    return Batch(
        name=name,
        campaign=owner.campaign,
        due=due,
        lane=LANE_OF_SMS[sms_type] if segments else Lane.VOICE,
        messages=people,
        segments=segments,
        cost=people * costs.of_one(segments),
    )


def _odd(rule: RuleRow, audiences: Audiences, since: date, until: date) -> Iterator[Odd]:
    read = rule_of(rule)
    if isinstance(read, Anniversary):
        for place in range((until - since).days + 1):
            yield from odd_on(rule, read, since + timedelta(days=place), audiences)


# Day by day...


def _by_day(
    batches: Sequence[Batch],
    since: date,
    until: date,
    zone: ZoneInfo,
    rate: float | None,
    hours: Sequence[SendingRule],
) -> list[Day]:
    every = [since + timedelta(days=place) for place in range((until - since).days + 1)]
    days, line = {day: Day(day) for day in every}, Outflow(rate)
    for batch in batches:
        day, at = days[batch.due.occurs_at.astimezone(zone).date()], _opens_at(batch, hours, zone)
        if at >= batch.due.deadline:
            day.skipped += batch.messages
            continue
        day.waiting += batch.messages * (at > batch.due.occurs_at)
        day.lanes[batch.lane] += batch.messages
        day.names[batch.name] += batch.messages
        day.segments += batch.segments * batch.messages
        day.cost += batch.cost
        day.late += line.late(batch, at)
    return list(days.values())


def _opens_at(batch: Batch, hours: Sequence[SendingRule], zone: ZoneInfo) -> datetime:
    """From when on it may go out."""
    channel = Channel.CALL if batch.lane is Lane.VOICE else Channel.SMS
    about = [rule for rule in hours if rule.is_about(Purpose.REMINDER, channel, batch.campaign)]
    found = opening(about, batch.due.occurs_at, zone)
    return found[0] if found else batch.due.occurs_at


class Outflow:
    """One queue through which everything goes out, at this many messages a second; None: at once."""

    def __init__(self, rate: float | None) -> None:
        self._rate = rate
        self._free_at = datetime.min.replace(tzinfo=UTC)

    def late(self, batch: Batch, at: datetime) -> int:
        """Let these go out, from `at` on; how many of them do not in time. Those expire, and take no time."""
        if self._rate is None:
            return 0
        begins = max(self._free_at, at)
        in_time = max(0, int((batch.due.deadline - begins).total_seconds() * self._rate))
        sent = min(batch.messages, in_time)
        self._free_at = begins + timedelta(seconds=sent / self._rate)
        return batch.messages - sent


def _mark_balance(days: Sequence[Day], balance: float | None) -> None:
    spent = 0.0
    for day in days:
        spent += day.cost
        day.over_balance = balance is not None and spent > balance
