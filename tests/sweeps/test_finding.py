"""Messages are found by whatever somebody knows of them, and no page looks at more than its share of rows."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import text

from tests.support import Bench, otp
from worker import Sms, SmsType, Ticket
from worker.errors import Invalid, NotFound
from worker.ids import uuid7
from worker.lifecycle import Status
from worker.reporting import finding
from worker.reporting.choice import Choice
from worker.reporting.finding import Search


def search(**which: Any) -> Search:
    return Search(choice=Choice.of(which))  # type: ignore[arg-type]


def kinds(bench: Bench, given: str) -> list[tuple[str, str]]:
    return [(each.kind, each.name) for each in bench.notifier.finding.meanings(given)]


def numbers(bench: Bench, looked_for: Search) -> list[str]:
    return [row.phone for row in bench.notifier.finding.find(looked_for).rows]


def care(number: str, **besides: Any) -> Sms:
    return Sms(to=number, content="Don hang da giao", sms_type=SmsType.CUSTOMER_CARE)


def spread(bench: Bench) -> Sequence[Ticket]:
    """One of each kind, a second apart: the last is the newest."""
    tickets = [
        bench.put(otp("0901000001"), campaign="tet", source="shop"),
        bench.put(care("0901000002"), campaign="tet", source="hr"),
        bench.put(care("0901000003"), source="shop", purpose="reminder"),
        bench.put(otp("0901000004"), source="shop"),
    ]
    bench.set(tickets[1], status="'rejected'", code="'118'", settled_at="now()")
    bench.set(tickets[3], status="'held'")
    return tickets


@pytest.mark.parametrize(
    ("which", "found"),
    [
        ({}, "4321"),
        ({"campaign": "tet"}, "21"),
        ({"source": "shop"}, "431"),
        ({"campaign": "tet", "source": "shop"}, "1"),
        ({"status": "rejected"}, "2"),
        ({"status": ["rejected", "queued"]}, "321"),
        ({"status": "held"}, "4"),
        ({"code": "118"}, "2"),
        ({"lane": "normal"}, "32"),
        ({"purpose": "reminder"}, "3"),
        ({"campaign": ""}, "43"),
    ],
)
def test_filters_leave_what_they_name_the_newest_first(bench: Bench, which: dict[str, Any], found: str) -> None:
    spread(bench)
    assert "".join(each[-1] for each in numbers(bench, search(**which))) == found


def test_a_day_leaves_what_was_to_go_out_on_it(bench: Bench) -> None:
    today = datetime.now(bench.settings.time_zone).date()
    bench.put(otp("0901000001"))
    bench.put(otp("0901000002"), send_date=datetime.now(UTC) + timedelta(days=40))
    later = today + timedelta(days=40)
    assert numbers(bench, search(until=today)) == ["+84901000001"]
    assert numbers(bench, search(since=later, until=later)) == ["+84901000002"]
    assert numbers(bench, search(since=later + timedelta(days=2))) == []


def test_one_field_takes_a_number_in_any_spelling_a_reference_an_id_a_campaign_and_a_name(bench: Bench) -> None:
    ticket = bench.put(otp("0901000001"), reference="HD-17", source="shop", campaign="tet-2027")
    bench.notifier.contacts.upsert(key="kh-9", name="Trần Thị Lan", phones="0901000001")
    [message] = bench.messages(ticket)
    for spelling in ("0901000001", "+84 901 000 001", "84-901-000-001", "(090) 1000001"):
        assert ("number", "0901000001") in kinds(bench, spelling)
    assert kinds(bench, "HD-17") == [("reference", "HD-17")]
    assert kinds(bench, str(ticket.id)) == [("notification", str(ticket.id))]
    assert kinds(bench, str(ticket.id)[:13])[0][0] == "notification"
    assert kinds(bench, message["id"]) == [("message", message["id"])]
    assert kinds(bench, "tet-2027") == kinds(bench, "tet") == [("campaign", "tet-2027")]
    assert kinds(bench, "kh-9") == kinds(bench, "thi lan") == kinds(bench, "Trần") == [("person", "Trần Thị Lan")]
    assert kinds(bench, "nobody at all") == kinds(bench, "  ") == kinds(bench, "';--") == []
    for given in ("HD-17", "0901000001", "tet", "lan", message["id"]):
        [meaning] = bench.notifier.finding.meanings(given)
        [row] = bench.notifier.finding.find(meaning.search).rows
        assert (str(row.id), row.name) == (message["id"], "Trần Thị Lan")


def test_pages_hold_each_message_once_whichever_way_they_are_found(bench: Bench) -> None:
    bench.notifier.enqueue_many((otp("0901000001", f"Ma: {number:04}") for number in range(30)), campaign="tet")
    ways = [search(), search(campaign="tet"), Search(phones=["+84901000001"]), search(lane="urgent")]
    for looked_for in ways:
        seen, after = [], None
        while True:
            page = bench.notifier.finding.find(looked_for, after, most=7)
            seen += [row.id for row in page.rows]
            if (after := page.next) is None:
                break
        assert len(seen) == len(set(seen)) == 30


def test_a_page_compares_some_thousands_of_rows_at_most_and_says_where_to_look_further(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(finding, "AT_ONCE", 4)
    bench.put(otp("0901999999"), source="shop")
    bench.notifier.enqueue_many(otp(f"09010000{number:02}") for number in range(25))
    page = bench.notifier.finding.find(search(source="shop"))
    assert (len(page.rows), page.looked_at) == (0, 4 * finding.ROUNDS)
    assert [row.phone for row in bench.notifier.finding.find(search(source="shop"), page.next).rows] == ["+84901999999"]


def test_a_message_that_was_moved_is_found_where_it_is_now_and_only_there(bench: Bench) -> None:
    ticket = bench.put(otp("0901000001"), send_date=datetime.now(UTC) + timedelta(days=3))
    bench.notifier.move(ticket.id, datetime.now(UTC) + timedelta(days=9))
    assert len(numbers(bench, search())) == 1
    today = datetime.now(bench.settings.time_zone).date()
    assert numbers(bench, search(until=today + timedelta(days=5))) == []


def test_a_cursor_that_is_none_is_refused(bench: Bench) -> None:
    with pytest.raises(Invalid, match="cursor"):
        bench.notifier.finding.find(search(), "nonsense")


def test_a_search_is_kept_for_its_person_alone_and_for_a_day(bench: Bench) -> None:
    choice = Choice.of({"status": [Status.HELD], "since": date(2026, 1, 2)})
    looked_for = Search(choice=choice, phones=("+84901000001",), messages=(uuid7(),))
    key = bench.notifier.finding.keep("lan", looked_for.as_json())
    assert "901000001" not in key
    assert Search.of_json(dict(bench.notifier.finding.kept("lan", key))) == looked_for
    with pytest.raises(NotFound):
        bench.notifier.finding.kept("minh", key)
    with bench.database.begin() as session:
        session.execute(text("UPDATE search SET at = now() - interval '25 hours'"))
    bench.notifier.finding.keep("lan", {})
    with pytest.raises(NotFound):
        bench.notifier.finding.kept("lan", key)
