"""The benchmarks' stand-in for eSMS is their judge: it must see what came twice."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
import requests

from benchmarks import provider
from worker.devkit.processes import Child


@pytest.fixture
def esms(tmp_path: Path) -> Iterator[provider.Running]:
    with provider.start(tmp_path, latency=0.001) as running:
        yield running


def send(esms: provider.Running, phone: str, request_id: str) -> dict[str, str]:
    params = {"Phone": phone, "Content": "Xin chào", "SmsType": "2", "RequestId": request_id, "ApiKey": "a"}
    reply = requests.get(f"{esms.rest_url}/json/SendMultipleMessage_V4_get", params=params, timeout=10)
    told: dict[str, str] = reply.json()
    return told


def test_a_number_that_got_two_is_told(esms: provider.Running) -> None:
    for place, phone in enumerate(("0901234001", "0901234002", "0901234001")):
        assert send(esms, phone, f"r{place}")["CodeResult"] == "100"
    assert esms.tally() == {"messages": 2, "twice": 1, "asked_again": 0}


def test_a_request_id_is_taken_once_and_the_second_asking_is_told(esms: provider.Running) -> None:
    assert send(esms, "0901234001", "r")["SMSID"]
    assert send(esms, "0901234001", "r")["CodeResult"] == "124"
    assert esms.tally() == {"messages": 1, "twice": 0, "asked_again": 1}


def test_each_recipient_of_an_advertising_request_counts(esms: provider.Running) -> None:
    send(esms, "0901234001,0901234002", "r")
    assert esms.tally()["messages"] == 2


def test_requests_that_come_at_once_are_all_answered(esms: provider.Running) -> None:
    with requests.Session() as session:
        for place in range(300):
            url = f"{esms.rest_url}/json/SendMultipleMessage_V4_get?Phone=09{place:08}&RequestId={place}"
            assert session.get(url, timeout=10).json()["CodeResult"] == "100"
    assert esms.tally()["messages"] == 300
    assert len(esms.arrivals("0900000")) == 300


def test_after_a_reset_nothing_is_remembered(esms: provider.Running) -> None:
    send(esms, "0901234001", "r")
    esms.reset()
    assert esms.tally()["messages"] == 0
    assert send(esms, "0901234001", "r")["CodeResult"] == "100"


def test_it_ends_when_it_is_stopped(tmp_path: Path) -> None:
    with provider.start(tmp_path, latency=0) as running:
        child: Child = running.child
        assert child.alive
    assert not child.alive
