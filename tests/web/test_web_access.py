"""Who is let in by HTTP, and what of another's they see: nothing."""

from __future__ import annotations

import httpx
import pytest

from tests.http_door import Application, serving
from tests.support import Bench, eventually
from tests.web.test_web_messages import code


def test_without_a_token_nobody_is_let_in_and_it_is_counted(address: str, bench: Bench) -> None:
    for headers in ({}, {"Authorization": "Bearer wrong"}, {"Authorization": "Bearer esw_" + "x" * 43}):
        answer = httpx.post(f"{address}/v1/messages", json=code(), headers=headers, timeout=10)
        assert answer.status_code == 401
        assert answer.headers["www-authenticate"] == "Bearer"
    assert bench.notifier.tokens.refused() == 3


def test_a_token_may_only_what_it_was_given(application: Application) -> None:
    reader = application(may="read")
    answer = reader.post("/v1/messages", json=code())
    assert (answer.status_code, answer.json()["type"]) == (403, "/problems/forbidden")


def test_a_token_cannot_speak_for_another_source(application: Application) -> None:
    answer = application().post("/v1/messages", json=code(source="bank"))
    assert (answer.status_code, answer.json()["pointer"]) == (403, "/source")


def test_another_sources_message_does_not_exist(application: Application) -> None:
    shop, bank = application("shop"), application("bank")
    made = bank.post("/v1/messages", json=code(reference="r")).json()["id"]
    assert shop.get(f"/v1/messages/{made}").status_code == 404
    assert shop.get(f"/v1/messages/{made[:13]}").status_code == 404
    assert shop.get("/v1/messages", params={"reference": "r"}).status_code == 404
    assert shop.get("/v1/messages", params={"reference": "r", "source": "bank"}).status_code == 403
    assert shop.get("/v1/messages", params={"to": "0901234567"}).json()["messages"] == []
    for verb in ("cancel", "retry"):
        assert shop.post(f"/v1/messages/{made}:{verb}").status_code == 404
    assert shop.post("/v1/messages", json=code(reference="r")).status_code == 201


def test_a_revoked_token_is_refused_within_a_second(application: Application, bench: Bench) -> None:
    shop = application()
    assert shop.post("/v1/messages", json=code()).status_code == 201
    bench.notifier.tokens.revoke("shop")
    eventually(lambda: shop.post("/v1/messages", json=code()).status_code == 401, within=10)


def test_both_tokens_of_a_rotation_are_valid(application: Application, bench: Bench) -> None:
    shop = application()
    made = bench.notifier.tokens.rotate("shop")
    assert shop.post("/v1/messages", json=code()).status_code == 201
    shop.headers["Authorization"] = f"Bearer {made.token}"
    assert shop.post("/v1/messages", json=code()).status_code == 201


def test_while_postgres_takes_no_writes_a_token_reads_and_hands_nothing_over(
    bench: Bench, database_url: str, redis_url: str
) -> None:
    token = bench.notifier.tokens.add("shop", source="shop", may=["enqueue", "read"]).token
    bench.put(source="shop", reference="r")
    no_writes = {"PGOPTIONS": "-c default_transaction_read_only=on", "WORKER_POOLER": "transaction"}  # libpq reads it
    with serving(database_url, redis_url, **no_writes) as address:
        shop = httpx.Client(base_url=address, headers={"Authorization": f"Bearer {token}"}, timeout=30)
        with shop:
            found = shop.get("/v1/messages", params={"reference": "r"})
            refused = shop.post("/v1/messages", json=code())
    assert found.status_code == 200 and found.json()["reference"] == "r"
    assert (refused.status_code, refused.headers["retry-after"]) == (503, "5")
    assert "takes no writes (SQLSTATE 25006): name the primary" in refused.json()["detail"]


def test_who_is_too_fast_is_told_when_to_come_back(application: Application) -> None:
    shop = application(rate=2.0)
    answers = [shop.post("/v1/messages", json=code()) for _ in range(20)]
    late = [answer for answer in answers if answer.status_code == 429]
    assert late and all(int(answer.headers["retry-after"]) >= 1 for answer in late)


@pytest.mark.parametrize("language", ["vi", "vi-VN,vi;q=0.9,en;q=0.8"])
def test_a_problem_is_told_in_the_language_that_is_asked_for(application: Application, language: str) -> None:
    answer = application().post("/v1/messages", json=code(to="1"), headers={"Accept-Language": language})
    told = answer.json()
    assert (told["type"], told["title"]) == ("/problems/invalid", "Một trường không hợp lệ")
    assert told["detail"].endswith("hãy xem có thiếu hoặc thừa chữ số không"), told
