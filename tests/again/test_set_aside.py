"""A follow-up that a fault of ours keeps from coming is set aside: the others come, a person is told."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import text

from tests.again.promises import put
from tests.again.test_follow_ups import calls, pass_time
from tests.retention.time_travel import remove, travel
from tests.support import Bench
from worker import NotFound, Ticket, again

BROKEN = [
    "jsonb_set(follow_up, '{fallback,lane}', '\"no such lane\"')",  # we fail at it
    "jsonb_set(follow_up, '{after}', '\"no such wait\"')",  # and Postgres does
]


def change(bench: Bench, ticket: Ticket, follow_up: str) -> None:
    """What it was to be followed by is not what anybody could have asked for."""
    with bench.database.begin() as session:
        session.execute(text(f"UPDATE notification SET follow_up = {follow_up} WHERE id = :id"), {"id": ticket.id})


def follow(bench: Bench) -> bool:
    return again.follow(bench.database, bench.settings)


@pytest.fixture
def poison(bench: Bench, request: pytest.FixtureRequest) -> Ticket:
    """One of ten that are to be followed, and are due."""
    tickets = [put(bench, reference=str(number)) for number in range(10)]
    pass_time(bench)
    change(bench, tickets[3], getattr(request, "param", BROKEN[0]))
    return tickets[3]


@pytest.mark.parametrize("poison", BROKEN, indirect=True)
def test_the_others_of_its_batch_go_and_it_is_not_tried_again(
    bench: Bench, poison: Ticket, caplog: pytest.LogCaptureFixture
) -> None:
    assert follow(bench)
    assert calls(bench) == 9
    assert not follow(bench)
    told = [record.getMessage() for record in caplog.records if "follow_up.failed" in record.getMessage()]
    assert len(told) == 1
    assert str(bench.message(poison)["id"]) in told[0]


def test_doctor_the_page_and_why_tell_of_it(bench: Bench, poison: Ticket, cli: Any) -> None:
    follow(bench)
    id_ = str(bench.message(poison)["id"])
    found = {each["check"]: each for each in json.loads(cli("doctor", "--json")[1])}["follow-ups"]
    assert not found["ok"]
    assert f"esms-worker retry --go-on {id_}" in found["text"]
    assert [str(each.id) for each in bench.notifier.reports.now().set_aside] == [id_]
    why = cli("why", id_)[1]
    assert "fault of ours" in why
    assert "--go-on" in why


def test_it_is_let_go_again_once_and_comes_when_nothing_is_in_its_way(bench: Bench, poison: Ticket, cli: Any) -> None:
    follow(bench)
    id_ = str(bench.message(poison)["id"])
    assert cli("retry", "--go-on", id_)[0] == 0
    assert not follow(bench)  # as before
    change(bench, poison, "jsonb_set(follow_up, '{fallback,lane}', '\"voice\"')")
    assert cli("retry", "--go-on", id_)[0] == 0
    assert follow(bench)
    assert calls(bench) == 10
    assert bench.notifier.again.set_aside() == []
    assert cli("retry", "--go-on", id_)[0] == 1
    assert len(bench.notifier.acts.list(what="follow_up.go_on")) == 2


def test_another_source_lets_nothing_go(bench: Bench, poison: Ticket) -> None:
    follow(bench)
    with pytest.raises(NotFound):
        bench.notifier.of_source("another").again.go_on(bench.message(poison)["id"])


def test_what_is_set_aside_keeps_its_text_no_longer_than_anything_else(bench: Bench, poison: Ticket, cli: Any) -> None:
    follow(bench)
    travel(bench.database, timedelta(days=92))
    remove(bench)
    with bench.database.begin() as session:
        assert session.scalar(text("SELECT emptied_by FROM notification WHERE id = :id"), {"id": poison.id})
    assert bench.notifier.again.set_aside() == []
    assert cli("retry", "--go-on", str(bench.message(poison)["id"]))[0] == 1


# Many at once...


def set_aside(bench: Bench) -> list[Ticket]:
    """Of two campaigns three each, all of them."""
    tickets = [put(bench, reference=str(n), campaign=f"tet-{n % 2}", source=f"app-{n % 2}") for n in range(6)]
    pass_time(bench)
    for each in tickets:
        change(bench, each, BROKEN[0])
    follow(bench)
    return tickets


@pytest.fixture
def many(bench: Bench) -> list[Ticket]:
    return set_aside(bench)


def fix(bench: Bench) -> None:
    with bench.database.begin() as session:
        session.execute(
            text("UPDATE notification SET follow_up = jsonb_set(follow_up, '{fallback,lane}', '\"voice\"')")
        )


@pytest.mark.parametrize("which", [("--campaign", "tet-1"), ("--source", "app-1")])
def test_those_of_one_campaign_or_source_are_let_go_together(
    bench: Bench, many: list[Ticket], cli: Any, which: tuple[str, str]
) -> None:
    fix(bench)
    assert json.loads(cli("retry", "--go-on", *which, "--dry-run", "--json")[1]) == {"let_go": 3, "dry_run": True}
    assert len(bench.notifier.again.set_aside()) == 6
    assert cli("retry", "--go-on", *which)[0] == 0
    assert len(bench.notifier.again.set_aside()) == 3
    follow(bench)
    assert calls(bench) == 3
    [act] = bench.notifier.acts.list(what="follow_up.go_on")
    assert act.how_many == 3
    assert cli("retry", "--go-on", *which)[0] == 1


def test_all_are_let_go_some_at_a_time_and_what_still_cannot_come_is_set_aside_anew_and_let_go_once(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    with bench.database.begin() as session:
        session.execute(text("ANALYZE follow_up"))  # as autovacuum may at any time: Postgres then believes it is small
    set_aside(bench)
    monkeypatch.setattr("worker.ledger.follow_ups.MOST", 2)
    told: list[int] = []

    def tick(count: int) -> None:
        told.append(count)
        follow(bench)

    assert bench.notifier.again.go_on_many(told=tick) == 6
    assert told == [2, 2, 2]
    assert len(bench.notifier.again.set_aside()) == 6
    fix(bench)
    assert bench.notifier.again.go_on_many() == 6
    while follow(bench):
        pass
    assert calls(bench) == 6


def test_another_source_lets_none_of_them_go(bench: Bench, many: list[Ticket]) -> None:
    assert bench.notifier.of_source("app-0").again.go_on_many(campaign="tet-0", dry_run=True) == 3
    with pytest.raises(NotFound):
        bench.notifier.of_source("app-0").again.go_on_many(campaign="tet-1")
    with pytest.raises(NotFound):
        bench.notifier.again.go_on_many(campaign="tet-9")


@pytest.mark.parametrize(
    "wrong",
    [["--go-on"], ["--all"], ["--go-on", "--all", "--campaign", "tet-1"], ["--go-on", "--all", "--code", "99"]],
    ids=" ".join,
)
def test_what_is_to_go_on_is_chosen_in_one_way(cli: Any, bench: Bench, wrong: list[str]) -> None:
    code, _, told = cli("retry", *wrong)
    assert code == 2
    assert "--go-on" in told


def test_of_many_a_program_is_to_say_that_they_may_go(
    bench: Bench, many: list[Ticket], cli: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("WORKER_RETRY_ASK", "5")
    code, _, told = cli("retry", "--go-on", "--all")
    assert (code, len(bench.notifier.again.set_aside())) == (2, 6)
    assert "6 would be followed: look with --dry-run, then give --yes" in told
    assert cli("retry", "--go-on", "--all", "--yes")[0] == 0
    assert bench.notifier.again.set_aside() == []
