"""What is cancelled is not sent in another way either: nothing follows by itself what has gone out already."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from sqlalchemy import text

from tests.again.promises import correct, last
from tests.again.test_follow_ups import FAILED, calls, pass_time, put
from tests.support import Bench
from worker import Retry, Ticket, again, sweeps
from worker.reporting.choice import Choice
from worker.reporting.finding import Search

ACCEPTED = {"status": "'accepted'", "accepted_at": "now()"}
CAMPAIGN = "den han"
Cancel = Callable[[Bench, Ticket], int]


def by_id(bench: Bench, ticket: Ticket) -> int:
    return bench.notifier.cancel(ticket.id).moved


def by_campaign(bench: Bench, _: Ticket) -> int:
    return bench.notifier.cancel_campaign(CAMPAIGN).moved


def by_sql(bench: Bench, ticket: Ticket) -> int:
    with bench.database.begin() as session:
        return int(session.scalar(text("SELECT esms.cancel(:id)"), {"id": ticket.id}) or 0)


def by_search(bench: Bench, _: Ticket) -> int:
    sweep = bench.notifier.sweeps.cancel(Search(choice=Choice.of({"lane": "urgent"})), by="lan")
    while sweeps.go_on(bench.workers, bench.settings):
        pass
    return bench.notifier.sweeps.show(sweep.id).moved


WAYS = pytest.mark.parametrize("cancel", [by_id, by_campaign, by_sql, by_search])


@WAYS
def test_no_call_follows_an_sms_that_was_cancelled_too_late(bench: Bench, cancel: Cancel) -> None:
    ticket = put(bench, campaign=CAMPAIGN)
    bench.set(ticket, **ACCEPTED)
    assert cancel(bench, ticket) == 0
    bench.set(ticket, **FAILED)
    pass_time(bench)
    again.follow(bench.database, bench.settings)
    assert calls(bench) == 0


@WAYS
def test_nor_is_it_sent_once_more(bench: Bench, cancel: Cancel) -> None:
    promised = {"fallback": None, "fallback_after": None, "retry_undelivered": Retry(times=2, wait="1h")}
    ticket = put(bench, campaign=CAMPAIGN, **promised)
    bench.set(ticket, **ACCEPTED)
    assert cancel(bench, ticket) == 0
    bench.set(ticket, **(FAILED | {"settled_at": "now() - interval '2 hours'"}))
    pass_time(bench, 120)
    again.follow(bench.database, bench.settings)
    assert bench.status(ticket) == "undelivered"


@WAYS
def test_what_waits_in_its_place_is_cancelled_with_it(bench: Bench, cancel: Cancel) -> None:
    ticket = put(bench, campaign=CAMPAIGN)
    bench.set(ticket, **FAILED)
    assert correct(bench, ticket.id) == 1
    assert cancel(bench, ticket) == 1
    assert last(bench, ticket).status == "cancelled"
    pass_time(bench)
    again.follow(bench.database, bench.settings)
    assert calls(bench) == 0
