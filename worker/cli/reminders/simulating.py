"""`reminders simulate`: what all rules and events will bring, counted and not sent."""

from __future__ import annotations

from collections import Counter
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import click

from worker.api.notifier import Notifier
from worker.cli.output import console, json_option, say, say_json, table, text
from worker.cli.reminders.options import day_option
from worker.reminders.costs import Price
from worker.reminders.heatmap import Language, page
from worker.reminders.simulate import DAYS_MOST, Day, Simulation
from worker.settings import Rates, Settings
from worker.spreadsheets import private

SHOWN = 10  # of each list


@click.command("simulate")
@click.option("--from", "since", metavar="DATE", help="The first day.  [default: today]")
@click.option("--to", "until", metavar="DATE", help="The last day.  [default: a year later]")
@click.option("--rate", type=click.FloatRange(min=0.001), metavar="N", help="Messages a second; default WORKER_RATE.")
@click.option("--price", type=click.FloatRange(min=0), default=0.0, help="Of one SMS segment, in dong.")
@click.option("--call-price", type=click.FloatRange(min=0), default=0.0, help="Of one call, in dong.")
@click.option("--balance", type=click.FloatRange(min=0), metavar="DONG", help="What there is to spend.")
@click.option("--html", type=click.Path(dir_okay=False, path_type=Path), help="Write a calendar heat map there.")
@click.option("--lang", type=click.Choice(["en", "vi"]), default="en", show_default=True, help="Of that page.")
@json_option
def simulate_command(
    since: str | None,
    until: str | None,
    rate: float | None,
    price: float,
    call_price: float,
    balance: float | None,
    html: Path | None,
    lang: Language,
    as_json: bool,
) -> None:
    """Expand all rules and events over a time, without sending: how many a day, what it costs, what is too much."""
    first, last = _span(since, until)
    with Notifier.from_env() as notifier:
        found = notifier.reminders.simulate(
            first,
            last,
            rate=rate or Rates.from_environ().sends,
            price=Price(segment=price, call=call_price),
            balance=balance,
        )
    if html is not None:
        with private(html) as to:  # people's names and days stand in it
            to.write(page(found, lang).encode())
    if as_json:
        say_json(_json(found))
    else:
        _say(found)
        if html is not None:
            say(f"calendar: {html}")


def _span(since: str | None, until: str | None) -> tuple[date, date]:
    first = Settings.from_environ().today() if since is None else day_option("--from", since)
    last = first + timedelta(days=364) if until is None else day_option("--to", until)
    if not 0 <= (last - first).days < DAYS_MOST or not 1970 <= first.year <= last.year <= 2190:
        raise click.UsageError("--to: is not after --from, or more than ten years after it: give a shorter time")
    return first, last


def _say(found: Simulation) -> None:
    _say_months(found)
    busiest = sorted(found.days, key=lambda day: -day.messages)[:SHOWN]
    _say_days("Busiest days", [day for day in busiest if day.messages])
    _say_days("! More than the rate lets out in time", [day for day in found.days if day.late], late=True)
    if over := next((day for day in found.days if day.over_balance), None):
        say(f"$ The balance is used up on {over.day}.")
    if waiting := sum(day.waiting for day in found.days):
        say(f"{waiting:,} wait for the hours that `esms-worker law list` tells")
    if skipped := sum(day.skipped for day in found.days):
        say(f"! {skipped:,} are skipped, not counted here: too late once those hours open")
    if found.odd:
        _say_odd(found)
    if found.paused:
        say(f"Left out, since they are paused: {', '.join(found.paused)}")


def _say_months(found: Simulation) -> None:
    months: Counter[str] = Counter()
    costs: Counter[str] = Counter()
    for day in found.days:
        months[f"{day.day:%Y-%m}"] += day.messages
        costs[f"{day.day:%Y-%m}"] += round(day.cost)
    shown = table("month", "messages:n", "cost:n")
    for month, messages in months.items():
        shown.add_row(month, f"{messages:,}", f"{costs[month]:,}" if found.cost else "")
    shown.add_row("all", f"{found.messages:,}", f"{found.cost:,.0f}" if found.cost else "")
    console().print(shown)


def _say_days(title: str, days: list[Day], *, late: bool = False) -> None:
    if not days:
        return
    shown = table("day", "messages:n", "too late:n" if late else "lanes", "mostly", title=title)
    for day in days[:SHOWN]:
        lanes = "  ".join(f"{lane} {count:,}" for lane, count in day.lanes.items())
        [(most, _)] = day.names.most_common(1)
        shown.add_row(str(day.day), f"{day.messages:,}", f"{day.late:,}" if late else lanes, text(most))
    console().print(shown)
    if len(days) > SHOWN:
        say(f"… and {len(days) - SHOWN} more; --json lists them all")


def _say_odd(found: Simulation) -> None:
    shown = table("day", "rule", "what", "people:n", title="* Odd dates")
    for each in found.odd[:SHOWN]:
        shown.add_row(str(each.day), text(each.rule), text(each.what), f"{each.people:,}")
    console().print(shown)
    if len(found.odd) > SHOWN:
        say(f"… and {len(found.odd) - SHOWN} more; --json lists them all")


def _json(found: Simulation) -> dict[str, Any]:
    return {
        "from": str(found.days[0].day),
        "to": str(found.days[-1].day),
        "messages": found.messages,
        "cost": found.cost,
        "days": [_day_json(day) for day in found.days],
        "over_rate": [str(day.day) for day in found.days if day.late],
        "over_balance_from": next((str(day.day) for day in found.days if day.over_balance), None),
        "odd": [
            {"day": str(each.day), "rule": each.rule, "what": each.what, "people": each.people} for each in found.odd
        ],
        "paused": list(found.paused),
    }


def _day_json(day: Day) -> dict[str, Any]:
    return {
        "day": str(day.day),
        "messages": day.messages,
        "lanes": {str(lane): count for lane, count in day.lanes.items()},
        "rules": dict(day.names),
        "segments": day.segments,
        "cost": day.cost,
        "late": day.late,
        "waiting": day.waiting,
        "skipped": day.skipped,
        "over_balance": day.over_balance,
    }


COMMANDS = (simulate_command,)
