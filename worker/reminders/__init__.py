"""Birthdays, meetings and whatever else recurs: who is to be reminded of what, when, and once.

rules ─ rule_changes ─▶ ledger ◀─ events ─ invitations          what people and applications say
          plan (pure): when is what due                    due ─ people, making ─▶ hand: who gets which text
          why: why did this one get none                   simulate: what will a whole year bring
"""

from worker.models.reminders import OccurrenceState, ReminderKind
from worker.reminders.compose import Hand, Wish
from worker.reminders.events import Attendee, Event, EventChange, Outcome, TooLate
from worker.reminders.rule_changes import RuleChange
from worker.reminders.rules import Anniversary, Channel, Recurring, Rule
from worker.reminders.scheduler import Scheduler

__all__ = [
    "Anniversary",
    "Attendee",
    "Channel",
    "Event",
    "EventChange",
    "Hand",
    "OccurrenceState",
    "Outcome",
    "Recurring",
    "ReminderKind",
    "Rule",
    "RuleChange",
    "Scheduler",
    "TooLate",
    "Wish",
]
