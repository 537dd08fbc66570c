"""What Tab offers for the names that the ledger holds: nothing where it can't be asked, and never an error."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any, TypeVar

import click

from worker.errors import WorkerError

if TYPE_CHECKING:
    from worker.api.notifier import Notifier

F = TypeVar("F", bound=Callable[..., Any])

OFFERED = 100  # names; nobody reads more

Complete = Callable[[click.Context, click.Parameter, str], list[str]]


def _offering(names: Callable[[Notifier, str], Iterable[str]]) -> Complete:
    def complete(_context: click.Context, _parameter: click.Parameter, incomplete: str) -> list[str]:
        from worker.api.notifier import Notifier  # not before Tab is pressed here

        try:
            with Notifier.from_env() as notifier:
                return [name for name in names(notifier, incomplete) if name.startswith(incomplete)][:OFFERED]
        except WorkerError:
            return []

    return complete


templates = _offering(lambda notifier, _: (row.name for row in notifier.templates.all()))
rules = _offering(lambda notifier, _: (row.name for row in notifier.reminders.rules()))
campaigns = _offering(lambda notifier, start: notifier.reports.campaign_names(start, most=OFFERED))


def campaign_option(help: str | None = None) -> Callable[[F], F]:
    """`--campaign`, with the names that there are."""
    return click.option("--campaign", metavar="C", help=help, shell_complete=campaigns)
