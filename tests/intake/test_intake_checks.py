"""What can't be sent: each error names the field, what is wrong and what to do, and nothing is stored."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any, cast
from zoneinfo import ZoneInfo

import pytest

from worker import Enqueue, Invalid, RecordCall, Sms, SmsType, TemplateCall
from worker.intake import Request
from worker.intake.checks import Checked, Checks, check
from worker.intake.fields import request_of
from worker.lifecycle import Kind, Lane, Purpose
from worker.settings import Settings

NOW = datetime(2026, 3, 1, 1, 0, tzinfo=UTC)  # 08:00 in Viet Nam
SETTINGS = Settings.from_environ({"DATABASE_URL": "postgresql+psycopg://h/d", "ESMS_BRANDNAME": "SHOP"})
SMS = Sms(to="0901234567", content="Xin chao", sms_type=SmsType.CUSTOMER_CARE)
CALL = TemplateCall(to="0901234567", template_id="12", variables=["Trung", "20000"])
RECORD = RecordCall(to="0901234567", record_id="9")


def checked(request: Request, settings: Settings = SETTINGS, **besides: Any) -> Checked:
    return check(Enqueue(request=request, **besides), settings, now=NOW)


WRONG: list[tuple[Request, dict[str, Any], str]] = [
    (replace(SMS, to=""), {}, "to: "),
    (replace(SMS, to=[]), {}, "to: names nobody"),
    (replace(SMS, to="12345"), {}, "to: "),
    (replace(SMS, to="02838123456"), {}, "to: "),
    (replace(SMS, to=cast(Any, [901234567])), {}, "to: is int, not text"),
    (replace(SMS, to=cast(Any, 901234567)), {}, "to: is int, not text: give the number as text, like"),
    (replace(SMS, to=cast(Any, None)), {}, "to: names nobody"),
    (replace(SMS, content=""), {}, "content: is empty"),
    (replace(SMS, content=cast(Any, None)), {}, "content: is empty"),
    (replace(SMS, content=cast(Any, 123456)), {}, "content: is int, not text: give it as text"),
    (SMS, {"purpose": "fun"}, "purpose: is not known: use one of code, service, reminder, advertising"),
    (SMS, {"purpose": 7}, "purpose: is not known"),
    (
        replace(SMS, to=[f"090123{n:04d}" for n in range(30)], sms_type=1),
        {"purpose": "service"},
        "purpose: SmsType 1 is always advertising: leave it out, or",
    ),
    (replace(SMS, content=" \n "), {}, "content: is empty"),
    (replace(SMS, content="a\0b"), {}, "content: holds a character"),
    (replace(SMS, content="a" * 2000), {}, "content: makes 14 SMS"),
    (replace(SMS, to=[f"090123{n:04d}" for n in range(30)], sms_type=1, content="a" * 423), {}, "content: is 423"),
    (replace(SMS, sms_type=5), {}, "sms_type: 5 is not known: use one of 1, 2, 3, 4, 6, 7, 8, 13"),
    (replace(SMS, sms_type=True), {}, "sms_type: "),
    (replace(SMS, sms_type=cast(Any, "2")), {}, "sms_type: is str, not a number: use one of 1, 2, 3, 4, 6, 7, 8, 13"),
    (replace(SMS, sms_type=cast(Any, 4.5)), {}, "sms_type: is not known: use one of"),
    (replace(SMS, sms_type=7, brandname="SHOP"), {}, "brandname: SmsType 7 has none"),
    (replace(SMS, unicode=True), {}, "unicode: SmsType 2 takes no Unicode"),
    (replace(SMS, unicode=cast(Any, "false")), {}, "unicode: is str"),
    (replace(SMS, sms_type=1), {}, "to: advertising .* at least 20"),
    (replace(CALL, template_id=""), {}, "template_id: is empty"),
    (replace(CALL, variables=["a||b"]), {}, r"variables\[1\]: holds \|\|"),
    (replace(CALL, variables=["a", ""]), {}, r"variables\[2\]: is empty"),
    (replace(CALL, variables="ab"), {}, "variables: is str, not a list"),
    (replace(RECORD, record_id=""), {}, "record_id: is empty"),
    (replace(RECORD, ivr="12"), {}, "ivr: is not one key"),
    (replace(RECORD, ivr="*"), {}, "ivr: is not one key"),
    (replace(RECORD, max_retry=-1), {}, "max_retry: is out of range"),
    (replace(RECORD, number_forward="12"), {}, "number_forward: "),
    (SMS, {"send_date": "tomorrow"}, "send_date: is str"),
    (SMS, {"send_date": NOW + timedelta(days=800)}, "send_date: is more than two years away"),
    (SMS, {"send_date": NOW - timedelta(days=2)}, "send_date: is more than a day ago"),
    (SMS, {"expires_at": NOW}, "expires_at: has passed"),
    (SMS, {"send_date": NOW + timedelta(days=1), "expires_at": NOW + timedelta(hours=1)}, "expires_at: is not after"),
    (SMS, {"hand_over": True}, "hand_over: there is no date ahead"),
    (SMS, {"reference": "r" * 201}, "reference: is no usable name"),
    (SMS, {"reference": "a\nb"}, "reference: is no usable name"),
    (SMS, {"campaign": 7}, "campaign: is int, not text"),
]


@pytest.mark.parametrize(("request_", "besides", "error"), WRONG, ids=[wrong[2] for wrong in WRONG])
def test_each_fault_is_named_with_its_field_and_remedy(request_: Request, besides: dict[str, Any], error: str) -> None:
    with pytest.raises(Invalid, match=error) as raised:
        checked(request_, **besides)
    assert raised.value.remedy
    assert "\n" not in str(raised.value)


def test_no_error_repeats_the_number_or_the_text() -> None:
    for request in (replace(SMS, to="0987654321x99"), replace(SMS, content="s3cret" * 400)):
        with pytest.raises(Invalid) as raised:
            checked(request)
        assert "0987654321" not in str(raised.value)
        assert "s3cret" not in str(raised.value)


@pytest.mark.parametrize(
    ("name", "right", "wrong"), [("sms_type", 1, True), ("unicode", False, 0), ("sandbox", True, 1)]
)
def test_what_equals_the_terms_of_the_one_before_is_checked_all_the_same(name: str, right: Any, wrong: Any) -> None:
    one = replace(SMS, to=[f"09012345{place:02}" for place in range(20)], **{name: right})
    checks = Checks(SETTINGS, now=NOW)
    checks.check(Enqueue(request=one))
    with pytest.raises(Invalid, match=name):
        checks.check(Enqueue(request=replace(one, **{name: wrong})))


def test_terms_that_are_the_same_are_one_and_others_are_not() -> None:
    checks = Checks(SETTINGS, now=NOW)
    first, same, other = (
        checks.check(Enqueue(request=replace(SMS, content=str(place)), campaign=campaign)).terms
        for place, campaign in enumerate(("a", "a", "b"))
    )
    assert first is same
    assert (first.campaign, other.campaign) == ("a", "b")


def test_a_brandname_is_needed_where_the_type_shows_one() -> None:
    without = replace(SETTINGS, brandname=None)
    with pytest.raises(Invalid, match="brandname: SmsType 2 needs one"):
        checked(SMS, without)
    assert checked(SMS).terms.options["brandname"] == "SHOP"
    assert "brandname" not in checked(replace(SMS, sms_type=7)).terms.options


@pytest.mark.parametrize(
    ("sms_type", "lane"),
    [
        (1, "bulk"),
        (2, "normal"),
        (3, "bulk"),
        (4, "normal"),
        (6, "urgent"),
        (7, "urgent"),
        (8, "normal"),
        (13, "normal"),
    ],
)
def test_each_type_stands_in_its_lane(sms_type: int, lane: str) -> None:
    to = [f"090123{n:04d}" for n in range(30)]
    assert checked(replace(SMS, to=to, sms_type=sms_type)).terms.lane == Lane(lane)


@pytest.mark.parametrize(
    ("sms_type", "purpose"),
    [(2, "service"), (3, "advertising"), (4, "service"), (6, "code"), (7, "code"), (8, "service"), (13, "service")],
)
def test_a_message_is_for_what_its_type_is_made_for_unless_its_producer_says_otherwise(
    sms_type: int, purpose: str
) -> None:
    sms = replace(SMS, sms_type=sms_type)
    assert checked(sms).terms.purpose == purpose
    for request in (sms, CALL):
        assert checked(request, purpose=Purpose.REMINDER).terms.purpose == "reminder"
    assert checked(CALL).terms.purpose == checked(RECORD).terms.purpose == "service"


@pytest.mark.parametrize("sms_type", [2, 6, 7, 8, 13])
def test_no_type_but_those_that_are_made_for_it_takes_advertising(sms_type: int) -> None:
    with pytest.raises(Invalid, match=f"purpose: SmsType {sms_type} takes no advertising"):
        checked(replace(SMS, sms_type=sms_type), purpose=Purpose.ADVERTISING)


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("Khuyến mãi lớn tháng 12", "Khuyến mãi"),
        ("GIAM GIA 50% toan bo cua hang", "GIAM GIA"),
        ("Nhan ngay voucher 100k", "voucher"),
        ("[QC] Sieu thi ABC", "[QC]"),
        ("Cuoi nam, SALE off toan bo", "SALE off"),
        ("Bán SALE OFF hết hôm nay", "SALE OFF"),
        ("Wholesale offer 7", None),
        ("Giá wholesale off", None),
        ("Đơn hàng 7 giao lúc 9 giờ ngày mai", None),
        ("Quy khach co lich hen luc 9h ngay mai", None),
    ],
)
def test_a_service_text_that_reads_like_advertising_is_taken_with_a_warning(content: str, words: str | None) -> None:
    sms = Sms(to="0901234567", content=content, sms_type=4)
    warned = [f"content: {words!r} reads like advertising, and its purpose is service"] if words else []
    assert [each.partition(": if")[0] for each in checked(sms).warnings] == warned
    assert checked(sms, purpose=Purpose.REMINDER).warnings == ()


def test_a_naive_date_is_in_the_zone_of_the_settings() -> None:
    tomorrow = checked(SMS, send_date=datetime(2026, 3, 2, 8, 0)).terms.send_date  # noqa: DTZ001
    assert tomorrow == datetime(2026, 3, 2, 8, 0, tzinfo=ZoneInfo("Asia/Ho_Chi_Minh"))


def test_what_comes_late_through_a_broker_is_stored_all_the_same() -> None:
    late = check(Enqueue(request=SMS, send_date=NOW - timedelta(days=9)), SETTINGS, now=NOW, late=True)
    assert late.terms.send_date == NOW - timedelta(days=9)


def test_calls_are_refused_while_everything_goes_to_the_sandbox() -> None:
    with pytest.raises(Invalid, match="no sandbox for calls"):
        checked(CALL, replace(SETTINGS, sandbox=True))


def test_dates_and_labels_do_not_make_another_content() -> None:
    one = checked(SMS, send_date=NOW + timedelta(hours=1), campaign="a").fingerprint()
    assert one == checked(SMS, campaign="b").fingerprint()
    assert one != checked(replace(SMS, content="Xin chào")).fingerprint()
    assert one != checked(replace(SMS, to="0901234568")).fingerprint()


@pytest.mark.parametrize(
    ("kind", "fields", "error"),
    [
        (Kind.SMS, {"to": "0901234567"}, "content: is missing"),
        (Kind.SMS, {"to": "0901234567", "content": "x", "colour": "red"}, "colour: is no field of sms"),
        (Kind.TEMPLATE_CALL, {"template_id": "1"}, "to: is missing"),
    ],
)
def test_fields_from_a_task_are_checked_by_name(kind: Kind, fields: dict[str, Any], error: str) -> None:
    with pytest.raises(Invalid, match=error):
        request_of(kind, fields)
