"""What an operator asks of an installation: its schema, who is at work, what fails, and whose messages it holds."""

from __future__ import annotations

import time
from collections.abc import Mapping
from datetime import timedelta
from typing import Self

from worker import ledger, reporting
from worker.api.connected import Connected
from worker.database import Database
from worker.ledger import producers
from worker.ledger.acts import note_act
from worker.ledger.restores import Guarded, guarded, let_go_restored
from worker.ledger.retention import Backlog, backlog
from worker.migrating import PATIENCE, migrate, revisions
from worker.reporting import BrandnamesShown, PowerfulLogin, RefusedShown
from worker.reporting.limits import LimitShown, limits
from worker.roles import Role, logins
from worker.settings import Settings

SIMULATED = "simulator"  # a heartbeat in the ledger: its messages are trials


class Operation(Connected):
    """An installation's ledger, for whoever runs it. Every method may raise Unavailable."""

    def __init__(self, settings: Settings, *, database: Database | None = None) -> None:
        super().__init__(database or Database(settings.database_url, pool_size=1))

    @classmethod
    def from_env(cls, environ: Mapping[str, str] | None = None) -> Self:
        """With the settings of the environment. Raises SettingsError."""
        return cls(Settings.from_environ(environ))

    @property
    def place(self) -> str:
        """Host, port and database, without the password."""
        return self._database.place

    def version(self) -> str:
        """Postgres's."""
        with self._database.reading() as session:
            return ".".join(map(str, session.dialect.server_version_info or ()))

    def powerful_logins(self) -> list[PowerfulLogin]:
        """The logins by which our processes (this one included) are connected and that may do more than any needs."""
        with self._database.reading() as session:
            return reporting.powerful_logins(session)

    def brandnames(self) -> BrandnamesShown:
        """The list by which a name is judged at enqueue, and whether it is fresh enough for that."""
        with self._database.reading() as session:
            return reporting.brandnames(session)

    def durability(self) -> tuple[str, str]:
        """Postgres's synchronous_commit and synchronous_standby_names."""
        return self._database.durability()

    def is_written_to(self) -> bool:
        """Does Postgres take writes? A replica does not."""
        return self._database.is_written_to()

    def has_room(self) -> bool:
        """Is Postgres's disk not full?"""
        return self._database.has_room()

    def clock_ahead(self) -> float:
        """How many seconds this machine's clock is ahead of Postgres's; below 0: behind it."""
        with self._database.reading() as session:
            before = time.time()
            there = reporting.clock(session).timestamp()
        return (before + time.time()) / 2 - there

    def silent_calls(self) -> int:
        """How many calls eSMS took and for a day has answered all questions about with code 105; a thousand at most."""
        with self._database.reading() as session:
            return reporting.calls_nobody_knows(session)

    def revisions(self) -> tuple[str | None, str | None]:
        """The schema's revision, and the one that this version wants."""
        return revisions(self._database)

    def migrate(self, patience: float = PATIENCE) -> list[str]:
        """Bring the schema and the roles to this version, beside workers of the version before; many at once wait for
        each other. What could not be done for the roles comes back, a line each.

        patience: seconds for which transactions of others may be in its way.
        """
        before, wanted = self.revisions()
        undone = migrate(self._database, patience=patience)
        if before != wanted:
            with self._database.begin() as session:
                note_act(session, "schema.migrate", since=before, until=wanted)
        return undone

    def let_in(self, passwords: Mapping[str, str], *, administrator: str | None = None) -> None:
        """Let roles log in by these passwords from now on; and by that one an administrator who is no superuser.

        For who may make roles. Raises Invalid for a role that is none of ours.
        """
        with self._database.begin() as session:
            logins.set_passwords(session.connection(), {Role(role): given for role, given in passwords.items()})
            if passwords:
                ledger.note_act(session, "login.let-in", logins=sorted(passwords))
            if administrator is not None:
                logins.make_administrator(session.connection(), administrator)

    def seconds_since_beat(self) -> float | None:
        """How long ago beat last ticked and a worker heard it; None: never."""
        with self._database.reading() as session:
            return reporting.seconds_since_beat(session)

    def note_start(self) -> None:
        """All parts are being started together, now."""
        with self._database.begin() as session:
            ledger.beat(session, reporting.STARTED)

    def seconds_since_start(self) -> float | None:
        """How long ago `up` last began to start all parts; None: it never did."""
        with self._database.reading() as session:
            return reporting.seconds_since(session, reporting.STARTED)

    def troubles(self) -> list[str]:
        """The steps of the upkeep that fail at each tick, with their errors."""
        with self._database.reading() as session:
            return reporting.troubles(session)

    def kept_too_long(self, patience: timedelta) -> list[Backlog]:
        """What is removed after its time has had more to remove than it came to, for so long without a pause."""
        with self._database.reading() as session:
            return backlog(session, patience=patience)

    def restored(self) -> Guarded | None:
        """Where this database has woken up from a backup, and nothing is sent."""
        with self._database.reading() as session:
            found = guarded(session)
        return found if found is not None and found.restored_at is not None else None

    def go_on_after_restore(self, *, by: str) -> bool:
        """Let it send again what is queued here; for who administers Postgres. False: it was not held."""
        with self._database.begin() as session:
            if held := let_go_restored(session, by):
                note_act(session, "restore.let_go")
            return held

    def note_listener(self, queue: str, *, every: timedelta) -> None:
        """Somebody listens to this queue; noted no more often than that."""
        with self._database.begin() as session:
            ledger.take_turn(session, reporting.LISTENER + queue, every=every / 2)

    def listeners(self) -> dict[str, float]:
        """How many seconds ago somebody was last heard to listen, by queue."""
        with self._database.reading() as session:
            return reporting.listeners(session)

    def applications(self) -> tuple[str, ...]:
        """The sources of which one has a login of Postgres, and with it a queue of its own."""
        with self._database.reading() as session:
            return producers.sources(session)

    def count_refused(self, *, queue: str, reason: str, size: int, task_id: str | None) -> tuple[int, bool]:
        """Something in this queue was no task: how often that has come, and is it news after a minute without?"""
        with self._database.begin() as session:
            return ledger.count_refused(session, queue=queue, reason=reason, size=size, task_id=task_id)

    def refused(self) -> list[RefusedShown]:
        """What came by the queues and was no task, by queue and reason, the last first."""
        with self._database.reading() as session:
            return reporting.refused(session)

    def forget_refused(self) -> int:
        """Begin to count anew; how many kinds were forgotten."""
        with self._database.begin() as session:
            forgotten = ledger.forget_refused(session)
            ledger.note_act(session, "refused.forget", forgotten)
        return forgotten

    def limits(self) -> list[LimitShown]:
        """What sources may hand to eSMS at most, and what of it they have used today."""
        with self._database.reading() as session:
            return limits(session)

    def is_simulated(self) -> bool | None:
        """Were the messages here made for a simulator? None: there are none yet, and it was never marked."""
        with self._database.reading() as session:
            if reporting.was_seen(session, SIMULATED):
                return True
            return False if reporting.is_used(session) else None

    def mark_simulated(self) -> None:
        """Mark the messages here as trials, which must never be sent to people."""
        with self._database.begin() as session:
            ledger.beat(session, SIMULATED)
