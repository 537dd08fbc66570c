"""Handing over and asking by HTTP, as an application of any language does."""

from __future__ import annotations

from typing import Any

import httpx
import pytest
from sqlalchemy import text

from tests.again.test_called_off_reruns import retried
from tests.again.test_rest_of_reruns import stopped as rerun_that_stopped
from tests.again.test_set_aside import set_aside
from tests.http_door import Application
from tests.support import Bench

CALL = {"kind": "template_call", "template_id": "9"}


def code(**fields: Any) -> dict[str, Any]:
    return {"to": "0901 234 567", "content": "Ma: 123456", "sms_type": 7} | fields


def test_one_message_is_201_and_on_disk(application: Application, bench: Bench) -> None:
    answer = application().post("/v1/messages", json=code(reference="signup:1"))
    assert answer.status_code == 201, answer.text
    shown = bench.notifier.show(answer.json()["id"])
    assert (shown.source, shown.reference, shown.messages[0].phone) == ("shop", "signup:1", "+84901234567")


def test_the_same_reference_is_200_and_the_first_ticket(application: Application) -> None:
    shop = application()
    first, again = (shop.post("/v1/messages", json=code(reference="signup:1")) for _ in range(2))
    assert (first.status_code, again.status_code) == (201, 200)
    assert again.json()["id"] == first.json()["id"]
    assert again.json()["repeated"]


def test_an_idempotency_key_is_the_reference_of_who_gives_none(application: Application) -> None:
    shop, key = application(), {"Idempotency-Key": "k-1"}
    first = shop.post("/v1/messages", json=code(), headers=key)
    assert shop.post("/v1/messages", json=code(), headers=key).json()["id"] == first.json()["id"]
    other = shop.post("/v1/messages", json=code(content="another"), headers=key)
    assert other.status_code == 409
    assert other.headers["content-type"] == "application/problem+json"
    assert other.json()["type"] == "/problems/conflict"
    assert other.json()["detail"] == (
        "Idempotency-Key: 'k-1' came with another content before: use a new key, or send the same content"
    )
    assert "pointer" not in other.json()  # it stands nowhere in the body
    other = shop.post("/v1/messages", json=code(content="x"), headers=key | {"Accept-Language": "vi"})
    assert other.json()["detail"].endswith("hãy dùng khóa mới, hoặc gửi cùng nội dung")


def test_a_reference_that_stands_for_something_else_is_named_once(application: Application) -> None:
    shop = application()
    shop.post("/v1/messages", json=code(reference="r-1"))
    other = shop.post("/v1/messages", json=code(content="x", reference="r-1")).json()
    assert (other["pointer"], other["detail"].count("reference")) == ("/reference", 1)
    told = shop.post("/v1/messages", json=code(content="x", reference="r-1"), headers={"Accept-Language": "vi"})
    assert "đã dùng cho một tin có nội dung khác" in told.json()["detail"]


def test_who_asks_by_a_reference_and_a_number_is_told_to_choose(application: Application) -> None:
    answer = application().get("/v1/messages", params={"reference": "r", "to": "0901234567"})
    assert (answer.status_code, answer.json()["detail"]) == (422, "give reference or to, not both")


def test_an_address_that_there_is_not_and_a_method_that_it_does_not_take_say_what_there_is(
    application: Application,
) -> None:
    shop = application()
    told = shop.get("/v1/mesages").json()
    assert (told["type"], told["detail"]) == (
        "/problems/not-found",
        "there is no such address: /openapi.json has all of them",
    )
    answer = shop.delete("/v1/reports/daily")
    assert (answer.status_code, answer.json()["detail"]) == (405, "this address takes GET, and no DELETE")
    told = shop.delete("/v1/reports/daily", headers={"Accept-Language": "vi"}).json()
    assert told["detail"] == "địa chỉ này nhận GET, không nhận DELETE"


