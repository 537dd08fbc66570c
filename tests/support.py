"""What many tests need: waiting for a condition, putting messages in the ledger, one worker's parts in this process."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable, Iterator, Sequence
from copy import copy
from datetime import UTC, datetime, timedelta
from types import TracebackType
from typing import Any, Self
from uuid import UUID

import pytest
from sqlalchemy import make_url, text
from sqlalchemy.orm import Session

from tests import canary
from worker import Notifier, Sms, SmsType, Ticket, again, delivery, ledger, maintenance
from worker.catalogue import is_known
from worker.database import Database
from worker.devkit.postgres import Postgres
from worker.devkit.simulator import Running
from worker.esms import Client, Credentials
from worker.evidence import TWICE, Evidence
from worker.intake import Request
from worker.ledger import Chosen, Claim, HttpCall, Look, Lost, Poll, Settlement
from worker.lifecycle import Lane, Status
from worker.limiter import Limiter
from worker.migrating import migrate
from worker.models import Base
from worker.polling import Poller, find_lost
from worker.roles import Role
from worker.roles.logins import set_passwords
from worker.settings import Pace, Rates, Settings

PATIENCE = 60.0  # seconds; what is waited for takes one or two, on a busy machine more

PASSWORD = "of-the-tests"  # the roles are the whole server's: they get one for the run
READ_TIMEOUT = 2.0  # seconds

EAGER = {
    "WORKER_POLL_FIRST_AFTER": "0.001",
    "WORKER_SENT_DATA_AFTER": "0.001",
    "WORKER_SENT_DATA_COMPLETE": "0.001",
    "WORKER_ASK_AGAIN_AFTER": "0.001",
    "WORKER_DENIED_AFTER": "0.001",
    "WORKER_DENIED_AFTER_BULK": "0.001",
}
BRISK = {"WORKER_POLL_RATE": "100000"}


HTTP_CALL = HttpCall(
    function="SendMultipleMessage_V4_get",
    at=datetime.now(UTC),
    seconds=0.05,
    http_status=200,
    code="100",
    reply="{}",
)


_TOLD = {Status.DELIVERED: Evidence.ARRIVED, Status.UNDELIVERED: Evidence.NOT_ARRIVED}
_SEEN = {
    Status.DELIVERED: Evidence.ROW_ARRIVED,
    Status.UNDELIVERED: Evidence.ROW_NOT_ARRIVED,
    Status.QUEUED: Evidence.ABSENT,
    Status.HELD: Evidence.SEVERAL,
}


def settle(session: Session, poll: Poll, status: Status) -> set[UUID]:
    """All that eSMS must say of the only recipient for it to end like this: a "no" twice. Who moved."""
    evidence = _TOLD[status]
    again_after = timedelta(0) if evidence in TWICE else None
    told = Settlement(poll=poll, phone=None, evidence=evidence, again_after=again_after, http_call=HTTP_CALL)
    return ledger.settle(session, [told]) | ledger.settle(session, [told])


def looked(session: Session, lost: Lost, status: Status, sms_id: str | None = None) -> dict[UUID, Status]:
    """All that the sent data must show for it to stand there: an absence twice. Who moved, or has its SMSID now."""
    evidence = _SEEN.get(status, Evidence.ROW_WITH_ID if sms_id else Evidence.ROW_TAKEN)
    again_after = timedelta(0) if evidence in TWICE else None
    look = Look(lost=lost, evidence=evidence, again_after=again_after, sms_id=sms_id, reason="test")
    return ledger.looked(session, [look]) | ledger.looked(session, [look])


def eventually(
    condition: Callable[[], object], *, within: float = PATIENCE, tell: Callable[[], object] = lambda: ""
) -> None:
    """Wait until the condition holds. tell: how things stand, for whom it fails."""
    deadline = time.monotonic() + within
    while not condition():
        assert time.monotonic() < deadline, f"it did not come true within {within} seconds {tell()}"
        time.sleep(0.02)


def let_pass(seconds: float) -> None:
    """Wait until so much time is over, for what is judged by a clock."""
    over = time.monotonic() + seconds
    eventually(lambda: time.monotonic() > over)


def reasons_in_english_alone(session: Session) -> list[str]:
    """What the worker wrote as the reason of a message and the catalogue does not know; `test` stands for any cause."""
    found = session.scalars(text("SELECT DISTINCT reason FROM message WHERE reason IS NOT NULL")).all()
    return [reason for reason in found if not is_known(reason.replace("test", "no answer came in time"))]


_FILLED = text(
    " UNION ALL ".join(
        f"SELECT '{table.name}' AS name, pg_relation_size('{table.name}') AS size "
        f"WHERE pg_relation_size('{table.name}') > 0"
        for table in Base.metadata.sorted_tables
    )
)
SMALL = 64 * 1024  # bytes; up to these, to delete is forty times cheaper than to truncate every table and its indexes


def _emptying(filled: Sequence[Any]) -> Iterator[str]:
    if large := [each.name for each in filled if each.size > SMALL]:
        yield f"TRUNCATE {', '.join(large)} CASCADE"
    yield from (f"DELETE FROM {each.name}" for each in filled if each.size <= SMALL)


# As in a new table: else a plan would hang on which tests came before, and on when autovacuum looked.
_UNCOUNTED = """
    DELETE FROM pg_statistic
    WHERE starelid IN (SELECT oid FROM pg_class WHERE relnamespace = CAST('public' AS regnamespace));
    UPDATE pg_class SET relpages = 0, reltuples = -1
    WHERE relnamespace = CAST('public' AS regnamespace) AND relkind = 'r' AND reltuples >= 0
