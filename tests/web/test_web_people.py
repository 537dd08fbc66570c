"""People, meetings, texts and campaigns by HTTP."""

from __future__ import annotations

import httpx
import pytest

from tests.http_door import Application
from tests.support import Bench
from tests.web.test_web_messages import code


@pytest.fixture
def clinic(application: Application) -> httpx.Client:
    return application("clinic", may="contacts,reminders,read")


def test_a_person_is_added_changed_and_forgotten(clinic: httpx.Client) -> None:
    assert clinic.put("/v1/contacts/17", json={"name": "Lan", "phones": ["0901234567"]}).status_code == 200
    assert clinic.put("/v1/contacts/17", json={"tags": ["staff"]}).status_code == 200
    shown = clinic.get("/v1/contacts/17").json()
    assert (shown["name"], shown["phones"], shown["tags"]) == ("Lan", ["+84901234567"], ["staff"])
    assert clinic.delete("/v1/contacts/17").json() == {"cancelled": 0}
    assert clinic.get("/v1/contacts/17").status_code == 404


def test_another_sources_person_does_not_exist(clinic: httpx.Client, application: Application) -> None:
    clinic.put("/v1/contacts/17", json={"name": "Lan"})
    other = application("bank", may="contacts")
    assert other.get("/v1/contacts/17").status_code == 404
    assert other.delete("/v1/contacts/17").status_code == 404
    assert other.get("/v1/contacts/17", params={"source": "clinic"}).status_code == 403


def test_who_opts_out_gets_no_reminder(clinic: httpx.Client, application: Application) -> None:
    assert clinic.post("/v1/opt-outs", json={"phones": ["0901 234 567"]}).json() == {"cancelled": 0}
    made = application().post("/v1/messages", json=code(sms_type=4, purpose="reminder")).json()
    assert made["opted_out"] == ["+84901234567"]


def test_a_meeting_is_stored_seen_and_called_off(clinic: httpx.Client, bench: Bench) -> None:
    bench.notifier.templates.save("visit", content="Nhac hen {title} luc {time}")
    meeting = {
        "title": "Kham rang",
        "starts_at": "2027-03-01T14:00",
        "template": "visit",
        "offsets": ["1d", "1h"],
        "sms_type": 4,
        "attendees": [{"key": "lan", "phone": "0901234567"}],
    }
    stored = clinic.put("/v1/events/v17", json=meeting)
    assert stored.status_code == 200, stored.text
    assert clinic.get("/v1/events/v17").json()["attendees"] == ["lan"]
    assert clinic.delete("/v1/events/v17").status_code == 200
    assert clinic.put("/v1/events/v17", json=meeting | {"key": "other"}).json()["pointer"] == "/key"
    assert clinic.delete("/v1/events/nothing").status_code == 404


def test_a_text_says_what_it_costs(clinic: httpx.Client) -> None:
    told = clinic.post("/v1/text", json={"content": "Chào chị Lan"}).json()
    assert told["as_written"]["encoding"] == "ucs2"
    assert told["without_accents"]["segments"] == 1
    assert clinic.post("/v1/text", json={"content": 5}).json()["pointer"] == "/content"


def test_a_text_that_all_use_is_saved_with_a_token_of_all_and_previewed_for_ones_own_people(
    clinic: httpx.Client, application: Application
) -> None:
    clinic.put("/v1/contacts/17", json={"name": "Nguyễn Thị Lan", "phones": "0901234567"})
    hello = {"content": "Chao {first_name}"}
    assert clinic.put("/v1/templates/hello", json=hello).json()["type"] == "/problems/forbidden"
    assert application("boss", source=None, may="reminders").put("/v1/templates/hello", json=hello).status_code == 200
    told = clinic.post("/v1/templates/hello:preview", params={"key": "17"})
    assert told.json()["each"][0]["texts"] == ["Chao Lan"], told.text
    told = clinic.post("/v1/templates/hello:preview", params={"key": "17", "purpose": "advertising"})
    assert told.json()["told"] == ["purpose: SmsType 2 takes no advertising: use SmsType 1, or say what it is for"]


def test_a_campaign_is_paused_resumed_and_cancelled(bench: Bench, address: str) -> None:
    token = bench.notifier.tokens.add("boss", source=None, may=["enqueue", "decide", "read"]).token
    with httpx.Client(base_url=address, headers={"Authorization": f"Bearer {token}"}) as boss:
        boss.post("/v1/messages", json=code(sms_type=4, campaign="tet", source="shop"))
        assert boss.post("/v1/campaigns/tet:pause").json() == {"changed": True}
        assert boss.post("/v1/campaigns/tet:resume").json() == {"changed": True}
        assert boss.post("/v1/campaigns/tet:cancel").json()["moved"] == 1
        assert boss.post("/v1/campaigns/nope:cancel").status_code == 404
        assert boss.get("/v1/reports/summary").json()["lines"]["campaign"][0]["key"] == "tet"


def test_names_with_a_slash_are_reached_by_their_address(clinic: httpx.Client, bench: Bench, address: str) -> None:
    for path in ("/v1/contacts/KH%2F17", "/v1/events/hop%2F2027"):
        assert clinic.get(path).status_code == 404
    assert clinic.put("/v1/contacts/KH%2F17", json={"name": "Lan"}).status_code == 200
    assert clinic.get("/v1/contacts/KH%2F17").json()["key"] == "KH/17"
    assert clinic.delete("/v1/contacts/KH%2F17").status_code == 200
    token = bench.notifier.tokens.add("boss", source=None, may=["enqueue", "decide"]).token
    with httpx.Client(base_url=address, headers={"Authorization": f"Bearer {token}"}) as boss:
        boss.post("/v1/messages", json=code(sms_type=4, campaign="Tết/2027", source="shop"))
        assert boss.post("/v1/campaigns/T%E1%BA%BFt%2F2027:cancel").json()["moved"] == 1
