"""Any number of processes add up at once: each settlement counts once, whoever added it, and anew it is the same."""

from __future__ import annotations

import random
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Event
from typing import Any

from sqlalchemy import text
from sqlalchemy.orm import Session

from tests.history.sums import ZONE, daily, fold_all, latency, raw
from tests.support import Bench, otp
from worker import Ticket, ledger
from worker.database import Database

ENDS = ["delivered", "undelivered", "held", "rejected"]


def test_two_folds_at_once_beside_the_work_count_everything_once_and_anew_the_same(
    bench: Bench, database_url: str
) -> None:
    tickets = [bench.put(otp(f"09010000{number:02}")) for number in range(12)]
    over = Event()

    def add_up(most: int) -> None:
        with Database(database_url) as own:
            while not over.is_set():
                with own.begin() as session:
                    ledger.fold(session, ZONE, most=most)

    with ThreadPoolExecutor(2) as both:
        folding = [both.submit(add_up, most) for most in (1, 3)]
        try:
            _work(bench, tickets)
        finally:
            over.set()
        for each in folding:
            each.result()
    fold_all(bench.database)
    folded, latencies, counted = _ask(bench, lambda session: (daily(session), latency(session), raw(session)))
    assert folded == counted
    with bench.database.begin() as session:
        ledger.begin_anew(session, ZONE)
    fold_all(bench.database, most=7)
    assert _ask(bench, lambda session: (daily(session), latency(session))) == (folded, latencies)


def _work(bench: Bench, tickets: list[Ticket]) -> None:
    """What comes to an end late, is sent again, also from held, and counts for another day."""
    dice = random.Random(5)
    for _ in range(40):
        ticket = dice.choice(tickets)
        days, end = dice.randrange(3), dice.choice(ENDS)
        wanted = f"now() - interval '{days} days'"
        bench.set(ticket, status=f"'{end}'", code="'100'", wanted_at=wanted, accepted_at="now()", settled_at="now()")
        bench.notifier.retry(ticket.id)
        if end == "held":
            again = "status = 'queued', renewals = renewals + 1, generation = generation + 1, wanted_at = now()"
            with bench.database.begin() as session:
                session.execute(text(f"UPDATE message SET {again} WHERE notification_id = :id"), {"id": ticket.id})


def _ask(bench: Bench, question: Callable[[Session], Any]) -> Any:
    with bench.database.begin() as session:
        return question(session)
