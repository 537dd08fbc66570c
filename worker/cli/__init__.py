"""`esms-worker`: one command per thing that an operator does.

Exit code 0: done. 1: refused, not found, or not all of it done. 2: wrong usage or settings. Errors are one line.
"""

from __future__ import annotations

import gc
import logging
import sys
from io import TextIOWrapper
from typing import Any

import click

from worker.actor import acting, at_the_terminal
from worker.cli.lazy import LazyGroup
from worker.dumpable import forbid_dumps
from worker.telemetry import listen

USAGE, REFUSED, INTERRUPTED = 2, 1, 130


@click.group(cls=LazyGroup, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110})
@click.version_option(package_name="esms-worker")
def cli() -> None:
    """SMS and voice calls through eSMS, each once, and the truth about what became of them."""


def main() -> None:
    """The program: every error that a user can cause is one line, and an exit code."""
    forbid_dumps()
    gc.set_threshold(50_000, 20)  # a fifth of a short command's CPU was looking for garbage in what it imports,
    if isinstance(sys.stdout, TextIOWrapper):
        sys.stdout.reconfigure(errors="replace")  # a terminal without UTF-8 shows ? and goes on
    logging.getLogger("worker").addHandler(logging.NullHandler())  # events are for logs; a person gets a sentence
    listen(_tell_a_person)
    code = run(sys.argv[1:])
    gc.freeze()  # and another fifth looking through it all once more at the end
    sys.exit(code)


def _tell_a_person(event: str, _: dict[str, Any]) -> None:
    if event == "ring.failed":
        click.echo("note: the broker does not answer; it goes out with beat's next tick once that is back", err=True)


def run(arguments: list[str]) -> int:
    """Run one command line; its exit code."""
    try:
        with acting(at_the_terminal()):
            result = cli.main(arguments, prog_name="esms-worker", standalone_mode=False)
    except click.exceptions.NoArgsIsHelpError as error:
        error.show()
        return USAGE
    except click.UsageError as error:
        return _failed(_usage(error), USAGE)
    except click.ClickException as error:
        return _failed(error.format_message(), REFUSED)
    except (click.Abort, KeyboardInterrupt):
        return INTERRUPTED
    except Exception as error:
        from worker.cli.failures import told  # what may be raised is known by then; before, it would cost each --help

        if (known := told(error)) is None:
            raise
        return _failed(*known)
    return result if isinstance(result, int) else 0


def _usage(error: click.UsageError) -> str:
    where = error.ctx.command_path if error.ctx else "esms-worker"
    return f"{error.format_message().rstrip('.')} (see `{where} --help`)"


def _failed(message: str, code: int) -> int:
    from worker.cli.output import say_error

    say_error(message)
    return code
