"""Keep the rules: add, change, pause, resume, remove, and say when they come next.

Each change takes the rule's lock, so that it waits for a batch that is being made and no batch sees half of it. What
was made and has not gone out is called back, and made again by what the rule says now; what went out stays.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from itertools import islice

from sqlalchemy.orm import Session

from worker.checks import label
from worker.errors import Invalid, NotFound
from worker.ledger.occurrences import Recalled, recall
from worker.ledger.reminder_rules import (
    add_rule,
    advance_rule,
    find_rule,
    pause_rule,
    remove_rule,
    resume_rule,
    rewrite_rule,
)
from worker.lifecycle import ReminderKind
from worker.reminder_rows import RuleRow
from worker.reminders.checks import zone_of
from worker.reminders.compose import follows_at, templates_of, try_out
from worker.reminders.plan import INSTANT, Due, dues, midnight, next_due
from worker.reminders.rules import LATE_MOST, Recurring, Rule, row_of
from worker.settings import Settings
from worker.templates import usable
from worker.templates.variables import OF_A_RULE

RECALLABLE = LATE_MOST + timedelta(days=1)  # whatever occurred longer ago has gone out or expired
SHOWN = 100  # occurrences that one question shows


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleChange:
    """What a change to a rule did."""

    rule: RuleRow
    recalled: int = 0  # reminders that were queued and do not go out as they were
    too_late: int = 0  # reminders that are on their way or have arrived
    passed: int = 0  # occurrences that a pause has let pass


def planned(session: Session, rule: Rule, settings: Settings, *, now: datetime) -> RuleRow:
    """The rule as it would be stored now, with its next occurrence, tried out; stores nothing. Raises Invalid."""
    row = row_of(rule, time_zone=str(settings.time_zone), now=now)
    due = next_due(row, now)
    if due is None:
        raise Invalid("until", "the rule has no occurrence ahead", "give a later end, or leave it out")
    templates = [usable(session, each, OF_A_RULE) for each in templates_of(row.template, row.channel)]
    try_out(session, templates, row.channel, settings, now=now, fallback_kind=rule.channel.fallback_kind)
    if len(templates) > 1 and follows_at(due, row.channel) >= due.deadline:
        raise Invalid(
            "fallback_after", "is later than the reminder may go out at all", "give less time, or a later end"
        )
    return replace(row, next_at=due.occurs_at)


def upcoming(row: RuleRow, *, after: datetime, count: int) -> list[Due]:
    """The next occurrences of a rule."""
    return list(islice(dues(row, after), min(count, SHOWN)))


def preview(
    session: Session, rule: Rule, settings: Settings, *, now: datetime, count: int, replacing: bool = False
) -> list[Due]:
    """When a rule would occur next, were it added now; stores nothing. Raises Invalid."""
    row = planned(session, rule, settings, now=now)
    old = find_rule(session, row.name) if replacing else None
    return upcoming(_replacing(row, rule, old) if old else row, after=now, count=count)


def add(session: Session, rule: Rule, settings: Settings, *, now: datetime, replacing: bool = False) -> RuleChange:
    """Keep a new rule, or give the one of this name other content. Raises Invalid.

    A rule that is changed goes on from where it stands: nobody gets twice what the day has brought already, and a
    person whose turn was still to come gets it by what the rule says now.
    """
    row = planned(session, rule, settings, now=now)
    if add_rule(session, row, now=now):
        return RuleChange(rule=row)
    if not replacing:
        raise Invalid("name", f"there is a rule called {row.name!r}", "use another name, or --replace it")
    old = _locked(session, row.name)
    wanted = _replacing(row, rule, old)
    return RuleChange(rule=old) if _content(wanted) == _content(old) else _change(session, old, wanted, now)


def _replacing(row: RuleRow, rule: Rule, old: RuleRow) -> RuleRow:
    """The rule in the place of the old one: a recurrence that is given no other start goes on counting from its day,
    and keeps its time of day where it is given none.
    """
    if not isinstance(rule, Recurring) or rule.start is not None or old.kind is not ReminderKind.RECURRING:
        return replace(row, id=old.id)
    start, new = old.spec["start"], row.spec["start"]  # 2027-01-04T17:30:00
    if rule.at is not None or (rule.cron is None and old.spec["cron"] is not None):  # a cron line's start has no hour
        start = start[:10] + new[10:]
    return replace(row, id=old.id, spec=row.spec | {"start": start})


def _content(row: RuleRow) -> tuple[object, ...]:
    return row.kind, row.spec, row.template, row.channel, row.tags, row.source, row.zone


def _change(session: Session, old: RuleRow, wanted: RuleRow, now: datetime) -> RuleChange:
    of_days = old.next_at is not None and _owes_days(old, old.next_at)
    # What stands for an hour and is due already goes out as it is: the new hours would not make up for it.
    back = _recall(session, old, "the rule was changed", now, since=now - RECALLABLE if of_days else now)
    owed = min((one.occurs_at for one in back if one.called_back), default=old.next_at)
    due = _going_on(old, wanted, min(owed or now, old.next_at or now), now) if of_days else next_due(wanted, now)
    row = replace(wanted, next_at=None if due is None else due.occurs_at)
    rewrite_rule(session, row, now=now)
    return RuleChange(rule=row, recalled=_recalled(back), too_late=_too_late(back))


def _going_on(old: RuleRow, wanted: RuleRow, owed: datetime, now: datetime) -> Due | None:
    """Where a changed rule goes on: with the day that the old one still owed, also when its new hour has passed."""
    moment = min(now, owed) - INSTANT
    zone = zone_of(old.zone)
    begin = midnight(owed.astimezone(zone).date(), zone)
    of_the_day = dues(wanted, min(moment, begin - INSTANT))
    return next((due for due in of_the_day if due.is_of_a_day or due.occurs_at > moment), None)


def _owes_days(row: RuleRow, next_at: datetime) -> bool:
    due = next_due(row, next_at - INSTANT)
    return due is not None and due.is_of_a_day


def pause(session: Session, name: str, *, now: datetime) -> RuleChange:
    """Make no more of its occurrences, and call back what is queued. Raises NotFound."""
    old = _locked(session, name)
    back = _recall(session, old, "the rule was paused", now)
    pause_rule(session, old.id, now=now)
    if first := min((one.occurs_at for one in back if one.called_back), default=None):
        advance_rule(session, old.id, next_at=min(first, old.next_at or first))
    return RuleChange(rule=old, recalled=_recalled(back), too_late=_too_late(back))


def resume(session: Session, name: str, *, now: datetime) -> RuleChange:
    """Go on with the first occurrence for which it is not too late. Raises NotFound."""
    old = _locked(session, name)
    resume_rule(session, old.id, now=now)
    if old.paused_at is None or old.next_at is None:
        return RuleChange(rule=old)
    passed, due = 0, None
    for due in dues(old, old.next_at - INSTANT):
        if due.deadline > now:
            break
        passed, due = passed + 1, None
    next_at = None if due is None else due.occurs_at
    advance_rule(session, old.id, next_at=next_at, cursor=old.cursor if next_at == old.next_at else None)
    return RuleChange(rule=replace(old, next_at=next_at, paused_at=None), passed=passed)


def remove(session: Session, name: str, *, now: datetime) -> RuleChange:
    """End a rule and call back what is queued; its record stays. Raises NotFound."""
    old = _locked(session, name)
    back = _recall(session, old, "the rule was removed", now)
    remove_rule(session, old.id, now=now)
    return RuleChange(rule=old, recalled=_recalled(back), too_late=_too_late(back))


def found(session: Session, name: str) -> RuleRow:
    """The rule of this name. Raises NotFound."""
    return _or_not_found(find_rule(session, label("rule", name)), name)


def _locked(session: Session, name: str) -> RuleRow:
    return _or_not_found(find_rule(session, label("rule", name), lock=True), name)


def _or_not_found(row: RuleRow | None, name: str) -> RuleRow:
    if row is None:
        raise NotFound(f"there is no rule called {name!r}: see `esms-worker reminders list`")
    return row


def _recall(
    session: Session, row: RuleRow, reason: str, now: datetime, since: datetime | None = None
) -> list[Recalled]:
    """since: of a change; what went out by then stays, with what is to follow it."""
    begin = since or now - RECALLABLE
    return recall(session, row.id, reason=reason, since=begin, now=now, followed=since is None)


def _recalled(back: Sequence[Recalled]) -> int:
    return sum(one.called_back for one in back)


def _too_late(back: Sequence[Recalled]) -> int:
    return sum(one.too_late for one in back)
