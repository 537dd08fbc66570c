"""The account, straight from eSMS: `balance`, `brandnames`, `sent-data`.

`brandnames` also keeps what it shows, for the check at enqueue.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import fields
from datetime import date, datetime
from decimal import Decimal
from typing import Any

import click
from rich.text import Text

from worker.api.account import Account
from worker.cli.output import console, json_option, printable, say, say_error, say_json, table, text
from worker.errors import WorkerError
from worker.esms import VIETNAM, SentSms
from worker.settings import Settings
from worker.spreadsheets import write_csv

DAY = click.DateTime(["%Y-%m-%d"])
TYPES: dict[int | None, str] = {1: "advertising", 2: "customer care"}
SENT = {"true": "sent", "1": "sent", "false": "not sent", "0": "not sent"}  # the manual's SentStatus
STANDING = {1: "awaiting approval", 2: "waiting", 3: "sending", 4: "refused", 5: "finished", 6: "deleted", 7: "sent"}


@click.command()
@json_option
def balance(as_json: bool) -> None:
    """What is left on the account."""
    with Account.from_env() as account:
        found = account.balance()
    if as_json:
        say_json({"balance": str(found.balance), "user_id": found.user_id})
    else:
        say(f"{found.balance:,.0f} đồng")


@click.command()
@json_option
def brandnames(as_json: bool) -> None:
    """The brandnames that are registered, from now on the ones that may be enqueued."""
    with Account.from_env() as account:
        found = account.brandnames()
        if as_json:
            say_json([{"brandname": each.name, "type": each.type} for each in found])
        else:
            shown = table("brandname", "type")
            for each in found:
                shown.add_row(text(each.name), TYPES.get(each.type, "not told"))
            console().print(shown)
        try:
            account.keep_brandnames(found, Settings.from_environ())
        except WorkerError as error:  # they were asked for, and are shown
            say_error(f"not kept for the check at enqueue: {error}")


# Sent data...


@click.command("sent-data")
@click.option("--from", "since", type=DAY, required=True, metavar="DAY", help="First day in Vietnam, 2026-03-01.")
@click.option("--to", "until", type=DAY, required=True, metavar="DAY", help="Last day, the same one for one day.")
@click.option("--csv", "as_csv", is_flag=True, help="Print CSV, every field.")
@json_option
def sent_data(since: datetime, until: datetime, as_csv: bool, as_json: bool) -> None:
    """What eSMS says it sent between two days."""
    if as_csv and as_json:
        raise click.UsageError("--csv: can't be had together with --json: leave one out")
    first, last = _days(since.date(), until.date())
    with Account.from_env() as account:
        rows = account.sent_data(first, last)
    if as_json:
        say_json([_plain(row) for row in rows])
    elif as_csv:
        _say_csv(rows)
    else:
        _say_table(rows)


def _days(since: date, until: date) -> tuple[date, date]:
    for option, day in (("--from", since), ("--to", until)):
        if not 2000 <= day.year < 9999:
            raise click.UsageError(f"{option}: {day} is in no year that eSMS could mean: check the year")
    if until < since:
        raise click.UsageError(f"--from: {since} is after --to {until}: give the earlier day first")
    return since, until


FIELDS = [field.name for field in fields(SentSms)]


def _plain(row: SentSms) -> dict[str, Any]:
    values = {name: getattr(row, name) for name in FIELDS}
    return {name: str(value) if isinstance(value, Decimal) else value for name, value in values.items()}


def _say_csv(rows: Sequence[SentSms]) -> None:
    # A formula that a recipient may have written gets an apostrophe before it; --json has it as it came.
    write = write_csv(sys.stdout, FIELDS)
    clean = printable if sys.stdout.isatty() else str
    for row in rows:
        write([clean(value) if isinstance(value, str) else value for value in _plain(row).values()])


def _say_table(rows: Sequence[SentSms]) -> None:
    """One line a row, whatever the terminal's width: a long text is cut, and --json and --csv have it whole."""
    shown = table("sent (Vietnam)", "phone", "type:n", "result", "content")
    for column in shown.columns[:-1]:
        column.no_wrap = True
    for row in rows:
        shown.add_row(_time(row), text(row.phone), text(row.sms_type), _result(row), _line(row.content))
    console().print(shown)
    say(f"{len(rows):,} SMS; every field: --json, --csv")


def _time(row: SentSms) -> str:
    return f"{row.sent_at.astimezone(VIETNAM):%Y-%m-%d %H:%M}" if row.sent_at else ""


def _line(content: str) -> Text:
    """In one line and as it is: neither markup, nor what a terminal would obey."""
    return Text(printable(" ".join(content.split())), no_wrap=True, overflow="ellipsis")


def _result(row: SentSms) -> str:
    if row.delivered is not None:
        return "✔ delivered" if row.delivered else "✗ not delivered"
    return STANDING.get(row.send_status or 0) or SENT.get(row.sent_status or "", text(row.sent_status))
