"""What is asked to be sent again is checked before anything is looked up: one clear line, which names the field."""

from __future__ import annotations

from datetime import UTC, date, datetime, tzinfo
from typing import Any

import pytest

from tests.support import Bench, otp
from worker.again import Corrected, Failed
from worker.errors import Invalid

WHICH: list[tuple[dict[str, Any], str]] = [
    ({"most": "3"}, "most: is no whole number: give a whole number above 0"),
    ({"most": 2.5}, "most: is no whole number"),
    ({"most": True}, "most: is no whole number"),
    ({"most": [3]}, "most: is no whole number"),
    ({"most": -1}, "most: is out of range"),
    ({"most": 10**9}, "most: is out of range"),
    ({"since": "2026-01-01"}, "since: is str, not a datetime: give a datetime.datetime"),
    ({"since": date(2026, 1, 1)}, "since: is date, not a datetime"),
    ({"until": 1_700_000_000}, "until: is int, not a datetime"),
    ({"until": ["2026-01-01"]}, "until: is list, not a datetime"),
    ({"code": 99}, "code: is no word: give a text, or a list of them"),
    ({"code": [99]}, "code: is int, not text"),
    ({"code": []}, "code: is empty"),
    ({"status": 1}, "status: is no word"),
    ({"status": ()}, "status: is empty"),
    ({"status": [["rejected"]]}, "status: is list, not text"),
    ({"network": 3}, "network: is int, not text"),
    ({"source": 3}, "source: is int, not text"),
    ({"source": ["shop"]}, "source: is list, not text"),
    ({"to": 901_000_001}, "to: is int, not text"),
    ({"lane": 3}, "lane: is not known: use one of urgent, normal, bulk, voice"),
    ({"lane": "fast"}, "lane: is not known"),
    ({"lane": ["bulk"]}, "lane: is not known"),
    ({"purpose": "advert"}, "purpose: is not known: use one of"),
    ({"purpose": ["code"]}, "purpose: is not known"),
    ({"campaign": 7}, "campaign: is int, not text"),
    ({"campaign": ["tet"]}, "campaign: is list, not text"),
    ({"campaign": None, "ids": 7}, "ids: is int, not a list"),
    ({"campaign": None, "ids": "0190"}, "ids: is str, not a list"),
    ({"campaign": None, "ids": [7]}, "ids: is int, not text"),
    ({"campaign": None, "ids": [""]}, "ids: is empty"),
    ({"campaign": None, "ids": ["0190"], "source": 7}, "source: is int, not text"),
    ({"campaign": None, "ids": {"0190": 1}}, "ids: is dict, not a list"),
]
CORRECTED: list[tuple[Any, str]] = [
    (Corrected(content=5), "content: is int, not text"),  # type: ignore[arg-type]
    (Corrected(content=""), "content: is empty: give the text to send"),
    (Corrected(content=" "), "content: is empty"),
    (Corrected(content=["a"]), "content: is list, not text"),  # type: ignore[arg-type]
    (Corrected(template=9), "template: is int, not text"),  # type: ignore[arg-type]
    (Corrected(template=""), "template: is empty"),
    (Corrected(brandname=9), "brandname: is int, not text"),  # type: ignore[arg-type]
    (Corrected(brandname=""), "brandname: is empty"),
    (Corrected(to=901_000_001), "to: is int, not text"),  # type: ignore[arg-type]
    (Corrected(to=["0901000001"]), "to: is list, not text"),  # type: ignore[arg-type]
    (Corrected(to="12"), "to: "),
    (Corrected(sms_type="4"), "sms_type: is str, not a number: use one of"),  # type: ignore[arg-type]
    (Corrected(sms_type=[4]), "sms_type: is list, not a number"),  # type: ignore[arg-type]
    (Corrected(sms_type=True), "sms_type: True is not known"),
    (Corrected(sms_type=0), "sms_type: 0 is not known"),
    (Corrected(sms_type=99), "sms_type: 99 is not known"),
    ({"content": "Ma moi"}, "corrected: is dict, not a Corrected"),
]


def failed(bench: Bench) -> None:
    bench.set(bench.put(otp(), campaign="tet"), status="'undelivered'", settled_at="now()", accepted_at="now()")


@pytest.mark.parametrize(("which", "told"), WHICH, ids=[str(which) for which, _ in WHICH])
def test_which_failed_is_asked_for_in_the_right_types(bench: Bench, which: dict[str, Any], told: str) -> None:
    failed(bench)
    for ask in (bench.notifier.again.retry, bench.notifier.again.foresee):
        with pytest.raises(Invalid) as error:
            ask(Failed(**({"campaign": "tet"} | which)))
        assert str(error.value).startswith(told)


@pytest.mark.parametrize(("corrected", "told"), CORRECTED, ids=[str(each) for _, each in CORRECTED])
def test_a_correction_has_the_right_types(bench: Bench, corrected: Any, told: str) -> None:
    failed(bench)
    for ask in (bench.notifier.again.retry, bench.notifier.again.foresee):
        with pytest.raises(Invalid) as error:
            ask(Failed(campaign="tet"), corrected=corrected)
        assert str(error.value).startswith(told)


@pytest.mark.parametrize("zone", [None, UTC])
def test_days_at_both_ends_of_the_calendar_are_days(bench: Bench, zone: tzinfo | None) -> None:
    failed(bench)
    first, last = datetime.min.replace(tzinfo=zone), datetime.max.replace(tzinfo=zone)
    chosen = Failed(campaign="tet", since=first, until=last)
    assert bench.notifier.again.foresee(chosen).messages == bench.notifier.again.retry(chosen).moved == 1
