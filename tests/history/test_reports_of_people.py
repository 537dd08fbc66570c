"""Reports count a recipient once, by the last generation; what was sent, and what it cost, counts each time."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from sqlalchemy import text

from tests.again.test_follow_ups import CALL, pass_time
from tests.history.test_reports import date_now
from tests.support import Bench, otp
from worker import Corrected, Failed, Ticket, again, ledger
from worker.lifecycle import Status

UNDELIVERED = {
    "status": "'undelivered'", "settled_at": "now()", "accepted_at": "now()", "code": "'100'", "attempts": "1",
    "network": "'Viettel'", "price": "300",
}  # fmt: skip
DELIVERED = UNDELIVERED | {"status": "'delivered'"}


def failed(bench: Bench, **besides: Any) -> Ticket:
    """A message to one recipient that did not arrive, added up."""
    ticket = bench.put(otp(), campaign="tet", **besides)
    bench.set(ticket, **UNDELIVERED)
    bench.roll_up()
    return ticket


def corrected(bench: Bench, ticket: Ticket, to: str | None = None) -> Ticket:
    """What stands in its place."""
    what = Corrected(content="Ma: 5678", to=to)
    bench.notifier.again.retry(Failed(ids=[str(ticket.id)]), by="lan", corrected=what)
    return follower(bench, ticket)


def called(bench: Bench, ticket: Ticket) -> Ticket:
    """The fallback."""
    pass_time(bench)
    again.follow(bench.database, bench.settings)
    return follower(bench, ticket)


def once_more(bench: Bench, ticket: Ticket) -> Ticket:
    """The same message, as it is."""
    bench.notifier.again.retry(Failed(ids=[str(ticket.id)]), by="lan")
    return ticket


def follower(bench: Bench, ticket: Ticket) -> Ticket:
    with bench.database.begin() as session:
        query = text("SELECT notification_id FROM message WHERE id = :id")
        return Ticket(id=session.scalars(query, {"id": bench.message(ticket)["replaced_by"]}).one(), messages=1)


FALLBACK = {"fallback": CALL, "fallback_after": "10m"}
WAYS: list[Any] = [
    pytest.param(corrected, {}, id="corrected"),
    pytest.param(called, FALLBACK, id="by another channel"),
    pytest.param(once_more, {}, id="as it is"),
]
Way = Callable[[Bench, Ticket], Ticket]


def counts(bench: Bench, **which: Any) -> tuple[int, ...]:
    """Of the campaign: messages, delivered, failed, open, of others, and what came before."""
    bench.roll_up()
    [line] = bench.notifier.reports.campaigns(**which)
    return line.messages, line.delivered, line.failed, line.open, line.other, line.superseded


def failures(bench: Bench, **which: Any) -> int:
    return len(list(bench.notifier.reports.failures(**which)))


@pytest.mark.parametrize(("way", "follows"), WAYS)
def test_who_gets_it_again_is_counted_by_that(bench: Bench, way: Way, follows: dict[str, Any]) -> None:
    first = failed(bench, **follows)
    assert (counts(bench), failures(bench)) == ((1, 0, 1, 0, 0, 0), 1)
    second = way(bench, first)
    assert (counts(bench), failures(bench)) == ((1, 0, 0, 1, 0, 1), 0)
    bench.set(second, **DELIVERED)
    assert (counts(bench), failures(bench)) == ((1, 1, 0, 0, 0, 1), 0)


@pytest.mark.parametrize(("way", "follows"), WAYS)
@pytest.mark.parametrize("status", ["undelivered", "rejected", "expired"])
def test_who_got_it_neither_way_failed_once(bench: Bench, way: Way, follows: dict[str, Any], status: str) -> None:
    second = way(bench, failed(bench, **follows))
    bench.set(second, **(UNDELIVERED | {"status": f"'{status}'"}))
    assert (counts(bench), failures(bench)) == ((1, 0, 1, 0, 0, 1), 1)
    [failure] = bench.notifier.reports.failures()
    assert failure.notification == second.id


@pytest.mark.parametrize(("way", "follows"), WAYS)
def test_each_generation_is_told_to_whoever_asks_for_each(bench: Bench, way: Way, follows: dict[str, Any]) -> None:
    bench.set(way(bench, failed(bench, **follows)), **DELIVERED)
    assert counts(bench, each=True) == (2, 1, 1, 0, 0, 1)
    by_status = {line.key["status"]: line for line in bench.notifier.reports.daily(["status"], campaign="tet")}
    assert (by_status["undelivered"].messages, by_status["undelivered"].superseded) == (0, 1)
    assert (by_status["delivered"].messages, by_status["delivered"].superseded) == (1, 0)
    assert failures(bench, each=True) == (0 if way is once_more else 1)


@pytest.mark.parametrize(("way", "follows"), WAYS)
def test_what_was_sent_costs_each_time(bench: Bench, way: Way, follows: dict[str, Any]) -> None:
    bench.set(way(bench, failed(bench, **follows)), **DELIVERED)
    bench.roll_up()
    [line] = bench.notifier.reports.campaigns()
    assert (line.segments, line.priced, line.price) == (2, 2, Decimal(600))
    [cost] = bench.notifier.reports.costs(["campaign"])
    assert (cost.messages, cost.told, cost.failed) == (2, Decimal(600), Decimal(300))


@pytest.mark.parametrize(("way", "follows"), WAYS[:2])
def test_what_is_called_back_leaves_her_where_she_was(bench: Bench, way: Way, follows: dict[str, Any]) -> None:
    second = way(bench, failed(bench, **follows))
    assert counts(bench) == (1, 0, 0, 1, 0, 1)
    bench.notifier.cancel(second.id)
    assert (counts(bench), failures(bench)) == ((1, 0, 1, 0, 0, 1), 1)


def test_who_got_it_late_is_reached_whatever_came_of_the_other_channel(bench: Bench) -> None:
    first = bench.put(otp(), campaign="tet", fallback_in_doubt=True, **FALLBACK)
    bench.set(first, status="'accepted'", accepted_at="now()")
    assert counts(bench) == (1, 0, 0, 1, 0, 0)
    call = called(bench, first)
    bench.set(call, **UNDELIVERED)
    assert (counts(bench), failures(bench)) == ((1, 0, 1, 0, 0, 1), 1)
    bench.set(first, **DELIVERED)
    assert (counts(bench), failures(bench)) == ((1, 1, 0, 0, 0, 1), 0)
    with bench.database.begin() as session:
        ledger.begin_anew(session, "Asia/Ho_Chi_Minh")
    assert counts(bench) == (1, 1, 0, 0, 0, 1)


def test_a_late_success_that_stops_the_other_channel_counts(bench: Bench) -> None:
    first = bench.put(otp(), campaign="tet", fallback_in_doubt=True, **FALLBACK)
    bench.set(first, status="'accepted'", accepted_at="now()")
    called(bench, first)
    bench.set(first, **DELIVERED)
    bench.deliver()
    assert bench.simulator.sends() == []
    assert counts(bench) == (1, 1, 0, 0, 0, 1)


def test_what_waited_and_was_called_back_for_the_other_channel_counts_by_that(bench: Bench) -> None:
    call = called(bench, bench.put(otp(), campaign="tet", **FALLBACK))
    bench.set(call, **DELIVERED)
    assert counts(bench) == (1, 1, 0, 0, 0, 1)


def test_a_day_that_is_past_is_corrected_and_the_last_generations_day_counts_her(bench: Bench) -> None:
    first = bench.put(otp(), campaign="tet")
    bench.set(first, **UNDELIVERED, wanted_at="now() - interval '40 days'")
    bench.roll_up()
    then, today = date_now() - timedelta(days=40), date_now()
    assert _days(bench) == {then: (1, 0, 1)}
    bench.set(corrected(bench, first), **DELIVERED)
    bench.roll_up()
    assert _days(bench) == {then: (0, 1, 1), today: (1, 0, 1)}
    months = {line.key["month"]: line.messages for line in bench.notifier.reports.daily(["month"])}
    assert months == {f"{then:%Y-%m}": 0, f"{today:%Y-%m}": 1}


def _days(bench: Bench) -> dict[Any, tuple[int, int, int]]:
    """By day: people, earlier generations, SMS."""
    lines = bench.notifier.reports.daily()
    return {line.key["day"]: (line.messages, line.superseded, line.segments) for line in lines}


def test_a_third_generation_counts_in_the_place_of_both(bench: Bench) -> None:
    second = corrected(bench, failed(bench))
    bench.set(once_more(bench, _undelivered(bench, second)), **UNDELIVERED)
    third = corrected(bench, second)
    assert (counts(bench), failures(bench)) == ((1, 0, 0, 1, 0, 3), 0)
    bench.notifier.cancel(third.id)
    assert (counts(bench), failures(bench)) == ((1, 0, 1, 0, 0, 3), 1)


def _undelivered(bench: Bench, ticket: Ticket) -> Ticket:
    bench.set(ticket, **UNDELIVERED)
    bench.roll_up()
    return ticket


@pytest.mark.parametrize(("way", "follows"), WAYS)
def test_the_report_by_when_it_was_enqueued_counts_people_too(bench: Bench, way: Way, follows: dict[str, Any]) -> None:
    bench.set(way(bench, failed(bench, **follows)), **DELIVERED)
    lines = bench.notifier.reports.summary().lines
    assert {line.key: line.total for line in lines["status"]} == {"delivered": 1}
    assert [(line.key, line.total, line.statuses) for line in lines["campaign"]] == [("tet", 1, {Status.DELIVERED: 1})]


@pytest.mark.parametrize(("way", "follows"), WAYS)
def test_the_views_count_people_too(bench: Bench, way: Way, follows: dict[str, Any]) -> None:
    bench.set(way(bench, failed(bench, **follows)), **DELIVERED)
    bench.roll_up()
    with bench.database.begin() as session:

        def of(query: str) -> Any:
            return session.execute(text(query)).one()

        campaign = of("SELECT messages, delivered, failed, superseded, segments FROM report.report_campaigns")
        assert tuple(campaign) == (1, 1, 0, 1, 2)
        days = "SELECT sum(messages), sum(superseded), sum(price) FROM report.report_daily"
        assert tuple(of(days)) == (1, 1, 600)
        networks = of("SELECT sum(messages), sum(delivered), sum(failed) FROM report.report_networks")
        assert tuple(networks) == (1, 1, 0)
        assert of("SELECT count(*) FROM report.report_failures").count == 0
        messages = of(
            "SELECT count(*), count(*) FILTER (WHERE is_counted), count(replaced_by) FROM report.report_messages"
        )
        assert tuple(messages) == ((1, 1, 0) if way is once_more else (2, 1, 1))
