"""Birthdays, meetings and whatever else recurs: who is to be reminded of what, when, and once.

rules ─ rule_changes ─▶ ledger ◀─ events ─ invitations          what people and applications say
          plan (pure): when is what due                    scheduler ─ people, compose ─▶ intake: who gets which text
          why: why did this one get none                   simulate: what will a whole year bring
"""

from worker.lifecycle import OccurrenceState, ReminderKind
from worker.reminders.events import EventChange, EventOutcome, TooLate
from worker.reminders.invitations import Attendee, Event
from worker.reminders.rule_changes import RuleChange
from worker.reminders.rules import Anniversary, Channel, Recurring, Rule
from worker.reminders.scheduler import Scheduler

__all__ = [
    "Anniversary",
    "Attendee",
    "Channel",
    "Event",
    "EventChange",
    "EventOutcome",
    "OccurrenceState",
    "Recurring",
    "ReminderKind",
    "Rule",
    "RuleChange",
    "Scheduler",
    "TooLate",
]
