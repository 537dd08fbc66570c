"""A group of commands whose help says of each command all of its first sentence, wrapped where the terminal ends."""

from __future__ import annotations

import click

MOST = 300  # characters of a first sentence


class Group(click.Group):
    """Click's own cuts each sentence after one line, often before what matters."""

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """The help's list."""
        named = [(name, self.get_command(ctx, name)) for name in self.list_commands(ctx)]
        with formatter.section("Commands"):
            formatter.write_dl([(name, each.get_short_help_str(MOST)) for name, each in named if each])
