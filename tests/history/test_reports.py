"""`notifier.reports`: what was sent, what came of it, how long it took; equal to what the messages themselves say."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from typing import Any, Literal
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import event, text

from tests.ledger.test_ledger_plans import undone
from tests.plans import pages_of
from tests.support import Bench, otp
from worker import Sms, SmsType, ledger
from worker.api import reports as api_reports
from worker.errors import Invalid, NotFound
from worker.lifecycle import Status
from worker.phone import local_of
from worker.reporting import Choice, Which, lists
from worker.reporting.finding import Search, find
from worker.reporting.latency import percentile, share_over
from worker.tabular import cell, flat

VIETNAM = ZoneInfo("Asia/Ho_Chi_Minh")


def date_now() -> date:
    return datetime.now(VIETNAM).date()


def care(to: str) -> Sms:
    return Sms(to=to, content="Don hang da giao", sms_type=SmsType.NOTIFY)


# Twenty thousand of tomorrow.
SETTLED = """
    INSERT INTO settlement (transaction, wanted_at, message_id, notification_id, generation, lane, status)
    SELECT 9, now() + interval '1 day' + n * interval '1 ms', gen_random_uuid(), gen_random_uuid(), 0, 'normal',
        'delivered' FROM generate_series(1, 20000) AS n
"""


@pytest.fixture
def told(bench: Bench) -> Bench:
    """Two codes of a shop, one delivered after three seconds; a clinic's SMS that was refused; and one that waits."""
    bench.put(otp("0901000001"), source="shop", campaign="codes", reference="r1")
    bench.put(otp("0901000002"), source="shop", campaign="codes", reference="r2")
    bench.put(care("0901000003"), source="clinic", campaign="tet", reference="r3")
    bench.put(care("0901000004"), source="clinic", reference="r4", send_date=datetime.now(UTC) + timedelta(days=2))
    _end(bench, "r1", "delivered", code="'100'", network="'viettel'", accepted_at="wanted_at + interval '3 s'")
    _end(bench, "r2", "undelivered", code="'100'", network="'mobifone'", accepted_at="wanted_at + interval '18 s'")
    _end(bench, "r3", "rejected", code="'104'")
    bench.roll_up()
    return bench


def _end(bench: Bench, reference: str, status: str, **columns: str) -> None:
    ticket = bench.notifier.find(reference)
    for each in ("sending", status):
        lease = "now()" if each == "sending" else "NULL"
        facts = {"settled_at": "now()"} | columns if each == status else {}
        set_to = {"status": f"'{each}'", "lease_until": lease, "attempts": "1"} | facts
        with bench.database.begin() as session:
            assigned = ", ".join(f"{name} = {value}" for name, value in set_to.items())
            session.execute(text(f"UPDATE message SET {assigned} WHERE notification_id = :id"), {"id": ticket})


def lines(rows: Any) -> list[Any]:
    return [(*row.key.values(), row.messages, row.delivered, row.failed) for row in rows]


def test_a_day_a_campaign_a_network_are_counted_by_what_is_asked_for(told: Bench) -> None:
    reports, today = told.notifier.reports, date_now()
    assert lines(reports.daily()) == [(today, 3, 1, 2), (today + timedelta(days=2), 1, 0, 0)]
    assert lines(reports.campaigns(until=today)) == [("codes", 2, 1, 1), ("tet", 1, 0, 1)]
    assert lines(reports.networks(campaign="codes")) == [("mobifone", 1, 0, 1), ("viettel", 1, 1, 0)]
    assert lines(reports.campaigns(["status"], source="shop")) == [
        ("codes", "delivered", 1, 1, 0),
        ("codes", "undelivered", 1, 0, 1),
    ]
    assert lines(reports.daily(["month"], status=["rejected", "undelivered"])) == [(f"{today:%Y-%m}", 2, 0, 2)]
    assert lines(reports.daily(["code"], lane="normal", since=today)) == [("", 1, 0, 0), ("104", 1, 0, 1)]
    [line] = reports.daily(["purpose"], purpose="code")
    assert (line.statuses, line.delivery_rate) == ({Status.DELIVERED: 1, Status.UNDELIVERED: 1}, 0.5)
    assert reports.counted_until() is not None


def test_a_lanes_latency_stands_beside_its_goal(told: Bench) -> None:
    accepted, delivered = told.notifier.reports.latency(["lane"], lane="urgent")
    assert (accepted.key, accepted.leg, accepted.messages) == ({"lane": "urgent"}, "accepted", 2)
    assert (accepted.goal, accepted.within_goal, accepted.met) == (10, 0.5, False)
    assert 2 < accepted.p50 <= 5 and 15 < accepted.p95 <= 20 and accepted.over_1_minute == 0
    assert (delivered.leg, delivered.messages, delivered.met) == ("delivered", 1, None)


