"""Help is quick, and it is help."""

from __future__ import annotations

import os
import subprocess
import sys

import click
import pytest

from tests.support import Bench, otp
from worker.cli import cli, run
from worker.cli.lazy import COMMANDS

HEAVY = ("sqlalchemy", "alembic", "celery", "requests", "rich")


def test_the_list_says_of_each_command_what_the_command_says_of_itself() -> None:
    with click.Context(cli) as context:
        for name, (_, words) in COMMANDS.items():
            command = cli.get_command(context, name)
            assert command is not None and (command.name, command.get_short_help_str(200)) == (name, words)


@pytest.mark.parametrize("arguments", [["--help"], ["--version"]])
def test_help_and_version_import_nothing_heavy(arguments: list[str]) -> None:
    program = f"import sys; from worker.cli import run; assert run({arguments}) == 0; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert not set(HEAVY) & set(done.stdout.splitlines()[-1].split())


@pytest.mark.parametrize("command", ["status", "show", "report"])
def test_a_question_imports_nothing_of_the_orm_the_broker_and_what_makes_or_moves_messages(
    command: str, bench: Bench, database_url: str
) -> None:
    question = [command] if command == "report" else [command, str(bench.put(otp("0901000101")).id)]
    program = "import sys; from worker.cli import run; assert run(sys.argv[1:]) == 0; print(); print(*sys.modules)"
    arguments = [sys.executable, "-c", program, *question]
    environ = os.environ | {"DATABASE_URL": database_url}
    done = subprocess.run(arguments, env=environ, capture_output=True, text=True, check=True)
    rooms = ("contacts", "reminders", "recurrence", "templates", "spreadsheets", "esms", "intake", "ledger")
    idle = {f"worker.{name}" for name in rooms} | {
        "sqlalchemy.orm",
        "worker.models",
        "alembic",
        "celery",
        "kombu",
        "redis",
        "requests",
    }
    assert not idle & set(done.stdout.splitlines()[-1].split())


def test_tab_completes_names_of_commands_and_imports_nothing_heavy() -> None:
    program = (
        "import os, sys; from worker.cli import cli; from click.shell_completion import BashComplete;"
        "print(*(c.value for c in BashComplete(cli, {}, 'esms-worker', '_X').get_completions([], 're')));"
        "print(*sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    names, modules = done.stdout.splitlines()
    assert names.split() == ["refused", "reminders", "report", "requests", "resume", "retry"]
    assert not set(HEAVY) & set(modules.split())


@pytest.mark.parametrize("arguments", [[], ["send"], ["contacts"]])
def test_a_command_that_misses_its_command_prints_help_as_help(
    arguments: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(arguments) == 2
    lines = capsys.readouterr().err.splitlines()
    assert lines[0].startswith("Usage: esms-worker") and "Commands:" in lines


def test_a_groups_help_says_the_first_sentence_of_each_command_whole_within_80_columns() -> None:
    with click.Context(cli) as context:
        groups = [each for name in COMMANDS if isinstance(each := cli.get_command(context, name), click.Group)]
    assert len(groups) > 10
    for group in groups:
        with click.Context(group, info_name=group.name, terminal_width=80) as context:
            told = group.get_help(context)
            commands = [group.get_command(context, name) for name in group.list_commands(context)]
        assert max(map(len, told.splitlines())) <= 80
        flat = " ".join(told.split())
        assert all(each.get_short_help_str(300) in flat for each in commands if each), group.name
