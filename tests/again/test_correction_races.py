"""A correction at the same moment as another one, a call-off or a cancel: one of them comes about, as a whole."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.orm import Session

from tests.again.promises import correct, follow, last, outcomes, put, turn
from tests.again.test_follow_races import MANY, at_once
from tests.again.test_follow_ups import CALL, FAILED, calls, pass_time
from tests.support import Bench, eventually, otp, somebody_waits
from worker import Corrected, Failed, Ticket, ledger
from worker.again.steps import step
from worker.ledger.follow_ups import follow_none_of

CALLED_OFF = "the event was cancelled"
UNDELIVERED = "status = 'undelivered', settled_at = now(), accepted_at = now()"


@contextmanager
def meanwhile(bench: Bench, ask: Callable[[], Any]) -> Iterator[tuple[Session, Future[Any]]]:
    """A transaction that is committed once somebody else, who asks for this by another one, waits for it."""
    with ThreadPoolExecutor(1) as hands, bench.database.begin() as session:
        answer: Future[Any] = Future()
        yield session, answer
        asked = hands.submit(ask)
        eventually(lambda: somebody_waits(bench) or asked.done())
        assert not asked.done(), "it waited for nobody"
        session.commit()
        answer.set_result(asked.result())


def correcting(bench: Bench, session: Session, ticket: Ticket) -> None:
    """In this transaction."""
    chosen = ledger.Chosen(messages=[last(bench, ticket).id], generations=5)
    assert step(session, chosen, Corrected(content="Ma: one"), bench.settings, by="lan", most=10).moved == 1


def corrects(bench: Bench, which: object) -> Callable[[], int]:
    """How many messages that moved."""
    return lambda: correct(bench, which, content="Ma: other")


def calls_off(bench: Bench, ticket: Ticket) -> Callable[[], None]:
    def call_off() -> None:
        with bench.database.begin() as session:
            follow_none_of(session, [ticket.id], reason=CALLED_OFF)

    return call_off


def texts(bench: Bench) -> list[tuple[str, str]]:
    """What was asked for, and where it stands, in order."""
    with bench.database.begin() as session:
        rows = session.execute(
            text(
                "SELECT n.content, m.status FROM message AS m JOIN notification AS n ON n.id = m.notification_id "
                "ORDER BY m.generation"
            )
        )
        return [(row[0], row[1]) for row in rows]


def test_of_two_corrections_at_once_the_second_finds_the_first_in_its_place(bench: Bench) -> None:
    ticket = put(bench)
    with meanwhile(bench, corrects(bench, ticket.id)) as (session, moved):
        correcting(bench, session, ticket)
    assert moved.result() == 0
    assert texts(bench) == [("Ma: 1234", "undelivered"), ("Ma: one", "queued")]
    assert outcomes(bench) == [("taken over", False), (None, True)]


@pytest.mark.parametrize("before", [0, 1])
def test_who_calls_off_while_it_is_corrected_calls_off_the_correction_and_its_promise(
    bench: Bench, before: int
) -> None:
    """before: so often it was corrected already."""
    ticket = put(bench)
    for _ in range(before):
        assert correct(bench, last(bench, ticket).id) == 1
        turn(bench, last(bench, ticket).id, UNDELIVERED)
    with meanwhile(bench, calls_off(bench, ticket)) as (session, _):
        correcting(bench, session, ticket)
    assert texts(bench)[-1] == ("Ma: one", "cancelled")
    assert outcomes(bench)[-1] == ("nothing", False)
    assert not any(open_ for _, open_ in outcomes(bench))


def test_what_is_corrected_while_it_is_called_off_goes_out_and_is_promised_nothing(bench: Bench) -> None:
    ticket = put(bench)
    with meanwhile(bench, corrects(bench, ticket.id)) as (session, moved):
        follow_none_of(session, [ticket.id], reason=CALLED_OFF)
    assert moved.result() == 1
    assert texts(bench) == [("Ma: 1234", "undelivered"), ("Ma: other", "queued")]
    turn(bench, last(bench, ticket).id, UNDELIVERED)
    pass_time(bench)
    follow(bench)
    assert (calls(bench), outcomes(bench)) == (0, [("nothing", False)])


def test_a_second_correction_comes_too_late_whatever_becomes_of_the_first(bench: Bench) -> None:
    ticket = put(bench)
    assert correct(bench, ticket.id) == 1
    first = last(bench, ticket)
    moved: list[int] = []
    at_once(
        lambda: moved.append(correct(bench, ticket.id, content="Ma: other")),
        lambda: moved.append(10 * bench.notifier.cancel(first.notification_id).moved),
    )
    assert sum(moved) == 10
    assert texts(bench) == [("Ma: 1234", "undelivered"), ("Ma: 2", "cancelled")]
    follow(bench)
    pass_time(bench)
    follow(bench)
    assert (calls(bench), outcomes(bench)) == (0, [("taken over", False), ("nothing", False)])


def test_corrections_a_retry_a_cancel_and_a_call_off_at_once_leave_one_outcome_of_each(bench: Bench) -> None:
    tickets = [
        bench.put(otp(f"09010000{n:02}"), fallback=CALL, fallback_after="10m", campaign="tet") for n in range(MANY)
    ]
    for ticket in tickets:
        bench.set(ticket, **FAILED)
    moved: list[int] = []

    def each(ask: Callable[[Ticket], Any]) -> Callable[[], None]:
        def ask_of_all() -> None:
            moved.extend(ask(ticket) or 0 for ticket in tickets)

        return ask_of_all

    def cancel(ticket: Ticket) -> None:
        bench.notifier.cancel(last(bench, ticket).notification_id)

    at_once(
        each(lambda ticket: correct(bench, ticket.id, content="Ma: 2")),
        each(lambda ticket: correct(bench, ticket.id, content="Ma: 3")),
        each(lambda ticket: bench.notifier.again.retry(Failed(ids=[ticket.id]), by="lan").moved),
        each(cancel),
        each(lambda ticket: calls_off(bench, ticket)()),
    )
    assert sum(moved) == MANY  # each was sent again once, in one of the three ways
    follow(bench)
    with bench.database.begin() as session:
        rows = session.execute(
            text("""
                SELECT count(*) FILTER (WHERE replaced_by IS NULL) AS ends,
                    count(*) FILTER (WHERE generation = 1) AS again,
                    count(*) FILTER (WHERE replaced_by IS NOT NULL AND status <> 'undelivered') AS both
                FROM message GROUP BY phone
            """)
        ).all()
        assert {(row.ends, row.again, row.both) for row in rows} == {(1, 1, 0)}
        open_of_these = text("""
            SELECT count(*) FROM follow_up AS f JOIN message AS m ON m.id = f.message_id
            WHERE f.due_at IS NOT NULL AND (m.status = 'cancelled' OR m.replaced_by IS NOT NULL)
        """)
        assert session.scalar(open_of_these) == 0
