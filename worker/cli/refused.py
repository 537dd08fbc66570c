"""`refused`: what came by the broker and was no task of ours."""

from __future__ import annotations

from dataclasses import asdict

import click

from worker.api.operation import Operation
from worker.cli.output import console, json_option, say, say_json, table, text
from worker.settings import Settings


@click.group()
def refused() -> None:
    """What came by the broker and was no task: counted, nothing of it kept."""


@refused.command("list")
@json_option
def refused_list(as_json: bool) -> None:
    """By queue and reason, the last first: how often, when, how large the last was, and its task id if it is a UUID."""
    with Operation.from_env() as operation:
        rows = operation.refused()
    if as_json:
        say_json([asdict(row) for row in rows])
        return
    zone = Settings.from_environ().time_zone
    shown = table("queue", "it …", "times", "first", "last", "bytes", "task id")
    for row in rows:
        told = (row.queue, row.reason, row.times, row.since, row.at, row.size, row.task_id)
        shown.add_row(*(text(each, zone) for each in told))
    console().print(shown if rows else "Nothing was refused.")


@refused.command("forget")
def refused_forget() -> None:
    """Begin to count anew, once it is known who sent it."""
    with Operation.from_env() as operation:
        operation.forget_refused()
    say("Counted anew from now on")
