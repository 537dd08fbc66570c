"""`retry --go-on`: the rest of a rerun that stopped, and what was to follow messages and was set aside, one or all."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from typing import Any

import click

from worker.api.notifier import Notifier
from worker.cli.output import counting, options, say, say_json

MANY = "\0"  # no id is given

going_on_options = options(
    click.option(
        "--go-on",
        metavar="[ID]",
        is_flag=False,
        flag_value=MANY,
        help="Send the rest of this one, which stopped, or what was to follow this message (see doctor). Without an "
        "ID: what was to follow and was set aside, of a --campaign, a --source, or --all.",
    ),
    click.option("--all", "all_", is_flag=True, help="With --go-on: whatever was to follow and was set aside."),
)


def one_goes_on(id_: str, by: str, as_json: bool, others: Sequence[object]) -> int:
    """Have the rest of a rerun go, or the follow-up of a message."""
    if any(other not in (None, ()) for other in others):
        raise click.UsageError("--go-on sends what was chosen then, as it was asked for then: give it alone")
    with Notifier.from_env() as notifier:
        rest = notifier.again.go_on(id_, by=by)
    if as_json:
        say_json({"id": id_, "rest": rest})
    else:
        say(f"{rest:,} more go out now, as was asked for then")
    return 0


def many_go_on(as_json: bool, *, dry_run: bool, yes: bool, all_: bool, given: Mapping[str, Any]) -> int:
    """What was set aside. Exit code 1 when there was nothing."""
    which = _which(given, all_)
    with Notifier.from_env() as notifier:
        if not (dry_run or yes):
            _ask(notifier, which)
        with counting("let go") as told:
            found = notifier.again.go_on_many(
                campaign=which["campaign"], source=which["source"], dry_run=dry_run, told=told
            )
    if as_json:
        say_json({"let_go": found, "dry_run": dry_run})
    elif dry_run:
        say(f"dry run: {found:,} would be looked at again: what was to follow them, where it is not too late by now")
    else:
        say(f"let go: {found:,}: what was to follow them comes now, where it is not too late; doctor tells what can't")
    return 0 if found else 1


def _which(given: Mapping[str, Any], all_: bool) -> dict[str, str | None]:
    which = {name: given[name] for name in ("campaign", "source")}
    if all_ == any(which.values()):
        raise click.UsageError("--go-on: give an ID, or a --campaign, a --source or --all")
    if any(value not in (None, ()) for name, value in given.items() if name not in which):
        raise click.UsageError("--go-on sends what was to follow then, as it was asked for then: choose no more of it")
    return which


def _ask(notifier: Notifier, which: dict[str, str | None]) -> None:
    """Of many, whether they are to go; which are counted first."""
    found = notifier.again.go_on_many(campaign=which["campaign"], source=which["source"], dry_run=True)
    if found <= notifier.settings.retry_ask:
        return
    if not sys.stdin.isatty():
        raise click.UsageError(f"{found:,} would be followed: look with --dry-run, then give --yes")
    click.confirm(f"{found:,} would be followed now. Go on?", abort=True, err=True)
