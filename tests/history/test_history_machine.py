"""The machine over the ledger's moves, with folds in between: the log is whole, and sums equal what the tables say."""

from __future__ import annotations

import os
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import invariant, precondition, rule, run_state_machine_as_test
from sqlalchemy import text
from sqlalchemy.orm import Session

from tests.history.sums import ZONE, Key, counted, daily, fold_all, latency, people, raw
from tests.ledger.test_ledger_machine import PICK, LedgerMachine, when
from tests.support import Bench, otp
from worker import ledger
from worker.lifecycle import FAILED
from worker.reporting import GroupBy

BY: tuple[GroupBy, ...] = (
    "day", "source", "campaign", "purpose", "lane", "sms_type", "network", "status", "code",
)  # fmt: skip
LATER = timedelta(days=40)
# Each row goes on from where the one before it ended, but where a generation begins; the last one is where it stands.
BROKEN = """
    SELECT message_id FROM (
        SELECT s.*, lag(status) OVER one AS before, lead(status) OVER one IS NULL AS last
        FROM settlement AS s WINDOW one AS (PARTITION BY message_id ORDER BY id)
    ) AS s JOIN message AS m ON m.id = s.message_id
    WHERE s.was <> s.before OR (s.was IS NULL) <> (s.before IS NULL OR s.status = 'queued' AND s.before IN (
        'rejected', 'undelivered', 'expired'
    )) OR s.last AND s.status <> m.status
    UNION SELECT id FROM message WHERE NOT EXISTS (SELECT FROM settlement WHERE message_id = message.id)
"""


class HistoryMachine(LedgerMachine):
    """The same, with what adds up beside it, dates that are moved, and an application that takes its time to commit."""

    def __init__(self, bench: Bench) -> None:
        self.slow: Session | None = None
        super().__init__(bench)
        self._run(
            "TRUNCATE settlement, attempt, report_daily, report_month, report_latency, report_latency_month,"
            " report_superseded, roll_up"
        )

    @rule(most=st.sampled_from([1, 2, 3, 7, 1000]), steps=st.integers(1, 3))
    def fold(self, most: int, steps: int) -> None:
        for _ in range(steps):
            self._do(lambda session: ledger.fold(session, ZONE, most=most))

    @when(lambda self: self.waiting())
    @rule(pick=PICK)
    def its_date_is_moved(self, pick: int) -> None:
        message = self._one(pick, self.waiting())
        moved = "UPDATE message SET wanted_at = wanted_at - interval '1 day' WHERE id = :id AND status = 'queued'"
        self._do(lambda session: session.execute(text(moved), {"id": message.id}))

    @precondition(lambda self: self.slow is None)
    @rule()
    def an_application_begins(self) -> None:
        self.slow = Session(self.bench.database.engine)
        self.bench.notifier.enqueue(otp(), source="slow", send_date=datetime.now(UTC) + LATER, session=self.slow)

    @precondition(lambda self: self.slow is not None)
    @rule(commits=st.booleans())
    def the_application_ends(self, commits: bool) -> None:
        slow, self.slow = self.slow, None
        assert slow is not None
        (slow.commit if commits else slow.rollback)()
        slow.close()

    @invariant()
    def the_log_tells_every_change(self) -> None:
        assert self._ask(lambda session: session.execute(text(BROKEN)).all()) == []

    def teardown(self) -> None:
        if self.slow is not None:
            self.the_application_ends(True)
        fold_all(self.bench.database, most=3)
        folded, latencies, sent = self._ask(lambda session: (daily(session), latency(session), raw(session)))
        assert folded == sent
        assert min(latencies.values(), default=1) > 0
        whom = self._ask(people)
        assert self._ask(counted) == whom
        self._reports_equal_the_tables(sent, whom)
        self._do(lambda session: ledger.begin_anew(session, ZONE))
        fold_all(self.bench.database)
        assert self._ask(lambda session: (daily(session), latency(session))) == (folded, latencies)
        assert self._ask(counted) == whom
        super().teardown()

    def _reports_equal_the_tables(self, sent: dict[Key, int], whom: dict[Key, int]) -> None:
        reports = self.bench.notifier.reports
        for each, expected in ((True, sent), (False, whom)):
            lines = reports.daily(BY, each=each)
            assert {tuple(line.key.values()): line.messages for line in lines if line.messages} == expected
        stand = dict(self._ask(lambda session: session.execute(text("SELECT id, status FROM message")).all()))
        assert sorted(row.id for row in reports.messages()) == sorted(stand)
        failed = sorted(id_ for id_, status in stand.items() if status in FAILED)
        assert sorted(row.id for row in reports.failures()) == failed

    @invariant()
    def the_ledger_stands_as_the_model(self) -> None:
        """But for what the slow application put in, which waits for its date."""
        standing = "SELECT id, status FROM message WHERE created_at + interval '20 days' > due_at"
        rows = dict(self._ask(lambda session: session.execute(text(standing)).all()))
        assert rows == {message.id: message.status for message in self.all.values()}

    def _ask(self, question: Callable[[Session], Any]) -> Any:
        with self.bench.database.begin() as session:
            return question(session)


@pytest.mark.long
@pytest.mark.timeout(600)
def test_sums_equal_the_tables_whatever_the_order_and_are_the_same_rebuilt_from_nothing(bench: Bench) -> None:
    many = settings(max_examples=int(os.environ.get("ESMS_MACHINE", "40")), stateful_step_count=40)
    run_state_machine_as_test(lambda: HistoryMachine(bench), settings=many)  # type: ignore[arg-type]  # a factory does
