"""The command line as a person and a program meet it: its output, its exit codes, its errors of one line."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import text

from tests import canary
from tests.support import Bench, as_producer, eventually
from worker.cli import run

Cli = Callable[..., tuple[int, str, str]]


@pytest.fixture
def cli(
    bench: Bench, database_url: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> Cli:
    """Run one command line in a folder of its own: exit code, standard output, standard error."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "160")
    for name, value in (
        canary.ENVIRON | {"DATABASE_URL": as_producer(database_url), "ESMS_BRANDNAME": "sangbrand"}
    ).items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("ESMS_REST_URL", bench.simulator.rest_url)
    monkeypatch.setenv("ESMS_VOICE_URL", bench.simulator.voice_url)

    def run_cli(*arguments: str) -> tuple[int, str, str]:
        capsys.readouterr()
        code = run(list(arguments))
        told = capsys.readouterr()
        return code, told.out, told.err

    return run_cli


def sent(cli: Cli, *arguments: str) -> Any:
    code, out, err = cli("send", *arguments, "--json")
    assert (code, err) == (0, "")
    return json.loads(out)


SMS = ("sms", "--to", "0901000001", "--content", "Ma: 1", "--sms-type", "7")


def test_an_sms_is_sent_shown_and_reported(cli: Cli, bench: Bench) -> None:
    id_ = sent(cli, *SMS, "--reference", "r1", "--campaign", "codes")["id"]
    bench.deliver()
    eventually(lambda: bench.poll() or bench.standing(id_) == {"delivered": 1})
    shown = json.loads(cli("show", id_, "--json")[1])
    assert {"id", "reference", "campaign", "kind", "messages"} <= set(shown)
    [message] = shown["messages"]
    wanted = {"id", "phone", "status", "sms_id", "request_id", "attempts", "code", "reason", "requests"}
    assert wanted <= set(message)
    assert {"function", "at", "http_status", "code", "outcome"} <= set(message["requests"][0])
    assert json.loads(cli("show", "--reference", "r1", "--json")[1])["id"] == id_
    assert json.loads(cli("status", id_, "--json")[1])["statuses"] == {"delivered": 1}
    report = json.loads(cli("report", "--json")[1])
    assert report["by_campaign"] == [{"key": "codes", "total": 1, "statuses": {"delivered": 1}}]
    assert [line["key"] for line in report["by_status"]] == ["delivered"]


def test_people_see_tables_with_signs_and_not_only_colours(cli: Cli, bench: Bench) -> None:
    id_ = sent(cli, *SMS)["id"]
    bench.deliver()
    for command in (("show", id_), ("status", id_), ("report",)):
        code, out, _ = cli(*command)
        assert code == 0
        assert "✓ accepted" in out


def test_calls_are_sent_with_their_options(cli: Cli, bench: Bench) -> None:
    one = sent(cli, "template-call", "--to", "0901000001", "--template-id", "1002", "--var", "Lan", "--var", "20000")
    two = sent(cli, "record-call", "--to", "0901000002", "--record-id", "2001", "--ivr", "1", "--max-retry", "2")
    bench.deliver()
    for ticket in (one, two):
        assert json.loads(cli("status", ticket["id"], "--json")[1])["statuses"] == {"accepted": 1}


@pytest.mark.parametrize(
    ("arguments", "code", "error"),
    [
        (("send", "sms", "--to", "12", "--content", "x", "--sms-type", "7"), 1, "error: to: "),
        (("send", "sms", "--to", "0901000001", "--content", "x", "--sms-type", "5"), 1, "error: sms_type: 5"),
        (("send", "sms", "--to", "0901000001", "--content", "x", "--send-date", "soon"), 2, "error: --send-date: "),
        (("send", "sms", "--content", "x"), 2, "error: Missing option '--to'"),
        (("show", "42"), 1, "error: '42' is no id"),
        (("show",), 2, "error: give an ID, or a --reference"),
        (("retry",), 2, "error: give an ID, a --campaign, or a --reference"),
        (("cancel",), 2, "error: give an ID, a --campaign, or a --reference"),
        (("show", "--reference", "nobody"), 1, "error: no notification has the reference"),
        (("cancel", "00000000-0000-0000-0000-000000000000", "--campaign", "c"), 2, "error: give one notification or"),
        (("retry", "--reference", "r", "--campaign", "c"), 2, "error: give one notification or"),
        (("show", "--reference", "\udcff"), 2, "error: an argument is not UTF-8"),
        (("nonsense",), 2, "error: No such command 'nonsense'"),
        (("cancel", "00000000-0000-0000-0000-000000000000"), 1, "error: no notification has the id"),
    ],
)
def test_an_error_is_one_line_and_an_exit_code(cli: Cli, arguments: tuple[str, ...], code: int, error: str) -> None:
    result, out, err = cli(*arguments)
    assert (result, out) == (code, "")
    assert err.startswith(error)
    assert err.count("\n") == 1


