"""The account, straight from eSMS: sent data for a terminal, a program and a spreadsheet; brandnames that are kept."""

from __future__ import annotations

import csv
import io
import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tests.cli.test_cli_commands import SMS, Cli, cli, sent
from tests.support import Bench
from worker import Sms, ledger
from worker.esms.messages import SentSms

__all__ = ["cli"]

DAYS = ("--from", "2026-01-01", "--to", "2099-01-01")
FIELDS = set(SentSms.__dataclass_fields__)


def vietnam_today() -> str:
    return f"{datetime.now(UTC) + timedelta(hours=7):%Y-%m-%d}"


@pytest.fixture
def sent_today(bench: Bench) -> Bench:
    for content in ("=HYPERLINK(1)", "Chao [b]Lan[/b]\nHen gap :smile: " + "rat lau " * 30):
        bench.put(Sms(to="0901000001", content=content, sms_type=7))
    bench.deliver()
    return bench


def test_sent_data_fits_a_terminal_one_line_a_row(cli: Cli, sent_today: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    code, out, _ = cli("sent-data", *DAYS)
    header, *rows, count = out.splitlines()
    assert code == 0
    assert header.split() == ["sent", "(Vietnam)", "phone", "type", "result", "content"]
    assert len(rows) == 2
    assert max(map(len, out.splitlines())) <= 80
    assert all(vietnam_today() in row and "0901000001" in row for row in rows)
    assert any("Chao [b]Lan[/b] Hen gap" in row for row in rows)
    assert count.startswith("2 SMS")


def test_sent_data_as_json_has_every_field(cli: Cli, sent_today: Bench) -> None:
    sent_today.simulator.set(sent_data="published")
    rows = json.loads(cli("sent-data", *DAYS, "--json")[1])
    assert {frozenset(row) for row in rows} == {frozenset(FIELDS)}
    assert "=HYPERLINK(1)" in {row["content"] for row in rows}
    assert all(float(row["price"]) > 0 for row in rows)


def test_sent_data_as_csv_runs_no_formula_in_a_spreadsheet(cli: Cli, sent_today: Bench) -> None:
    rows = list(csv.DictReader(io.StringIO(cli("sent-data", *DAYS, "--csv")[1].removeprefix("\ufeff"))))
    assert {frozenset(row) for row in rows} == {frozenset(FIELDS)}
    contents = {row["content"] for row in rows}
    assert "'=HYPERLINK(1)" in contents
    assert any(content.startswith("Chao [b]Lan[/b]\nHen gap :smile:") for content in contents)


def test_sent_data_of_a_day_without_any_has_a_header_and_no_rows(cli: Cli) -> None:
    days = ("--from", "2026-01-01", "--to", "2026-01-01")
    assert json.loads(cli("sent-data", *days, "--json")[1]) == []
    assert set(cli("sent-data", *days, "--csv")[1].removeprefix("\ufeff").strip().split(",")) == FIELDS
    assert cli("sent-data", *days)[1].splitlines()[-1].startswith("0 SMS")


@pytest.mark.parametrize(
    ("arguments", "error"),
    [
        (
            ("--from", "2026-03-05", "--to", "2026-03-01"),
            "--from: 2026-03-05 is after --to 2026-03-01: give the earlier",
        ),
        (("--from", "2026-03-01"), "Missing option '--to'"),
        (("--from", "1/3/2026", "--to", "2026-03-01"), "Invalid value for '--from'"),
        (("--from", "0026-03-01", "--to", "2026-03-01"), "--from: 0026-03-01 is in no year"),
        (("--from", "2026-03-01", "--to", "2026-03-01", "--csv", "--json"), "--csv: can't be had together with --json"),
    ],
)
def test_wrong_days_are_named_and_esms_is_not_asked(
    cli: Cli, bench: Bench, arguments: tuple[str, ...], error: str
) -> None:
    before = bench.simulator.stats()
    code, out, err = cli("sent-data", *arguments)
    assert (code, out) == (2, "")
    assert err.startswith(f"error: {error}")
    assert err.count("\n") == 1
    assert bench.simulator.stats() == before


def brandname(name: str, cli: Cli) -> tuple[int, str]:
    code, _, err = cli("send", "sms", "--to", "0901000001", "--content", "x", "--brandname", name)
    return code, err


def test_a_brandname_that_was_listed_may_be_sent_from_and_a_wrong_one_is_refused_with_the_nearest(cli: Cli) -> None:
    assert brandname("Test-Sang", cli)[0] == 0  # nobody has asked eSMS yet, so nothing is known
    assert cli("brandnames")[0] == 0
    assert brandname("Test_Sang", cli)[0] == 0
    code, err = brandname("Test-Sang", cli)
    assert code == 1
    assert "brandname: 'Test-Sang' is not registered at eSMS (SmsType 2): did you mean 'Test_Sang'?" in err


def test_listing_again_forgets_what_is_gone_and_learns_what_is_new(cli: Cli, bench: Bench) -> None:
    cli("brandnames")
    bench.simulator.set(brandnames={"Moi": [2]})
    assert "Moi        customer care" in cli("brandnames")[1]
    with bench.database.begin() as session:
        assert ledger.known_brandnames(session) == {"Moi": {2}}


def test_the_list_is_shown_though_it_cannot_be_kept(cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATABASE_URL", "")
    code, out, err = cli("brandnames", "--json")
    assert code == 0
    assert {"brandname": "sangbrand", "type": 1} in json.loads(out)
    assert err.startswith("error: not kept for the check at enqueue: DATABASE_URL: is not set")


def test_a_file_with_a_wrong_brandname_queues_nothing(cli: Cli, tmp_path: Any) -> None:
    cli("brandnames")
    (tmp_path / "people.csv").write_text("phone\n0901000001\n")
    arguments = ("--content", "x", "--sms-type", "2", "--brandname", "sangbrant", "--json")
    code, out, err = cli("send", "csv", str(tmp_path / "people.csv"), *arguments)
    assert code == 1
    assert "did you mean 'sangbrand'?" in out + err
    assert sent(cli, *SMS)["messages"] == 1
