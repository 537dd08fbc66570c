"""The options that all reports share: which messages, grouped by what, and where to."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar, cast, get_args

import click

from worker.cli import completion
from worker.cli.output import day_option, json_option, options, parts_of
from worker.errors import Invalid
from worker.lifecycle import Lane, Purpose
from worker.reporting import GroupBy, Which

F = TypeVar("F", bound=Callable[..., Any])

_FILE = click.Path(dir_okay=False, path_type=Path, allow_dash=True)
_SPAN = (
    click.option("--since", metavar="DAY", help="To go out on this day of TIME_ZONE or later."),
    click.option("--until", metavar="DAY", help="To go out on this day or earlier."),
)
_WORDS = {
    "campaign": completion.campaign_option("Its name, whole; '' for those of none."),
    "source": click.option("--source", metavar="S,…", help="Which applications asked."),
    "purpose": click.option("--purpose", metavar="P,…", help=f"Of {', '.join(Purpose)}."),
    "lane": click.option("--lane", metavar="L,…", help=f"Of {', '.join(Lane)}."),
    "status": click.option("--status", metavar="S,…", help="Where they stand: docs/statuses.md."),
    "code": click.option("--code", metavar="C,…", help="What eSMS answered last: docs/codes.md."),
    "network": click.option("--network", metavar="N,…", help="As eSMS names it."),
}
_FILES = (
    click.option("--csv", type=_FILE, metavar="FILE", help="Write them all here as CSV; - is standard output."),
    click.option("--xlsx", type=_FILE, metavar="FILE", help="Write them all here for Excel."),
)


def which_options(*without: str) -> Callable[[F], F]:
    """Which messages; the command gets them as `**which`, to be read by `which_of`."""
    return options(*_SPAN, *(option for name, option in _WORDS.items() if name not in without))


def each_option(command: F) -> F:
    """Each generation of what was sent again."""
    told = "Count each time that it was sent, and not each recipient once, by the last."
    return click.option("--each", is_flag=True, help=told)(command)


def to_options(command: F) -> F:
    """Where to: the screen, JSON, a file."""
    return options(*_FILES, json_option)(command)


def by_option(default: str) -> Callable[[F], F]:
    """`--by`, one or several."""
    names = ", ".join(get_args(GroupBy))
    return click.option("--by", metavar="COLUMN,…", default=default, show_default=True, help=f"Of {names}.")


def which_of(given: dict[str, Any]) -> Which:
    """What the options say. Raises a usage error."""
    days = {name: day_option(f"--{name}", value) for name in ("since", "until") if (value := given.pop(name, None))}
    each = {"each": True} if given.pop("each", False) else {}
    words = {
        name: value if name == "campaign" else parts_of(value) for name, value in given.items() if value is not None
    }
    return cast(Which, days | each | words)


@contextmanager
def usage() -> Iterator[None]:
    """What an option says and can't be asked is wrong usage, told by the option's name."""
    try:
        yield
    except Invalid as error:
        raise click.UsageError(f"--{error}") from None
