"""What somebody cancels is not sent again by a rerun that was asked for before."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any

import pytest
from sqlalchemy import text

from tests.again.failing import failed, many, queued
from tests.again.test_retry_many import go_on, turn
from tests.support import Bench, eventually
from worker import NotFound
from worker.again import Corrected, Failed
from worker.errors import Unavailable
from worker.ledger import Left
from worker.reporting.choice import Choice
from worker.reporting.finding import Search

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


def test_a_search_for_the_whole_campaign_ends_its_rerun_and_one_for_a_part_does_not(bench: Bench) -> None:
    retried(bench)
    for part in ({"campaign": ["tet"], "lane": ["urgent"]}, {"campaign": ["tet", "he"]}, {"lane": ["voice"]}):
        bench.notifier.sweeps.cancel(Search(choice=Choice.of(part)))  # type: ignore[arg-type]
        assert len(bench.notifier.again.open("tet")) == 1
    bench.notifier.sweeps.cancel(Search(choice=Choice.of({"campaign": ["tet"]})), by="lan")
    assert bench.notifier.again.open("tet") == []
    turn(bench, GOES_ON)
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


# While the first hundred are still being taken...


@contextmanager
def held(bench: Bench, place: int) -> Iterator[None]:
    """One of them, which somebody else has locked: the step that comes to it waits. place: the how manieth."""
    with bench.database.engine.connect() as connection, connection.begin():
        of = text("SELECT id FROM message ORDER BY notification_id, id LIMIT 1 OFFSET :place")
        id_ = connection.execute(of, {"place": place}).scalar_one()
        connection.execute(text("SELECT id FROM message WHERE id = :id FOR UPDATE"), {"id": id_})
        yield


def waiting(bench: Bench, sessions: int) -> bool:
    """Do so many wait for a lock?"""
    asked = text("""
        SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()
    """)
    with bench.database.begin() as session:
        return bool(session.scalar(asked) == sessions)


@pytest.mark.parametrize("which", [Failed(campaign="tet"), Failed(since=datetime(2020, 1, 1, tzinfo=UTC))])
@pytest.mark.parametrize("stay", [0, 40], ids=["in one step", "in several"])
def test_who_cancels_while_the_first_hundred_are_taken_waits_for_them_and_ends_it_all(
    bench: Bench, which: Failed, stay: int
) -> None:
    many(bench, 250)
    with bench.database.begin() as session:  # sent again often enough: the first step takes fewer than a hundred
        session.execute(
            text(f"UPDATE message SET generation = 5 WHERE id IN (SELECT id FROM message ORDER BY id LIMIT {stay})")
        )
    with ThreadPoolExecutor(2) as hands:
        with held(bench, 99):
            retry = hands.submit(bench.notifier.again.retry, which, by="lan")
            eventually(lambda: waiting(bench, 1))
            cancel = hands.submit(bench.notifier.cancel_campaign, "tet")
            eventually(lambda: waiting(bench, 2))
        assert (cancel.result().moved, cancel.result().called_off) == (100 - stay, 150)
        assert (retry.result().rest, retry.result().called_off) == (
            (0, 150 if which.campaign else 0) if stay else (150, 0)
        )
    turn(bench, GOES_ON)
    go_on(bench)
    assert queued(bench) == 0
    assert [bench.notifier.again.stopped(), bench.notifier.again.open("tet")] == [[], []]


def test_a_trial_whose_process_died_between_two_steps_is_left_for_a_person(bench: Bench) -> None:
    many(bench, 150)
    with bench.database.begin() as session:
        session.execute(
            text("UPDATE message SET generation = 5 WHERE id IN (SELECT id FROM message ORDER BY id LIMIT 9)")
        )
    with held(bench, 104), bench.database.engine.connect() as connection, ThreadPoolExecutor(1) as hands:
        retry = hands.submit(bench.notifier.again.retry, Failed(campaign="tet"), by="lan")
        eventually(lambda: waiting(bench, 1))
        connection.execute(
            text("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE wait_event_type = 'Lock'")
        )
        with pytest.raises(Unavailable):
            retry.result()
    go_on(bench)
    assert queued(bench) == 91
    with bench.database.begin() as session:
        session.execute(text("UPDATE rerun SET look_at = now()"))  # ten minutes later
    go_on(bench)
    assert queued(bench) == 91
    [stopped] = bench.notifier.again.stopped()
    assert (stopped.moved, stopped.code) == (91, None)
    assert bench.notifier.again.rest(stopped.id).messages == 50


def test_a_trial_of_several_steps_that_came_to_its_end_waits_as_any_other(bench: Bench) -> None:
    many(bench, 250)
    with bench.database.begin() as session:
        session.execute(
            text("UPDATE message SET generation = 5 WHERE id IN (SELECT id FROM message ORDER BY id LIMIT 9)")
        )
    decided = bench.notifier.again.retry(Failed(campaign="tet"), by="lan")
    assert (decided.moved, decided.rest, dict(decided.left)) == (100, 141, {Left.LIMIT: 9})
    [shown] = bench.notifier.again.open("tet")
    assert (shown.state, shown.moved, shown.about) == ("trying", 100, 241)
    turn(bench, GOES_ON)
    go_on(bench)
    assert queued(bench) == 141


def test_one_that_came_to_its_end_within_the_first_hundred_is_over(bench: Bench) -> None:
    many(bench, 150)
    with bench.database.begin() as session:
        session.execute(
            text("UPDATE message SET generation = 5 WHERE id IN (SELECT id FROM message ORDER BY id LIMIT 60)")
        )
    assert bench.notifier.again.retry(Failed(campaign="tet"), by="lan").moved == 90
    assert bench.notifier.again.open("tet") == []
    go_on(bench)
    assert queued(bench) == 90


# Of several campaigns...


SINCE = datetime(2020, 1, 1, tzinfo=UTC)


def of_several(bench: Bench, **how: Any) -> None:
    """Sent again by day: of two campaigns a hundred each, a hundred of which go first."""
    many(bench, 100)
    many(bench, 100, campaign="he", first=900)
    bench.notifier.again.retry(Failed(since=SINCE), by="lan", **how)


def fared(bench: Bench) -> dict[str, int]:
    """Of each campaign, how many were sent again."""
    with bench.database.begin() as session:
        sent = text("""
            SELECT n.campaign, count(*) FROM message AS m JOIN notification AS n ON n.id = m.notification_id
            WHERE m.generation > 0 AND m.status <> 'cancelled' GROUP BY 1
        """)
        return {row[0]: row[1] for row in session.execute(sent)}


GOES_ON = "status = 'delivered', accepted_at = now(), settled_at = now()"


@pytest.mark.parametrize("corrected", [None, Corrected(content="Ma: 9")], ids=["as it was", "corrected"])
def test_a_rerun_by_day_goes_on_without_the_campaign_that_is_cancelled(
    bench: Bench, corrected: Corrected | None
) -> None:
    of_several(bench, corrected=corrected)
    turn(bench, GOES_ON)
    assert bench.notifier.cancel_campaign("he").called_off == 100
    assert bench.notifier.cancel_campaign("he").called_off == 0
    go_on(bench)
    assert fared(bench) == {"tet": 100}


def test_what_is_left_out_is_no_longer_told_to_wait(bench: Bench, cli: Any) -> None:
    of_several(bench)
    many(bench, 30, campaign="xuan", first=2000)  # after it was asked for
    with bench.database.begin() as session:
        id_ = session.scalar(text("UPDATE rerun SET state = 'stopped', code = '177', decided_at = now() RETURNING id"))
    assert bench.notifier.again.rest(id_).messages == 100
    assert "not sent again after all: 100 message(s)" in cli("cancel", "--campaign", "he")[1]
    assert bench.notifier.again.rest(id_).messages == 0
    assert bench.notifier.again.stopped() == []


def test_of_so_many_at_most_others_take_their_places(bench: Bench) -> None:
    many(bench, 50)
    many(bench, 100, campaign="he", first=900)
    many(bench, 100, campaign="xuan", first=2000)
    bench.notifier.again.retry(Failed(since=SINCE, most=150), by="lan")
    turn(bench, GOES_ON)
    assert bench.notifier.cancel_campaign("he").called_off == 0
    go_on(bench)
    assert fared(bench) == {"tet": 50, "he": 50, "xuan": 50}


@pytest.mark.parametrize("by_number", [False, True])
def test_nor_is_it_sent_again_by_ids_or_by_number(bench: Bench, by_number: bool) -> None:
    if by_number:
        for n in range(120):
            failed(bench, "0901000001", campaign="tet" if n < 60 else "he")
        which = Failed(to="0901000001")
    else:
        many(bench, 60)
        many(bench, 60, campaign="he", first=900)
        with bench.database.begin() as session:
            ids = session.scalars(text("SELECT id FROM message ORDER BY id")).all()
        which = Failed(ids=ids)
    bench.notifier.again.retry(which, by="lan")
    turn(bench, GOES_ON)
    assert bench.notifier.cancel_campaign("he").called_off == 20
    go_on(bench)
    assert fared(bench) == {"tet": 60, "he": 40}


def test_another_source_leaves_out_of_nobody_elses_rerun(bench: Bench) -> None:
    of_several(bench)
    with pytest.raises(NotFound):
        bench.notifier.of_source("other").cancel_campaign("he")
    turn(bench, GOES_ON)
    go_on(bench)
    assert fared(bench) == {"tet": 100, "he": 100}


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
