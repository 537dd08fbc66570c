"""Calendar files (.ics, RFC 5545): their events as values that we can keep, checked to the last one before any counts.

A series is one event with its rule. What a calendar says of single instances (moved, cancelled, added) becomes an event
of its own, with `series`, and the series leaves that instance out.
"""

from worker.recurrence.ics.events import IcsAttendee, IcsEvent
from worker.recurrence.ics.file import read_ics

__all__ = ["IcsAttendee", "IcsEvent", "read_ics"]
