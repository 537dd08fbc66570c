"""Sources and campaigns take turns; whatever is queued is found at once, and what others took before costs nothing."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any

import pytest
from sqlalchemy import event, text
from sqlalchemy.orm import Session

from tests.plans import pages_of
from tests.support import Bench, eventually, otp
from worker import Sms, SmsType, Ticket, ledger
from worker.ledger import Claim, Floors
from worker.ledger.streams import stream_key
from worker.lifecycle import Lane

SOON = timedelta(hours=1)
LEASE = timedelta(minutes=1)


def put(bench: Bench, many: int, first: int = 0, **besides: Any) -> list[Ticket]:
    return bench.notifier.enqueue_many((otp(f"09{first + n:08}") for n in range(many)), **besides)


def claim(bench: Bench, floors: Floors, most: int = 1) -> list[Claim]:
    with bench.database.begin() as session:
        return ledger.claim(session, [Lane.URGENT], most=most, lease=LEASE, group_most=1000, floors=floors)


def phones(claims: Sequence[Claim]) -> list[str]:
    return [claim.phones[0] for claim in claims]


@pytest.fixture
def floors(bench: Bench) -> Floors:
    """Of a process whose claims have come as far as they can: nothing of it is swept within a test."""
    known, numbers = Floors(), count(90_000_000)

    def one_more() -> bool:
        put(bench, 1, first=next(numbers))
        assert len(claim(bench, known)) == 1
        return bool(known.of(Lane.URGENT))

    eventually(one_more)  # other databases of the server have transactions of their own
    return known


def test_a_code_does_not_wait_behind_another_sources_flood(bench: Bench) -> None:
    put(bench, 50, source="shop")
    put(bench, 1, first=500, source="clinic")
    assert "+84900000500" in phones(bench.claim(most=2))


def test_what_one_source_leaves_of_its_share_the_others_take(bench: Bench) -> None:
    put(bench, 50, source="shop")
    put(bench, 2, first=500, source="clinic")
    assert len(bench.claim(most=40)) == 40
    assert len(bench.claim(most=40)) == 12


def test_a_campaign_of_a_source_does_not_wait_behind_another_of_it(bench: Bench) -> None:
    put(bench, 200, source="shop", campaign="big")
    put(bench, 1, first=500, source="shop", campaign="small")
    claimed = [phone for _ in range(60) for phone in phones(bench.claim(most=1))]
    assert "+84900000500" in claimed  # all but surely: 1 in 2^60


def test_advertising_of_two_sources_takes_turns(bench: Bench) -> None:
    for source, first in (("shop", 0), ("shop", 100), ("shop", 200), ("clinic", 300)):
        everybody = [f"09010{first + n:05d}" for n in range(20)]
        bench.put(Sms(to=everybody, content="Giam gia", sms_type=SmsType.ADVERTISING), source=source)
    claims = [phones(bench.claim(Lane.BULK))[0] for _ in range(4)]
    assert len(set(claims)) == 4


def test_what_a_long_transaction_stores_is_claimed_as_soon_as_it_commits(bench: Bench, floors: Floors) -> None:
    with bench.database.begin() as session:
        bench.put(otp("0901000001"), session=session)
        put(bench, 5, first=100)
        assert len(claim(bench, floors, most=3)) == len(claim(bench, floors, most=2)) + 1
    assert phones(claim(bench, floors)) == ["+84901000001"]


def test_a_transaction_that_began_long_before_it_stores_anything_hides_nothing(bench: Bench, floors: Floors) -> None:
    with bench.database.begin() as session:
        session.execute(text("SELECT now()"))
        put(bench, 5, first=100)
        for _ in range(5):
            claim(bench, floors)
        bench.put(otp("0901000001"), session=session)
    assert phones(claim(bench, floors)) == ["+84901000001"]


def test_what_is_handed_back_is_claimed_at_once_and_before_what_came_later(bench: Bench, floors: Floors) -> None:
    put(bench, 8)
    first, *_ = claim(bench, floors)
    for _ in range(4):
        claim(bench, floors)
    with bench.database.begin() as session:
        ledger.hand_back(session, [first])
    assert phones(claim(bench, floors)) == list(first.phones)


def test_what_is_stored_while_its_stream_is_tidied_away_is_found(bench: Bench) -> None:
    put(bench, 1)
    bench.claim()
    with bench.database.begin() as session:
        bench.put(otp("0901000001"), session=session)
        bench.look_after_ledger()
    assert phones(bench.claim()) == ["+84901000001"]


def test_a_stream_that_was_tidied_away_comes_back_with_a_retry_or_a_move(bench: Bench) -> None:
    failed, moved = bench.put(), bench.put(otp("0901000002"), send_date=datetime.now(UTC) + SOON)
    bench.set(failed, status="'rejected'")
    bench.look_after_ledger()
    assert bench.claim() == []
    bench.notifier.retry(failed.id)
    bench.notifier.move(moved.id, datetime.now(UTC))
    assert len(bench.claim()) == 2


def test_streams_that_nothing_waits_in_are_forgotten_and_those_of_later_looked_at_later(bench: Bench) -> None:
    put(bench, 1, campaign="now")
    put(bench, 1, first=1, campaign="later", send_date=datetime.now(UTC) + SOON)
    bench.claim()
    bench.look_after_ledger()
    with bench.database.begin() as session:
        rows = session.execute(text("SELECT campaign, due_from > now() AS later FROM stream")).all()
    assert [tuple(row) for row in rows] == [("later", True)]


def test_what_a_former_version_puts_in_is_claimed_at_once_in_the_turn_of_its_source(
    bench: Bench, floors: Floors
) -> None:
    of_before = """
        WITH n AS (
            INSERT INTO notification (id, kind, source, content, options, hand_over, fingerprint)
            VALUES (gen_random_uuid(), 'sms', 'clinic', 'Ma: 1', '{"sms_type": 7}', false, '') RETURNING id
        )
        INSERT INTO message (id, notification_id, phone, lane, status, grouped, due_at)
        SELECT id, id, '+84901000001', 'urgent', 'queued', false, now() FROM n
    """
    with bench.database.begin() as session:
        session.execute(text("SELECT now()"))
        put(bench, 5, first=100)
        for _ in range(4):
            claim(bench, floors)
        session.execute(text(of_before))
    claimed = [phone for _ in range(2) for phone in phones(claim(bench, floors, most=2))]
    assert "+84901000001" in claimed
    with bench.database.begin() as session:
        keys = session.scalars(text("SELECT stream FROM message WHERE phone = '+84901000001'")).all()
    assert keys == [stream_key("clinic", None)]


def test_what_a_former_versions_worker_queued_again_is_found_by_the_upkeep(bench: Bench) -> None:
    ticket = bench.put()
    bench.claim()
    bench.look_after_ledger()
    back = "UPDATE message SET status = 'queued', lease_until = NULL WHERE notification_id = :id"
    with bench.database.begin() as session:
        session.execute(text(back), {"id": ticket.id})
        session.execute(text("DELETE FROM heartbeat"))
    assert bench.claim() == []
    bench.look_after_ledger()
    assert len(bench.claim()) == 1


def test_a_claim_does_not_walk_over_what_was_claimed_before_beside_a_held_snapshot(bench: Bench) -> None:
    put(bench, 3000)
    with bench.database.begin() as session:
        session.execute(text("ANALYZE message, stream"))  # else the table is read whole, now and then
    with held_snapshot(bench):
        floors = Floors()
        for _ in range(3):
            claim(bench, floors, most=10)
        before = pages(bench, floors)
        for _ in range(8):
            claim(bench, floors, most=250)

        def costs_the_same() -> bool:
            claim(bench, floors, most=1)  # a floor is one claim behind, and waits for others' transactions, of any test
            return pages(bench, floors) < before + 40

        eventually(costs_the_same)
        # What it would be without. Compared with a number: a claim after a second is a sweep, and goes without as well.
        assert pages(bench, Floors()) > before + 40


@contextmanager
def held_snapshot(bench: Bench) -> Iterator[None]:
    with bench.database.engine.connect() as connection:
        connection.execution_options(isolation_level="REPEATABLE READ").execute(text("SELECT FROM message LIMIT 1"))
        yield


def pages(bench: Bench, floors: Floors) -> int:
    """How many pages Postgres looks at for a claim of ten, which is undone."""
    seen: list[tuple[str, Any]] = []
    with bench.database.engine.connect() as connection, Session(connection) as session:
        event.listen(connection, "before_cursor_execute", lambda _, __, sql, values, *___: seen.append((sql, values)))
        ledger.claim(session, [Lane.URGENT], most=10, lease=LEASE, group_most=1000, floors=floors)
        session.rollback()
        sql, values = seen[0]
        looked_at = pages_of(connection, sql, values)
        session.rollback()
    return looked_at
