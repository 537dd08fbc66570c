"""Forget a person in short steps, while workers send and record that person's messages.

Each step holds its locks for some tens of milliseconds and waits for nobody while it holds any: so no worker waits for
long, and no deadlock ends either. If this process dies in between, the request stays open and is to be made again.
"""

from __future__ import annotations

from collections import Counter
from contextlib import suppress
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from worker.database import Database
from worker.ledger import people
from worker.ledger.clock import clock
from worker.ledger.people import Before, Forgot, Known, Meanwhile
from worker.pseudonym import PrivacyKey

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from contextlib import AbstractContextManager

    from sqlalchemy.orm import Session


def forget(
    database: Database, person: Known, key: PrivacyKey, request: int, *, opt_out_too: bool = False, empties: bool = True
) -> Forgot:
    """Forget them; what was removed, and what stays. The request is noted before, and stays open until this is done."""
    before = _written_removed(database, person, key)
    while True:
        before = replace(before, cancelled=before.cancelled + _call_off(database, person, key, request))
        with suppress(Meanwhile), database.begin() as session:
            how = {"opt_out_too": opt_out_too, "empties": empties}
            return people.forget(session, person, key, request, before=before, **how)


def count_written(database: Database, person: Known, key: PrivacyKey) -> Mapping[str, int]:
    """Rows that name them within a text, by table; nothing is done."""
    return _looked_through(database.reading, person.asked(key), lambda _session, _table, theirs: len(theirs))


def _written_removed(database: Database, person: Known, key: PrivacyKey) -> Before:
    """Remove the rows that name them within a text; first of all, so that no more messages are made of these."""
    with database.begin() as session:
        since = clock(session)
    asked = person.asked(key)

    def remove(session: Session, table: str, theirs: Sequence[people.Place]) -> int:
        return people.remove_written(session, table, asked, theirs)

    return Before(since=since, removed=_looked_through(database.begin, asked, remove))


def _looked_through(
    begin: Callable[[], AbstractContextManager[Any]],
    asked: Mapping[str, Any],
    done: Callable[[Any, str, Sequence[people.Place]], int],
) -> Mapping[str, int]:
    """How many rows, by table; each look is a transaction. done: does something with the rows found; to how many."""
    found = Counter[str]()
    for table in people.WRITTEN:
        place: people.Place | None = people.beginning(table)
        while place is not None:
            with begin() as session:
                looked = people.look(session, table, asked, place)
                found[table] += done(session, table, looked.theirs)
            place = looked.on
    return found


def _call_off(database: Database, person: Known, key: PrivacyKey, request: int) -> int:
    """Call their messages off until none is left that could go out; how many waited."""
    cancelled = 0
    while True:
        with database.begin() as session:
            went = people.call_off(session, person, key, request)
        cancelled += went.cancelled
        if went.held is not None:
            people.wait_for_others(database.begin, went.held)
        elif not went.more:
            return cancelled
