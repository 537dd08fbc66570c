"""`report` over what is there and over what is not: ranges by one rule, and names that nobody has."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest
from sqlalchemy import text

from tests.cli.test_cli_commands import Cli, cli
from tests.support import Bench, otp
from worker.cli.output import LOOKS
from worker.lifecycle import MEANING, Status

__all__ = ["cli"]


@pytest.fixture
def three_days(bench: Bench) -> None:
    """One message on each of three days, at half past eight in the evening of Vietnam."""
    for day in (1, 2, 3):
        ticket = bench.put(otp(), reference=f"r{day}", source="shop", campaign=f"tet-{day}")
        with bench.database.begin() as session:
            for table, key in (("message", "notification_id"), ("notification", "id")):
                put = f"UPDATE {table} SET created_at = :at WHERE {key} = :id"
                session.execute(text(put), {"at": f"2026-03-0{day} 20:30+07", "id": ticket.id})


def counted(cli: Cli, *arguments: str) -> int:
    code, out, err = cli("report", *arguments, "--json")
    assert (code, err) == (0, "")
    return sum(line["total"] for line in json.loads(out)["by_status"])


@pytest.mark.usefixtures("three_days")
def test_a_day_named_as_the_end_is_in_and_a_moment_is_not(cli: Cli) -> None:
    assert counted(cli, "--to", "2026-03-02") == 2
    assert counted(cli, "--from", "2026-03-02", "--to", "2026-03-02") == 1
    assert counted(cli, "--since", "2026-03-02", "--until", "2026-03-02") == 1  # as the reports below it
    assert counted(cli, "--to", "2026-03-02T20:30") == 1
    assert counted(cli, "--to", "2026-03-02T13:30:01+00:00") == 2


@pytest.mark.usefixtures("three_days")
def test_a_range_that_matches_nothing_says_that_and_where_the_nearest_are(cli: Cli) -> None:
    code, out, _ = cli("report", "--from", "2026-03-04", "--to", "2026-03-09")
    assert (code, out) == (1, "No messages match; of all others the last before 2026-03-03\n")
    assert "the last before" not in (out := cli("report", "--to", "2026-02-28")[1])
    assert "of all others the next after 2026-03-01" in out
    assert cli("report", "--campaign", "tet-1", "--from", "2026-03-02")[1].startswith("No messages match")
    assert cli("report", "--from", "2026-03-04", "--json")[0] == 1
    assert cli("report", "--from", "2026-03-03")[0] == 0


def test_before_the_first_message_a_report_is_no_failure(cli: Cli) -> None:
    assert cli("report", "--from", "2026-03-04")[0] == 0


@pytest.mark.usefixtures("three_days")
@pytest.mark.parametrize("as_json", [(), ("--json",)])
def test_a_campaign_or_source_that_nothing_has_is_refused_with_the_nearest(cli: Cli, as_json: tuple[str, ...]) -> None:
    code, out, err = cli("report", "--campaign", "tet2", *as_json)
    assert (code, out) == (1, "")
    assert err == "error: no message has the campaign 'tet2': did you mean 'tet-2' or 'tet-3' or 'tet-1'?\n"
    assert "the source 'shpo': did you mean 'shop'?" in cli("report", "--source", "shpo", *as_json)[2]
    assert "the source 'x': check its spelling" in cli("report", "--source", "x", *as_json)[2]


def test_a_range_that_ends_before_it_begins_is_wrong_usage(cli: Cli) -> None:
    code, _, err = cli("report", "--from", "2026-03-02", "--to", "2026-03-01")
    assert (code, err.count("\n")) == (2, 1)
    assert "--since: 2026-03-02 is not before --until 2026-03-01" in err


def test_only_an_empty_ledger_says_that_there_are_no_messages_yet(cli: Cli) -> None:
    assert cli("report", "--from", "2026-03-01")[1].startswith("No messages yet")


def test_a_campaigns_columns_add_up_with_what_was_cancelled_and_sandboxed(cli: Cli, bench: Bench) -> None:
    counts = {"delivered": 1, "expired": 2, "cancelled": 3, "sandboxed": 4, "held": 5, "accepted": 6}
    for status, count in counts.items():
        for _ in range(count):
            bench.set(bench.put(campaign="tet"), status=f"'{status}'", accepted_at="now()")
    header, line = cli("report", "--by", "campaign")[1].splitlines()[:2]
    assert header.split() == ["campaign", "messages", "delivered", "failed", "cancelled", "sandboxed", "held", "open"]
    assert line.split()[:8] == ["tet", "21", "1", "2", "3", "4", "5", "6"]


def test_what_went_to_the_sandbox_is_shown_like_all_else_and_stands_open_no_more(cli: Cli, bench: Bench) -> None:
    ticket = bench.put(replace(otp(), sandbox=True))
    bench.deliver()
    assert bench.status(ticket) == "sandboxed"
    for command in (("show", str(ticket.id)), ("status", str(ticket.id)), ("report",), ("report", "--by", "day")):
        code, out, err = cli(*command)
        assert (code, err) == (0, "")
        assert "sandboxed" in out or command[-1] == "day"
    assert out.split()[-7:-1] == ["1", "0", "0", "1", "0", "0"]  # messages, delivered, failed, sandboxed, held, open


def test_every_status_has_words_and_a_sign() -> None:
    assert set(MEANING) == set(LOOKS) == set(Status)
