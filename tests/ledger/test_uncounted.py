"""What is asked of a few looks at a few pages, also where Postgres has counted nothing, or something long over."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import text
from sqlalchemy.orm import Session

from tests.ledger.test_ledger_plans import (
    BELIEVED_EMPTY,
    FEW,
    PAGES,
    UNDER_WAY,
    ask_later,
    pages,
    put,
    undone,
)
from worker import ledger, reporting
from worker.database import Database
from worker.ledger import inbox, opt_out
from worker.ledger.held import WhichHeld, count_held
from worker.ledger.inbox import Answered
from worker.ledger.reconcile import known_to
from worker.lifecycle import InboxState, Status
from worker.reporting import lists
from worker.reporting.choice import Choice

# As a dump that was restored: how many there are is known, and nothing of what stands in them.
RESTORED = """
    DELETE FROM pg_statistic
    WHERE starelid IN (SELECT oid FROM pg_class WHERE relnamespace = CAST('public' AS regnamespace))
"""
ZONE = ZoneInfo("Asia/Ho_Chi_Minh")
ALL_HELD: WhichHeld = {"campaign": None, "code": None, "older_than": None}
LATE_HELD: WhichHeld = {"campaign": "late", "code": None, "older_than": None}
CONTACTS = """
    INSERT INTO contact (id, source, key, phones)
    SELECT gen_random_uuid(), '', n, ARRAY['+849' || lpad(CAST(n AS text), 8, '0')] FROM generate_series(1, 20000) AS n
"""
TIDIED = "SELECT gin_clean_pending_list('contact_phones_idx')"  # as a vacuum does
NUMBERS = "UPDATE message SET phone = '+849' || lpad(right(CAST(id AS text), 8), 8, '0')"
REQUESTS = """
    INSERT INTO request (message_id, function, at, seconds, outcome) SELECT id, 'x', now(), 0, 'accepted' FROM message
