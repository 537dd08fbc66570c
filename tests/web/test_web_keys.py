"""Asking again by an `Idempotency-Key`, of one and of many: nothing is handed over twice, and the answer is true."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tests.http_door import Application
from tests.support import Bench, let_pass
from tests.web.test_web_messages import code

KEY = {"Idempotency-Key": "batch-1"}


def tickets(answer: Any) -> list[dict[str, Any]]:
    return [result["ticket"] for result in answer.json()["results"]]


@pytest.mark.parametrize("atomic", [False, True])
def test_a_list_that_is_asked_for_again_by_its_key_is_handed_over_once(application: Application, atomic: bool) -> None:
    shop, given = application(), [code(content=f"Ma: {number}") for number in range(3)]
    body = {"messages": given, "atomic": atomic}
    first, again = (tickets(shop.post("/v1/messages", json=body, headers=KEY)) for _ in range(2))
    assert [each["id"] for each in again] == [each["id"] for each in first]
    assert [[each["repeated"] for each in answer] for answer in (first, again)] == [[False] * 3, [True] * 3]


def test_each_of_a_list_has_the_key_and_its_place_as_its_reference_unless_it_gives_one(
    application: Application,
) -> None:
    shop = application()
    made = tickets(shop.post("/v1/messages", json=[code(), code(reference="mine")], headers=KEY))
    found = [shop.get("/v1/messages", params={"reference": each}).json()["id"] for each in ("batch-1/0", "mine")]
    assert found == [each["id"] for each in made]


def test_of_a_list_that_is_asked_for_again_mended_what_was_refused_is_taken_and_the_rest_is_not_taken_twice(
    application: Application,
) -> None:
    shop = application()
    first = shop.post("/v1/messages", json=[code(), code(to="1"), code(content="x")], headers=KEY).json()
    fixed = shop.post("/v1/messages", json=[code(), code(to="0901234568"), code(content="y")], headers=KEY).json()
    assert (first["accepted"], first["refused"], fixed["accepted"], fixed["refused"]) == (2, 1, 2, 1)
    assert [result["ticket"]["repeated"] for result in fixed["results"][:2]] == [True, False]
    assert fixed["results"][2]["problem"]["type"] == "/problems/conflict"
    assert "Idempotency-Key: 'batch-1' came with another content" in fixed["results"][2]["problem"]["detail"]


@pytest.mark.parametrize(("key", "body"), [("", code()), ("", [code()]), ("x" * 196, [code()]), ("a\tb", code())])
def test_a_key_that_can_not_serve_is_refused_and_nothing_is_stored(
    application: Application, bench: Bench, key: str, body: Any
) -> None:
    refused = application().post("/v1/messages", json=body, headers={"Idempotency-Key": key})
    assert (refused.status_code, refused.json()["pointer"]) == (422, "/Idempotency-Key")
    assert not bench.notifier.reports.summary().is_used


def test_the_longest_key_of_a_list_serves_for_its_last_place(application: Application) -> None:
    shop, key = application(), {"Idempotency-Key": "x" * 195}
    assert shop.post("/v1/messages", json=[code()] * 10_000, headers=key).json()["accepted"] == 10_000


def test_a_key_of_vietnamese_letters_is_the_reference_as_it_was_written(application: Application) -> None:
    shop, key = application(), "đơn-42"
    made = shop.post("/v1/messages", json=code(), headers={b"Idempotency-Key": key.encode()}).json()["id"]
    assert shop.get("/v1/messages", params={"reference": key}).json()["id"] == made


def test_who_asks_again_once_its_time_is_over_is_told_that_it_was_taken(application: Application) -> None:
    shop, soon = application(), (datetime.now(UTC) + timedelta(seconds=1)).isoformat()
    first = shop.post("/v1/messages", json=code(expires_at=soon), headers=KEY)
    let_pass(1.1)
    again = shop.post("/v1/messages", json=code(expires_at=soon), headers=KEY)
    assert (again.status_code, again.json()["id"], again.json()["repeated"]) == (200, first.json()["id"], True)
    other = shop.post("/v1/messages", json=code(expires_at=soon, content="another"), headers=KEY)
    assert other.status_code == 409
    assert shop.post("/v1/messages", json=code(expires_at=soon)).status_code == 422
    assert shop.post("/v1/messages", json=code(expires_at=soon, reference="new")).status_code == 422