"""


def empty(database: Database) -> None:
    """Take every row away, and what Postgres knows of them."""
    with database.begin() as session:
        session.execute(text("SET LOCAL session_replication_role = replica"))  # what was done stays, but for tests
        statements = "; ".join([*_emptying(session.execute(_FILLED).all()), _UNCOUNTED])
        session.connection().execution_options(no_parameters=True).exec_driver_sql(statements)  # on one errand


def quick_and_long(variable: str, quick: int, long: int) -> list[Any]:
    """How many examples `make test` and `make long` try; the first can be set in the environment."""
    many = [pytest.mark.long, pytest.mark.timeout(600)]
    return [pytest.param(int(os.environ.get(variable, quick)), id="quick"), pytest.param(long, marks=many, id="long")]


def otp(to: str | Sequence[str] = "0901000001", content: str = "Ma: 1234") -> Sms:
    """A one-time code."""
    return Sms(to=to, content=content, sms_type=SmsType.OTP)


def retry(session: Session, settings: Settings, ticket: Ticket, by: str = "a person") -> int:
    """Send again what failed of it, as a person's decision does, in this transaction; how many messages that were."""
    chosen = Chosen(notifications=[ticket.id], generations=9)
    return again.step(session, chosen, None, settings, by=by, most=1000).moved


def login(url: str, role: str) -> str:
    """The same database's address for a role of ours."""
    return make_url(url).set(username=role, password=PASSWORD).render_as_string(hide_password=False)


def as_producer(url: str) -> str:
    """The same database's address for applications."""
    return login(url, Role.PRODUCER)


def migrated(database: Database, roles: Sequence[Role]) -> None:
    """The schema, and logins for these; without sending rules, or what is sent would depend on the time of day."""
    migrate(database)
    with database.begin() as session:
        session.execute(text("DELETE FROM law_rule"))
        set_passwords(session.connection(), dict.fromkeys(roles, PASSWORD))


def crash(postgres: Postgres, *, away: float = 0.0) -> None:
    """Immediate mode: every session ends at once, and the next start, after so many seconds, recovers from the log."""
    os.kill(postgres.pid, signal.SIGQUIT)
    postgres.stop()
    time.sleep(away)  # seconds that it is away are the fault itself
    postgres.start()


def as_worker(url: str) -> str:
    """The same database's address for workers."""
    return login(url, Role.WORKER)


def client_of(simulator: Running, *, api_key: str = canary.API_KEY, **options: Any) -> Client:
    """A client of the simulated eSMS."""
    return Client(
        Credentials(api_key, canary.SECRET_KEY),
        rest_url=simulator.rest_url,
        voice_url=simulator.voice_url,
        **({"connect_timeout": 2.0, "read_timeout": READ_TIMEOUT, "total_timeout": 4.0} | options),
    )


class Kept:
    """What the benches of a run have in turns. With each new connection Postgres, and with each new engine SQLAlchemy,
    would learn every statement anew, and a client reads all certificates there are: more than most tests cost.
    """

    def __init__(self, database_url: str, simulator: Running) -> None:
        self.worker, self.producer = Database(as_worker(database_url)), Database(as_producer(database_url))
        self.client = client_of(simulator)

    def close(self) -> None:
        for each in (self.worker, self.producer, self.client):
            each.close()


def sharing(database: Database) -> Database:
    """On the same connections; what one test listens to on it, the next does not hear."""
    shared = copy(database)
    shared.__dict__.pop("_sessions", None)
    shared.engine = database.engine.execution_options()
    return shared


