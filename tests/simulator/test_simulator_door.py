"""Who may come in: no web page of somebody else's, and to the books and knobs only who has the token."""

import json
import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from tests.simulator.client import Client
from worker.devkit import simulator
from worker.devkit.simulator.door import Door
from worker.devkit.simulator.wire import Request

BALANCE = "/MainService.svc/json/GetBalance/simulator-key/simulator-secret"
BOOKS = ["ledger", "ledger?full=1", "ledger/stats", "knobs", "plots"]


def request(**headers: str) -> Request:
    return Request("GET", BALANCE, {}, b"", True, headers)


@pytest.mark.parametrize(
    "host", ["evil.example", "evil.example:80", "127.0.0.1.evil.example", "x", "", "[::1", "10.0.0.1"]
)
def test_a_name_that_somebody_elses_page_points_to_us_gets_nothing(esms: Client, host: str) -> None:
    for target in (BALANCE, "/_sim/ledger", "/_sim/ready"):
        status, _, text = esms.get(target, Host=host)
        assert (status, "Balance" in text) == (403, False), target


@pytest.mark.parametrize("host", ["localhost:1", "LOCALHOST", "127.0.0.1:8080", "[::1]:8080"])
def test_our_own_names_come_in(esms: Client, host: str) -> None:
    assert esms.get(BALANCE, Host=host)[0] == 200


def test_another_name_comes_in_where_it_was_allowed_at_the_start_and_any_address_where_it_listens_on_all() -> None:
    door = Door("0.0.0.0", ["esms.test"], "t")
    known = {host: door.refusal(request(host=host)) is None for host in ("esms.test:80", "10.0.0.7:80", "evil.example")}
    assert known == {"esms.test:80": True, "10.0.0.7:80": True, "evil.example": False}
    with subprocess.Popen(
        [sys.executable, "-m", "worker.devkit.simulator", "--allow-host", "esms.test", "--with-parent"],
        env=os.environ | {"SIMULATOR_TOKEN": "ours"},
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout
        running = simulator.Running(process, process.stdout.readline().rpartition(" ")[2].strip(), "ours")
        assert Client(running).get(BALANCE, Host="esms.test")[0] == 200
        assert Client(running).get("/_sim/ledger", Host="esms.test")[0] == 200
        assert running.stop() == 0


@pytest.mark.parametrize("site", ["cross-site", "same-site"])
def test_another_sites_page_can_send_nothing_through_it(esms: Client, site: str) -> None:
    keys = "ApiKey=simulator-key&SecretKey=simulator-secret&Phone=0901234567&Content=x&SmsType=4"
    status, _, _ = esms.get(
        f"/MainService.svc/json/SendMultipleMessage_V4_get?{keys}", "GET", None, **{"Sec-Fetch-Site": site}
    )
    assert (status, esms.running.ledger().sms) == (403, {})


@pytest.mark.parametrize("path", BOOKS)
@pytest.mark.parametrize("given", ["", "Bearer ", "Bearer wrong", "Basic eDp5", "Bearer t\xfck"])
def test_the_books_are_shown_to_nobody_without_the_token(esms: Client, path: str, given: str) -> None:
    esms.sms("0901234567")
    status, _, text = esms.get(f"/_sim/{path}", Authorization=given)
    assert (status, "0901234567" in text) == (401, False)


def test_no_knob_is_turned_and_nothing_forgotten_without_the_token(esms: Client) -> None:
    esms.sms("0901234567", "r-1")
    assert esms.get("/_sim/set", "POST", b'{"pace": 99}', Authorization="Bearer wrong")[0] == 401
    assert esms.get("/_sim/reset", "POST", b"{}", Authorization="")[0] == 401
    assert esms.running.ledger().taken == {"r-1": 1}
    assert json.loads(esms.get("/_sim/knobs")[2])["pace"] == 0


@pytest.mark.parametrize("kind", ["", "text/plain", "application/x-www-form-urlencoded", "multipart/form-data"])
def test_what_a_form_of_a_page_can_send_turns_no_knob(esms: Client, kind: str) -> None:
    status, _, text = esms.get("/_sim/set", "POST", b'{"pace": 99}', **{"Content-Type": kind})
    assert (status, "application/json" in text) == (415, True)
    assert json.loads(esms.get("/_sim/knobs")[2])["pace"] == 0


def test_started_by_hand_it_says_its_token_and_takes_no_other(tmp_path: Path) -> None:
    environ = {name: value for name, value in os.environ.items() if name != "SIMULATOR_TOKEN"}
    command = [sys.executable, "-m", "worker.devkit.simulator", "--with-parent"]
    with subprocess.Popen(command, env=environ, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout
        url = process.stdout.readline().rpartition(" ")[2].strip()
        token = process.stdout.readline().removeprefix("Token for its books and knobs: ").strip()
        running = simulator.Running(process, url, token)
        assert running.ledger().sms == {}
        assert Client(running).get("/_sim/ledger", Authorization="Bearer wrong")[0] == 401
        assert running.stop() == 0


def test_nobody_else_reads_its_books_in_the_file_even_where_the_file_was_there(tmp_path: Path) -> None:
    books = tmp_path / "books"
    books.touch(0o644)
    command = [sys.executable, "-m", "worker.devkit.simulator", "--with-parent", "--books", str(books)]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as process:
        assert process.stdout
        process.stdout.readline()
        assert stat.S_IMODE(books.stat().st_mode) == 0o600
        process.terminate()
