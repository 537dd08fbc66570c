"""Forget somebody beside workers that are at work on their messages, in steps: whoever dies in between is asked anew.

Each step holds what it holds for some tens of milliseconds, and none waits with something in hand, so that nobody who
sends waits for long, and none of both is ended by a deadlock.
"""

from __future__ import annotations

from contextlib import suppress

from worker.database import Database
from worker.ledger import people
from worker.ledger.people import Forgot, Known, Meanwhile
from worker.pseudonym import PrivacyKey


def forget(
    database: Database, person: Known, key: PrivacyKey, request: int, *, opt_out_too: bool = False, empties: bool = True
) -> Forgot:
    """What was removed, and what stays: see `worker.ledger.people`. The request is noted, and stays open until then."""
    cancelled = 0
    while True:
        cancelled += _call_off(database, person, key, request)
        with suppress(Meanwhile), database.begin() as session:
            how = {"opt_out_too": opt_out_too, "empties": empties}
            return people.forget(session, person, key, request, cancelled=cancelled, **how)


def _call_off(database: Database, person: Known, key: PrivacyKey, request: int) -> int:
    """How many messages waited, until none is left that could go out."""
    cancelled = 0
    while True:
        with database.begin() as session:
            went = people.call_off(session, person, key, request)
        cancelled += went.cancelled
        if went.held is not None:
            people.wait_for_others(database.begin, went.held)
        elif not went.more:
            return cancelled
