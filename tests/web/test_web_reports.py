"""`/v1/reports/…`: the same as `notifier.reports`, of one's own source alone, paged where it may be long."""

from __future__ import annotations

from typing import Any

from tests.history.test_reports import date_now, told
from tests.http_door import Application
from tests.support import Bench

__all__ = ["told"]


def test_a_source_is_told_of_its_own_and_an_operator_of_all(told: Bench, application: Application) -> None:
    shop, operator = application("shop"), application("operator", source=None)

    def lines(client: Any, path: str, **asked: Any) -> list[dict[str, Any]]:
        answer = client.get(f"/v1/reports/{path}", params=asked)
        assert answer.status_code == 200, answer.text
        assert answer.json()["counted_until"]
        found: list[dict[str, Any]] = answer.json()["lines"]
        return found

    assert [(line["day"], line["messages"]) for line in lines(shop, "daily")] == [(str(date_now()), 2)]
    assert sum(line["messages"] for line in lines(operator, "daily", by=["status"])) == 4
    assert [line["campaign"] for line in lines(operator, "campaigns", until=str(date_now()))] == ["codes", "tet"]
    assert [line["network"] for line in lines(shop, "networks", status=["delivered"])] == ["viettel"]
    assert [line["met"] for line in lines(shop, "latency", by="lane")] == [False, None]
    assert [line["messages"] for line in lines(shop, "costs")] == [2]
    assert len(lines(shop, "costs", by=["month", "month"])) == 1
    assert lines(operator, "reminders") == []
    assert shop.get("/v1/reports/reminders").status_code == 403
    assert shop.get("/v1/reports/daily", params={"source": "clinic"}).status_code == 403


def test_who_has_handed_over_nothing_yet_gets_empty_reports_and_no_word_on_the_spelling_of_its_own_name(
    told: Bench, application: Application
) -> None:
    fresh = application("fresh")
    for path in ("daily", "campaigns", "networks", "latency", "costs"):
        answer = fresh.get(f"/v1/reports/{path}")
        assert (answer.status_code, answer.json()["lines"]) == (200, [])
    for path in ("messages", "failures"):
        answer = fresh.get(f"/v1/reports/{path}")
        assert (answer.status_code, answer.json()["rows"]) == (200, [])
    other = fresh.get("/v1/reports/daily", params={"campaign": "codes"})
    assert (other.status_code, other.json()["detail"]) == (
        404,
        "no message has the campaign 'codes': check its spelling",
    )
    operator = application("operator", source=None)
    assert operator.get("/v1/reports/daily", params={"source": "fresh"}).status_code == 404


def test_a_day_a_word_and_a_number_that_are_none_say_how_to_write_them(told: Bench, application: Application) -> None:
    shop = application("shop")
    for asked, expected in (
        ({"since": "x"}, ("/since", "is no day: write it like 2026-01-31")),
        ({"since": "2026-13-01"}, ("/since", "is no day: write it like 2026-01-31")),
        ({"by": "dya"}, ("/by/0", "is none of these words: use 'day', 'month',")),
    ):
        answer = shop.get("/v1/reports/daily", params=asked)
        assert answer.status_code == 422
        assert (answer.json()["pointer"], answer.json()["detail"][: len(expected[1])]) == expected
    many = shop.get("/v1/reports/messages", params={"most": "many"}).json()
    assert many["detail"] == "is no whole number: write it like 100"


def test_lists_are_paged_and_what_can_not_be_asked_is_a_problem(told: Bench, application: Application) -> None:
    operator, cursor, seen = application("operator", source=None), None, []
    while True:
        asked: dict[str, Any] = {"most": 1, "status": ["rejected", "undelivered"]} | (
            {"cursor": cursor} if cursor else {}
        )
        page = operator.get("/v1/reports/failures", params=asked).json()
        seen += [(row["reference"], row["remedy"] != row["remedy_vi"]) for row in page["rows"]]
        if (cursor := page["next"]) is None:
            break
    assert seen == [("r2", True), ("r3", True)]
    shop = application("shop")
    assert [row["reference"] for row in shop.get("/v1/reports/messages").json()["rows"]] == ["r1", "r2"]
    for wrong in (
        "daily?since=soon", "daily?by=weather", "latency?code=1", "daily?lane=x", "messages?cursor=x",
        "daily?since=2026-03-02&until=2026-03-01",
    ):  # fmt: skip
        answer = operator.get(f"/v1/reports/{wrong}")
        assert (answer.status_code, answer.headers["content-type"]) == (422, "application/problem+json"), answer.text
    assert operator.get("/v1/reports/campaigns", params={"campaign": "tett"}).status_code == 404