@pytest.mark.parametrize(
    ("variable", "value", "code", "error"),
    [
        ("DATABASE_URL", "", 2, "error: DATABASE_URL: is not set"),
        ("DATABASE_URL", "mysql://h/d", 2, "error: DATABASE_URL: is not a Postgres address"),
        ("DATABASE_URL", "postgresql+psycopg://u:pw@127.0.0.1:1/d", 1, "error: DATABASE_URL: no Postgres answers"),
        ("DATABASE_URL", "postgresql+psycopg://h:port/d", 2, "error: DATABASE_URL: is not a Postgres address"),
        ("DATABASE_URL", "postgresql+psycopg://h/d?foo=bar", 2, "error: DATABASE_URL: is not a Postgres address"),
        ("WORKER_ADVERTISING_MOST", "20", 2, "error: WORKER_ADVERTISING_MOST: 20 is too few"),
        ("TIME_ZONE", "Hanoi", 2, "error: TIME_ZONE: 'Hanoi' is no time zone"),
        ("REDIS_URL", "localhost", 2, "error: REDIS_URL: is not an address"),
    ],
)
def test_a_wrong_variable_is_named(
    cli: Cli, monkeypatch: pytest.MonkeyPatch, variable: str, value: str, code: int, error: str
) -> None:
    monkeypatch.setenv(variable, value)
    result, _, err = cli("report")
    assert result == code
    assert err.startswith(error)
    assert "pw" not in err


def test_what_waits_is_cancelled_and_what_is_gone_is_not(cli: Cli, bench: Bench) -> None:
    waiting = sent(cli, *SMS, "--send-date", "2027-03-01T08:00")["id"]
    gone = sent(cli, *SMS)["id"]
    bench.deliver()
    assert cli("cancel", waiting)[0] == 0
    code, out, _ = cli("cancel", gone)
    assert code == 1
    assert "too late: eSMS holds it: 1 message" in out
    told = {"moved": 0, "others": {"accepted": 1}, "too_late": {"too late: eSMS holds it": 1}}
    assert json.loads(cli("cancel", gone, "--json")[1]) == told
    assert cli("move", waiting, "--send-date", "2027-03-01T08:00")[0] == 1
    assert cli("move", gone, "--send-date", "no date")[0] == 2


def test_a_move_past_the_producers_expires_at_says_why_it_stays(cli: Cli) -> None:
    when = ("--send-date", "2027-03-01T08:00", "--campaign", "tet")
    sent(cli, *SMS, *when, "--expires-at", "2027-03-01T12:00")
    sent(cli, *SMS, *when)
    told = json.loads(cli("move", "--campaign", "tet", "--send-date", "2027-03-02T08:00", "--json")[1])
    why = "left as it is: its expires_at comes before that date"
    assert (told["moved"], told["too_late"]) == (1, {why: 1})
    assert f"{why}: 1 message(s)" in cli("move", "--campaign", "tet", "--send-date", "2027-03-03T08:00")[1]


def test_a_campaign_is_moved_paused_and_resumed(cli: Cli, bench: Bench) -> None:
    sent(cli, *SMS, "--campaign", "tet")
    assert cli("move", "--campaign", "tet", "--send-date", "2026-12-31T08:00")[0] == 0
    assert "tet" in cli("pause", "--campaign", "tet")[1]
    assert cli("resume", "--campaign", "tet")[1] == "Nothing is paused.\n"
    for wrong in (["pause"], ["pause", "bulk", "--campaign", "tet"], ["resume"]):
        assert cli(*wrong)[0] == 2


def test_a_refused_message_is_retried(cli: Cli, bench: Bench) -> None:
    id_ = sent(cli, "sms", "--to", "0901000003", "--content", "x", "--sms-type", "7", "--campaign", "c")["id"]
    bench.deliver()
    assert json.loads(cli("retry", id_, "--json")[1])["moved"] == 1
    bench.deliver()
    assert json.loads(cli("retry", "--campaign", "c", "--json")[1])["moved"] == 1
    assert cli("retry", "--campaign", "c")[0] == 1


