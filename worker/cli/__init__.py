"""`esms-worker`: one command per thing that an operator does.

Exit code 0: done. 1: refused, not found, or not all of it done. 2: wrong usage or settings. Errors are one line.
"""

from __future__ import annotations

import logging
import sys
from io import TextIOWrapper
from typing import Any

import click
from alembic.util.exc import CommandError

from worker.cli import account, contacts, decisions, doctor, look, reminders, send, serve, templates, text_command
from worker.cli.output import say_error
from worker.devkit.processes import CannotStart
from worker.errors import SettingsError, WorkerError
from worker.esms import EsmsError
from worker.telemetry import listen

USAGE, REFUSED, INTERRUPTED = 2, 1, 130


@click.group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110})
@click.version_option(package_name="esms-worker")
def cli() -> None:
    """SMS and voice calls through eSMS, each once, and the truth about what became of them."""


for command in (
    *send.COMMANDS,
    *look.COMMANDS,
    *account.COMMANDS,
    *decisions.COMMANDS,
    *contacts.COMMANDS,
    *templates.COMMANDS,
    *reminders.COMMANDS,
    *serve.COMMANDS,
    doctor.doctor,
    text_command.text,
):
    cli.add_command(command)


def main() -> None:
    """The program: every error that a user can cause is one line, and an exit code."""
    if isinstance(sys.stdout, TextIOWrapper):
        sys.stdout.reconfigure(errors="replace")  # a terminal without UTF-8 shows ? and goes on
    logging.getLogger("worker").addHandler(logging.NullHandler())  # events are for logs; a person gets a sentence
    listen(_tell_a_person)
    sys.exit(run(sys.argv[1:]))


def _tell_a_person(event: str, _: dict[str, Any]) -> None:
    if event == "ring.failed":
        click.echo("note: the broker does not answer; it goes out with beat's next tick once that is back", err=True)


def run(arguments: list[str]) -> int:
    """Run one command line; its exit code."""
    try:
        result = cli.main(arguments, prog_name="esms-worker", standalone_mode=False)
    except click.UsageError as error:
        return _failed(_usage(error), USAGE)
    except click.ClickException as error:
        return _failed(error.format_message(), REFUSED)
    except SettingsError as error:
        return _failed(str(error), USAGE)
    except (WorkerError, CannotStart) as error:
        return _failed(str(error), REFUSED)
    except EsmsError as error:
        return _failed(f"eSMS: {error.reason}: see docs/codes.md", REFUSED)
    except CommandError as error:
        return _failed(f"migrations: {error}: is this version older than the database?", REFUSED)
    except UnicodeError:
        return _failed("an argument is not UTF-8 text: write it again", USAGE)
    except OSError as error:
        return _failed(f"{error.filename or 'output'}: {error.strerror or type(error).__name__}", REFUSED)
    except (click.Abort, KeyboardInterrupt):
        return INTERRUPTED
    return result if isinstance(result, int) else 0


def _usage(error: click.UsageError) -> str:
    where = error.ctx.command_path if error.ctx else "esms-worker"
    return f"{error.format_message().rstrip('.')} (see `{where} --help`)"


def _failed(message: str, code: int) -> int:
    say_error(message)
    return code
