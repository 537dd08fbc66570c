"""What somebody cancels is not sent again by a rerun that was asked for before."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import text

from tests.again.failing import many, queued
from tests.again.test_retry_many import go_on, turn
from tests.support import Bench
from worker.again import Corrected, Failed

CANCELLED = "status = 'cancelled', settled_at = now()"
REFUSED = "status = 'rejected', code = '177', settled_at = now()"


def retried(bench: Bench, messages: int = 150, **how: Any) -> None:
    many(bench, messages)
    bench.notifier.again.retry(Failed(campaign="tet"), by="lan", **how)


@pytest.mark.parametrize("corrected", [None, Corrected(content="Ma: 9")], ids=["as it was", "corrected"])
@pytest.mark.parametrize("goes", [False, True], ids=["the first hundred", "the rest"])
def test_the_rest_stays_when_its_campaign_is_cancelled(bench: Bench, goes: bool, corrected: Corrected | None) -> None:
    retried(bench, 150, corrected=corrected)
    if goes:
        with bench.database.begin() as session:
            session.execute(text("UPDATE rerun SET state = 'going'"))
    assert bench.notifier.cancel_campaign("tet").moved == 100
    turn(bench, "due_at = due_at")
    go_on(bench)
    assert queued(bench) == 0
    assert bench.notifier.again.stopped() == []


def test_the_person_is_told_how_many_it_was_still_to_send_again(bench: Bench, cli: Any) -> None:
    retried(bench)
    code, said, _ = cli("cancel", "--campaign", "tet")
    assert code == 0
    assert "cancelled: 100 message(s)" in said
    assert "not sent again after all: 50 message(s)" in said
    assert bench.notifier.again.open("tet") == []


def test_nothing_waits_and_the_rest_is_called_off_all_the_same(bench: Bench, cli: Any) -> None:
    retried(bench)
    turn(bench, "status = 'delivered', accepted_at = now(), settled_at = now()")
    assert cli("cancel", "--campaign", "tet")[0] == 0
    go_on(bench)
    assert queued(bench) == 0


def test_another_campaigns_rerun_goes_on(bench: Bench) -> None:
    retried(bench)
    many(bench, 1, campaign="he", first=900)
    bench.notifier.cancel_campaign("he")
    turn(bench, "status = 'delivered', accepted_at = now(), settled_at = now()")
    go_on(bench)
    assert queued(bench) == 50


def test_another_source_calls_no_rerun_off_that_is_not_its_own(bench: Bench) -> None:
    many(bench, 150)
    bench.notifier.again.retry(Failed(campaign="tet"), by="lan")
    with pytest.raises(Exception, match="tet"):
        bench.notifier.of_source("other").cancel_campaign("tet")
    turn(bench, "status = 'delivered', accepted_at = now(), settled_at = now()")
    go_on(bench)
    assert queued(bench) == 50


# Where the first hundred are cancelled by another way...


def test_the_rest_waits_for_a_person_when_the_first_hundred_were_cancelled(bench: Bench, cli: Any) -> None:
    retried(bench)
    turn(bench, CANCELLED)
    go_on(bench)
    assert queued(bench) == 0
    [stopped] = bench.notifier.again.stopped()
    assert "the first 100 were all cancelled" in cli("doctor", "--json")[1]
    bench.notifier.again.go_on(stopped.id)
    go_on(bench)
    assert queued(bench) == 50


def test_what_was_cancelled_of_the_first_hundred_says_nothing_of_the_rest(bench: Bench) -> None:
    retried(bench)
    with bench.database.begin() as session:
        session.execute(
            text(f"UPDATE message SET {CANCELLED} WHERE id IN (SELECT id FROM message WHERE status = 'queued' LIMIT 9)")
        )
    turn(bench, REFUSED)
    go_on(bench)
    assert queued(bench) == 0
    [stopped] = bench.notifier.again.stopped()
    assert stopped.code == "177"
