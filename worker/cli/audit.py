"""`audit list`: who did what, when, from where, and to how many."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from datetime import tzinfo

import click

from worker.api.acts import ActShown
from worker.api.notifier import Notifier
from worker.catalogue.acts import ACTS
from worker.catalogue.text import Language
from worker.cli.groups import Group
from worker.cli.output import console, date_option, json_option, options, say, say_json, table, text


@click.group(cls=Group)
def audit() -> None:
    """What people did, by the page, the command line and HTTP."""


@audit.command("list")
@options(
    click.option("--who", metavar="NAME", help="A user's, a login's or a token's."),
    click.option("--what", metavar="ACT", help="Like campaign.pause."),
    click.option("--since", metavar="DATE", help="ISO 8601."),
    click.option("--most", type=click.IntRange(1, 10_000), default=50, show_default=True),
)
@json_option
def list_(who: str | None, what: str | None, since: str | None, most: int, as_json: bool) -> None:
    """The last first; nobody can change or delete a row."""
    from_ = date_option("since", since) if since else None
    with Notifier.from_env() as notifier:
        found = notifier.acts.list(who=who, what=what, since=from_, most=most)
    if as_json:
        say_json([asdict(each) | {"subject": dict(each.subject)} for each in found])
    elif not found:
        say("Nobody did anything that is written down here.")
    else:
        console().print(_table(found, notifier.settings.time_zone))


def _table(found: Sequence[ActShown], zone: tzinfo) -> object:
    shown = table("at", "who", "from", "what", "how many:n", "of")
    for each in found:
        of = ", ".join(f"{name} {value}" for name, value in each.subject.items())
        place = f"{each.via} {each.place or ''}".strip()
        what = ACTS[each.what].say(Language.EN) if each.what in ACTS else each.what
        shown.add_row(text(each.at, zone), text(each.who), text(place), text(what), f"{each.how_many:,}", text(of))
    return shown
