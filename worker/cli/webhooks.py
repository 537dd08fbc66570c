"""Who is called with what happens: `webhooks add|list|test|rotate|replay|disable|enable`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict

import click

from worker.api.notifier import Notifier
from worker.api.webhooks import NewWebhook, WebhookRow
from worker.cli.groups import Group
from worker.cli.output import console, date_option, json_option, options, parts_of, say, say_json, table, text
from worker.event_kinds import EventKind


@click.group("webhooks", cls=Group)
def webhooks_group() -> None:
    """Addresses of applications that are called with what became of their messages."""


@webhooks_group.command("add")
@click.argument("url")
@options(
    click.option("--source", metavar="S", help="With what belongs to this source."),
    click.option("--all-sources", is_flag=True, help="With everybody's."),
    click.option("--events", required=True, metavar="NAME,…", help=f"Of {', '.join(EventKind)}."),
)
@json_option
def add(url: str, source: str | None, all_sources: bool, events: str, as_json: bool) -> None:
    """Call URL with what happens from now on; its secret is shown now and never again."""
    if (source is None) != all_sources:
        raise click.UsageError("give --source S, or --all-sources")
    with Notifier.from_env() as notifier:
        made = notifier.webhooks.add(url, source=source, events=parts_of(events))
    _show(made, as_json)


@webhooks_group.command("rotate")
@click.argument("id_", metavar="ID")
@json_option
def rotate(id_: str, as_json: bool) -> None:
    """Another secret; for a day calls are signed with the former one as well."""
    with Notifier.from_env() as notifier:
        _show(notifier.webhooks.rotate(id_), as_json)


def _show(made: NewWebhook, as_json: bool) -> None:
    if as_json:
        say_json({"id": str(made.id), "secret": made.secret})
        return
    say(str(made.id))
    say(made.secret)
    say("The secret is shown this once: check each call's signature with it (docs/webhooks.md).")


@webhooks_group.command("list")
@json_option
def list_(as_json: bool) -> None:
    """All of them, how many calls wait, and what the last one that failed came to."""
    with Notifier.from_env() as notifier:
        rows = notifier.webhooks.list()
    if as_json:
        say_json([asdict(row) for row in rows])
    else:
        console().print(_table(rows) if rows else "Nobody is called: esms-worker webhooks add URL --source shop …")


def _table(rows: Sequence[WebhookRow]) -> object:
    shown = table("id:id", "url", "source", "events", "waiting", "given up", "last failure", "disabled")
    for row in rows:
        counts = (f"{row.waiting:,}", f"{row.failed:,}")
        words = (text(row.outcome or ""), text(row.disabled_because or ""))
        shown.add_row(str(row.id), text(row.url), text(row.source or "all"), ", ".join(row.events), *counts, *words)
    return shown


@webhooks_group.command("test")
@click.argument("id_", metavar="ID")
@json_option
def test(id_: str, as_json: bool) -> int:
    """Have a worker call it now with an event of its own, webhook.test. Exit code 1: it did not take it."""
    with Notifier.from_env() as notifier:
        problem = notifier.webhooks.test(id_)
    if as_json:
        say_json({"taken": problem is None, "problem": problem})
    else:
        say(problem or "It took the call.")
    return int(problem is not None)


@webhooks_group.command("replay")
@click.argument("id_", metavar="ID")
@click.option("--since", required=True, metavar="DATE", help="ISO 8601.")
@json_option
def replay(id_: str, since: str, as_json: bool) -> None:
    """Tell it again of all that happened since then, also of what it took: each with the id that it had."""
    with Notifier.from_env() as notifier:
        notifier.webhooks.replay(id_, date_option("since", since))
    _done(id_, "replayed", as_json)


@webhooks_group.command("disable")
@click.argument("id_", metavar="ID")
@json_option
def disable(id_: str, as_json: bool) -> None:
    """Call it no more; what happens meanwhile waits."""
    with Notifier.from_env() as notifier:
        notifier.webhooks.disable(id_)
    _done(id_, "disabled", as_json)


@webhooks_group.command("enable")
@click.argument("id_", metavar="ID")
@json_option
def enable(id_: str, as_json: bool) -> None:
    """Call it again, also with what happened while it was disabled."""
    with Notifier.from_env() as notifier:
        notifier.webhooks.enable(id_)
    _done(id_, "enabled", as_json)


def _done(id_: str, what: str, as_json: bool) -> None:
    if as_json:
        say_json({"id": id_, "done": what})
    else:
        say(f"{id_}: {what}")
