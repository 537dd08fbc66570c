"""Validate what a producer hands over, normalise it, put it in the ledger.

Nothing is stored before all of it is valid; what is stored is on disk when the transaction commits.
"""

from worker.intake.accept import (
    InPlaceOf,
    Ticket,
    accept,
    accept_each,
    check_in_place,
    check_one,
    stored_in_place,
    told_of,
)
from worker.intake.checks import Checked
from worker.intake.request import Enqueue, RecordCall, Request, Retry, Sms, TemplateCall
from worker.intake.terms import known_purpose, known_sms_type

__all__ = [
    "Checked",
    "Enqueue",
    "InPlaceOf",
    "RecordCall",
    "Request",
    "Retry",
    "Sms",
    "TemplateCall",
    "Ticket",
    "accept",
    "accept_each",
    "check_in_place",
    "check_one",
    "known_purpose",
    "known_sms_type",
    "stored_in_place",
    "told_of",
]
