"""One person's data: found in every table, handed out, and forgotten; and what people ask about it."""

from worker.ledger.people.forgetting import (
    Before,
    Forgot,
    Meanwhile,
    bury,
    call_off,
    empty_forgotten,
    foresee,
    forget,
    lost_tombstones,
    refuse_who_may_not,
    tombstones,
    wait_for_others,
)
from worker.ledger.people.holdings import HOLDINGS, NOBODY
from worker.ledger.people.knowing import Known, everything_about, known_by
from worker.ledger.people.makers import make_beside_others
from worker.ledger.people.requests import AskedFor, answer_request, finish_request, note_request, requests
from worker.ledger.people.written import WRITTEN, Place, beginning, look, remove_written

__all__ = [
    "HOLDINGS",
    "NOBODY",
    "WRITTEN",
    "AskedFor",
    "Before",
    "Forgot",
    "Known",
    "Meanwhile",
    "Place",
    "answer_request",
    "beginning",
    "bury",
    "call_off",
    "empty_forgotten",
    "everything_about",
    "finish_request",
    "foresee",
    "forget",
    "known_by",
    "look",
    "lost_tombstones",
    "make_beside_others",
    "note_request",
    "refuse_who_may_not",
    "remove_written",
    "requests",
    "tombstones",
    "wait_for_others",
]
