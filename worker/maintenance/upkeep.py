"""What every tick does to the ledger, asking nobody: ends what time has ended, and clears away what is done with."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from random import randrange

from sqlalchemy.orm import Session

from worker import ledger
from worker.database import Database
from worker.ledger import inbox, uploads, webhooks
from worker.maintenance.steps import ROUNDS, take, while_there_is_more
from worker.settings import Pace
from worker.telemetry import emit

MISSED_EVERY = timedelta(seconds=30)


def look_after_ledger(database: Database, pace: Pace) -> None:
    """One round; any number of processes may make it at once."""

    def clear_events(session: Session) -> bool:
        return webhooks.clear_events(session, kept=pace.events_kept)

    def clear_inbox(session: Session) -> bool:
        return inbox.clear_inbox(session, kept=pace.events_kept, refused_kept=pace.refused_kept)

    def give_up(session: Session) -> int:
        return ledger.give_up(session, poll_until=pace.poll_until)

    steps: dict[str, Callable[[], object]] = {
        "note the tick": lambda: _beat(database),
        "count anew": lambda: _count_anew(database),
        "rescue": lambda: _rescue(database, pace),
        "expire": lambda: _tell(database, "messages.expired", ledger.expire),
        "hold calls": lambda: _tell(database, "messages.held", ledger.hold_calls),
        "give up": lambda: _tell(database, "messages.unknown", give_up),
        "tidy streams": lambda: _tidy_streams(database),
        "find missed streams": lambda: _find_missed_streams(database),
        "forget what was counted": lambda: _forget_advertised(database),
        "add up what rules did": lambda: while_there_is_more(database, ledger.add_up_uses),
        "clear the events": lambda: while_there_is_more(database, clear_events),
        "clear the inbox": lambda: while_there_is_more(database, clear_inbox),
        "clear uploads": lambda: while_there_is_more(database, uploads.clear_uploads),
    }
    take(database, steps)


def _beat(database: Database) -> None:
    with database.begin() as session:
        ledger.beat(session, "beat")


def _count_anew(database: Database) -> None:
    """What is asked from now on, here and by everybody else, is planned for what there is."""
    with database.begin() as session:
        ledger.count_anew(session)


def _tell(database: Database, event: str, step: Callable[[Session], int]) -> None:
    if messages := _all(database, step):
        emit(event, messages=messages)


def _rescue(database: Database, pace: Pace) -> None:
    deadly = 0

    def step(session: Session) -> int:
        nonlocal deadly
        rescued = ledger.rescue(session, ask_again_after=pace.ask_again_after, deaths_most=pace.deaths_most)
        deadly += rescued.deadly
        return rescued.messages

    if messages := _all(database, step):
        emit("messages.rescued", messages=messages)
    if deadly:
        emit("messages.held", messages=deadly)


def _tidy_streams(database: Database) -> None:
    after = 0

    def step(session: Session) -> bool:
        nonlocal after
        tidied = ledger.tidy_streams(session, after=after)
        after = tidied.last
        return tidied.rows == ledger.MOST

    while_there_is_more(database, step)


def _forget_advertised(database: Database) -> None:
    """Some numbers at each tick, from anywhere on: all are come by in time, and nobody remembers how far it was."""
    with database.begin() as session:
        ledger.forget_advertised(session, after=f"+84{randrange(10**9):09}")  # noqa: S311


def _find_missed_streams(database: Database) -> None:
    """While a former version's workers may be at work; and whatever went wrong."""
    with database.begin() as session:
        if ledger.take_turn(session, "find missed streams", every=MISSED_EVERY):
            ledger.find_missed_streams(session)


def _all(database: Database, step: Callable[[Session], int]) -> int:
    """Step by step until there is nothing left, a bounded number of rows in each transaction."""
    done = 0
    for _ in range(ROUNDS):
        with database.begin() as session:
            moved = step(session)
        done += moved
        if moved < ledger.MOST:
            break
    return done
