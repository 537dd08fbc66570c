"""`send` says at once what became of a number that opted out, and `pause` refuses a campaign that nothing has."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.cli.test_cli_commands import Cli, cli, sent
from tests.support import Bench
from worker import Enqueue, Sms

__all__ = ["cli"]

NOTE = ("--content", "Hoc phi", "--sms-type", "8", "--purpose", "reminder")
GONE, THERE = "+84901000001", "+84901000002"


@pytest.fixture(autouse=True)
def opted_out(cli: Cli) -> None:
    assert cli("contacts", "opt-out", "--phone", "0901000001")[0] == 0


def test_send_names_the_numbers_that_opted_out(cli: Cli) -> None:
    code, out, _ = cli("send", "sms", "--to", GONE, "--to", THERE, *NOTE)
    assert code == 0
    assert "queued, 1 message(s)" in out and f"cancelled at once, opted out: {GONE}" in out
    assert THERE not in out
    assert sent(cli, "sms", "--to", GONE, "--to", THERE, *NOTE)["opted_out"] == [GONE]
    assert sent(cli, "sms", "--to", GONE, *NOTE, "--purpose", "service")["opted_out"] == []


def test_a_dry_run_says_it_too_and_a_repeat_is_not_said_to_be_cancelled_now(cli: Cli) -> None:
    assert f"would be cancelled at once, opted out: {GONE}" in cli("send", "sms", "--to", GONE, *NOTE, "--dry-run")[1]
    assert sent(cli, "sms", "--to", GONE, *NOTE, "--reference", "r")["opted_out"] == [GONE]
    assert sent(cli, "sms", "--to", GONE, *NOTE, "--reference", "r")["repeated"]


def test_each_ticket_of_many_names_its_own(bench: Bench) -> None:
    items = [Enqueue(request=Sms(to=to, content="x", sms_type=8), purpose="reminder") for to in (THERE, GONE)]
    assert [ticket.opted_out for ticket in bench.notifier.enqueue_many(items)] == [(), (GONE,)]


def test_a_spreadsheets_rows_that_opted_out_are_counted_apart(cli: Cli) -> None:
    Path("people.csv").write_text("phone\n0901000001\n0901000002\n")
    code, out, _ = cli("send", "csv", "people.csv", *NOTE, "--json")
    counts = json.loads(out)
    assert (code, counts["queued"], counts["opted_out"]) == (0, 1, 1)


@pytest.mark.parametrize("command", ["pause", "resume", "cancel", "retry"])
def test_a_campaign_that_nothing_has_is_refused_with_the_nearest(cli: Cli, command: str) -> None:
    sent(cli, "sms", "--to", THERE, *NOTE, "--campaign", "tet-2027")
    code, out, err = cli(command, "--campaign", "tet-2O27")
    assert (code, out) == (1, "")
    assert err == "error: no message has the campaign 'tet-2O27': did you mean 'tet-2027'?\n"
    assert cli("resume", "all")[1] == "Nothing is paused.\n"


def test_a_campaign_to_come_is_paused_when_asked_for_by_name(cli: Cli, bench: Bench) -> None:
    assert "tet-2028" in cli("pause", "--campaign", "tet-2028", "--to-come")[1]
    id_ = sent(cli, "sms", "--to", THERE, *NOTE, "--campaign", "tet-2028")["id"]
    bench.deliver()
    assert bench.standing(id_) == {"queued": 1}
    assert cli("pause", "bulk", "--to-come")[0] == 2
    assert cli("resume", "--campaign", "tet-2028")[1] == "Nothing is paused.\n"


def test_a_number_that_is_given_for_a_key_is_told_its_option(cli: Cli) -> None:
    for way in ("opt-out", "opt-in"):
        code, _, err = cli("contacts", way, "0909 000 111")
        assert (code, "no contact has this key: give a number with --phone" in err) == (1, True)
        assert "`esms-worker contacts list` shows them" in cli("contacts", way, "99")[2]
