"""`report …`: for people, as JSON, as files; what can't be asked or written is one line, and leaves no half file."""

from __future__ import annotations

import csv
import json
import stat
import subprocess
import sys
from pathlib import Path
from typing import Any

import openpyxl
import pytest

from tests.cli.test_cli_commands import Cli, cli
from tests.history.test_reports import date_now, told
from tests.support import Bench, otp

__all__ = ["cli", "told"]


def listed(cli: Cli, *arguments: str) -> list[dict[str, Any]]:
    code, out, err = cli("report", *arguments, "--json")
    assert (code, err) == (0, "")
    found: list[dict[str, Any]] = json.loads(out)
    return found


@pytest.mark.usefixtures("told")
def test_bars_stand_in_a_terminal_of_80_columns_and_give_way_to_a_long_name(
    cli: Cli, bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    assert "█" in cli("report", "daily")[1]
    assert "█" in cli("report", "--by", "day")[1]
    bench.put(otp(), campaign="the-long-name-of-a-campaign-that-takes-the-line")
    bench.roll_up()
    out = cli("report", "campaigns")[1]
    assert "█" not in out
    assert "the-long-name-of-a-campaign-that-takes" in out


def test_what_was_cancelled_and_what_is_in_doubt_has_a_column_so_that_a_line_adds_up(cli: Cli, bench: Bench) -> None:
    bench.put(otp(), campaign="off")
    bench.notifier.cancel_campaign("off")
    held = bench.put(otp(), campaign="doubt")
    bench.set(held, status="'held'", settled_at="NULL")
    bench.roll_up()
    header, line = cli("report", "campaigns", "--campaign", "off")[1].splitlines()[:2]
    assert (header.split()[-1], line.split()[-2]) == ("cancelled", "1")
    header, line = cli("report", "costs", "--by", "campaign", "--campaign", "doubt")[1].splitlines()[:2]
    assert (header.split()[-2:], line.split()[-1]) == (["in", "doubt"], "1")
    assert "doubt" not in cli("report", "costs", "--by", "month", "--campaign", "off")[1].splitlines()[0]


def test_a_network_that_esms_did_not_name_is_not_known_and_not_none(cli: Cli, bench: Bench) -> None:
    bench.put(otp())
    bench.roll_up()
    out = cli("report", "networks", "--by", "network,campaign")[1]
    assert "(not known)  (none)" in out


@pytest.mark.usefixtures("told")
def test_every_report_is_for_people_and_for_programs(cli: Cli) -> None:
    [today, later] = listed(cli, "daily")
    assert (today["day"], today["messages"], today["delivered"], today["failed"]) == (str(date_now()), 3, 1, 2)
    assert later["open"] == 1
    by = listed(cli, "daily", "--by", "campaign,status", "--campaign", "codes", "--since", str(date_now()))
    assert [(line["campaign"], line["status"], line["messages"]) for line in by] == [
        ("codes", "delivered", 1), ("codes", "undelivered", 1),
    ]  # fmt: skip
    assert [line["network"] for line in listed(cli, "networks", "--source", "shop")] == ["mobifone", "viettel"]
    assert {line["campaign"] for line in listed(cli, "campaigns", "--lane", "urgent,normal")} == {"", "codes", "tet"}
    [line] = [
        each for each in listed(cli, "latency", "--by", "lane") if each["leg"] == "accepted" and each["goal"] == 10
    ]
    assert (line["met"], line["within_goal"], line["over_1_minute"]) == (False, 0.5, 0)
    assert [line["reference"] for line in listed(cli, "messages", "--status", "queued,rejected")] == ["r3", "r4"]
    [failure] = listed(cli, "failures", "--campaign", "tet")
    assert (failure["phone"], failure["status"], failure["code"], failure["reference"]) == (
        "+84901000003", "rejected", "104", "r3",
    )  # fmt: skip
    assert failure["reason"] and failure["remedy"] and failure["attempts"] == 1
    [cost] = listed(cli, "costs", "--by", "campaign", "--campaign", "codes")
    assert (cost["campaign"], cost["messages"], cost["known"], cost["unknown_messages"]) == ("codes", 2, "no", 2)
    for name in ("daily", "campaigns", "networks", "latency", "costs", "messages", "failures"):
        code, out, err = cli("report", name)
        assert (code, err) == (0, "")
        assert "codes" in out or name not in {"campaigns", "messages"}
        if name not in {"messages", "failures"}:
            assert "Counted up to" in out
    assert cli("report", "reminders") == (1, cli("report", "daily", "--code", "x")[1], "")


@pytest.mark.usefixtures("told")
def test_a_file_has_every_line_and_is_its_owners_alone_and_runs_no_formula(
    cli: Cli, bench: Bench, tmp_path: Path
) -> None:
    bench.set(bench.put(otp(), reference="=1+1", campaign="tet"), status="'expired'", settled_at="now()")
    assert cli("report", "failures", "--campaign", "tet", "--csv", "out.csv")[:2] == (0, "2 line(s) in out.csv\n")
    with (tmp_path / "out.csv").open(encoding="utf-8-sig", newline="") as opened:
        rows = list(csv.DictReader(opened))
    assert [(row["phone"], row["reference"]) for row in rows] == [
        ("0901000003", "r3"), ("0901000001", "'=1+1"),
    ]  # fmt: skip
    assert stat.S_IMODE((tmp_path / "out.csv").stat().st_mode) == 0o600
    assert cli("report", "messages", "--xlsx", "out.xlsx")[0] == 0
    sheet = openpyxl.load_workbook(tmp_path / "out.xlsx").active
    assert sheet is not None
    assert [cell.value for cell in next(sheet.iter_rows())][:3] == ["id", "notification", "phone"]
    assert sheet.max_row == 6
    assert all(cell.data_type != "f" for row in sheet.iter_rows() for cell in row)
    code, out, _ = cli("report", "daily", "--csv", "-")
    assert code == 0 and out.lstrip("\ufeff").startswith("day,")


BREAKS_OFF = """
import resource, sys
sys.dont_write_bytecode = True  # or what is imported first here is compiled into a file cut off after 500 bytes
from worker.cli import run
resource.setrlimit(resource.RLIMIT_FSIZE, (500, 500))
sys.exit(run(["report", "messages", "--csv", sys.argv[1]]))
"""


@pytest.mark.usefixtures("told", "cli")
def test_what_breaks_off_leaves_no_half_file_and_an_older_one_as_it_was(tmp_path: Path) -> None:
    (tmp_path / "old.csv").write_text("as it was")
    for name in ("old.csv", "new.csv"):
        done = subprocess.run([sys.executable, "-c", BREAKS_OFF, name], capture_output=True, text=True)
        assert (done.returncode, done.stdout, done.stderr) == (1, "", f"error: {name}: File too large\n")
    assert [path.name for path in tmp_path.iterdir()] == ["old.csv"]
    assert (tmp_path / "old.csv").read_text() == "as it was"


WRONG = [
    (["failures", "--campaign", "tett"], 1, "no message has the campaign 'tett': did you mean 'tet'?"),
    (["daily", "--source", "shpo"], 1, "no message has the source 'shpo': did you mean 'shop'?"),
    (["daily", "--since", "2026-03-02", "--until", "2026-03-01"], 2, "--since: 2026-03-02 is after until, 2026-03-01"),
    (["daily", "--since", "soon"], 2, "--since: soon is no day: write it like"),
    (["latency", "--lane", "fast"], 2, "--lane: there is no lane 'fast': use urgent, normal, bulk, voice"),
    (["daily", "--by", "weather"], 2, "--by: 'weather' is none of this report's: use day, month"),
    (["daily", "--csv", "a.csv", "--json"], 2, "give one of --json, --csv and --xlsx"),
    (["messages", "--csv", "/nowhere/a.csv"], 1, "/nowhere/a.csv: No such file or directory"),
    (["--campaign", "tet", "daily"], 2, "give the options behind the command: `report daily` has its own"),
]


@pytest.mark.usefixtures("told")
def test_what_can_not_be_asked_is_one_line(cli: Cli) -> None:
    for arguments, expected, words in WRONG:
        code, out, err = cli("report", *arguments)
        assert (code, out, err.count("\n")) == (expected, "", 1), arguments
        assert words in err
