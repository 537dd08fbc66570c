"""eSMS calls once a send has ended: unsigned, so it says when to ask, and nothing that is believed."""

from __future__ import annotations

from worker import ledger
from worker.bell import Bell
from worker.database import Database
from worker.queues import Task


class Callbacks:
    """What eSMS calls for. Every method may raise Unavailable."""

    def __init__(self, database: Database, bell: Bell) -> None:
        self._database, self._bell = database, bell

    def called(self, sms_id: str) -> bool:
        """eSMS has something to tell of this SMSID: it is asked now. False where there is nothing to ask (any more)."""
        with self._database.begin() as session:
            asked = ledger.ask_now(session, sms_id)
        if asked:
            self._bell.again(Task.POLL)
        return asked
