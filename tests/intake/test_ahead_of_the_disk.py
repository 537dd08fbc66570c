"""A code's bell rings while Postgres still writes to disk that it was handed over; a crash then loses nothing of it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from sqlalchemy import text

from tests import support
from tests.support import Bench, as_producer, empty, migrated, otp
from worker import Unavailable
from worker.api.events import Feed
from worker.api.intake import Intake
from worker.bell import Bell
from worker.database import Database
from worker.devkit.postgres import Postgres
from worker.devkit.simulator import Running
from worker.ledger import Gate
from worker.lifecycle import Lane
from worker.roles import Role

pytestmark = pytest.mark.long

# What is committed without waiting stays in memory for longer than a test takes.
SLOW_TO_WRITE = {"wal_writer_delay": "10s"}
Meanwhile = Callable[[], object]


class Interrupted(Bell):
    """While it is rung, something else happens."""

    def __init__(self, meanwhile: Meanwhile) -> None:
        super().__init__(None, None)
        self._meanwhile = meanwhile

    def ring(self, _: set[Lane]) -> None:
        self._meanwhile()


@pytest.fixture(scope="module")
def postgres(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Postgres]:
    """A server of these tests' own, which loses in a crash what any would."""
    with Postgres(tmp_path_factory.mktemp("crashing"), settings=SLOW_TO_WRITE) as server, Database(server.url) as owner:
        migrated(owner, (Role.WORKER, Role.PRODUCER))
        yield server


@pytest.fixture
def bench(postgres: Postgres, simulator: Running) -> Iterator[Bench]:
    with Database(postgres.url) as database, Bench(database, postgres.url, simulator) as bench:
        empty(database)
        yield bench


@pytest.fixture
def crash(postgres: Postgres, bench: Bench) -> Callable[[], None]:
    """What was in memory is gone."""

    def crash() -> None:
        support.crash(postgres)
        bench.disconnect()

    return crash


@contextmanager
def interrupted(bench: Bench, postgres: Postgres, meanwhile: Meanwhile) -> Iterator[Intake]:
    with Database(as_producer(postgres.url)) as database:
        yield Intake(database, bench.settings, Interrupted(meanwhile), None)


def enqueue(intake: Intake, **besides: object) -> UUID:
    return intake.one(otp(), session=None, connection=None, **besides).id


def has_waited_before(bench: Bench) -> None:
    """To find out whether it may is to wait."""
    bench.put(otp("0901000009"))
    with bench.database.begin() as session:
        session.execute(text("DELETE FROM message"))


def stored(bench: Bench) -> list[tuple[UUID, str]]:
    with bench.database.begin() as session:
        rows = session.execute(text("SELECT notification_id, status FROM message ORDER BY id"))
        return [(row[0], row[1]) for row in rows]


def send(bench: Bench) -> None:
    """As a process does that is rung for, and has sent something of late."""
    gate = Gate()
    with bench.workers.begin() as session:
        gate.look(session)
    bench.deliver([Lane.URGENT], rung=True, gate=gate)


def test_once_it_is_told_it_is_on_disk(bench: Bench, postgres: Postgres, crash: Meanwhile) -> None:
    with interrupted(bench, postgres, lambda: None) as intake:
        code = enqueue(intake)
    crash()
    assert stored(bench) == [(code, "queued")]


def test_a_crash_before_loses_one_that_nobody_was_told_of(bench: Bench, postgres: Postgres, crash: Meanwhile) -> None:
    with interrupted(bench, postgres, crash) as intake, pytest.raises(Unavailable):
        enqueue(intake)
    assert stored(bench) == []


def test_one_that_was_claimed_before_is_on_disk_with_its_claim(
    bench: Bench, postgres: Postgres, crash: Meanwhile
) -> None:
    """Whoever had it enqueued does not know; what it got it gets once."""

    def claimed_and_crashed() -> None:
        claims = bench.claim(Lane.URGENT)
        assert len(claims) == 1
        crash()

    with interrupted(bench, postgres, claimed_and_crashed) as intake, pytest.raises(Unavailable):
        enqueue(intake)
    assert [status for _, status in stored(bench)] == ["sending"]


def test_it_goes_out_while_who_hands_it_over_still_waits(bench: Bench, postgres: Postgres) -> None:
    sent: list[int] = []

    def send_it() -> None:
        send(bench)
        sent.append(len(bench.simulator.ledger().sms))

    with interrupted(bench, postgres, send_it) as intake:
        code = enqueue(intake)
    assert (sent, stored(bench)) == ([1], [(code, "accepted")])


def test_of_a_repeat_it_is_told_only_what_is_on_disk(bench: Bench, postgres: Postgres, crash: Meanwhile) -> None:
    told: list[UUID] = []
    has_waited_before(bench)

    def repeat() -> None:
        ticket = bench.notifier.enqueue(otp(), reference="login:1")
        assert ticket.repeated
        told.append(ticket.id)
        crash()

    with interrupted(bench, postgres, repeat) as intake, pytest.raises(Unavailable):
        enqueue(intake, reference="login:1")
    assert [id_ for id_, _ in stored(bench)] == told


def test_so_it_is_in_a_transaction_of_an_applications_own(bench: Bench, postgres: Postgres, crash: Meanwhile) -> None:
    told: list[UUID] = []
    has_waited_before(bench)

    def repeat() -> None:
        with bench.database.begin() as session:
            told.append(bench.notifier.enqueue(otp(), reference="login:1", session=session).id)
        crash()

    with interrupted(bench, postgres, repeat) as intake, pytest.raises(Unavailable):
        enqueue(intake, reference="login:1")
    assert [id_ for id_, _ in stored(bench)] == told


def test_a_reader_of_events_passes_over_nothing_that_came_after(
    bench: Bench, postgres: Postgres, crash: Meanwhile
) -> None:
    """The numbers of transactions that were lost are given to others."""
    cancelled = bench.put(otp("0901000002"), send_date=datetime.now(UTC) + timedelta(hours=1))
    feed, read_to = Feed(bench.workers), []
    feed.page(None)  # whether it may wait is known from here on

    def read() -> None:
        read_to.append(feed.page(None).next)
        crash()

    with interrupted(bench, postgres, read) as intake, pytest.raises(Unavailable):
        enqueue(intake)
    bench.notifier.cancel(cancelled.id)
    assert [event.data["id"] for event in feed.page(read_to[0]).events] == [str(cancelled.id)]


def test_where_nobody_may_wait_for_others_none_goes_ahead(bench: Bench, postgres: Postgres, crash: Meanwhile) -> None:
    """On a Postgres that refuses it, a code is on disk before it is rung for, as all else is."""
    with _waiting_refused(bench):
        with interrupted(bench, postgres, crash) as intake:
            code = enqueue(intake)
        assert stored(bench) == [(code, "queued")]
        assert Feed(bench.workers).page(None).next


@contextmanager
def _waiting_refused(bench: Bench) -> Iterator[None]:
    by_name = "SELECT CAST(oid AS regprocedure) FROM pg_proc WHERE proname = 'pg_logical_emit_message'"
    with bench.database.begin() as session:
        functions = ", ".join(session.scalars(text(by_name)).all())
        session.execute(text(f"REVOKE EXECUTE ON FUNCTION {functions} FROM public"))
    yield
    with bench.database.begin() as session:
        session.execute(text(f"GRANT EXECUTE ON FUNCTION {functions} TO public"))
