"""What can't be right names its field and does not go out."""

from collections.abc import Callable
from datetime import UTC, date, datetime
from urllib.parse import quote

import pytest

from tests.esms.scripted import ScriptedServer
from worker.esms import Client, InvalidRequest, OutgoingRecordCall, OutgoingSms, OutgoingTemplateCall
from worker.esms.quoting import quoted

Connect = Callable[..., Client]
RIGHT = {"phone": "0901234567", "content": "Chao", "sms_type": 7, "request_id": "r"}
WRONG: list[tuple[str, dict[str, object]]] = [
    ("phone", {"phone": "+84901234567"}),
    ("phone", {"phone": "0901234567,0911234567"}),
    ("phone", {"phone": "090123456７"}),
    ("phone", {"phone": []}),
    ("phone", {"phone": ["0901234567", ""]}),
    ("content", {"content": "  "}),
    ("content", {"content": "a\0b"}),
    ("content", {"content": "\ud800"}),
    ("sms_type", {"sms_type": 5}),
    ("sms_type", {"sms_type": True}),
    ("request_id", {"request_id": ""}),
    ("request_id", {"request_id": "x" * 51}),
    ("request_id", {"request_id": "a\nb"}),
    ("brandname", {"sms_type": 2}),
    ("brandname", {"brandname": "Shop"}),
    ("is_unicode", {"is_unicode": True}),
    ("send_date", {"send_date": datetime(2026, 3, 1)}),  # noqa: DTZ001  that is what is wrong with it
    ("send_date", {"send_date": datetime.min.replace(tzinfo=UTC)}),
    ("send_date", {"send_date": "2026-03-01"}),
]


@pytest.mark.parametrize(("field", "wrong"), WRONG)
def test_an_sms_that_can_t_be_right_names_its_field_and_is_not_sent(
    client: Client, server: ScriptedServer, field: str, wrong: dict[str, object]
) -> None:
    with pytest.raises(InvalidRequest) as caught:
        client.send_sms(OutgoingSms(**(RIGHT | wrong)))  # type: ignore[arg-type]
    assert caught.value.field == field
    assert caught.value.remedy
    assert server.connections == 0


@pytest.mark.parametrize("values", [("a||b",), ("a|", "b"), ("|a",), ("",), ("a", " "), "text", ("a", "b\0")])
def test_values_that_would_read_otherwise_on_the_other_side_are_refused(
    client: Client, values: tuple[str, ...]
) -> None:
    with pytest.raises(InvalidRequest, match="variables"):
        client.prepare_template_call(OutgoingTemplateCall(phone="0901234567", template_id="1", variables=values))


@pytest.mark.parametrize(
    "wrong",
    [
        {"ivr": "10"},
        {"ivr": "x"},
        {"ivr": "٣"},
        {"max_retry": -1},
        {"wait_retry": 1.5},
        {"number_forward": "84901234567"},
    ],
)
def test_a_record_call_that_can_t_be_right_is_refused(client: Client, wrong: dict[str, object]) -> None:
    [field] = wrong
    with pytest.raises(InvalidRequest, match=field):
        client.prepare_record_call(OutgoingRecordCall(phone="0901234567", record_id="1", **wrong))  # type: ignore[arg-type]


def test_days_in_the_wrong_order_are_refused(client: Client) -> None:
    with pytest.raises(InvalidRequest, match="until"):
        client.prepare_sent_data(date(2026, 3, 2), date(2026, 3, 1))


@pytest.mark.parametrize(
    "url",
    ["rest.esms.vn", "ftp://x/", "https://", "https://u:p@x", "https://x/?q", "http://x:y", f"http://{'a' * 64}.vn"],
)
def test_a_base_that_is_no_url_is_refused_at_once(connect: Connect, url: str) -> None:
    with pytest.raises(InvalidRequest, match="rest_url"):
        connect(rest_url=url)


@pytest.mark.parametrize(
    "text",
    ["".join(map(chr, range(128))), "100% của quý khách, 5.000đ", "%25 %20 a+b", "0901234567", ""],
)
def test_what_goes_into_a_url_is_quoted_as_the_standard_library_does_it(text: str) -> None:
    assert quoted(text) == quote(text, safe="")
