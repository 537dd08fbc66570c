"""What every tick looks after: leases that ran out, dates that passed, doubt that grew too old."""

from __future__ import annotations

from worker import ledger
from worker.database import Database
from worker.settings import Pace
from worker.telemetry import emit


def keep_house(database: Database, pace: Pace) -> None:
    """One round; any number of processes may make it at once."""
    with database.begin() as session:
        ledger.beat(session, "beat")
        done = {
            "messages.rescued": ledger.rescue(session, ask_again_after=pace.ask_again_after),
            "messages.expired": ledger.expire(session),
            "messages.held": ledger.hold(session, window=pace.request_id_window),
            "messages.unknown": ledger.give_up(session, poll_until=pace.poll_until),
        }
    for event, messages in done.items():
        if messages:
            emit(event, messages=messages)