@pytest.mark.parametrize(
    ("fields", "pointer"),
    [
        ({"to": "12"}, "/to"),
        ({"content": 5}, "/content"),
        ({"contnet": "x"}, "/contnet"),
        ({"sms_type": 99}, "/sms_type"),
        ({"send_date": "soon"}, "/send_date"),
        ({"kind": "fax"}, "/kind"),
        ({"reference": "x" * 300}, "/reference"),
        ({"fallback": {"bogus": 1, "content": "x"}, "fallback_after": "5m"}, "/fallback/bogus"),
        ({"fallback": {"kind": []}, "fallback_after": "5m"}, "/fallback/kind"),
        ({"fallback": CALL, "fallback_after": "5m", "fallback_in_doubt": "yes"}, "/fallback_in_doubt"),
        ({"retry_undelivered": {"times": "2"}}, "/retry_undelivered/times"),
        ({"retry_undelivered": {"bogus": 2}}, "/retry_undelivered/bogus"),
        ({"retry_undelivered": []}, "/retry_undelivered"),
    ],
)
def test_a_wrong_field_is_422_with_its_pointer(application: Application, fields: dict[str, Any], pointer: str) -> None:
    """What is wrong and what to do, in either language."""
    shop = application()
    answer = shop.post("/v1/messages", json=code(**fields))
    assert (answer.status_code, answer.json()["pointer"]) == (422, pointer), answer.text
    in_vietnamese = shop.post("/v1/messages", json=code(**fields), headers={"Accept-Language": "vi"}).json()
    assert in_vietnamese["type"] == answer.json()["type"]
    assert in_vietnamese["detail"] != answer.json()["detail"]


def test_an_unknown_field_is_named_with_the_nearest_one(application: Application) -> None:
    shop, vietnamese = application(), {"Accept-Language": "vi"}
    answer = shop.post("/v1/messages", json=code(refrence="x"))
    assert "is no field of sms: did you mean reference? use brandname, campaign, content" in answer.json()["detail"]
    told = shop.post("/v1/messages", json=code(refrence="x"), headers=vietnamese).json()["detail"]
    assert "không phải là trường của sms: có phải ý bạn là reference? Hãy dùng brandname" in told
    answer = shop.post("/v1/messages", json={"messages": [code()], "atomc": True})
    assert (answer.status_code, answer.json()["pointer"]) == (422, "/atomc")
    assert "there is no such field: did you mean atomic? use messages, atomic" in answer.json()["detail"]


def test_of_a_batch_the_good_ones_are_kept_and_the_bad_ones_told_by_index(application: Application) -> None:
    batch = [code(), code(to="1"), code(content=None), code(reference="a"), {"to": "0901234567"}, "no object"]
    shop = application()
    answer = shop.post("/v1/messages", json=batch).json()
    assert (answer["accepted"], answer["refused"]) == (2, 4)
    assert [place for place, result in enumerate(answer["results"]) if "ticket" in result] == [0, 3]
    told = shop.post("/v1/messages", json=batch, headers={"Accept-Language": "vi"}).json()["results"][1]["problem"]
    assert told["title"] == "Một trường không hợp lệ" and told["detail"] != answer["results"][1]["problem"]["detail"]


def test_an_atomic_batch_with_a_bad_one_stores_none(application: Application, bench: Bench) -> None:
    shop = application()
    batch = {"messages": [code(reference="a"), code(to="1"), code(content="")], "atomic": True}
    answer = shop.post("/v1/messages", json=batch)
    assert answer.status_code == 422
    assert [each["pointer"] for each in answer.json()["errors"]] == ["/messages/1/to", "/messages/2/content"]
    answer = shop.post("/v1/messages", json=batch, headers={"Accept-Language": "vi"})
    assert {each["title"] for each in answer.json()["errors"]} == {"Một trường không hợp lệ"}
    assert not bench.notifier.reports.summary().is_used


def test_ten_thousand_are_taken_at_once_and_one_more_is_not(application: Application) -> None:
    shop = application()
    assert shop.post("/v1/messages", json=[code()] * 10_000).json()["accepted"] == 10_000
    assert shop.post("/v1/messages", json=[code()] * 10_001).status_code == 422