def test_a_held_call_is_listed_and_resolved(cli: Cli, bench: Bench) -> None:
    sent(cli, "record-call", "--to", "0901000005", "--record-id", "2001")
    bench.deliver()
    bench.look_after_ledger()
    [held] = json.loads(cli("held", "list", "--json")[1])
    assert "never dialled again" in held["reason"]
    assert cli("held", "resolve", held["id"], "--as", "delivered")[0] == 0
    assert cli("held", "resolve", held["id"], "--as", "delivered")[0] == 1
    assert json.loads(cli("held", "list", "--json")[1]) == []


def test_a_paused_lane_waits_until_it_is_resumed(cli: Cli, bench: Bench) -> None:
    assert [row["lane"] for row in json.loads(cli("pause", "urgent", "--json")[1])] == ["urgent"]
    id_ = sent(cli, *SMS)["id"]
    bench.deliver()
    assert bench.standing(id_) == {"queued": 1}
    assert cli("resume", "all")[0] == 0
    bench.deliver()
    assert bench.standing(id_) == {"accepted": 1}


def test_nothing_that_a_terminal_would_obey_is_printed(cli: Cli) -> None:
    _, out, _ = cli("pause", "urgent", "--reason", "\x1b[31mred")
    assert "\x1b" not in out
    assert "red" in out


@pytest.mark.parametrize(
    ("variable", "value"),
    [("ESMS_REST_URL", "https://h/x?y=1"), ("WORKER_TOTAL_TIMEOUT", "90000"), ("ESMS_API_KEY", "a\nb")],
)
def test_a_provider_setting_that_only_the_client_can_judge_is_named(
    cli: Cli, monkeypatch: pytest.MonkeyPatch, variable: str, value: str
) -> None:
    monkeypatch.setenv(variable, value)
    code, _, err = cli("balance")
    assert code == 2
    assert err.startswith(f"error: {variable}: ")


def test_the_account_is_asked_straight(cli: Cli, bench: Bench) -> None:
    assert json.loads(cli("balance", "--json")[1])["balance"] == "1000000000"
    assert {"brandname": "Test_Sang", "type": 2} in json.loads(cli("brandnames", "--json")[1])
    sent(cli, *SMS)
    bench.deliver()
    code, _out, _ = cli("sent-data", "--from", "2026-01-01", "--to", "2027-12-31", "--json")
    assert code == 0
    bench.simulator.set(api_key="another")
    code, _, err = cli("balance")
    assert code == 1
    assert err.startswith("error: eSMS: ")


