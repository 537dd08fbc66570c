"""`report messages`, `report failures`: one line for each recipient."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import click

from worker.api.notifier import Notifier
from worker.cli.output import console, look_of, say, table, text
from worker.cli.report.giving import To
from worker.cli.report.options import each_option, to_options, usage, which_of, which_options
from worker.lifecycle import FAILED
from worker.reporting import Which
from worker.settings.language import language_of
from worker.tabular import flat

if TYPE_CHECKING:
    from rich.table import Table

SHOWN = 50  # lines that people see


@click.command("messages")
@which_options()
@to_options
def messages(csv: Path | None, xlsx: Path | None, as_json: bool, **given: Any) -> int:
    """Each recipient's message and where it stands. Exit code 1 where there is none."""
    return _give(To(csv, xlsx, as_json), which_of(given), "messages", _messages)


@click.command("failures")
@which_options()
@each_option
@to_options
def failures(csv: Path | None, xlsx: Path | None, as_json: bool, **given: Any) -> int:
    """Whom it did not reach: number, name, your own reference, why and what to do. Exit code 1 where there is none.

    Who was sent it again, corrected or by another channel, stands here by that alone; --each shows what it replaced.
    Undelivered, rejected, expired, or unknown for ever; --status takes some of these. Reasons and remedies are in both
    languages in a file, in yours here.
    """
    return _give(To(csv, xlsx, as_json), which_of(given), "failures", _failures)


COMMANDS = (messages, failures)


def _give(to: To, which: Which, kind: Literal["messages", "failures"], shown: Callable[[list[Any], Any], Table]) -> int:
    with Notifier.from_env() as notifier, usage():
        reports, zone = notifier.reports, notifier.settings.time_zone
        if to.is_for_people:
            written = _show(getattr(reports, kind)(**which), lambda some: shown(some, zone))
        elif to.as_json:
            written = to.give(map(flat, getattr(reports, kind)(**which)), zone)
        else:
            written = to.write(reports.file_of(kind, **which), total=lambda: _about(notifier, which, kind))
    if not written and not to.as_json:
        say("No messages match")
    return int(not written)


def _about(notifier: Notifier, which: Which, kind: str) -> int:
    """How many the sums know; one that was sent again as it was is counted each time there."""
    counted: Which = {**which, "each": True} if kind == "messages" else which
    if kind != "messages" and not which.get("status"):
        counted = {**which, "status": list(FAILED)}
    return sum(line.messages for line in notifier.reports.daily(["status"], **counted))


def _show(rows: Iterator[Any], shown: Callable[[list[Any]], Table]) -> int:
    some = list(islice(rows, SHOWN + 1))
    if some:
        console().print(shown(some[:SHOWN]))
    if len(some) > SHOWN:
        say(f"These are the first {SHOWN}; --csv FILE, --xlsx FILE and --json have all of them")
    return len(some)


def _messages(rows: list[Any], zone: Any) -> Table:
    made = table("to go out:id", "phone:id", "status:id", "code", "network", "campaign", "reference", "tries:n")
    for row in rows:
        facts = (row.code, row.network, row.campaign, row.reference, row.attempts)
        made.add_row(text(row.wanted_at, zone), row.phone, look_of(row.status), *map(text, facts))
    return made


def _failures(rows: list[Any], zone: Any) -> Table:
    end = "_vi" if language_of() == "vi" else ""
    made = table("phone:id", "name", "reference", "status:id", "code", "reason", "what to do", "tries:n", "last try")
    for row in rows:
        told = (getattr(row, f"reason{end}"), getattr(row, f"remedy{end}"), row.attempts)
        who = (row.phone, text(row.name), text(row.reference))
        made.add_row(*who, look_of(row.status), *map(text, (row.code, *told)), text(row.last_try, zone))
    return made
