"""Going on with reruns of many: the first hundred are judged, then the rest follows, some at a time, or stays.

A step keeps one process of Postgres busy, and a core with it. While codes are under way steps are short, and after each
the rerun rests three times as long as it took: a code waits for one of them at most, and a quarter of the time is the
rerun's, always. It queues no slower than what it queues is sent then.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

from worker import ledger
from worker.again.choice import Corrected
from worker.again.steps import Step, step
from worker.bell import Bell
from worker.database import Database
from worker.errors import Busy, Unavailable
from worker.ledger import Chosen, Place, Verdict
from worker.lifecycle import Lane
from worker.queues import Task
from worker.settings import Settings
from worker.telemetry import emit, where

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

TRIAL = 100  # messages that go first
AT_ONCE = 2500  # messages that one transaction queues: a plan of the statement costs as much as a hundred of them
BESIDE_CODES = 500  # as many, while codes are under way
RESTS = 3  # times as long as a step took


@dataclass(frozen=True, slots=True)
class Went:
    """True: there may be more to do. lanes: something is due in these now. rest: seconds until any rerun goes on."""

    more: bool
    lanes: frozenset[Lane] = frozenset()
    rest: float = 0.0

    def __bool__(self) -> bool:
        return self.more


def go_on_beside_codes(database: Database, settings: Settings, bell: Bell) -> bool:
    """Take one step, ring for it, and wait while the rerun rests; True: there may be more to do."""
    went = go_on(database, settings, codes_come=partial(bell.was_rung_lately, Task.DELIVER_URGENT))
    bell.ring(set(went.lanes))
    time.sleep(went.rest)
    return went.more


def go_on(database: Database, settings: Settings, *, codes_come: Callable[[], bool] = lambda: False) -> Went:
    """Take one step of one of them, or learn that none is due. codes_come: are there codes that it gives way to?

    Raises Unavailable; the step is undone then, and is taken again.
    """
    rerun: Any = None
    verdict = Verdict()
    try:
        with database.begin() as session:
            if (rerun := ledger.next_rerun(session)) is None:
                return Went(more=False)
            if rerun.state == "going":
                return _go(session, rerun, settings, codes_come())
            verdict = _judge(session, rerun)
    except Unavailable as error:
        if rerun is not None and isinstance(error, Busy):
            database.committed("put off", partial(ledger.look_later, rerun=rerun.id), None)
        raise
    except Exception as error:  # noqa: BLE001 — a rerun that we fail at must not be tried for ever before all others
        _fail(database, rerun, error)
    if verdict.stop:
        emit("rerun.stopped", id=rerun.id, messages=len(rerun.trial), code=verdict.code or "none")
    return Went(more=True)


def _judge(session: Session, rerun: Any) -> Verdict:
    verdict = ledger.judge(session, rerun.trial)
    if verdict.go or verdict.stop:
        ledger.decided(session, rerun.id, verdict)
    else:
        ledger.look_later(session, rerun.id)
    return verdict


def _fail(database: Database, rerun: Any, error: Exception) -> None:
    assert rerun is not None
    emit("rerun.failed", id=rerun.id, error=type(error).__name__, at=where(error))
    with database.begin() as session:
        ledger.decided(session, rerun.id, Verdict(stop=True))


def _go(session: Any, rerun: Any, settings: Settings, gives_way: bool) -> Went:
    began, at_once = time.monotonic(), BESIDE_CODES if gives_way else AT_ONCE
    done = _step(session, rerun, settings, at_once)
    over = rerun.most_left is not None and done.moved >= rerun.most_left
    rest = min(RESTS * (time.monotonic() - began), ledger.REST_MOST) if gives_way else 0.0
    ledger.moved_on(session, rerun.id, done.moved, None if over else done.place, rest=rest)
    return Went(more=True, lanes=frozenset(done.lanes), rest=rest)


def _step(session: Any, rerun: Any, settings: Settings, at_once: int) -> Step:
    chosen, corrected, after = asked_for(rerun)
    limit = rerun.most_left
    most = at_once if limit is None else min(at_once, limit)
    return step(session, chosen, corrected, settings, by=rerun.asked_by, most=most, limit=limit, after=after)


def asked_for(rerun: Any) -> tuple[Chosen, Corrected | None, Place]:
    """Which messages it is about, their correction, and where its rest begins. TypeError: another version wrote it."""
    corrected = Corrected(**rerun.corrected) if rerun.corrected else None
    return Chosen(**rerun.chosen), corrected, Place(rerun.after_notification, rerun.after_message, rerun.at)