def test_migrate_can_be_run_again(cli: Cli, empty_database_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATABASE_URL", empty_database_url)
    assert json.loads(cli("migrate", "--json")[1])["before"] is None
    code, out, _ = cli("migrate")
    assert code == 0
    assert "already" in out


def test_the_program_itself_exits_with_these_codes(database_url: str, tmp_path: Path) -> None:
    program = [sys.executable, "-m", "worker.cli", "report"]
    environ = {name: value for name, value in os.environ.items() if name != "DATABASE_URL"}
    without = subprocess.run(program, cwd=tmp_path, env=environ, capture_output=True, text=True)
    assert without.returncode == 2
    assert without.stderr.startswith("error: DATABASE_URL: is not set")
    with_it = subprocess.run(
        program,
        cwd=tmp_path,
        env=environ | {"DATABASE_URL": as_producer(database_url)},
        capture_output=True,
        text=True,
    )
    assert with_it.returncode == 0


def test_a_variable_in_the_folders_env_file_is_read_and_the_environment_wins(
    cli: Cli, database_url: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.delenv("DATABASE_URL")
    (tmp_path / ".env").write_text(f"DATABASE_URL={database_url}\nTIME_ZONE=Nowhere\n")
    monkeypatch.setenv("TIME_ZONE", "UTC")
    assert cli("report")[0] == 0


def test_no_text_and_no_number_is_in_what_the_report_logs(
    cli: Cli, bench: Bench, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO")
    sent(cli, "sms", "--to", "0901000100", "--content", "my secret text", "--sms-type", "7")
    bench.deliver()
    bench.poll()
    assert "0901000100" not in caplog.text
    assert "901000100" not in caplog.text
    assert "secret text" not in caplog.text


def test_the_same_reference_again_says_so(cli: Cli) -> None:
    first = sent(cli, *SMS, "--reference", "r")
    again = sent(cli, *SMS, "--reference", "r")
    assert (again["id"], again["repeated"]) == (first["id"], True)
    code, _, err = cli(*("send", *SMS[:4], "other", *SMS[5:]), "--reference", "r")
    assert code == 1
    assert "another content" in err


def test_a_bulk_of_numbers_reports_the_ones_named_again(cli: Cli, bench: Bench) -> None:
    ticket = sent(cli, *SMS, "--to", "0901000002", "--to", "+84 901 000 001")
    assert (ticket["messages"], ticket["duplicates"]) == (2, ["+84901000001"])
    with bench.database.begin() as session:
        assert session.scalar(text("SELECT count(*) FROM message")) == 2


def test_a_door_that_cannot_listen_says_so_in_a_line(cli: Cli) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        code, out, err = cli("serve", "--port", str(port))
    assert (code, out, err.count("\n")) == (1, "", 1)
    assert err.startswith(f"error: 127.0.0.1:{port}: can't be listened at (")
    assert cli("serve", "--host", "no.such.host.invalid", "--port", "0")[0] == 1


def test_a_person_is_told_what_a_text_is_billed_as_and_why(cli: Cli) -> None:
    accented = ("sms", "--to", "0901000001", "--content", "ệ" * 71, "--sms-type", "7")
    assert "2 SMS: ệ make it Unicode, 70 characters to an SMS" in cli("send", *accented)[1]
    told = sent(cli, *accented)
    assert (told["segments"], told["encoding"], told["forcing"]) == (2, "ucs2", ["ệ"])
    assert cli("send", *SMS)[1].rstrip().endswith("1 SMS")


def test_one_moment_is_told_alike_however_it_was_written_and_by_the_clocks_of_the_time_zone(
    cli: Cli, monkeypatch: pytest.MonkeyPatch
) -> None:
    year = datetime.now(UTC).year + 1
    for zone, told in (("Asia/Ho_Chi_Minh", f"{year}-03-01 08:00:00"), ("America/New_York", f"{year}-02-28 20:00:00")):
        for written in (f"{year}-03-01T01:00Z", f"{year}-03-01T08:00+07:00", told.replace(" ", "T")):
            monkeypatch.setenv("TIME_ZONE", zone)
            assert told in cli("send", *SMS, "--send-date", written, "--dry-run")[1]


@pytest.mark.parametrize("zone", ["Pacific/Kiritimati", "Pacific/Pago_Pago"])  # never the same day
def test_who_did_what_and_who_is_let_in_is_told_by_the_clocks_of_the_time_zone(
    cli: Cli, monkeypatch: pytest.MonkeyPatch, zone: str
) -> None:
    monkeypatch.setenv("TIME_ZONE", zone)
    for made in (("users", "add", "lan", "--role", "viewer"), ("tokens", "add", "t", "--source", "s", "--may", "read")):
        assert cli(*made)[0] == 0
    now = datetime.now(ZoneInfo(zone))
    for command in ("audit", "users", "tokens"):
        assert f"{now:%Y-%m-%d}" in cli(command, "list")[1]


def test_a_dry_run_of_a_send_tells_all_and_queues_nothing(cli: Cli, bench: Bench) -> None:
    code, out, _ = cli("send", *SMS, "--to", "0901000002", "--campaign", "codes", "--dry-run")
    assert code == 0
    assert all(each in out for each in ("would be queued, 2 message(s)", "1 SMS each, 2 in all", "codes", "Ma: 1"))
    assert sent(cli, *SMS, "--dry-run")["id"] is None
    assert cli("send", "sms", "--to", "12", "--content", "x", "--sms-type", "7", "--dry-run")[0] == 1
    with bench.database.begin() as session:
        assert session.scalar(text("SELECT count(*) FROM notification")) == 0
    first = sent(cli, *SMS, "--reference", "r")["id"]
    assert sent(cli, *SMS, "--reference", "r", "--dry-run")["repeated"]
    assert sent(cli, *SMS, "--reference", "r")["id"] == first


def test_one_wrong_number_among_several_is_told_by_its_place(cli: Cli) -> None:
    _, _, err = cli("send", *SMS, "--to", "12", "--to", "0901000003")
    assert "to: number 2 of 3: " in err
    assert "number 1" not in cli("send", "sms", "--to", "12", "--content", "x", "--sms-type", "7")[2]


def test_no_json_and_no_table_speaks_to_the_terminal(
    cli: Cli, bench: Bench, capsys: pytest.CaptureFixture[str]
) -> None:
    hostile = "\x1b]0;x\x07\x9b31m\u202eabc"
    with bench.database.begin() as session:
        session.execute(
            text("INSERT INTO contact (id, source, key, name) VALUES (gen_random_uuid(), '', 'k', :n)"), {"n": hostile}
        )
    for arguments in (("contacts", "list"), ("contacts", "show", "k"), ("contacts", "list", "--json")):
        out = cli(*arguments)[1]
        assert "abc" in out
        assert not [sign for sign in out if not sign.isprintable() and sign != "\n"]
    assert json.loads(cli("contacts", "list", "--json")[1])[0]["name"] == hostile