class Bench:
    """One worker process's parts, without Celery: the test rings itself.

    database: the test's own, which may do everything. What a worker does and what a producer does is done by the logins
    that they have.
    """

    def __init__(
        self, database: Database, database_url: str, simulator: Running, *, kept: Kept | None = None, **pace: str
    ) -> None:
        """kept: by the run; else it is the bench's own, and closed with it."""
        environ = {"DATABASE_URL": as_producer(database_url), "ESMS_BRANDNAME": "sangbrand"}
        self.database, self.simulator, self._own = database, simulator, kept is None
        kept = kept or Kept(database_url, simulator)
        self.workers = sharing(kept.worker)
        self.settings = Settings.from_environ(environ)
        self.pace = Pace.from_environ(EAGER | pace)
        self.limiter = Limiter(None, Rates.from_environ(BRISK | pace), account=canary.API_KEY)
        self.notifier = Notifier(self.settings, database=sharing(kept.producer))
        self.client = kept.client
        self.sending = self.client.open_exchange()
        self.asking = self.client.open_exchange()
        self.limiter = Limiter(None, Rates.from_environ({}), account="bench")

    def client_with(self, **options: Any) -> Client:
        """A client of the simulated eSMS."""
        return client_of(self.simulator, **options)

    # What a producer, beat and the worker do...

    def put(self, request: Request | None = None, **besides: Any) -> Ticket:
        """Enqueue one request, by default a code to somebody who gets it."""
        return self.notifier.enqueue(request or otp(), **besides)

    def deliver(
        self,
        lanes: Sequence[Lane] = tuple(Lane),
        *,
        stopping: Callable[[], bool] = lambda: False,
        rung: bool = False,
        **others: Any,
    ) -> bool:
        """Answer one doorbell. others: what else a Drain may be given, by its names."""
        parts = (self.workers, self.client, self.sending, self.limiter, self.settings, self.pace)
        others = {"windows": delivery.windows(self.pace, READ_TIMEOUT)} | others
        return delivery.Drain(*parts, call_timeout=4.0, **others).run(lanes, stopping, rung=rung)

    def ask(self, *, stopping: Callable[[], bool] = lambda: False) -> bool:
        """Ask what became of what has an SMSID."""
        return Poller(self.workers, self.client, self.asking, self.limiter, self.pace).run(stopping)

    def ask_until(self, ticket: Ticket, status: str) -> None:
        """Ask, all questions due at once, until its only message stands there."""

        def asked() -> bool:
            with self.database.begin() as session:
                session.execute(text("UPDATE message SET poll_at = now() WHERE poll_at IS NOT NULL"))
            self.poll()
            return self.status(ticket) == status

        eventually(asked)

    def poll(self) -> bool:
        """Ask what became of what was accepted."""
        more = self.ask()
        find_lost(self.workers, self.client, self.asking, self.pace)
        return more

    def look_after_ledger(self) -> None:
        """One tick's housekeeping."""
        maintenance.look_after_ledger(self.workers, self.pace)

    def roll_up(self) -> None:
        """A tick's adding up for the reports."""
        maintenance.roll_up(self.workers, "Asia/Ho_Chi_Minh")

    def claim(self, *lanes: Lane, most: int = 100, lease: float = 60) -> list[Claim]:
        """Claim by itself, without sending."""
        with self.workers.begin() as session:
            return ledger.claim(
                session,
                lanes or tuple(Lane),
                most=most,
                lease=timedelta(seconds=lease),
                group_most=1000,
            )

    # What a test asks and turns...

    def messages(self, ticket: Ticket) -> list[dict[str, Any]]:
        """The messages of a notification, as `show --json` tells them."""
        found: list[dict[str, Any]] = self.notifier.show(ticket.id).as_json()["messages"]
        return found

    def message(self, ticket: Ticket) -> dict[str, Any]:
        """The only message of a notification."""
        [message] = self.messages(ticket)
        return message

    def status(self, ticket: Ticket) -> str:
        """The status of its only message."""
        return str(self.message(ticket)["status"])

    def set(self, ticket: Ticket, **columns: str) -> None:
        """Turn the clock for a message: columns to SQL expressions."""
        assigned = ", ".join(f"{name} = {expression}" for name, expression in columns.items())
        with self.database.begin() as session:
            session.execute(text(f"UPDATE message SET {assigned} WHERE notification_id = :id"), {"id": ticket.id})
            ledger.find_missed_streams(session)  # as the upkeep would

    def standing(self, id_: UUID) -> dict[Status, int]:
        """How many messages are in which status."""
        return dict(self.notifier.status(id_).statuses)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.sending.close()
        self.asking.close()
        self.client.close()
        if self._own:
            self.notifier.close()
            self.workers.close()

    def disconnect(self) -> None:
        """Of Postgres: what is asked next is asked on new connections."""
        for connected in (self.database, self.workers, self.notifier):
            connected.close()


def somebody_waits(bench: Bench) -> bool:
    """For a lock of another transaction, says Postgres."""
    with bench.database.begin() as session:
        waits = "wait_event_type = 'Lock' AND datname = current_database()"
        return bool(session.scalar(text(f"SELECT count(*) FROM pg_stat_activity WHERE {waits}")))
