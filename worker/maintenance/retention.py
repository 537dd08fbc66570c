"""Remove what is kept no longer: a step of each walk in turn, for a tenth of the tick at most, so that sends go on.

A step is a transaction of some hundred rows. Whoever dies in it leaves it undone; any process goes on.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from typing import TYPE_CHECKING

from worker.database import Database
from worker.ledger import people, retention
from worker.ledger.retention import TEXTS, Place, Terms
from worker.lifecycle import Purpose
from worker.pseudonym import hidden
from worker.settings.retention import CODE_TEXT, DAY, OF_PURPOSE, Retention

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

MOST = 500  # rows of a step
SHARE = 0.1  # of a tick
REST = timedelta(seconds=30)
SURELY_SEEN = DAY  # no transaction stays open for so long

Walk = Callable[["Session", Place], tuple[Place, bool]]


@dataclass(frozen=True, slots=True)
class Walking:
    """A walk by its name, what one step of it does, and for how long it rests once it has caught up."""

    name: str
    walk: Walk
    rest: timedelta = REST


def remove_what_is_old(database: Database, settings: Retention, tick: timedelta) -> None:
    """Take steps while there is time; the next tick goes on.

    An error in one walk stops no other: the first error is raised once all walks have had their turn.
    """
    failed: list[Exception] = []
    _unless_it_fails(failed, lambda: _empty_forgotten(database))
    until = time.monotonic() + SHARE * tick.total_seconds()
    going = list(walks(settings))
    while going and time.monotonic() < until:
        going = [each for each in going if _unless_it_fails(failed, partial(_step, database, each))]
    if failed:
        raise failed[0]


def _unless_it_fails(failed: list[Exception], step: Callable[[], bool]) -> bool:
    """The step's answer; where it fails, False, and the error is kept."""
    try:
        return step()
    except Exception as error:  # noqa: BLE001 — who is to be forgotten must not wait for whatever is wrong elsewhere
        failed.append(error)
        return False


def _empty_forgotten(database: Database) -> bool:
    with database.begin() as session:
        people.empty_forgotten(session)
    return False


def _step(database: Database, each: Walking) -> bool:
    """True: there is more."""
    with database.begin() as session:
        if (place := retention.take_place(session, each.name, rest=each.rest)) is None:
            return False
        place, more = each.walk(session, place)
        retention.move_on(session, each.name, place, more=more)
        return more


def walks(settings: Retention) -> Iterator[Walking]:
    """All of them, the most urgent first."""
    terms = _terms(settings, settings.code_text, CODE_TEXT)
    yield Walking(TEXTS, partial(_texts, terms=terms), rest=timedelta(0))
    yield Walking("requests", partial(retention.remove_requests, age=settings.requests, most=MOST))
    for purpose, keep in settings.people.items():
        yield _of_people(settings, purpose, keep)
    yield Walking("attempts", partial(retention.remove_attempts, age=settings.attempts, most=MOST))
    yield Walking("references", partial(retention.forget_references, age=settings.references, most=MOST))
    reminded, served = settings.people[Purpose.REMINDER], settings.people[Purpose.SERVICE]
    yield Walking("guests", partial(retention.forget_guests, age=reminded, most=MOST))
    yield Walking("reruns", partial(retention.forget_reruns, age=served, most=MOST))
    yield Walking("sweeps", partial(retention.forget_sweeps, age=served, most=MOST))


def _of_people(settings: Retention, purpose: Purpose, keep: timedelta) -> Walking:
    terms = _terms(settings, keep, OF_PURPOSE[purpose])
    return Walking(purpose.value, partial(_people, purpose=purpose, terms=terms))


def _terms(settings: Retention, keep: timedelta, by: str) -> Terms:
    hide = partial(hidden, key=settings.key)
    return Terms(keep=keep, by=by, hide=hide, references=settings.references)


def _texts(session: Session, place: Place, *, terms: Terms) -> tuple[Place, bool]:
    found, walked = retention.look_on(session, place, TEXTS, most=MOST)
    retention.put_off(session, TEXTS, retention.empty_texts(session, found, terms), keep=terms.keep)
    return walked


def _people(session: Session, place: Place, *, purpose: Purpose, terms: Terms) -> tuple[Place, bool]:
    age = terms.keep + SURELY_SEEN
    found, walked = retention.pass_messages(session, place, purpose, age=age, most=MOST)
    left = retention.empty_messages(session, found, terms).left
    retention.put_off_messages(session, purpose, list(left))
    again = list(retention.look_again(session, purpose, most=MOST))
    retention.put_off(session, purpose, retention.empty_messages(session, again, terms), keep=terms.keep)
    return walked[0], walked[1] or len(again) == MOST
