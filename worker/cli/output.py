"""How commands speak: tables for people, JSON for programs, errors as one line on standard error."""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import is_dataclass
from datetime import date, datetime, tzinfo
from decimal import Decimal
from json.encoder import encode_basestring as _quoted
from shutil import get_terminal_size
from textwrap import wrap
from typing import Any, TextIO, TypeVar
from uuid import UUID

import click
from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table

from worker.catalogue.law import rule_said
from worker.catalogue.statuses import SIGNS
from worker.catalogue.text import Language
from worker.checks import iso
from worker.cli.fitting import FittingTable
from worker.errors import Invalid
from worker.law.outlook import RuleOutlook
from worker.lifecycle import Status

# Controls that JSON leaves as they are (0x9b begins a sequence), and what turns the direction of the text around.
_obeyed = re.compile("[\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]").sub

F = TypeVar("F", bound=Callable[..., Any])

_COLOURS: dict[Status, str] = {
    Status.QUEUED: "cyan",
    Status.SENDING: "cyan",
    Status.UNCONFIRMED: "yellow",
    Status.HELD: "bold yellow",
    Status.ACCEPTED: "blue",
    Status.DELIVERED: "green",
    Status.UNDELIVERED: "red",
    Status.REJECTED: "red",
    Status.UNKNOWN: "magenta",
    Status.CANCELLED: "dim",
    Status.EXPIRED: "dim",
    Status.SANDBOXED: "dim",
}
LOOKS = {status: (SIGNS[status], colour) for status, colour in _COLOURS.items()}


def console() -> Console:
    """Standard output as it is now: tests and pipes change it."""
    return Console(soft_wrap=False, highlight=False)


def say(text: str) -> None:
    """One line for a person, without what a terminal would obey."""
    click.echo(_between_words(printable(text), sys.stdout))


def _between_words(text: str, stream: TextIO) -> str:
    """A terminal breaks a line inside words: break it before that does. A program gets it in one piece."""
    if not stream.isatty():
        return text
    lines = text.split("\n")
    return "\n".join("\n".join(_line_breaks(line, get_terminal_size().columns)) for line in lines)


def _line_breaks(line: str, width: int) -> list[str]:
    indent = line[: len(line) - len(line.lstrip())]
    return wrap(line, width, break_long_words=False, break_on_hyphens=False, subsequent_indent=indent) or [""]


def say_rules(rules: Iterable[RuleOutlook], zone: tzinfo) -> None:
    """What sending rules would do, a line each."""
    for each in rules:
        say(f"as things stand: {rule_said(each, Language.EN, zone)}")


def printable(text: str) -> str:
    """What comes from outside may hold escape sequences."""
    return "".join(character if character.isprintable() or character == "\n" else "�" for character in text)


def say_error(message: str) -> None:
    """One line on standard error, whatever the message holds."""
    click.echo(_between_words(printable("error: " + " ".join(message.split())), sys.stderr), err=True)


def say_json(value: Any) -> None:
    """One JSON value for a program; times in ISO 8601, UTC. What a terminal would obey is escaped."""
    click.echo(_json(value))


def say_json_list(values: Iterable[Any]) -> int:
    """A list, one value after the other, however many; how many there were."""
    count = 0
    for count, value in enumerate(values, start=1):
        sys.stdout.write(f"{',' if count > 1 else '['}\n{_json(value)}")
    click.echo("\n]" if count else "[]")
    return count


def say_json_with(value: Mapping[str, Any], name: str, values: Iterable[Any]) -> None:
    """An object, the last field of which is a list, one value after the other, however many."""
    sys.stdout.write(f'{_json(value)[:-2]},\n  "{name}": [')
    for place, each in enumerate(values):
        sys.stdout.write("," * bool(place) + "\n    " + _json(each, "\n    "))
    click.echo("\n  ]\n}")


def _json(value: Any, line: str = "\n") -> str:
    """line: how each begins."""
    written = _written(value, line)
    if written.isascii() and "\x7f" not in written:  # most are, which is known at once
        return written
    return _obeyed(lambda found: f"\\u{ord(found[0]):04x}", written)


# As it writes values; what is in lines it writes in Python, a third as fast as this.
_in_one_line = json.JSONEncoder(ensure_ascii=False, default=lambda value: _plain(value)).encode


def _written(value: Any, line: str) -> str:
    """As by `json.dumps` with an indent of 2."""
    if isinstance(value, str):
        return _quoted(value)
    if is_dataclass(value):
        return _fields(value, line)
    if not value or not isinstance(value, dict | list | tuple):
        return "null" if value is None else _in_one_line(value)
    within = line + "  "
    if isinstance(value, dict):
        parts = (f"{_key(key)}: {_written(each, within)}" for key, each in value.items())
        return f"{{{within}{f',{within}'.join(parts)}{line}}}"
    return f"[{within}{f',{within}'.join(_written(each, within) for each in value)}{line}]"