def test_what_became_of_it_is_told_by_id_and_by_reference(application: Application, bench: Bench) -> None:
    shop = application()
    made = shop.post("/v1/messages", json=code(reference="r")).json()["id"]
    bench.deliver()
    by_id, by_reference = shop.get(f"/v1/messages/{made}"), shop.get("/v1/messages", params={"reference": "r"})
    assert by_id.json() == by_reference.json()
    assert by_id.json()["messages"][0]["status"] == "accepted"


def test_the_messages_to_a_number_come_page_by_page(application: Application) -> None:
    shop = application()
    made = [shop.post("/v1/messages", json=code(reference=f"r{n}")).json()["id"] for n in range(5)]
    seen: list[str] = []
    cursor: dict[str, str] = {}
    while True:
        page = shop.get("/v1/messages", params={"to": "+84 901 234 567", "most": "2"} | cursor).json()
        seen += [each["notification"] for each in page["messages"]]
        if page["next"] is None:
            break
        cursor = {"cursor": page["next"]}
    assert seen == made[::-1]


def test_it_is_cancelled_moved_and_retried_by_its_id(application: Application) -> None:
    shop = application()
    made = shop.post("/v1/messages", json=code(send_date="2027-01-01T08:00")).json()["id"]
    assert shop.post(f"/v1/messages/{made}:move", json={"send_date": "2027-02-01T08:00"}).json()["moved"] == 1
    assert shop.post(f"/v1/messages/{made}:cancel").json()["moved"] == 1
    assert shop.post(f"/v1/messages/{made}:retry").json()["moved"] == 0
    assert shop.post("/v1/messages/nothing:cancel").status_code == 404


@pytest.mark.parametrize("body", [b"", b"{", b"[" * 5000, b'{"to":', b"\xff\xfe", b"null", b"5", b'"x"'])
def test_what_is_no_message_is_400_or_422(application: Application, body: bytes) -> None:
    assert application().post("/v1/messages", content=body).status_code in {400, 422}


def test_a_huge_body_is_413_before_it_is_read(application: Application) -> None:
    def forever() -> Any:
        for _ in range(100):
            yield b"x" * 1024 * 1024

    try:
        assert application().post("/v1/messages", content=forever()).status_code == 413
    except httpx.WriteError:
        return  # it was hung up on


def test_every_attempt_is_told_and_a_retry_is_asked_for_in_the_tokens_name(
    application: Application, bench: Bench
) -> None:
    shop = application()
    id_ = shop.post("/v1/messages", json=code()).json()["id"]
    with bench.database.begin() as session:
        session.execute(text("UPDATE message SET status = 'rejected', code = '99'"))
    assert shop.post(f"/v1/messages/{id_}:retry").json()["moved"] == 1
    [message] = shop.get(f"/v1/messages/{id_}").json()["messages"]
    history = [(each["status"], each["code"], each["asked_by"]) for each in message["history"]]
    assert history == [("rejected", "99", None), ("queued", None, "shop")]


def test_a_retry_by_http_chooses_corrects_and_is_looked_at_before(application: Application, bench: Bench) -> None:
    shop = application()
    id_ = shop.post("/v1/messages", json=code()).json()["id"]
    with bench.database.begin() as session:
        session.execute(text("UPDATE message SET status = 'rejected', code = '104'"))
    seen = shop.post(f"/v1/messages/{id_}:retry", json={"dry_run": True}).json()
    assert (seen["messages"], seen["helpless"]) == (1, 1)
    assert shop.post(f"/v1/messages/{id_}:retry", json={"code": "99"}).json()["moved"] == 0
    wrong = shop.post(f"/v1/messages/{id_}:retry", json={"corrected": {"text": "x"}})
    assert (wrong.status_code, "corrected" in wrong.text) == (422, True)
    wrongs: list[dict[str, object]] = [{"code": 104}, {"code": [104]}, {"status": {}}, {"status": [["rejected"]]}]
    wrongs += [{"dry_run": "yes"}, {"dry_run": 1}, {"most": "3"}, {"most": 2.5}, {"most": True}, {"most": [1]}]
    wrongs += [{"since": 1}, {"until": [1]}, {"to": 901}, {"network": 1}, {"code": []}, {"corrected": [1]}]
    wrongs += [{"corrected": {name: 5.5}} for name in ("content", "template", "sms_type", "brandname", "to")]
    types: list[object] = ["4", [4], True, {}]
    wrongs += [{"corrected": {"sms_type": each}} for each in types]
    for body in wrongs:
        refused = shop.post(f"/v1/messages/{id_}:retry", json=body)
        assert (refused.status_code, refused.headers["content-type"]) == (422, "application/problem+json"), body
    corrected = {"corrected": {"content": "Ma moi: 123456"}}
    assert shop.post(f"/v1/messages/{id_}:retry", json=corrected).json()["moved"] == 1
    [old] = shop.get(f"/v1/messages/{id_}").json()["messages"]
    assert old["replaced_by"] is not None


