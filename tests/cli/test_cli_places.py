"""Who asks about what was corrected, or sent by another channel, learns what went in its place and what both cost."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any

import pytest

from tests.cli.test_cli_commands import Cli, cli
from tests.history.test_reports_of_people import FALLBACK, UNDELIVERED, called, corrected
from tests.support import Bench, otp
from worker import Ticket
from worker.api.answering import answer
from worker.api.prices import PriceRow
from worker.lifecycle import Status

__all__ = ["cli"]

TOLD = {"status": "'delivered'", "settled_at": "now()", "accepted_at": "now()", "code": "'100'", "attempts": "1"}


@pytest.fixture
def pair(bench: Bench) -> tuple[Ticket, Ticket]:
    """An SMS whose price eSMS told, and the call in its place, of which it told none."""
    first = bench.put(otp(), reference="r1", source="shop", **FALLBACK)
    bench.set(first, **UNDELIVERED)
    call = called(bench, first)
    bench.set(call, **TOLD)
    return first, call


def test_the_status_names_what_went_in_its_place_and_what_it_took_the_place_of(
    bench: Bench, pair: tuple[Ticket, Ticket], cli: Cli
) -> None:
    first, call = pair
    ids = [bench.message(each)["id"] for each in pair]
    [after] = bench.notifier.status(first.id).replaced_by
    assert (str(after.message), after.notification, after.status) == (ids[1], call.id, Status.DELIVERED)
    [before] = bench.notifier.status(call.id).replaces
    assert (str(before.message), before.notification, before.status) == (ids[0], first.id, Status.UNDELIVERED)
    assert bench.notifier.status(first.id, told=lambda _: None).replaced_by == [after]
    assert f"in its place is {ids[1]}, which is delivered" in cli("status", str(first.id))[1]
    assert f"in the place of {ids[0]}, which is undelivered" in cli("status", str(call.id))[1]
    told = json.loads(cli("status", str(first.id), "--json")[1])
    assert told["replaces"] == []
    assert told["replaced_by"] == [{"message": ids[1], "notification": str(call.id), "status": "delivered"}]


def test_the_task_that_answers_tells_it_too(bench: Bench, pair: tuple[Ticket, Ticket]) -> None:
    [message] = answer(bench.notifier, {"reference": "r1", "source": "shop"})["messages"]
    ids = [bench.message(each)["id"] for each in pair]
    assert (message["replaces"], message["replaced_by"]) == (None, ids[1])
    chain: list[dict[str, Any]] = message["chain"]
    assert [(each["message"], each["kind"], each["status"], each["is_counted"]) for each in chain] == [
        (ids[0], "sms", "undelivered", False),
        (ids[1], "template_call", "delivered", True),
    ]
    json.dumps(message)


def test_show_says_what_each_cost_and_both_together(bench: Bench, pair: tuple[Ticket, Ticket], cli: Cli) -> None:
    first, call = pair
    unknown = cli("show", str(first.id))[1]
    assert "together: 300 đ or more: what a part of it cost is unknown" in unknown
    bench.notifier.prices.put([PriceRow(sms_type=0, network="", valid_from=_day(), dong=Decimal(450))])
    for each in pair:
        shown = cli("show", str(each.id))[1]
        assert "together: 750 đ, as eSMS told, the rest by the price list" in shown
        [message] = json.loads(cli("show", str(each.id), "--json")[1])["messages"]
        assert [(Decimal(str(one["cost"])), one["known"]) for one in message["chain"]] == [
            (Decimal(300), "esms"),
            (Decimal(450), "list"),
        ]
    assert call.id != first.id


def test_what_was_never_taken_costs_nothing_and_what_was_sent_twice_costs_twice(bench: Bench) -> None:
    bench.notifier.prices.put([PriceRow(sms_type=7, network="", valid_from=_day(), dong=Decimal(500))])
    first = bench.put(otp())
    bench.set(first, status="'rejected'", code="'104'", settled_at="now()", attempts="1")
    second = corrected(bench, first)
    bench.set(second, **(TOLD | {"status": "'undelivered'"}))
    bench.notifier.retry(second.id)
    bench.set(second, **TOLD)
    [message] = bench.notifier.show(second.id).messages
    assert [(each.cost, each.known) for each in message.chain] == [(Decimal(0), "esms"), (Decimal(1000), "list")]


def test_what_went_to_another_number_says_to_which(bench: Bench, cli: Cli) -> None:
    first = bench.put(otp("0901000003"), reference="r2", source="shop")
    bench.set(first, **UNDELIVERED)
    second = corrected(bench, first, to="0901000004")
    [message] = bench.notifier.show(first.id).messages
    assert [each.phone for each in message.chain] == ["+84901000003", "+84901000004"]
    shown = cli("show", str(first.id))[1]
    assert "sent, each in the place of the one before" in shown
    assert "+84901000004" in shown
    told = cli("why", str(first.id))[1]
    assert f"in its place: {bench.message(second)['id']}: sent to +84901000004: waits to be sent" in told


def _day() -> Any:
    from tests.history.test_reports import date_now

    return date_now()
