"""`report refused`: how many requests could not be taken, by day, application and reason."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, time
from typing import TYPE_CHECKING, Any

import click

from worker.api.notifier import Notifier
from worker.cli.output import console, day_option, say, table, text
from worker.cli.report.giving import To
from worker.cli.report.options import to_options
from worker.tabular import flat

if TYPE_CHECKING:
    from worker.reporting import RefusedCount


@click.command("refused")
@click.option("--since", metavar="DAY", help="On this day of TIME_ZONE or later.")
@click.option("--source", metavar="S", help="Of this application.")
@to_options
def refused(since: str | None, source: str | None, **to: Any) -> int:
    """Requests that came by task or SQL and could not be taken, by day, application and reason."""
    where = To(**to)
    day = None if since is None else day_option("--since", since)
    with Notifier.from_env() as notifier:
        zone = notifier.settings.time_zone
        begin = None if day is None else datetime.combine(day, time.min, zone)
        rows = notifier.refused.count(source=source, since=begin)
        if not where.is_for_people:
            return int(not where.give(map(flat, rows), zone))
    _show(rows)
    return int(not rows)


def _show(rows: Sequence[RefusedCount]) -> None:
    shown = table("day", "source", "by", "kind", "what is wrong", "requests:n")
    for row in rows:
        wrong = f"{row.field}: {row.reason}" if row.field else row.reason
        shown.add_row(str(row.day), text(row.source), row.door, row.kind, text(wrong), f"{row.requests:,}")
    if rows:
        console().print(shown)
    else:
        say("No request was refused.")


COMMANDS = (refused,)
