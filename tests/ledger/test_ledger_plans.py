"""A statement about a few messages looks at a few pages, also while Postgres believes that none stand where they do."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import date, timedelta
from typing import Any, TypeVar
from uuid import UUID, uuid4
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import event, text
from sqlalchemy.orm import Session

from benchmarks.stale_statistics import claimed
from tests.plans import pages_of
from tests.support import HTTP_CALL, Bench, empty, otp
from worker import ledger
from worker.database import Database
from worker.evidence import Evidence
from worker.intake.storing import AT_ONCE
from worker.ledger import NOWHERE, Chosen, Fence, Gate, Outcome, Poll, Settlement, Stored, Terms
from worker.lifecycle import Kind, Lane, Purpose, Status
from worker.settings import Settings

Came = TypeVar("Came")

UNDER_WAY = 20_000  # messages, that nobody has counted
FEW = 5  # that a statement is about
PAGES = 60 * FEW  # of 8 kB; to walk along an index of those under way takes more

# As ANALYZE leaves tables that have pages and no row: what was in them was undone, or is gone. Whatever comes in after
# that, Postgres expects one row of each, and that to walk over a whole index is a page.
BELIEVED_EMPTY = """
    UPDATE pg_class SET relpages = 1, reltuples = 0
    WHERE relkind IN ('r', 'i') AND relnamespace = CAST('public' AS regnamespace)
"""

TERMS = Terms(
    kind=Kind.SMS,
    purpose=Purpose.SERVICE,
    lane=Lane.NORMAL,
    grouped=False,
    source="",
    campaign=None,
    options={"sms_type": 4},
    send_date=None,
    hand_over=False,
    expires_at=None,
    horizon=timedelta(days=1),
)

MESSAGES = """
    WITH put AS (
        INSERT INTO notification (id, kind, source, content, options, hand_over, fingerprint)
        SELECT lpad(to_hex(n), 32, '0')::uuid, 'sms', '', 'x', '{{}}', false, ''
        FROM generate_series({first}, {last}) AS n
        RETURNING id
    )
    INSERT INTO message (id, notification_id, phone, lane, status, grouped, due_at, attempts, sms_id, accepted_at,
        poll_at, lease_until)
    SELECT id, id, '+8490', 'normal', '{status}', false, now(), 1, CASE WHEN '{status}' = 'accepted' THEN id::text END,
        now(), CASE WHEN '{status}' = 'accepted' THEN now() END, CASE WHEN '{status}' = 'sending' THEN now() END
    FROM put