POINTED = [
    ({"corrected": {"content": ""}}, "/corrected/content"),
    ({"corrected": {"sms_type": 99}}, "/corrected/sms_type"),
    ({"corrected": {"sms_type": "4"}}, "/corrected/sms_type"),
    ({"corrected": {"to": "12"}}, "/corrected/to"),
    ({"to": "12"}, "/to"),
    ({"to": "12", "corrected": {"to": "0901000002"}}, "/to"),
    ({"status": ["delivered"], "corrected": {"content": "Ma moi"}}, "/status"),
    ({"corrected": {"template": "wish", "content": "x"}}, "/corrected/template"),
    ({"corrected": {"template": "none"}}, "/corrected/template"),
    ({"corrected": {"content": "x" * 5000}}, "/corrected/content"),
    ({"corrected": {"text": "x"}}, "/corrected/text"),
    ({"corrected": "x"}, "/corrected"),
    ({"corect": {}}, "/corect"),
]


@pytest.mark.parametrize(("body", "pointer"), POINTED, ids=[str(body)[:50] for body, _ in POINTED])
@pytest.mark.parametrize("dry_run", [False, True])
def test_what_is_wrong_with_a_retry_is_pointed_at_where_it_stands_in_the_body(
    application: Application, bench: Bench, body: dict[str, Any], pointer: str, dry_run: bool
) -> None:
    shop = application()
    id_ = shop.post("/v1/messages", json=code(campaign="tet")).json()["id"]
    with bench.database.begin() as session:
        session.execute(text("UPDATE message SET status = 'rejected', code = '146'"))
    for address in (f"/v1/messages/{id_}:retry", "/v1/campaigns/tet:retry"):
        refused = shop.post(address, json=body | {"dry_run": dry_run})
        assert (refused.status_code, refused.json()["pointer"]) == (422, pointer)


def test_what_a_correction_lacks_elsewhere_is_named_and_pointed_at_nowhere_in_it(
    application: Application, bench: Bench
) -> None:
    shop = application()
    bench.notifier.templates.save("wish", content="Chao {first_name}")
    id_ = shop.post("/v1/messages", json=code()).json()["id"]
    with bench.database.begin() as session:
        session.execute(text("UPDATE message SET status = 'rejected', code = '146'"))
    wanted = {"json": {"corrected": {"template": "wish"}}, "headers": {"Accept-Language": "vi"}}
    refused = shop.post(f"/v1/messages/{id_}:retry", **wanted).json()  # type: ignore[arg-type]
    assert (refused["pointer"], refused["detail"].partition(":")[0]) == ("/corrected", "first_name")
    assert "has no value" not in refused["detail"]


def test_two_of_a_retry_that_may_be_one_number_are_pointed_at_in_the_correction(
    application: Application, bench: Bench
) -> None:
    shop = application()
    for number in ("0901000001", "0901000002"):
        shop.post("/v1/messages", json=code(to=number, campaign="tet"))
    with bench.database.begin() as session:
        session.execute(text("UPDATE message SET status = 'rejected', code = '146'"))
    refused = shop.post("/v1/campaigns/tet:retry", json={"corrected": {"to": "0901000003"}}).json()
    assert (refused["pointer"], refused["detail"].partition(":")[0]) == (
        "/corrected/to",
        "is one number, and 2 failed messages are chosen",
    )


