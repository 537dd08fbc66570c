"""`report` alone: how many messages came to what, by when they were enqueued."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import datetime, tzinfo
from typing import Any, cast

import click

from worker.api.notifier import Notifier
from worker.cli import completion
from worker.cli.fitting import without_bars_that_do_not_fit
from worker.cli.groups import Group
from worker.cli.output import bar, console, json_option, look_of, say, say_json, table, text
from worker.cli.spans import span_options
from worker.lifecycle import FAILED, Status
from worker.reporting import By, ReportLine

BAR, SHORT_BAR = 30, 12  # characters of the longest bar
MOST_LINES = 20  # of a report's campaigns or days that people see


@click.group("report", invoke_without_command=True, cls=Group)
@click.option("--by", type=click.Choice(["status", "campaign", "day"]), multiple=True, help="By default all three.")
@click.option("--since", "--from", metavar="ISO", help="Enqueued on this day or later, or at this moment or later.")
@click.option("--until", "--to", metavar="ISO", help="Enqueued on this day or earlier, or before this moment.")
@completion.campaign_option()
@click.option("--source", metavar="S")
@json_option
@click.pass_context
def report(
    context: click.Context,
    by: Sequence[str],
    since: str | None,
    until: str | None,
    campaign: str | None,
    source: str | None,
    as_json: bool,
) -> int:
    """How many messages came to what: by status, by campaign, by day. Exit code 1 where none match.

    Alone it counts by when they were enqueued; the commands below by the day on which they were to go out, from sums.
    """
    if context.invoked_subcommand is not None:
        return _refuse_options_before(context)
    with Notifier.from_env() as notifier:
        zone = notifier.settings.time_zone
        first, last = span_options(since, until, zone, ("--since", "--until"))
        ways = cast("Sequence[By]", by or ("status", "campaign", "day"))
        found = notifier.reports.summary(ways, since=first, until=last, campaign=campaign, source=source)
    nothing = found.is_used and not any(found.lines.values())
    if as_json:
        say_json({f"by_{way}": [_line(line) for line in lines] for way, lines in found.lines.items()})
    elif nothing:
        say(_nothing((found.before, found.after), zone))
    else:
        say_report(found.lines)
    return int(nothing)


def _refuse_options_before(context: click.Context) -> int:
    """They would count for nothing."""
    if any(value for value in context.params.values()):
        where = f"`report {context.invoked_subcommand}`"
        raise click.UsageError(f"give the options behind the command: {where} has its own")
    return 0


def _nothing(around: Sequence[datetime | None], zone: tzinfo) -> str:
    days = [f"{moment.astimezone(zone):%Y-%m-%d}" if moment else "" for moment in around]
    near = [f"{words} {day}" for words, day in zip(("the last before", "the next after"), days, strict=True) if day]
    return "No messages match" + (f"; of all others {' and '.join(near)}" if near else "")


def _line(line: ReportLine) -> dict[str, Any]:
    return {"key": line.key, "total": line.total, "statuses": {str(s): n for s, n in line.statuses.items()}}


def say_report(reports: Mapping[By, Sequence[ReportLine]]) -> None:
    """The report as tables, with bars whose length is the number of messages."""
    if not any(reports.values()):
        say("No messages yet. Send one: esms-worker send sms --to 0901234567 --content Hello --sms-type 7")
        return
    for way, lines in reports.items():
        console().print(_by_status(lines) if way == "status" else _by(way, lines))
        say("")


def _by_status(lines: Sequence[ReportLine]) -> Any:
    most = max(line.total for line in lines)
    shown = table("status", "messages:n", "")
    counted = {line.key: line.total for line in lines}
    for each in Status:
        if total := counted.get(each):
            shown.add_row(look_of(each), f"{total:,}", bar(total, most, BAR))
    return shown


def _by(way: str, lines: Sequence[ReportLine]) -> Any:
    ordered = lines[-MOST_LINES:] if way == "day" else sorted(lines, key=lambda line: -line.total)[:MOST_LINES]
    most = max(line.total for line in ordered)
    kinds = [kind for kind in KINDS if kind not in SELDOM or any(_counted(line)[kind] for line in ordered)]
    shown = table(way, "messages:n", *(f"{kind}:n" for kind in kinds), "")
    for line in ordered:
        numbers = (line.total, *(_counted(line)[kind] for kind in kinds))
        shown.add_row(text(line.key) or "(none)", *(f"{n:,}" for n in numbers), bar(line.total, most, SHORT_BAR))
    return without_bars_that_do_not_fit(shown, console())


# Each status is counted in one column, so that a line adds up.
COLUMN_OF = {
    Status.DELIVERED: "delivered",
    **dict.fromkeys(FAILED, "failed"),
    Status.CANCELLED: "cancelled",
    Status.SANDBOXED: "sandboxed",
    Status.HELD: "held",
}
KINDS = ("delivered", "failed", "cancelled", "sandboxed", "held", "open")
SELDOM = frozenset({"cancelled", "sandboxed"})  # shown where there are some


def _counted(line: ReportLine) -> Counter[str]:
    counted: Counter[str] = Counter()
    for status, count in line.statuses.items():
        counted[COLUMN_OF.get(status, "open")] += count
    return counted
