"""What follows by itself, as options: a wrong one is one line that names it, and nothing is kept."""

from __future__ import annotations

import pytest

from tests.cli.test_cli_commands import SMS, Cli, cli

__all__ = ["cli"]

NOON = ("reminders", "add", "noon", "--rrule", "FREQ=DAILY", "--template", "nhac", "--after", "30m", "--yes")


@pytest.fixture(autouse=True)
def _templates(cli: Cli) -> None:
    for name in ("nhac", "lai"):
        assert cli("templates", "add", name, "--content", f"Nhac {name}")[0] == 0
    assert cli("templates", "add", "goi", "--template-id", "9")[0] == 0


@pytest.mark.parametrize(
    ("asked", "told"),
    [
        (("--fallback-call", "lai"), "fallback_template: 'lai' is a template of sms, not of template_call"),
        (("--fallback-sms", "goi"), "fallback_template: 'goi' is a template of template_call, not of sms"),
        (("--fallback-call", "nhac"), "fallback_template: is the reminder's own"),
        (("--fallback-call", "goi", "--fallback-sms", "lai"), "give --fallback-call or --fallback-sms, not both"),
    ],
)
def test_a_rule_is_followed_by_the_kind_of_template_that_was_asked_for(
    cli: Cli, asked: tuple[str, ...], told: str
) -> None:
    code, _, err = cli(*NOON, *asked)
    assert (code, err.count("\n") if code == 1 else 1) == (2 if "not both" in told else 1, 1)
    assert told in err
    assert cli("reminders", "show", "noon")[0] == 1


def test_either_kind_follows_a_rule_by_its_own_option(cli: Cli) -> None:
    assert cli(*NOON, "--fallback-call", "goi")[0] == 0
    assert cli(*NOON, "--fallback-sms", "lai", "--replace")[0] == 0


@pytest.mark.parametrize(
    ("command", "told"),
    [
        (("send", *SMS, "--fallback-call", "9"), "fallback_after: is missing: say how long after, like 30m"),
        (("send", *SMS, "--fallback-call", "9", "--after", "1h before"), "fallback_after: is no amount of time"),
        (("send", *SMS, "--fallback-call", "9", "--after", "18:00 the day before"), "is no amount of time"),
        (("send", *SMS, "--fallback-call", "9", "--after", "500000d"), "fallback_after: is out of range"),
        (("send", *SMS, "--retry-undelivered", "2x0m"), "retry_undelivered: is out of range"),
        (("held", "resolve", "--as", "delivered", "--older-than", "1h before"), "older_than: is no amount of time"),
        (("held", "resolve", "--as", "delivered", "--older-than", "500000d"), "older_than: is out of range"),
        (("held", "resolve", "--as", "delivered", "--older-than", "0m"), "older_than: is out of range"),
    ],
)
def test_a_wait_that_is_none_is_one_line(cli: Cli, command: tuple[str, ...], told: str) -> None:
    code, out, err = cli(*command)
    assert (code, out, err.count("\n")) == (1, "", 1)
    assert told in err


@pytest.mark.parametrize(
    ("asked", "told"),
    [
        (("--fallback-call", "9", "--fallback-var", "A", "--fallback-var", "B"), "call by template 9 with A, B"),
        (("--fallback-sms", "khac"), "SMS of type 2: khac"),
        (("--fallback-sms", "khac", "--retry-undelivered", "2x90m"), "2x90m"),
    ],
)
def test_a_dry_run_says_what_would_follow_in_the_words_of_its_options(
    cli: Cli, asked: tuple[str, ...], told: str
) -> None:
    code, out, _ = cli("send", *SMS, *asked, "--after", "30m", "--dry-run")
    assert (code, "(" in out.partition("fallback")[2]) == (0, False)
    assert told in out
