"""`/openapi.json`: true of what is answered, and made of the classes that Python producers use."""

from __future__ import annotations

import re
from dataclasses import fields
from typing import Any

import httpx
import pytest

from tests.http_door import Application
from worker import Sms
from worker.access import May
from worker.intake import Enqueue
from worker.settings import Settings
from worker.web.app import make_app

VERBS = {"get", "put", "post", "delete"}


@pytest.fixture(scope="module")
def description(address: str) -> dict[str, Any]:
    found: dict[str, Any] = httpx.get(f"{address}/openapi.json").json()
    return found


def test_it_is_openapi_3_1(description: dict[str, Any]) -> None:
    assert description["openapi"].startswith("3.1")


def test_a_message_has_every_field_of_an_sms_and_of_enqueue(description: dict[str, Any]) -> None:
    body = description["paths"]["/v1/messages"]["post"]["requestBody"]["content"]["application/json"]["schema"]
    sms = body["anyOf"][0]["anyOf"][0]
    named = {field.name for kind in (Sms, Enqueue) for field in fields(kind)} - {"request"} | {"kind"}
    assert sms["properties"].keys() == named
    assert sms["required"] == ["to", "content"]


def test_every_route_says_what_it_may_answer_without_a_token(description: dict[str, Any]) -> None:
    for path, verbs in description["paths"].items():
        for verb in VERBS & verbs.keys():
            assert "401" in verbs[verb]["responses"] or path in {"/livez", "/readyz"}, path


def test_health_is_told_without_a_token_and_without_secrets(address: str, database_url: str) -> None:
    for path in ("/livez", "/readyz"):
        answer = httpx.get(address + path)
        assert (answer.status_code, answer.json()) == (200, {"status": "ok"})


@pytest.mark.parametrize("path", ["/livez", "/readyz"])
def test_health_is_told_to_who_asks_for_the_head_alone(address: str, path: str) -> None:
    answer = httpx.head(address + path)
    assert (answer.status_code, answer.content) == (200, b"")
    assert answer.headers["content-length"] == httpx.get(address + path).headers["content-length"]


def test_every_route_refuses_a_parameter_that_it_has_not_and_names_the_nearest(
    application: Application, description: dict[str, Any]
) -> None:
    client = application(source=None, may=",".join(May))
    routes = [
        (verb, path, {each["name"] for each in described.get("parameters", ()) if each["in"] == "query"})
        for path, verbs in description["paths"].items()
        if path.startswith("/v1/")
        for verb, described in verbs.items()
    ]
    assert len(routes) >= 40
    for verb, path, known in routes:
        asked = re.sub("{[^}]*}", "x", path)
        answer = client.request(verb, asked, params={"chiến dịch": "tet"})
        told = answer.json()
        assert (answer.status_code, told["type"], told["pointer"]) == (422, "/problems/invalid", "/chiến dịch"), path
        remedy = told["detail"].removeprefix("there is no such parameter: ")
        assert set(remedy.removeprefix("use ").split(", ")) == (known or {"leave it out"})


def test_a_misspelt_parameter_is_told_with_the_right_one_and_after_the_token(
    application: Application, address: str
) -> None:
    reader = application(may="read")
    assert reader.get("/v1/messages?to=0901234567").status_code == 200
    for language, near in (("en", "did you mean cursor?"), ("vi", "có phải ý bạn là cursor?")):
        asked = {"to": "0901234567", "curser": "x"}
        answer = reader.get("/v1/messages", params=asked, headers={"Accept-Language": language})
        assert (answer.status_code, answer.json()["pointer"]) == (422, "/curser")
        assert near in answer.json()["detail"]
    assert reader.post("/v1/messages?x=1", json={}).status_code == 403
    assert httpx.get(f"{address}/v1/messages?x=1", timeout=10).status_code == 401


async def _ask(settings: Settings) -> httpx.Response:
    app = make_app(settings)

    @app.get("/bug")
    def bug() -> None:
        raise RuntimeError("0901234567")

    transport = httpx.ASGITransport(app=app, raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://door") as client:
        return await client.get("/bug")


def test_a_bug_is_a_problem_and_quotes_nothing(database_url: str, caplog: pytest.LogCaptureFixture) -> None:
    import asyncio

    answer = asyncio.run(_ask(Settings.from_environ({"DATABASE_URL": database_url})))
    assert (answer.status_code, answer.json()["type"]) == (500, "/problems/bug")
    assert "0901234567" not in answer.text + caplog.text
    assert "request.failed error=RuntimeError at=web/test_web_description.py" in caplog.text