def _fields(value: Any, line: str) -> str:
    """What has fields: ten times as fast as by names. A number from 1e16 on it would write in another way."""
    import orjson

    return orjson.dumps(value, default=_plain, option=orjson.OPT_INDENT_2).decode().replace("\n", line)


def _key(key: Any) -> str:
    return _quoted(key) if isinstance(key, str) else _in_one_line({key: None})[1 : -len(": null}")]


def date_option(name: str, value: str) -> datetime:
    """A date and time that an option gives. Raises a usage error."""
    try:
        return iso(name, value)
    except Invalid as error:
        raise click.UsageError(str(error)) from None


def day_option(name: str, value: str) -> date:
    """A day that an option gives. Raises a usage error."""
    try:
        return date.fromisoformat(value)
    except ValueError:
        raise click.UsageError(f"{name}: {value} is no day: write it like 2026-01-31") from None


def json_option(command: F) -> F:
    """Give a command `--json`."""
    return click.option("--json", "as_json", is_flag=True, help="Print JSON for programs.")(command)


def parts_of(value: str) -> list[str]:
    """What commas separate."""
    return [part.strip() for part in value.split(",")]


def lang_option(command: F) -> F:
    """Give a command `--lang`."""
    told = "Vietnamese or English.  [default: the environment's locale]"
    return click.option("--lang", type=click.Choice([str(each) for each in Language]), help=told)(command)


def options(*each: Callable[[F], F]) -> Callable[[F], F]:
    """Several click options as one decorator, shown in this order."""

    def decorate(command: F) -> F:
        for option in reversed(each):
            command = option(command)
        return command

    return decorate


def look_of(status: str) -> str:
    """A status with its sign and colour."""
    sign, colour = LOOKS[Status(status)]
    return f"[{colour}]{sign} {status}[/]"


def looks_of(statuses: Mapping[Status, int]) -> str:
    """How many are in which status, in the order of a message's life."""
    return "  ".join(f"{look_of(status)} {statuses[status]:,}" for status in Status if statuses.get(status))


def table(*columns: str, title: str | None = None) -> Table:
    """An empty table in our style; `name:n` is a column of numbers, `name:id` one to be copied: it is never folded."""
    made = FittingTable(
        title=title, title_justify="left", box=None, pad_edge=False, header_style="bold", padding=(0, 2, 0, 0)
    )
    for column in columns:
        name, _, kind = column.partition(":")
        made.add_column(name, justify="right" if kind == "n" else "left", overflow="fold", no_wrap=kind == "id")
    return made


def keys_whole(shown: Table, at: int = 0) -> Table:
    """The same; its keys, to be copied, are folded only where the longest would take more than half of the line."""
    column = shown.columns[at]
    column.no_wrap = all(len(str(cell)) <= console().width // 2 for cell in column.cells)
    return shown


def bar(value: float, most: float, longest: int) -> str:
    """A bar as long as the value is large. longest: characters of the largest one."""
    return "█" * max(1, round(longest * value / most))


def text(value: object, zone: tzinfo | None = None, moment: str = "%Y-%m-%d %H:%M:%S") -> str:
    """A value in a table: times short, in `zone` (by default the machine's), nothing for None, no foreign markup."""
    if value is None:
        return ""
    if isinstance(value, datetime):
        return value.astimezone(zone).strftime(moment)
    return escape(printable(str(value)))


def progress() -> Progress:
    """A bar on standard error; nothing where nobody looks."""
    return Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
        console=Console(stderr=True),
        transient=True,
        disable=not sys.stderr.isatty(),
    )


@contextmanager
def counting(words: str, *, quiet: bool = False) -> Iterator[Callable[[int], object]]:
    """Counts up beside a bar on standard error, once there is something to count: how many there are is not counted
    first. Nothing where nobody looks.
    """
    count, hidden = TextColumn("{task.completed:,.0f} " + words), quiet or not sys.stderr.isatty()
    with Progress(count, BarColumn(), console=Console(stderr=True), transient=True, disable=hidden) as bar:
        task = bar.add_task("", total=None, visible=False)
        yield lambda count: bar.update(task, advance=count, visible=True)


@contextmanager
def waiting(words: str) -> Iterator[None]:
    """A spinner on standard error; nothing where nobody looks."""
    if not sys.stderr.isatty():
        yield
        return
    with Console(stderr=True).status(words):
        yield


def _plain(value: object) -> str:
    if isinstance(value, date):  # a datetime is one
        return value.isoformat()
    if isinstance(value, UUID | Decimal):  # an amount keeps its digits
        return str(value)
    raise TypeError(type(value).__name__)
