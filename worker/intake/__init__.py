"""Validate what a producer hands over, normalise it, put it in the ledger.

Nothing is stored before all of it is valid; what is stored is on disk when the transaction commits.
"""

from worker.intake.accept import InPlaceOf, Ticket, accept, accept_each, accept_in_place, check_one, told_of
from worker.intake.request import Enqueue, RecordCall, Request, Retry, Sms, TemplateCall
from worker.intake.terms import known_purpose, known_sms_type

__all__ = [
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
    "accept_in_place",
    "check_one",
    "known_purpose",
    "known_sms_type",
    "told_of",
]