# Whole months, parts of one, parts of two with one between, and all there is.
PERIODS: tuple[Which, ...] = (
    {"since": date(2025, 2, 1), "until": date(2025, 4, 30)},
    {"since": date(2025, 2, 1), "until": date(2025, 2, 1)},
    {"since": date(2025, 1, 20), "until": date(2025, 3, 9)},
    {"since": date(2025, 2, 3), "until": date(2025, 2, 20)},
    {"since": date(2025, 1, 31), "until": date(2025, 3, 1)},
    {"since": date(2025, 3, 2)},
    {"until": date(2025, 3, 30)},
    {},
)


def test_what_is_added_up_by_months_and_the_days_at_their_ends_is_what_its_days_are(bench: Bench) -> None:
    alike = "date '2025-01-01' + n, 'shop', 'c' || n % 3, 'service', 'normal', 2, ''"
    with bench.database.begin() as session:
        for statement in (
            f"INSERT INTO report_latency SELECT {alike}, 'accepted', n % 5, n FROM generate_series(1, 120) AS n",
            f"""
            INSERT INTO report_daily (day, source, campaign, purpose, lane, sms_type, network, status, code, messages,
                segments, priced, price)
            SELECT {alike}, 'delivered', '100', n, n, 0, 0 FROM generate_series(1, 120) AS n
            """,
            """
            INSERT INTO price (sms_type, network, valid_from, dong)
            VALUES (2, '', '2025-01-01', 300), (2, '', '2025-02-11', 400), (2, '', '2025-04-01', 500)
            """,
        ):
            session.execute(text(statement))
    reports = bench.notifier.reports
    for period in PERIODS:
        which: Which = {**period, "campaign": "c1"}
        for ask in (reports.latency, reports.daily):
            days, lanes, months = (sum(row.messages for row in ask([by], **which)) for by in ("day", "lane", "month"))
            assert days and days == lanes == months, (ask, period)
        dong, *others = (sum(row.cost for row in reports.costs([by], **which)) for by in ("day", "lane", "month"))
        assert dong and others == [dong, dong], period
        by_day, [line] = reports.daily(["day"], **which), reports.campaigns(**which)
        assert (line.first_day, line.last_day) == (by_day[0].first_day, by_day[-1].last_day)
    with bench.database.begin() as session:
        ledger.begin_anew(session, "Asia/Ho_Chi_Minh")
        left = "(SELECT count(*) FROM report_month) + (SELECT count(*) FROM report_latency_month)"
        assert session.scalar(text(f"SELECT {left}")) == 0


def test_a_percentile_lies_in_the_bucket_of_what_is_counted_and_shares_at_its_edges_are_exact() -> None:
    counts = [0] * 29
    counts[0], counts[14], counts[28] = 90, 8, 2  # below 0.1 s; from 60 s to below 90 s; three days and more
    assert 0 < percentile(counts, 0.5) < 0.1
    assert 60 < percentile(counts, 0.95) < 90
    assert percentile(counts, 1) == 259_200
    assert round(share_over(counts, 60), 9) == 0.1 and round(share_over(counts, 300), 9) == 0.02


def test_a_source_of_its_own_sees_its_own_sums_alone(told: Bench) -> None:
    reports = told.notifier.of_source("shop").reports
    assert lines(reports.campaigns()) == [("codes", 2, 1, 1)]
    assert {row.messages for row in reports.latency(["lane"])} == {2, 1}
    with pytest.raises(NotFound):
        reports.campaigns(campaign="tet")


WRONG: list[tuple[Callable[[Any], Any], type[Exception], str]] = [
    (lambda r: r.daily(since=date_now(), until=date_now() - timedelta(days=1)), Invalid, "since: .* is after until"),
    (lambda r: r.daily(since=datetime.now(UTC)), Invalid, "since: is no day"),
    (lambda r: r.campaigns(until=date(9999, 12, 31)), Invalid, "until: its year is out of reach"),
    (lambda r: r.daily(status="delivred"), Invalid, "there is no status 'delivred': use queued, "),
    (lambda r: r.daily(["weather"]), Invalid, "by: 'weather' is none of this report's: use day, month"),
    (lambda r: r.latency(code="100"), Invalid, "code: is not counted in this report: use day, month"),
    (lambda r: r.campaigns(campaign="tett"), NotFound, "did you mean 'tet'"),
    (lambda r: r.daily(source="shpo"), NotFound, "did you mean 'shop'"),
]


def test_what_is_grouped_by_twice_is_grouped_by_once(told: Bench) -> None:
    reports = told.notifier.reports
    for ask in (reports.daily, reports.campaigns, reports.networks, reports.latency, reports.costs):
        assert list(ask(by=("lane", "lane"))) == list(ask(by=("lane",)))


