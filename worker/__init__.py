"""esms-worker: SMS and voice calls through eSMS, each once, and the truth about what became of them.

Everything that a producer imports is here. Importing it loads nothing: a part is loaded when its name is first used,
so that the simulator and the command line's help do not wait for SQLAlchemy.
"""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from worker.again import Corrected, Failed
    from worker.api.decisions import Answer, Decision
    from worker.api.decisions import Decision as Decided
    from worker.api.notifier import Notifier
    from worker.contacts import ContactFields
    from worker.errors import Conflict, Invalid, NotFound, SettingsError, Unavailable, WorkerError
    from worker.intake import Enqueue, RecordCall, Retry, Sms, TemplateCall, Ticket
    from worker.lifecycle import Purpose, SmsType, Status
    from worker.reminders import Anniversary, Attendee, Channel, EventChange, Recurring
    from worker.reporting import Standing

_HOMES = {
    "worker.contacts": ("ContactFields",),
    "worker.errors": ("Conflict", "Invalid", "NotFound", "SettingsError", "Unavailable", "WorkerError"),
    "worker.intake": ("Enqueue", "RecordCall", "Retry", "Sms", "TemplateCall", "Ticket"),
    "worker.lifecycle": ("Purpose", "SmsType", "Status"),
    "worker.again": ("Corrected", "Failed"),
    "worker.api.decisions": ("Answer", "Decision"),
    "worker.api.notifier": ("Notifier",),
    "worker.reminders": ("Anniversary", "Attendee", "Channel", "EventChange", "Recurring"),
    "worker.reporting": ("Standing",),
}
_HOME_OF = {name: home for home, names in _HOMES.items() for name in names}

_FORMER_NAMES = {"Decided": "Decision"}

__all__ = [
    "Anniversary",
    "Answer",
    "Attendee",
    "Channel",
    "Conflict",
    "ContactFields",
    "Corrected",
    "Decided",
    "Decision",
    "Enqueue",
    "EventChange",
    "Failed",
    "Invalid",
    "NotFound",
    "Notifier",
    "Purpose",
    "RecordCall",
    "Recurring",
    "Retry",
    "SettingsError",
    "Sms",
    "SmsType",
    "Standing",
    "Status",
    "TemplateCall",
    "Ticket",
    "Unavailable",
    "WorkerError",
]


def __getattr__(name: str) -> object:
    name = _FORMER_NAMES.get(name, name)
    if name not in _HOME_OF:
        raise AttributeError(f"module 'worker' has no attribute {name!r}")
    return getattr(import_module(_HOME_OF[name]), name)
