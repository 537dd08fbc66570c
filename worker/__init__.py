"""esms-worker: SMS and voice calls through eSMS, each once, and the truth about what became of them.

Everything that a producer imports is here; nothing is connected, read or started by importing it.
"""

from worker.errors import Conflict, Invalid, NotFound, SettingsError, Unavailable, WorkerError
from worker.intake import Enqueue, RecordCall, Sms, TemplateCall, Ticket
from worker.lifecycle import SmsType, Status
from worker.notifier import Decided, Notifier
from worker.reporting import Standing

__all__ = [
    "Conflict",
    "Decided",
    "Enqueue",
    "Invalid",
    "NotFound",
    "Notifier",
    "RecordCall",
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