"""


def put(session: Session, first: int, count: int, status: Status) -> None:
    session.execute(text(MESSAGES.format(first=first, last=first + count - 1, status=status)))


def settle(session: Session, ids: Sequence[UUID], *, alone: bool = True) -> None:
    polls = [Poll(id_, str(id_), 0, alone, HTTP_CALL.at) for id_ in ids]
    ledger.settle(
        session,
        [Settlement(poll=poll, phone=None, evidence=Evidence.ARRIVED, http_call=HTTP_CALL) for poll in polls],
    )


def ask_later(session: Session, ids: Sequence[UUID], *, alone: bool = True) -> None:
    polls = [Poll(id_, str(id_), 0, alone, HTTP_CALL.at) for id_ in ids]
    ledger.ask_later(session, [(poll, poll.due_at - poll.due_at) for poll in polls])


def record(session: Session, ids: Sequence[UUID]) -> None:
    ledger.record(session, [Outcome(claim=claimed(id_), status=Status.ACCEPTED, http_call=HTTP_CALL) for id_ in ids])


CASES: dict[str, tuple[Status, Callable[[Session, Sequence[UUID]], object]]] = {
    "settle": (Status.ACCEPTED, settle),
    "settle groups": (Status.ACCEPTED, lambda session, ids: settle(session, ids, alone=False)),
    "ask later": (Status.ACCEPTED, ask_later),
    "ask groups later": (Status.ACCEPTED, lambda session, ids: ask_later(session, ids, alone=False)),
    "record": (Status.SENDING, record),
    "hand back": (Status.SENDING, lambda session, ids: ledger.hand_back(session, [claimed(id_) for id_ in ids])),
    "intend": (Status.SENDING, lambda session, ids: ledger.intend(session, [Fence(id_, 1) for id_ in ids])),
    "cancel": (Status.QUEUED, ledger.cancel),
    "what is due": (Status.QUEUED, lambda session, _: ledger.due(session, list(Lane))),
}


def looked_at(database: Database, counted: str) -> tuple[dict[str, int], int]:
    """Pages by each step, and those of all messages."""
    firsts = {Status.ACCEPTED: UNDER_WAY, Status.SENDING: 2 * UNDER_WAY, Status.QUEUED: 3 * UNDER_WAY}
    with undone(database) as session:
        put(session, 1, UNDER_WAY - 1, Status.DELIVERED)
        session.execute(text(counted))
        for status, first in firsts.items():
            put(session, first, UNDER_WAY, status)
        by_step = {
            name: pages(session, step, [UUID(int=firsts[status] + 7 * n) for n in range(FEW)])
            for name, (status, step) in CASES.items()
        }
        return by_step, int(session.scalar(text("SELECT pg_total_relation_size('message') / 8192")) or 0)


def test_a_few_are_found_by_their_ids_on_stale_statistics_too(database: Database) -> None:
    by_step, _ = looked_at(database, "ANALYZE message, notification")
    assert {name: count for name, count in by_step.items() if count > PAGES} == {}


def test_while_postgres_believes_that_there_are_none_all_are_not_walked_over_for_each_message(
    database: Database,
) -> None:
    """What it takes for one row it looks up by no key, whatever it is asked; until it is counted anew (see
    test_miscounted).
    """
    by_step, all_pages = looked_at(database, BELIEVED_EMPTY)
    assert {name: count for name, count in by_step.items() if count > 2 * all_pages} == {}


HORIZONS = Settings.from_environ({"DATABASE_URL": "postgresql+psycopg://nobody"}).horizons
LATE = Chosen(campaign="late", generations=3)
FIRST_STEPS: dict[str, Callable[[Session, Sequence[UUID]], object]] = {
    "as they are": lambda session, _: ledger.resend(session, LATE, HORIZONS, by="Lan", after=NOWHERE, most=FEW),
    "corrected": lambda session, _: ledger.choose(session, LATE, most=FEW),
    "what remains": lambda session, _: ledger.remaining(session, LATE),
    "others": lambda session, _: ledger.others(session, LATE, []),
}


def test_a_campaigns_first_step_of_sending_again_walks_over_nothing_that_failed_before_it(database: Database) -> None:
    with undone(database) as session:
        put(session, 1, UNDER_WAY, Status.UNDELIVERED)
        session.execute(text("ANALYZE message, notification"))
        put(session, 2 * UNDER_WAY, FEW, Status.UNDELIVERED)
        session.execute(text(f"UPDATE notification SET campaign = 'late' WHERE id >= '{UUID(int=2 * UNDER_WAY)}'"))
        looked_at = {name: pages(session, step, []) for name, step in FIRST_STEPS.items()}
    assert {name: count for name, count in looked_at.items() if count > PAGES} == {}


DAY = date(2026, 11, 29)
FORESEEN: dict[str, Callable[[Session, Chosen], object]] = {
    "what it would do": lambda session, which: ledger.outlook(session, which, day=DAY),
    "what it would do to a few": lambda session, which: ledger.outlook(session, which, 3, day=DAY),
    "which": lambda session, which: ledger.choose(session, which, most=FEW, besides=[]),
    "fewer than eSMS takes": lambda session, which: ledger.few_missed(session, which, 20),
}


def test_what_sending_a_few_again_would_do_is_told_by_their_keys_where_all_before_them_are_gone(
    database: Database,
) -> None:
    few = [UUID(int=1 + 7 * n) for n in range(FEW)]
    with undone(database) as session:
        session.execute(text(BELIEVED_EMPTY))
        put(session, 1, UNDER_WAY, Status.UNDELIVERED)
        looked_at = {
            (name, by): pages(session, lambda session, _: step(session, which), [])  # noqa: B023
            for name, step in FORESEEN.items()
            for by, which in {"requests": Chosen(notifications=few), "messages": Chosen(messages=few)}.items()
        }
    assert {name: count for name, count in looked_at.items() if count > 3 * PAGES} == {}


def claim(session: Session) -> int:
    gate = Gate(None, ZoneInfo("Asia/Ho_Chi_Minh"), timedelta(minutes=2), 20)
    gate.look(session)
    ledger.due(session, [Lane.NORMAL])
    return len(ledger.claim(session, [Lane.NORMAL], lease=timedelta(minutes=2), most=100, group_most=100, gate=gate))


def ask(session: Session) -> int:
    polls = ledger.claim_polls(session, most=100, lease=timedelta(minutes=2))
    settle(session, [poll.message_id for poll in polls])
    return len(polls)


WHO_STAYS: dict[str, tuple[Status, Callable[[Session], int]]] = {
    "who sends": (Status.QUEUED, claim),
    "who asks": (Status.ACCEPTED, ask),
}


@pytest.mark.parametrize("few", [0, 1, 100])
@pytest.mark.parametrize("who", WHO_STAYS)
def test_a_worker_that_stays_finds_as_well_what_came_after_its_plans_were_made(
    database: Database, who: str, few: int
) -> None:
    """Postgres has counted few rows, or none, and takes its plan for good after some executions."""
    status, work = WHO_STAYS[who]
    with database.begin() as session:
        put(session, 1, few, Status.DELIVERED)
    with database.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(text("VACUUM (ANALYZE)"))
    url = database.engine.url.render_as_string(hide_password=False)
    with Database(url) as worker:
        for _ in range(12):
            assert told(worker, work) == 0
        # By index, since its look at foreign keys is planned for no rows as well.
        with Database(url, limits={"enable_seqscan": "off"}) as producer:
            told(producer, lambda session: put(session, UNDER_WAY, UNDER_WAY, status))
        before = walked(database)
        assert told(worker, work) == 100
        assert walked(database) - before < 10 * UNDER_WAY  # a few times at most, and not for each of the hundred


@pytest.mark.parametrize("former", [0, AT_ONCE])
def test_a_producer_that_stays_looks_for_no_notification_among_all_it_puts_in(bench: Bench, former: int) -> None:
    """It came while there were none, and what a message refers to was looked for in one page; so it is again where all
    that it had put in before is gone.
    """
    bench.notifier.enqueue_many(otp(f"0903{place:06}") for place in range(former))
    empty(bench.database)
    with bench.database.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(text("VACUUM (ANALYZE) message, notification"))
    for _ in range(12):
        bench.put()
    before = walked(bench.database)
    many = 3 * AT_ONCE
    with bench.notifier._database.begin() as session:
        bench.notifier.enqueue_many((otp(f"0902{place:06}") for place in range(many)), session=session)
        session.execute(text("SELECT pg_stat_force_next_flush()"))
    assert walked(bench.database) - before < 10 * many


def told(database: Database, work: Callable[[Session], Came]) -> Came:
    """What this transaction has looked at is counted as soon as it commits, and not some time later."""
    with database.begin() as session:
        came = work(session)
        session.execute(text("SELECT pg_stat_force_next_flush()"))
        return came


def walked(database: Database) -> int:
    """Rows of messages and notifications that were looked at."""
    with database.begin() as session:
        seen = "SELECT sum(seq_tup_read + idx_tup_fetch) FROM pg_stat_user_tables WHERE relname = ANY(:tables)"
        return int(session.scalar(text(seen), {"tables": ["message", "notification"]}) or 0)


def in_place_of(old: UUID) -> Stored:
    return Stored(uuid4(), TERMS, [(uuid4().hex, "+8490")], (), None, "x", 1, None, None, "f", {"+8490": old})


def test_what_is_to_be_replaced_is_not_looked_for_among_all_that_ever_was(database: Database) -> None:
    few = [UUID(int=1 + 7 * n) for n in range(FEW)]
    with undone(database) as session:
        put(session, 1, UNDER_WAY, Status.UNDELIVERED)
        session.execute(text("ANALYZE message, notification"))
        put(session, 2 * UNDER_WAY, UNDER_WAY, Status.DELIVERED)
        session.execute(text("UPDATE message SET replaces = gen_random_uuid() WHERE status = 'delivered'"))
        step = lambda session, ids: ledger.put_in_place(session, [in_place_of(id_) for id_ in ids])  # noqa: E731
        assert pages(session, step, few) <= 2 * PAGES
        session.execute(text("DELETE FROM message WHERE status = 'queued'"))
        stored = [in_place_of(old) for old in few]
        ledger.put_in_place(session, stored)
        found = session.execute(text("SELECT id, replaced_by FROM message WHERE replaced_by IS NOT NULL")).all()
    assert dict(map(tuple, found)) == {old: UUID(row.messages[0][0]) for old, row in zip(few, stored, strict=True)}


@contextmanager
def undone(database: Database) -> Iterator[Session]:
    """A transaction that leaves nothing."""
    with database.engine.connect() as connection, Session(connection) as session:
        yield session
        session.rollback()


def pages(session: Session, step: Callable[[Session, Sequence[UUID]], object], ids: Sequence[UUID]) -> int:
    """How many pages Postgres looks at for the most costly statement of a step; twice done, the first time undone."""
    seen: list[tuple[str, Any]] = []
    note = lambda _, __, sql, values, ___, many: seen.extend((sql, each) for each in (values if many else [values]))  # noqa: E731 — an event's signature
    event.listen(session.connection(), "before_cursor_execute", note)
    with session.begin_nested() as once:
        step(session, ids)
        once.rollback()
    event.remove(session.connection(), "before_cursor_execute", note)
    kinds = {"WITH", "UPDATE", "SELECT", "INSERT", "DELETE"}
    return max(pages_of(session.connection(), sql, values) for sql, values in seen if sql.split()[0] in kinds)
