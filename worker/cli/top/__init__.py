"""`top`: what *Now* on the page tells, in a terminal, looked at again and again until somebody ends it."""

from __future__ import annotations

import sys
from datetime import tzinfo
from typing import Any

import click
from rich.console import Console

from worker.api.notifier import Notifier
from worker.api.reports import Reports
from worker.cli.output import console, json_option, say_json
from worker.cli.top.alarms import alarms
from worker.cli.top.picture import MINUTES
from worker.cli.top.view import Seen, View
from worker.cli.top.watching import Look, watch
from worker.remembered import Remembered
from worker.reporting.now import BALANCE_FOR


@click.command()
@click.option(
    "--every",
    type=click.IntRange(1, 3600),
    default=2,
    show_default=True,
    metavar="SECONDS",
    help="How often to look.",
)
@click.option("--once", is_flag=True, help="Print it once and end, as where the output is no terminal.")
@json_option
def top(every: int, once: bool, as_json: bool) -> None:
    """How it goes now, looked at again and again: alarms, lanes, the last hour, today; q ends it."""
    shown = console()
    with Notifier.from_env() as notifier:
        zone, look = notifier.settings.time_zone, _looking(notifier.reports)
        seen = Seen(*look())
        if as_json:
            say_json(_as_json(seen, zone))
        elif once or not _can_be_drawn_on(shown):
            shown.print(View(seen, zone))
        else:
            watch(seen, look, zone, shown, every)


def _looking(reports: Reports) -> Look:
    balance = Remembered(reports.balance, seconds=BALANCE_FOR)
    return lambda: (reports.now(), balance.get())


def _can_be_drawn_on(shown: Console) -> bool:
    return sys.stdout.isatty() and shown.is_terminal and not shown.is_dumb_terminal


def _as_json(seen: Seen, zone: tzinfo) -> dict[str, Any]:
    now = seen.now
    return {
        "at": now.at,
        "counted_until": now.counted_until,
        "alarms": [{"alarm": each.name, "text": each.text} for each in alarms(now, seen.balance, zone)],
        "lanes": [
            {
                "lane": str(lane),
                "paused": any(each.lane == lane for each in now.pauses),
                "oldest_due": now.oldest_due.get(lane),
                "statuses": {str(status): count for status, count in standing.items()},
            }
            for lane, standing in now.standing.items()
        ],
        "pauses": now.pauses,
        "minutes": now.minutes[-MINUTES:],
        "today": {str(status): count for status, count in now.statuses_today.items()},
        "balance": seen.balance,
        "seconds_since_beat": now.seconds_since_beat,
        "listeners": dict(now.listeners),
    }
