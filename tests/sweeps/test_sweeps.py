"""What a search finds is cancelled or moved in steps: each once, whoever asks beside it and whatever dies meanwhile."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import event, text

from tests.support import Bench, otp
from worker import Sms, SmsType, again, sweeps
from worker.again import Failed
from worker.database import Database
from worker.errors import NotFound
from worker.ids import uuid7
from worker.ledger import campaigns
from worker.lifecycle import Status
from worker.reporting.choice import Choice
from worker.reporting.finding import Search
from worker.reporting.sweeps import SweepShown
from worker.sweeps import steps

LATER = datetime.now(UTC).replace(microsecond=0) + timedelta(days=4)


@pytest.fixture(autouse=True)
def small_steps(monkeypatch: pytest.MonkeyPatch) -> None:
    """So that few messages take several."""
    monkeypatch.setattr(steps, "AT_ONCE", 4)
    monkeypatch.setattr(campaigns, "STEP", 4)


def search(**which: Any) -> Search:
    return Search(choice=Choice.of(which))  # type: ignore[arg-type]


def many(bench: Bench, messages: int = 10, **besides: Any) -> None:
    bench.notifier.enqueue_many((otp(f"09010000{number:02}") for number in range(messages)), **besides)


def finish(bench: Bench, sweep: SweepShown) -> SweepShown:
    while sweeps.go_on(bench.workers, bench.settings):
        pass
    return bench.notifier.sweeps.show(sweep.id)


def turn(bench: Bench, number: int, change: str) -> None:
    with bench.database.begin() as session:
        session.execute(text(f"UPDATE message SET {change} WHERE phone = '+849010000{number:02}'"))


def rows(bench: Bench, what: str) -> list[Any]:
    with bench.database.begin() as session:
        return list(session.execute(text(what)))


@pytest.mark.parametrize("which", [{"campaign": "tet"}, {"source": "shop"}, {"lane": "urgent"}, {"status": "queued"}])
def test_all_that_a_search_finds_is_cancelled_and_what_came_too_late_is_told(
    bench: Bench, which: dict[str, Any]
) -> None:
    many(bench, campaign="tet", source="shop")
    turn(bench, 3, "status = 'accepted', accepted_at = now()")
    turn(bench, 7, "status = 'delivered', settled_at = now()")
    bench.roll_up()
    asked = bench.notifier.sweeps.cancel(search(**which), by="lan")
    done = finish(bench, asked)
    assert (done.kind, done.asked_by, done.state, done.moved) == ("cancel", "lan", "done", 8)
    late = {} if which == {"status": "queued"} else {Status.ACCEPTED: 1, Status.DELIVERED: 1}
    assert (done.others, done.found, done.about) == (late, 8 + len(late), 8 + len(late))
    assert done.ended_at is not None
    assert rows(bench, "SELECT count(*) FROM message WHERE status = 'cancelled'") == [(8,)]


def test_a_search_leaves_alone_what_it_does_not_find(bench: Bench) -> None:
    many(bench, campaign="tet", source="shop")
    bench.put(otp("0902000001"), source="hr")
    done = finish(bench, bench.notifier.sweeps.cancel(search(source="hr")))
    assert (done.moved, done.others) == (1, {})
    selected = Search(
        messages=[row.id for row in rows(bench, "SELECT id FROM message WHERE status = 'queued' LIMIT 3")]
    )
    assert finish(bench, bench.notifier.sweeps.cancel(selected)).moved == 3
    done = finish(bench, bench.notifier.sweeps.cancel(Search(phones=["+84902000001"])))
    assert (done.others, done.search.phones) == ({Status.CANCELLED: 1}, ("",))  # nobody's number is kept for it


@pytest.mark.parametrize("which", [{"campaign": "tet"}, {"source": "shop"}])
def test_all_that_a_search_finds_is_moved_once_and_goes_out_then(bench: Bench, which: dict[str, Any]) -> None:
    many(bench, campaign="tet", source="shop", send_date=datetime.now(UTC) + timedelta(days=2))
    done = finish(bench, bench.notifier.sweeps.move(search(**which), LATER, by="lan"))
    assert (done.moved, done.found, done.others, done.send_date) == (10, 10, {}, LATER)
    assert rows(bench, "SELECT DISTINCT due_at, wanted_at FROM message") == [(LATER, LATER)]
    assert rows(bench, "SELECT DISTINCT send_date FROM notification") == [(LATER,)]
    assert rows(bench, "SELECT max(changes) FROM (SELECT count(*) AS changes FROM settlement GROUP BY message_id)") == [
        (2,)
    ]


@pytest.mark.parametrize("days", [1, 4])
def test_what_was_moved_into_the_rest_of_the_search_is_not_met_a_second_time(bench: Bench, days: int) -> None:
    """Among dates before and after the new one."""
    for day in (2, 3, 5, 6):
        many(bench, 3, source="shop", send_date=datetime.now(UTC) + timedelta(days=day))
    done = finish(bench, bench.notifier.sweeps.move(search(source="shop"), datetime.now(UTC) + timedelta(days=days)))
    assert (done.moved, done.found) == (12, 12)


def test_what_is_handed_over_after_the_question_is_left(bench: Bench) -> None:
    many(bench, source="shop")
    asked = bench.notifier.sweeps.cancel(search(source="shop"))
    bench.put(otp("0902000001"), source="shop")
    assert finish(bench, asked).moved == 10
    assert rows(bench, "SELECT phone FROM message WHERE status = 'queued'") == [("+84902000001",)]


def test_what_expires_before_the_new_date_and_what_shares_a_request_stays_and_is_told(bench: Bench) -> None:
    bench.put(otp("0901000001"), source="shop", expires_at=LATER - timedelta(days=1))
    several = [f"0902{number:06}" for number in range(20)]
    bench.put(Sms(to=several, content="Giam gia", sms_type=SmsType.ADVERTISING), source="shop", campaign="sale")
    done = finish(bench, bench.notifier.sweeps.move(search(source="shop"), LATER))
    assert (done.moved, done.expiring, done.others) == (0, 1, {Status.QUEUED: 21})
    done = finish(bench, bench.notifier.sweeps.move(search(campaign="sale"), LATER))
    assert (done.moved, done.others) == (20, {})


def test_a_worker_that_dies_in_a_step_leaves_all_of_it_undone_and_another_goes_on(bench: Bench) -> None:
    many(bench, source="shop")
    asked = bench.notifier.sweeps.cancel(search(source="shop"))
    with Database(bench.database.engine.url.render_as_string(hide_password=False)) as dying:

        @event.listens_for(dying.engine, "commit")
        def _die(_connection: object) -> None:
            raise KeyboardInterrupt

        with pytest.raises(KeyboardInterrupt):
            sweeps.go_on(dying, bench.settings)
    assert bench.notifier.sweeps.show(asked.id).moved == 4
    assert rows(bench, "SELECT count(*) FROM message WHERE status = 'cancelled'") == [(4,)]
    assert finish(bench, asked).moved == 10
    assert rows(bench, "SELECT count(*) FROM settlement WHERE status = 'cancelled'") == [(10,)]


def test_an_act_that_no_step_can_be_taken_of_is_stopped_and_holds_up_no_other(bench: Bench) -> None:
    many(bench, source="shop")
    broken, good = (bench.notifier.sweeps.cancel(search(source="shop")) for _ in range(2))
    with bench.database.begin() as session:
        session.execute(text("UPDATE sweep SET search = '{}' WHERE id = :id"), {"id": broken.id})
    assert finish(bench, good).state == "done"
    assert rows(bench, "SELECT count(*) FROM sweep WHERE state = 'stopped'") == [(1,)]


def test_two_people_who_act_on_the_same_search_win_each_message_once(bench: Bench) -> None:
    many(bench, 40, source="shop")
    asked = [bench.notifier.sweeps.cancel(search(source="shop"), by=by) for by in ("lan", "minh")]
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda _: [sweeps.go_on(bench.workers, bench.settings) for _ in range(10)], range(4)))
    lan, minh = (finish(bench, each) for each in asked)
    assert lan.moved + minh.moved == 40
    assert (lan.found, minh.found) == (40, 40)
    assert lan.others.get(Status.CANCELLED, 0) == minh.moved
    assert rows(bench, "SELECT count(*) FROM settlement WHERE status = 'cancelled'") == [(40,)]


def test_a_cancel_and_a_claim_win_each_message_once(bench: Bench) -> None:
    many(bench, 20, source="shop")
    asked = bench.notifier.sweeps.cancel(search(source="shop"))
    claimed = bench.claim(most=8)
    done = finish(bench, asked)
    assert done.moved + len(claimed) == 20
    assert done.others == {Status.SENDING: len(claimed)}


def test_an_act_that_is_stopped_leaves_the_rest(bench: Bench) -> None:
    many(bench, source="shop")
    asked = bench.notifier.sweeps.cancel(search(source="shop"))
    stopped = bench.notifier.sweeps.stop(asked.id)
    assert (stopped.state, stopped.moved, finish(bench, asked).moved) == ("stopped", 4, 4)
    with pytest.raises(NotFound):
        bench.notifier.sweeps.show(uuid7())


def test_reruns_stand_among_the_acts_with_how_far_they_are(bench: Bench) -> None:
    many(bench, 101 - 2, source="shop")
    many(bench, 6, source="hr")
    with bench.database.begin() as session:
        session.execute(text("UPDATE message SET status = 'rejected', code = '99', settled_at = now()"))
    bench.notifier.sweeps.cancel(search(source="hr"), by="minh")
    day = datetime.now(UTC) - timedelta(hours=1)
    decided = bench.notifier.again.retry(Failed(since=day, lane="urgent"), by="lan")
    assert (decided.moved, decided.rest) == (100, 5)
    retry, cancel = bench.notifier.sweeps.list()
    assert (retry.kind, retry.asked_by, retry.state, retry.about, retry.moved) == ("retry", "lan", "trying", 105, 100)
    assert retry.search.choice.words["lane"] == ["urgent"]
    assert (cancel.kind, cancel.asked_by) == ("cancel", "minh")
    assert not again.go_on(bench.database, bench.settings) or bench.notifier.sweeps.show(retry.id).moved == 100


@pytest.mark.parametrize(
    ("which", "moved"),
    [
        ({"since": "then"}, 3),
        ({"since": "then", "lane": "urgent"}, 2),
        ({"since": "then", "purpose": "service"}, 1),
        ({"to": "0901 000 001"}, 1),
    ],
)
def test_what_failed_is_chosen_by_a_number_or_a_day_too(bench: Bench, which: dict[str, Any], moved: int) -> None:
    then = datetime.now(UTC) - timedelta(hours=1)
    for sms in (otp("0901000001"), otp("0901000002"), Sms(to="0901000003", content="Chao", sms_type=SmsType.NOTIFY)):
        bench.put(sms)
    with bench.database.begin() as session:
        session.execute(text("UPDATE message SET status = 'rejected', code = '99', settled_at = now()"))
    chosen: dict[str, Any] = {name: then if value == "then" else value for name, value in which.items()}
    failed = Failed(**chosen)
    assert bench.notifier.again.foresee(failed).messages == moved
    assert bench.notifier.again.retry(failed).moved == moved