def test_what_can_not_be_asked_is_one_line_that_says_what_can(told: Bench) -> None:
    for ask, error, words in WRONG:
        with pytest.raises(error, match=words):
            ask(told.notifier.reports)


def test_a_file_has_the_cells_of_the_typed_rows_over_all_pages(told: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(api_reports, "FIRST_PAGE", 1)
    monkeypatch.setattr(api_reports, "PAGE", 1)
    told.notifier.contacts.upsert(key="lan", name="Chị Lan", phones=["0901000003"])
    _end(told, "r1", "delivered", price="770.5")
    reports = told.notifier.reports
    kinds: tuple[Literal["messages", "failures"], ...] = ("messages", "failures")
    for kind, campaign in itertools.product(kinds, (None, "tet", "codes")):
        rows = [dict(flat(row)) | {"phone": local_of(row.phone)} for row in getattr(reports, kind)(campaign=campaign)]
        table = reports.file_of(kind, campaign=campaign)
        assert list(table.columns) == list(rows[0])
        assert [list(row) for row in table.rows] == [[cell(value, VIETNAM) for value in row.values()] for row in rows]
    assert list(reports.file_of("failures", status="expired").rows) == []


def test_a_days_list_looks_at_that_day_and_not_at_all_before_it(told: Bench) -> None:
    day = date_now() + timedelta(days=9)
    which = Choice.of({"since": day, "until": day})
    asked: list[tuple[str, Any]] = []
    with undone(told.database) as session:
        session.execute(text(SETTLED))
        session.execute(text("ANALYZE settlement"))  # else the plan hangs on when somebody counted last
        connection = session.connection()
        event.listen(connection, "before_cursor_execute", lambda _, __, sql, values, *___: asked.append((sql, values)))
        for listed in (lists.messages, lists.failures):
            assert listed(connection, which, VIETNAM, after=None, most=10).rows == []
        find(
            connection,
            Search(choice=Choice.of({"until": date_now() - timedelta(days=1)})),
            VIETNAM,
            after=None,
            most=10,
        )
        for sql, values in tuple(asked):
            assert pages_of(connection, sql, values) < 30, sql


def test_a_failures_line_has_name_reference_reason_and_remedy_in_both_languages(told: Bench) -> None:
    told.notifier.contacts.upsert(key="lan", name="Chị Lan", phones=["0901000003"])
    [tet] = told.notifier.reports.failures(campaign="tet")
    assert (tet.phone, tet.name, tet.reference, tet.status, tet.code) == (
        "+84901000003", "Chị Lan", "r3", "rejected", "104",
    )  # fmt: skip
    assert tet.reason and tet.reason_vi and tet.remedy and tet.remedy_vi and tet.reason != tet.reason_vi
    assert (tet.attempts, tet.last_try is not None) == (1, True)
    assert [row.reference for row in told.notifier.reports.failures()] == ["r2", "r3"]
    assert [row.reference for row in told.notifier.reports.failures(code="104", since=date_now())] == ["r3"]
    assert list(told.notifier.reports.failures(status="expired")) == []


def test_lists_come_page_by_page_by_campaign_and_by_date(told: Bench) -> None:
    reports, today = told.notifier.reports, date_now()
    cases: list[tuple[Which, list[str]]] = [
        ({}, ["r1", "r2", "r3", "r4"]),
        ({"campaign": "codes"}, ["r1", "r2"]),
        ({"campaign": ["codes", "tet"], "until": today}, ["r1", "r2", "r3"]),
        ({"campaign": "", "since": today + timedelta(days=1)}, ["r4"]),
        ({"network": "VIETTEL", "purpose": "code", "lane": "urgent", "source": "shop", "code": "100"}, ["r1"]),
    ]
    for which, expected in cases:
        assert [row.reference for row in reports.messages(**which)] == expected
        after, paged = None, []
        while True:
            page = reports.messages_page(after, most=1, **which)
            paged += [row.reference for row in page.rows]
            if (after := page.next) is None:
                break
        assert paged == expected
    with pytest.raises(Invalid, match="cursor: is none that we gave"):
        reports.failures_page("x")
    assert [row.reference for row in told.notifier.of_source("clinic").reports.messages()] == ["r3", "r4"]


def test_a_message_whose_date_was_moved_there_and_back_is_listed_once_on_the_day_where_it_is(told: Bench) -> None:
    id_, reports = told.notifier.find("r4"), told.notifier.reports
    first = datetime.now(UTC) + timedelta(days=3)
    for moment in (first, first + timedelta(days=1), first):
        told.notifier.move(id_, moment)
    assert [row.reference for row in reports.messages(since=date_now() + timedelta(days=1))] == ["r4"]
