"""Let a code be claimed before its enqueue is on disk, and let nobody be told of it, or send it, before that.

The enqueue of a code commits without waiting for the disk (`synchronous_commit` off), so that its bell rings as soon as
others can see the row. Nothing is lost by that. The claim does wait for its own commit, and Postgres writes its log in
order: once the claim is on disk so is the enqueue before it, and only then does the code go out. The producer waits as
well (`catch_up`) before it gets its ticket. So a crash in between loses a code that nobody was told of or has sent.

Whoever only reads must wait, too, before passing on what it saw: that a repeated request is stored already; or a place
in the log of events. A reader keeps that for good, and after a crash Postgres gives the numbers of the transactions
that were lost to others.
"""

from __future__ import annotations

import time
from contextlib import suppress
from typing import TYPE_CHECKING

from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from worker.database import Database, ask_alone

if TYPE_CHECKING:
    from sqlalchemy import Connection
    from sqlalchemy.orm import Session

    from worker.database import Reader

_AHEAD = "its commit does not wait for the disk"
CLAIM_FIRST = 0.004  # seconds: most codes are claimed by then

NOT_WAITING = "set_config('synchronous_commit', 'off', true)"
# A commit that wrote anything waits until all that was written before it is on disk, and at synchronous standbys.
_WRITE = text("SELECT CASE WHEN NOT pg_is_in_recovery() THEN pg_logical_emit_message(true, 'esms-worker', '') END")


def goes_ahead(session: Session) -> None:
    """This transaction uses NOT_WAITING: whoever began it has to `catch_up` before saying that anything is stored."""
    session.info[_AHEAD] = True


def wait_for_the_disk(reader: Reader) -> None:
    """Make this transaction's commit wait until everything that it saw is on disk, although it wrote nothing."""
    reader.execute(_WRITE)


def wait_if_allowed(session: Session) -> None:
    """The same in the caller's own transaction. Where Postgres refuses it, no commit ever goes ahead of the disk."""
    with suppress(DBAPIError), session.begin_nested():
        wait_for_the_disk(session)


class Ahead:
    """Whether commits in one database may go ahead of its disk, and waiting for those that did."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._can_wait: bool | None = None

    @property
    def is_allowed(self) -> bool:
        """May a commit go ahead? Only if a later one can be made to wait for it, which not every Postgres lets us do.

        Ask while you hold no connection: the first time it takes one. Raises Unavailable.
        """
        if self._can_wait is None:
            with self._database.connect() as connection:
                self._can_wait = _can_wait(connection)
        return bool(self._can_wait)

    def wait(self, session: Session) -> None:
        """`wait_for_the_disk`, if `is_allowed` was asked before and said yes."""
        if self._can_wait:
            wait_for_the_disk(session)

    def catch_up(self, session: Session) -> None:
        """Wait for the disk if this transaction, now over, went ahead of it. Raises Unavailable: it may be lost."""
        if session.info.pop(_AHEAD, False):
            time.sleep(CLAIM_FIRST)  # the disk serves one commit at a time: let the claim's be first
            with self._database.begin() as waiting:
                ask_alone(waiting)
                wait_for_the_disk(waiting)


def _can_wait(connection: Connection) -> bool | None:
    """None: the connection was lost, so nobody knows yet."""
    try:
        with connection.begin():
            wait_for_the_disk(connection)
    except DBAPIError as error:
        return None if error.connection_invalidated else False
    return True
