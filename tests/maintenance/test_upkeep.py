"""A tick's steps do not know each other: what goes wrong in one stops no other, and a person is told."""

from __future__ import annotations

import pytest
from sqlalchemy import text

from tests.support import Bench, otp
from worker import reporting
from worker.maintenance import steps


@pytest.fixture
def broken(bench: Bench) -> None:
    """Rescue fails, as at a time-out; the dead worker's lease is over."""
    lost = bench.put(otp("0901000100"))
    bench.claim(lease=-1)
    assert bench.status(lost) == "sending"
    with bench.database.begin() as session:
        session.execute(text("ALTER TABLE message ADD CONSTRAINT broken CHECK (rescues = 0) NOT VALID"))


@pytest.mark.usefixtures("broken")
def test_a_step_that_fails_stops_none_behind_it_and_is_told_until_it_works_again(bench: Bench) -> None:
    try:
        late = bench.put(otp("0901000101"))
        bench.set(late, expires_at="now() - interval '1 second'")
        bench.look_after_ledger()
        assert bench.status(late) == "expired"
        with bench.database.begin() as session:
            [told] = reporting.troubles(session)
        assert told.startswith("rescue (since ")
        assert "23514" in told
    finally:
        with bench.database.begin() as session:
            session.execute(text("ALTER TABLE message DROP CONSTRAINT broken"))
    bench.look_after_ledger()
    with bench.database.begin() as session:
        assert reporting.troubles(session) == []


def test_a_bug_in_a_step_is_told_by_its_place_and_not_by_its_words(bench: Bench) -> None:
    def buggy() -> None:
        raise ValueError("0901000100")

    steps.take(bench.database, {"bug": buggy})
    with bench.database.begin() as session:
        [told] = reporting.troubles(session)
    assert "ValueError at maintenance/test_upkeep.py:" in told
    assert "0901000100" not in told
