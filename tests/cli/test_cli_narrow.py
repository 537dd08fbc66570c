"""Tables at 80 and at 120 columns: what is copied stays in one piece, and no line is longer than the terminal."""

from __future__ import annotations

import io

import pytest
from rich.console import Console

from tests.cli.test_cli_commands import Cli, cli
from tests.law import VIETNAM, decree
from tests.support import Bench
from worker import Sms, SmsType
from worker.cli.output import keys_whole, table

__all__ = ["cli"]

REFERENCE = "csv:e88f0899a737b34aa029c823c5fc14c7"


def printed(shown: object, width: int) -> list[str]:
    out = io.StringIO()
    Console(file=out, width=width).print(shown)
    return [line.rstrip() for line in out.getvalue().splitlines()]


def people() -> object:
    shown = keys_whole(table("key", "source", "name", "phone", "born", "tags", "opted out"))
    for key in ("17", "nhan-vien-0018"):
        shown.add_row(key, "nhan-su", "Nguyễn Thị Ngọc Lan", "+84901234017", "1990-03-01", "staff, pupil", "")
    return shown


def test_a_number_stays_whole_where_a_name_can_take_two_lines() -> None:
    lines = printed(people(), 80)
    assert sum("+84901234017" in line and "1990-03-01" in line for line in lines) == 2
    assert max(map(len, lines)) <= 80


def test_a_row_that_fits_no_width_stands_as_lines_of_its_own_without_what_is_empty() -> None:
    assert printed(people(), 30)[:6] == [
        "key     17",
        "source  nhan-su",
        "name    Nguyễn Thị Ngọc Lan",
        "phone   +84901234017",
        "born    1990-03-01",
        "tags    staff, pupil",
    ]


def test_what_fits_looks_as_ever() -> None:
    shown = table("name", "messages:n")
    shown.add_row("tet", "1,000")
    assert printed(shown, 80) == ["name  messages", "tet      1,000"]
    assert printed(table("name", "messages:n"), 80) == ["name  messages"]


@pytest.mark.parametrize("width", [80, 120])
def test_the_rules_fit_with_their_words_first_and_each_source_once(
    cli: Cli, bench: Bench, monkeypatch: pytest.MonkeyPatch, width: int
) -> None:
    decree(bench.database, *VIETNAM.values())
    monkeypatch.setenv("COLUMNS", str(width))
    out = cli("law", "list")[1]
    listed, _, sources = out.partition("Decree")
    lines = [line.rstrip() for line in listed.splitlines()]
    assert max(map(len, lines)) <= width
    assert len(lines) <= 2 * len(VIETNAM) + 3
    assert lines[1].startswith("advertising by call: at most 1 to a")
    assert all(any(line.endswith(rule) for line in lines) for rule in VIETNAM)
    assert sources.count("art. 13: vn.ads") == 1


def test_who_was_not_reached_is_copied_with_number_and_reference_at_80_columns(
    cli: Cli, bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    bench.put(Sms(to="0901234003", content="Chao", sms_type=SmsType.NOTIFY), reference=REFERENCE)
    bench.deliver()
    bench.roll_up()
    monkeypatch.setenv("COLUMNS", "80")
    for command in (("report", "failures"), ("report", "messages")):
        lines = cli(*command)[1].splitlines()
        assert any("+84901234003" in line for line in lines), lines
        assert any(REFERENCE in line for line in lines)
        assert max(map(len, lines)) <= 80