def test_what_waits_of_a_rerun_and_who_stays_even_if_it_goes_on_is_told_by_http(
    application: Application, bench: Bench
) -> None:
    id_ = rerun_that_stopped(bench)
    boss, other = application(source=None), application("other")
    rest = {"messages": 20, "stay": 3, "left": {"limit": 3}, "unfit": []}
    told = {"id": id_, "asked_by": "lan", "campaign": "tet", "messages": 120, "moved": 100, "code": "177"}
    [listed], shown = boss.get("/v1/reruns").json(), boss.get(f"/v1/reruns/{id_}").json()
    assert listed == shown == told | {"state": "stopped", "decided_at": shown["decided_at"], "rest": rest}
    assert boss.get("/v1/reruns", params={"campaign": "tet"}).json() == [shown]
    assert boss.get("/v1/reruns", params={"campaign": "none"}).json() == []
    assert boss.post(f"/v1/reruns/{id_}:go-on").json() == {"rest": 20}
    assert boss.post(f"/v1/reruns/{id_}:go-on").status_code == 404  # it is under way
    assert boss.post("/v1/reruns/none:go-on").status_code == 404
    assert boss.get("/v1/reruns").json() == other.get("/v1/reruns").json() == []
    [going] = boss.get("/v1/reruns", params={"campaign": "tet"}).json()
    assert (going["state"], going["rest"]) == ("going", rest)
    assert [other.get(f"/v1/reruns/{each}").status_code for each in (id_, "none")] == [404, 404]


def test_a_cancel_tells_how_many_more_were_still_to_be_sent_again(application: Application, bench: Bench) -> None:
    retried(bench)
    boss = application(source=None)
    [message, *_] = boss.get("/v1/messages", params={"to": "0901000001"}).json()["messages"]
    assert boss.post(f"/v1/messages/{message['notification']}:cancel").json()["called_off"] == 0
    told = boss.post("/v1/campaigns/tet:cancel").json()
    assert (told["moved"], told["called_off"]) == (99, 50)
    assert boss.post("/v1/campaigns/tet:cancel").json()["called_off"] == 0


def test_what_was_to_follow_and_was_set_aside_is_let_go_by_http(application: Application, bench: Bench) -> None:
    set_aside(bench)
    boss, one = application(source=None), application("app-0", may="decide")
    dry = {"dry_run": True}
    assert boss.post("/v1/follow-ups:go-on", json=dry | {"all": True}).json() == {"let_go": 6, "dry_run": True}
    assert one.post("/v1/follow-ups:go-on", json=dry | {"all": True}).json() == {"let_go": 3, "dry_run": True}
    assert boss.post("/v1/follow-ups:go-on", json=dry | {"source": "app-1"}).json()["let_go"] == 3
    assert one.post("/v1/follow-ups:go-on", json={"campaign": "tet-0"}).json() == {"let_go": 3, "dry_run": False}
    assert one.post("/v1/follow-ups:go-on", json={"campaign": "tet-0"}).json()["let_go"] == 0
    assert [one.post("/v1/follow-ups:go-on", json={name: of}).status_code for name, of in _OTHERS] == [404, 404]
    assert len(bench.notifier.again.set_aside()) == 3
    acts = [each for each in bench.notifier.acts.list(what="follow_up.go_on") if each.how_many]
    assert [(each.how_many, each.who, each.via) for each in acts] == [(3, "app-0", "http")]


_OTHERS = [("campaign", "tet-1"), ("source", "app-1")]


@pytest.mark.parametrize(
    ("wrong", "pointer"),
    [
        ({}, "/campaign"),
        ({"all": False}, "/campaign"),
        ({"all": True, "campaign": "tet"}, "/all"),
        ({"all": "yes"}, "/all"),
        ({"all": True, "dry_run": 1}, "/dry_run"),
        ({"campaing": "tet"}, "/campaing"),
    ],
)
def test_what_is_let_go_is_said_and_never_meant_by_leaving_a_name_out(
    application: Application, bench: Bench, wrong: Any, pointer: str
) -> None:
    set_aside(bench)
    refused = application(source=None).post("/v1/follow-ups:go-on", json=wrong)
    assert (refused.status_code, refused.json()["pointer"]) == (422, pointer)
    assert len(bench.notifier.again.set_aside()) == 6
