"""Commits that go ahead of the disk, and commits that wait for what did.

A code is claimed while Postgres still writes to disk that it was handed over: its bell is rung once others can see it.
Nothing is lost by that. What a claim has committed is on disk, and so is all that was written before it; only then does
the code go out. Whoever hands it over waits for the disk as well, before telling that it is stored. So a crash in
between loses a code that nobody has been told of, and that nobody has sent.

Who tells others of what is seen, and writes nothing, has to wait for it too: of a repeat, that it is stored already; of
a place in the log, which is kept where we can't take it back, while after a crash the numbers of the transactions that
were lost are given to others.
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
CLAIM_FIRST = 0.004  # seconds, in which most codes are claimed

NOT_WAITING = "set_config('synchronous_commit', 'off', true)"
# A commit that wrote anything waits until all that was written before it is on disk, and at synchronous standbys.
_WRITE = text("SELECT CASE WHEN NOT pg_is_in_recovery() THEN pg_logical_emit_message(true, 'esms-worker', '') END")


def goes_ahead(session: Session) -> None:
    """This transaction asks NOT_WAITING: whoever began it is to `catch_up` before telling anybody that it is stored."""
    session.info[_AHEAD] = True


def wait_for_the_disk(reader: Reader) -> None:
    """Have this transaction's commit wait until all that was seen in it is on disk, though it wrote nothing."""
    reader.execute(_WRITE)


def wait_if_allowed(session: Session) -> None:
    """The same in a transaction of somebody else's; where Postgres refuses it, nobody goes ahead."""
    with suppress(DBAPIError), session.begin_nested():
        wait_for_the_disk(session)


class Ahead:
    """Of one database, for whoever hands over to it."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._can_wait: bool | None = None

    @property
    def is_allowed(self) -> bool:
        """May a commit go ahead: can we make another one wait for it? Not in a Postgres that refuses to write that.

        To be asked while no connection is held: the first time it takes one. Raises Unavailable.
        """
        if self._can_wait is None:
            with self._database.connect() as connection:
                self._can_wait = _can_wait(connection)
        return bool(self._can_wait)

    def wait(self, session: Session) -> None:
        """`wait_for_the_disk`, once it was asked whether that is allowed, and it is."""
        if self._can_wait:
            wait_for_the_disk(session)

    def catch_up(self, session: Session) -> None:
        """Wait for the disk, if this transaction, which is over, went ahead. Raises Unavailable: it may be lost."""
        if session.info.pop(_AHEAD, False):
            time.sleep(CLAIM_FIRST)  # the disk writes for one at a time: who claims it is not to wait for our turn
            with self._database.begin() as waiting:
                ask_alone(waiting)
                wait_for_the_disk(waiting)


def _can_wait(connection: Connection) -> bool | None:
    """None: that can't be told now."""
    try:
        with connection.begin():
            wait_for_the_disk(connection)
    except DBAPIError as error:
        return None if error.connection_invalidated else False
    return True
