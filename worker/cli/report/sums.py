"""`report daily|campaigns|networks|latency|reminders`: lines from the sums of days, with bars for people."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta, tzinfo
from operator import methodcaller
from typing import TYPE_CHECKING, Any, cast

import click

from worker.api.notifier import Notifier
from worker.api.report_files import Row, reminders_row, statuses_in_a_line
from worker.catalogue.costs import WHOSE
from worker.cli.fitting import without_bars_that_do_not_fit
from worker.cli.output import bar, console, parts_of, say, table, text
from worker.cli.report.giving import To
from worker.cli.report.options import by_option, each_option, to_options, usage, which_of, which_options
from worker.cli.report.summary import MOST_LINES, SHORT_BAR
from worker.lifecycle import Status
from worker.reporting import Costs, GroupBy, Latency, RuleUsed, Sums, Which

if TYPE_CHECKING:
    from rich.table import Table

    from worker.api.reports import Reports
    from worker.reporting.reminded import RemindersReported

SELDOM: dict[str, Callable[[Sums], int]] = {  # shown where there are some
    "cancelled": lambda row: row.statuses.get(Status.CANCELLED, 0),
    "sandboxed": lambda row: row.statuses.get(Status.SANDBOXED, 0),
    "sent again": lambda row: row.superseded,
}
FRESH = timedelta(minutes=1)  # the sums are never older, where beat ticks


def _counting(name: str, by: str, words: str) -> click.Command:
    """A report by one column, or whatever --by says."""

    @click.command(name, help=words)
    @by_option(by)
    @which_options()
    @each_option
    @to_options
    def command(by: str, **given: Any) -> int:
        return _give(given, lambda reports, which: reports.daily(_columns(by), **which), _sums)

    return command


daily = _counting("daily", "day", "What came of each day's messages; --by groups them otherwise.")
campaigns = _counting("campaigns", "campaign", "What came of each campaign.")
networks = _counting("networks", "network", "What came of the messages of each network, as eSMS names it.")


@click.command("latency")
@by_option("lane,network")
@which_options("status", "code")
@to_options
def latency(by: str, **given: Any) -> int:
    """How long it took until eSMS had a message, and from there until it was delivered, beside each lane's goal."""
    return _give(given, lambda reports, which: reports.latency(_columns(by), **which), _latencies)


@click.command("costs")
@by_option("month")
@which_options()
@to_options
def costs(by: str, **given: Any) -> int:
    """What it cost, as eSMS told or by the price list, what of it failed, and what long texts and accents cost."""
    return _give(given, lambda reports, which: reports.costs(_columns(by), **which), _costs)


@click.command("reminders")
@which_options("source", "purpose", "lane", "status", "code", "network")
@to_options
def reminders(**given: Any) -> int:
    """What each rule and event came to: sent, delivered, failed, and how many people got none, and why."""
    return _give(given, lambda reports, which: reports.reminders(**which), _reminders, reminders_row)


@click.command("rules")
@which_options("campaign", "source", "purpose", "lane", "status", "code", "network")
@to_options
def rules(**given: Any) -> int:
    """What each sending rule did, day by day: how many messages it held back, cancelled or warned of."""
    return _give(given, lambda reports, which: reports.rules(**which), _rules)


COMMANDS = (daily, campaigns, networks, latency, costs, reminders, rules)


def _give(
    given: dict[str, Any],
    ask: Callable[[Reports, Which], Sequence[Any]],
    shown: Callable[[Sequence[Any]], Table],
    in_a_file: Callable[[Any], Row] = methodcaller("as_row"),
) -> int:
    """in_a_file: a line as cells."""
    to = To(given.pop("csv"), given.pop("xlsx"), given.pop("as_json"))
    which = which_of(given)
    with Notifier.from_env() as notifier, usage():
        rows = ask(notifier.reports, which)
        if to.is_for_people:
            return _show(notifier, rows, shown(rows))
        lines = (row.as_row() if to.as_json else in_a_file(row) for row in rows)
        return int(not to.give(lines, notifier.settings.time_zone))


def _columns(by: str) -> Sequence[GroupBy]:
    return cast("Sequence[GroupBy]", parts_of(by))


def _show(notifier: Notifier, rows: Sequence[Any], shown: Table) -> int:
    until = notifier.reports.counted_until()
    if rows:
        console().print(shown)
    else:
        say("No messages match")
    if len(rows) > MOST_LINES:
        say(f"{MOST_LINES} of {len(rows):,} lines; --csv FILE, --xlsx FILE and --json have all of them")
    say(_how_fresh(until, notifier.settings.time_zone))
    return int(not rows)


