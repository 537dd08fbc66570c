"""`reminders …`: rules and events that remind people, what they will bring, and why somebody got nothing."""

from __future__ import annotations

import click

from worker.cli.groups import Group
from worker.cli.reminders import asking, events, rules, simulating


@click.group("reminders", cls=Group)
def reminders_group() -> None:
    """Birthdays, meetings and whatever recurs: who is reminded of what, when, and why not."""


for command in (*rules.COMMANDS, *asking.COMMANDS, *simulating.COMMANDS, *events.COMMANDS):
    reminders_group.add_command(command)
