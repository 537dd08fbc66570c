"""Tab offers the names that there are, and is silent where nobody can be asked."""

from __future__ import annotations

import pytest
from click.shell_completion import ShellComplete

from tests.cli.test_cli_commands import Cli, cli
from tests.support import Bench, otp
from worker.cli import cli as program
from worker.lifecycle import ReminderKind
from worker.reminders import Anniversary

__all__ = ["cli"]


def offered(*words: str) -> list[str]:
    """What Tab shows after these words, the last of which is not finished."""
    *arguments, incomplete = words
    completer = ShellComplete(program, {}, "esms-worker", "_ESMS_WORKER_COMPLETE")
    return [item.value for item in completer.get_completions(list(arguments), incomplete)]


@pytest.fixture
def named(bench: Bench, cli: Cli) -> Bench:
    for campaign in ("tet-2026", "tet-2027", "luong"):
        for number in (100, 101):
            bench.put(otp(f"0901000{number}"), campaign=campaign)
    bench.notifier.templates.save("birthday", content="Chuc mung {name}")
    bench.notifier.templates.save("bill", content="Hoa don")
    bench.notifier.reminders.add(Anniversary(name="birthdays", kind=ReminderKind.BIRTHDAY, template="birthday"))
    return bench


@pytest.mark.usefixtures("named")
@pytest.mark.parametrize(
    ("words", "names"),
    [
        (("report", "--campaign", ""), ["luong", "tet-2026", "tet-2027"]),
        (("cancel", "--campaign", "tet"), ["tet-2026", "tet-2027"]),
        (("pause", "--campaign", "x"), []),
        (("templates", "show", "b"), ["bill", "birthday"]),
        (("reminders", "why", "17", "--rule", "b"), ["birthdays"]),
        (("reminders", "pause", ""), ["birthdays"]),
        (("pause", "u"), ["urgent"]),
    ],
)
def test_tab_offers_the_names_that_there_are(words: tuple[str, ...], names: list[str]) -> None:
    assert offered(*words) == names


def test_tab_is_silent_where_postgres_does_not_answer(cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATABASE_URL", "postgresql://nobody@127.0.0.1:1/none")
    assert offered("templates", "show", "") == []
