"""Going on with reruns of many: the first hundred are judged, then the rest follows, some at a time, or stays."""

from __future__ import annotations

from typing import Any

from worker import ledger
from worker.again.choice import Corrected
from worker.again.steps import Step, step
from worker.database import Database
from worker.ledger import Chosen, Place
from worker.settings import Settings
from worker.telemetry import emit

TRIAL = 100  # messages that go first
AT_ONCE = 2500  # messages that one transaction queues: a plan of the statement costs as much as a hundred of them


def go_on(database: Database, settings: Settings) -> bool:
    """Take one step of one of them, or learn that none is due; True: there may be more to do at once."""
    with database.begin() as session:
        rerun = ledger.next_rerun(session)
        if rerun is None:
            return False
        if rerun.state == "going":
            _go(session, rerun, settings)
            return True
        verdict = ledger.judge(session, rerun.trial)
        if verdict.go or verdict.stop:
            ledger.decided(session, rerun.id, verdict)
        else:
            ledger.look_later(session, rerun.id)
    if verdict.stop:
        emit("rerun.stopped", id=rerun.id, messages=len(rerun.trial), code=verdict.code or "none")
    return True


def _go(session: Any, rerun: Any, settings: Settings) -> Step:
    corrected = Corrected(**rerun.corrected) if rerun.corrected else None
    most = AT_ONCE if rerun.most_left is None else min(AT_ONCE, rerun.most_left)
    after = Place(rerun.after_notification, rerun.after_message)
    done = step(session, Chosen(**rerun.chosen), corrected, settings, by=rerun.asked_by, most=most, after=after)
    over = rerun.most_left is not None and done.moved >= rerun.most_left
    ledger.moved_on(session, rerun.id, done.moved, None if over else done.place)
    return done