def _how_fresh(until: datetime | None, zone: tzinfo) -> str:
    if until is None:
        return "Nothing has been added up yet: does beat tick? `esms-worker doctor` tells"
    late = ": beat does not tick, `esms-worker doctor` tells more" if datetime.now(UTC) - until > FRESH else ""
    return f"Counted up to {text(until, zone)}{late}"


# For people...


def _sums(rows: Sequence[Sums]) -> Table:
    shown = _most(rows)
    keys = list(shown[0].key) if shown else []
    seldom = [title for title, count in SELDOM.items() if any(map(count, rows))]
    made = table(
        *keys, "messages:n", "delivered:n", "%:n", "failed:n", "held:n", "open:n", *(f"{each}:n" for each in seldom), ""
    )
    largest = max((row.messages for row in shown), default=1)
    for row in shown:
        counts = (row.failed, row.held, row.open, *(SELDOM[title](row) for title in seldom))
        rate = "" if row.delivery_rate is None else f"{100 * row.delivery_rate:.1f}"
        told = (f"{row.messages:,}", f"{row.delivered:,}", rate, *(f"{count:,}" for count in counts))
        made.add_row(*_names(row.key), *told, bar(row.messages, largest, SHORT_BAR))
    return without_bars_that_do_not_fit(made, console())


def _names(key: Mapping[GroupBy, object]) -> Iterator[str]:
    """By what a line is; a network that eSMS did not name is not known, and not none."""
    return (text(value) or ("(not known)" if name == "network" else "(none)") for name, value in key.items())


def _rules(rows: Sequence[RuleUsed]) -> Table:
    made = table("day", "rule", "held:n", "cancelled:n", "warned:n")
    for row in rows[:MOST_LINES]:
        made.add_row(text(row.day), text(row.rule), *(f"{n:,}" for n in (row.held, row.cancelled, row.warned)))
    return made


def _most(rows: Sequence[Sums]) -> Sequence[Sums]:
    """Those that people see: the last days, else the largest."""
    if rows and {"day", "month"} & rows[0].key.keys():
        return rows[-MOST_LINES:]
    return sorted(rows, key=lambda row: -row.messages)[:MOST_LINES]


def _latencies(rows: Sequence[Latency]) -> Table:
    keys = list(rows[0].key) if rows else []
    columns = ("until", "messages:n", "half in:n", "95 % in:n", "99 % in:n", "> 1 min:n", "> 5 min:n", "> 10 min:n")
    made = table(*keys, *columns, "goal")
    for row in rows[:MOST_LINES]:
        names = _names(row.key)
        times = (_seconds(each) for each in (row.p50, row.p95, row.p99))
        shares = (f"{100 * each:.1f} %" for each in (row.over_1_minute, row.over_5_minutes, row.over_10_minutes))
        made.add_row(*names, row.leg, f"{row.messages:,}", *times, *shares, _goal(row))
    return made


def _seconds(value: float) -> str:
    return f"{value:.1f} s" if value < 60 else f"{value / 60:.1f} min" if value < 3600 else f"{value / 3600:.1f} h"


def _goal(row: Latency) -> str:
    if row.within_goal is None or row.goal is None:
        return ""
    sign, colour = ("✔", "green") if row.met else ("✗", "red")
    return f"[{colour}]{sign}[/] {100 * row.within_goal:.1f} % in {_seconds(row.goal)}"


def _costs(rows: Sequence[Costs]) -> Table:
    keys = list(rows[0].key) if rows else []
    columns = (
        "messages:n",
        "SMS, calls:n",
        "đồng:n",
        "whose figure",
        "failed:n",
        "long texts:n",
        "accents:n",
        "unknown:n",
    )
    doubt = ["in doubt:n"] if any(row.doubtful_messages for row in rows) else []
    made = table(*keys, *columns, *doubt)
    for row in rows[-MOST_LINES:]:
        names = _names(row.key)
        costs = ["?" if row.known == "no" else f"{each:,.0f}" for each in (row.cost, row.failed, row.long, row.accents)]
        made.add_row(
            *names,
            f"{row.messages:,}",
            f"{row.segments:,}",
            costs[0],
            WHOSE[row.known].en,
            *costs[1:],
            f"{row.unknown_messages:,}",
            *[f"{row.doubtful_messages:,}"] * len(doubt),
        )
    return made


def _reminders(rows: Sequence[RemindersReported]) -> Table:
    made = table("rule or event", "messages:n", "came to", "got none:n", "why")
    for row in sorted(rows, key=lambda row: -row.messages)[:MOST_LINES]:
        why = "; ".join(row.skipped)
        made.add_row(
            text(row.name),
            f"{row.messages:,}",
            statuses_in_a_line(row.statuses),
            f"{sum(row.skipped.values()):,}",
            text(why),
        )
    return made