"""

Step = Callable[[Session, Sequence[UUID]], object]


def numbers(ids: Sequence[UUID]) -> list[str]:
    return [f"+849{str(id_)[-8:]}" for id_ in ids]


def page_of(session: Session, name: str, *, failed: bool) -> int:
    which = Choice.of({"campaign": name})
    found = (lists.failures if failed else lists.messages)(session, which, ZONE, after=None, most=FEW)
    return len(found.rows)


def campaign(session: Session, name: str, first: int) -> None:
    session.execute(text(f"UPDATE notification SET campaign = '{name}' WHERE id >= '{UUID(int=first)}'"))


WITHOUT_COUNTS: dict[str, Step] = {
    "which of ours went to a number": lambda session, ids: known_to(
        session, numbers(ids), datetime.now(UTC) - timedelta(days=1)
    ),
    "groups are asked about later": lambda session, ids: ask_later(session, ids, alone=False),
    "an opt-out": lambda session, ids: opt_out.opt_out(session, numbers(ids), "Lan"),
    "an opt-in": lambda session, ids: opt_out.opt_in(session, numbers(ids)),
    "all that is known of one": lambda session, ids: reporting.whole(session, ids[0], zone="UTC"),
    "a sweep cancels": ledger.cancel_messages,
}


@pytest.mark.parametrize("state", ["ANALYZE", RESTORED], ids=["counted", "restored"])
def test_a_few_are_found_by_their_keys_where_nothing_is_known_of_what_stands_in_the_tables(
    database: Database, state: str
) -> None:
    ids = [UUID(int=1 + 7 * n) for n in range(FEW)]
    with undone(database) as session:
        put(session, 1, UNDER_WAY, Status.ACCEPTED)
        for filled in (NUMBERS, REQUESTS, CONTACTS, TIDIED, "ANALYZE message, notification, request, contact", state):
            session.execute(text(filled))
        looked_at = {name: pages(session, step, ids) for name, step in WITHOUT_COUNTS.items()}
    assert {name: count for name, count in looked_at.items() if count > PAGES} == {}


def test_a_page_of_a_campaigns_failures_is_found_though_nothing_had_failed_when_it_was_counted(
    database: Database,
) -> None:
    with undone(database) as session:
        put(session, 1, UNDER_WAY, Status.DELIVERED)
        session.execute(text("ANALYZE message, notification"))
        put(session, 2 * UNDER_WAY, 1000, Status.UNDELIVERED)
        campaign(session, "late", 2 * UNDER_WAY)
        looked_at = pages(session, lambda session, _: page_of(session, "late", failed=True), [])
        assert page_of(session, "late", failed=True) == FEW
    assert looked_at <= 2 * PAGES


@pytest.mark.parametrize("failed", [False, True], ids=["messages", "failures"])
def test_a_page_of_a_large_campaign_walks_over_nothing_that_came_before_it(database: Database, failed: bool) -> None:
    with undone(database) as session:
        put(session, 1, UNDER_WAY, Status.DELIVERED)
        put(session, 2 * UNDER_WAY, UNDER_WAY, Status.UNDELIVERED)
        campaign(session, "large", 2 * UNDER_WAY)
        session.execute(text("ANALYZE message, notification"))
        looked_at = pages(session, lambda session, _: page_of(session, "large", failed=failed), [])
        assert page_of(session, "large", failed=failed) == FEW
    assert looked_at <= PAGES


def test_whether_there_is_a_campaign_is_told_by_its_index_however_many_others_there_are(database: Database) -> None:
    with undone(database) as session:
        put(session, 1, UNDER_WAY, Status.DELIVERED)
        put(session, 2 * UNDER_WAY, UNDER_WAY, Status.DELIVERED)
        campaign(session, "large", 2 * UNDER_WAY)
        session.execute(text("ANALYZE message, notification"))
        looked_at = pages(session, lambda session, _: reporting.refuse_unknown(session, campaign="large"), [])
    assert looked_at <= PAGES


HELD: dict[str, Step] = {
    "the list": lambda session, _: reporting.held(session, **ALL_HELD, most=FEW),
    "of a campaign": lambda session, _: reporting.held(session, **LATE_HELD, most=FEW),
    "how many": lambda session, _: count_held(session, ALL_HELD),
    "calls in doubt": lambda session, _: ledger.hold_calls(session),
    "leases that ran out": lambda session, _: ledger.rescue(
        session, ask_again_after=timedelta(minutes=1), deaths_most=3
    ),
    "grown too old": lambda session, _: ledger.give_up(session, poll_until=timedelta(0)),
}


def test_what_waits_for_a_person_and_a_ticks_upkeep_walk_over_nothing_where_postgres_believes_that_there_is_none(
    database: Database,
) -> None:
    with undone(database) as session:
        session.execute(text(BELIEVED_EMPTY))
        put(session, 1, UNDER_WAY, Status.DELIVERED)
        for place, status in enumerate((Status.HELD, Status.UNCONFIRMED, Status.SENDING, Status.ACCEPTED), 2):
            put(session, place * UNDER_WAY, FEW, status)
        session.execute(text("UPDATE message SET lane = 'voice' WHERE status = 'unconfirmed'"))
        looked_at = {name: pages(session, step, []) for name, step in HELD.items()}
    assert {name: count for name, count in looked_at.items() if count > PAGES} == {}


HANDED_OVER = f"""
    INSERT INTO inbox (id, kind, source, fields, bound)
    SELECT lpad(to_hex(n), 32, '0')::uuid, 'contact', '', '{{}}', false FROM generate_series(1, {UNDER_WAY}) AS n
"""


def answer(session: Session, ids: Sequence[UUID]) -> None:
    inbox.taken_in(session, ids[:1], [Answered(id_, InboxState.STORED) for id_ in ids[1:]])


def test_what_is_taken_out_of_the_inbox_is_found_by_its_key_though_it_was_empty_when_it_was_counted(
    database: Database,
) -> None:
    with undone(database) as session:
        session.execute(text(HANDED_OVER))
        session.execute(text(BELIEVED_EMPTY))
        ids = [UUID(int=1 + 7 * n) for n in range(FEW)]
        assert pages(session, answer, ids) <= PAGES
        answer(session, ids)
        stands = session.execute(text("SELECT state, count(*) FROM inbox GROUP BY 1 ORDER BY 1")).all()
    assert [tuple(row) for row in stands] == [("received", UNDER_WAY - FEW), ("stored", FEW - 1)]
