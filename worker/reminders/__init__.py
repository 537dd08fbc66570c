"""Birthdays, meetings and whatever else recurs: who is to be reminded of what, when, and once.

rules ─ keeping ─▶ ledger ◀─ events ─ invitations          what people and applications say
          plan (pure): when is what due                    due ─ people, making ─▶ hand: who gets which text
          why: why did this one get none                   simulate: what will a whole year bring
"""

from worker.models.reminders import OccurrenceState, ReminderKind
from worker.reminders.due import Maker
from worker.reminders.events import Attendee, Event, EventChange, Outcome, TooLate
from worker.reminders.keeping import RuleChange
from worker.reminders.making import Hand, Wish
from worker.reminders.rules import Anniversary, Channel, Recurring, Rule

__all__ = [
    "Anniversary",
    "Attendee",
    "Channel",
    "Event",
    "EventChange",
    "Hand",
    "Maker",
    "OccurrenceState",
    "Outcome",
    "Recurring",
    "ReminderKind",
    "Rule",
    "RuleChange",
    "TooLate",
    "Wish",
]
