"""Of a retry of many a hundred go first, and the rest follows, stays or is sent after all."""

from __future__ import annotations

from typing import Any

from sqlalchemy import text

from tests.again.failing import many, queued
from tests.support import Bench
from worker import again
from worker.again import Corrected, Failed


def turn(bench: Bench, change: str) -> None:
    with bench.database.begin() as session:
        session.execute(text(f"UPDATE message SET {change} WHERE status = 'queued'"))
        session.execute(text("UPDATE rerun SET look_at = now()"))


def go_on(bench: Bench) -> None:
    while again.go_on(bench.database, bench.settings):
        pass


def test_of_many_the_first_hundred_go_first_and_the_rest_once_one_has_arrived(bench: Bench) -> None:
    many(bench, 150)
    decided = bench.notifier.retry_campaign("tet", by="lan")
    assert (decided.moved, decided.rest) == (100, 50)
    go_on(bench)
    assert queued(bench) == 100
    turn(bench, "status = 'delivered', accepted_at = now(), settled_at = now()")
    go_on(bench)
    assert queued(bench) == 50


def test_when_the_first_hundred_fail_alike_the_rest_stays_and_doctor_says_so(bench: Bench) -> None:
    many(bench, 120)
    bench.notifier.retry_campaign("tet", by="lan")
    turn(bench, "status = 'rejected', code = '177', settled_at = now()")
    go_on(bench)
    assert queued(bench) == 0
    [stopped] = bench.notifier.again.stopped()
    assert (stopped.campaign, stopped.code, stopped.moved, stopped.messages) == ("tet", "177", 100, 120)


def test_a_person_has_the_rest_of_a_stopped_one_sent_after_all_and_once(bench: Bench, cli: Any) -> None:
    many(bench, 120)
    bench.notifier.again.retry(Failed(campaign="tet"), by="an")
    turn(bench, "status = 'rejected', code = '177', settled_at = now()")
    go_on(bench)
    [stopped] = bench.notifier.again.stopped()
    assert cli("retry", "--go-on", str(stopped.id), "--campaign", "tet")[0] == 2
    assert cli("retry", "--go-on", str(stopped.id), "--dry-run")[0] == 2
    assert cli("retry", "--go-on", str(stopped.id), "--yes")[0] == 2
    assert cli("retry", "--go-on", str(stopped.id), "--by", "lan")[:2] == (
        0,
        "20 more go out now, as was asked for then\n",
    )
    go_on(bench)
    assert queued(bench) == 20
    with bench.database.begin() as session:
        by = set(session.scalars(text("SELECT wanted_by FROM message WHERE status = 'queued'")))
    assert by == {"lan"}
    assert bench.notifier.again.stopped() == []
    code, _, err = cli("retry", "--go-on", str(stopped.id))
    assert (code, "no rerun" in err) == (1, True)
    assert len(bench.notifier.acts.list(what="rerun.go_on")) == 1


def test_a_rerun_that_we_fail_at_stops_is_told_and_keeps_no_other_waiting(bench: Bench, cli: Any) -> None:
    for campaign, by in (("tet", "an"), ("sale", "binh")):
        many(bench, 120, campaign)
        assert bench.notifier.again.retry(Failed(campaign=campaign), by=by).rest == 20
    turn(bench, "status = 'delivered', accepted_at = now(), settled_at = now()")
    with bench.database.begin() as session:
        unread = "UPDATE rerun SET state = 'going', chosen = chosen || '{\"of_a_later_version\": 1}'"
        session.execute(text(f"{unread} WHERE asked_by = 'an'"))
    go_on(bench)
    [stopped] = bench.notifier.again.stopped()
    assert (stopped.asked_by, stopped.code, stopped.messages - stopped.moved) == ("an", None, 20)
    assert "tet by an: a fault of ours stopped it after 100 messages, 20 wait" in cli("doctor", "--json")[1]
    with bench.database.begin() as session:
        assert set(session.scalars(text("SELECT state FROM rerun"))) == {"stopped", "done"}
        session.execute(text("UPDATE rerun SET chosen = chosen - 'of_a_later_version'"))
    assert bench.notifier.again.go_on(stopped.id) == 20


def test_no_more_than_was_asked_for_follows(bench: Bench) -> None:
    many(bench, 150)
    assert bench.notifier.again.retry(Failed(campaign="tet", most=120)).rest == 20
    turn(bench, "status = 'delivered', accepted_at = now(), settled_at = now()")
    go_on(bench)
    assert queued(bench) == 20


def test_a_corrected_rest_goes_out_and_not_what_failed_corrected_once_more(bench: Bench) -> None:
    many(bench, 120)
    bench.notifier.again.retry(Failed(campaign="tet"), corrected=Corrected(content="Don hang moi"))
    turn(bench, "status = 'rejected', code = '177', settled_at = now()")
    go_on(bench)
    [stopped] = bench.notifier.again.stopped()
    assert bench.notifier.again.go_on(stopped.id) == 20
    go_on(bench)
    assert queued(bench) == 20


def test_what_is_put_in_after_it_was_asked_for_is_left_alone(bench: Bench) -> None:
    many(bench, 120)
    bench.notifier.again.retry(Failed(campaign="tet"))
    turn(bench, "status = 'delivered', accepted_at = now(), settled_at = now()")
    many(bench, 30, first=500)
    go_on(bench)
    assert queued(bench) == 20
