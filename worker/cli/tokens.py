"""`tokens add|list|rotate|revoke`: which application may do what by HTTP."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import timedelta, tzinfo

import click

from worker.access import May
from worker.api.notifier import Notifier
from worker.api.tokens import OVERLAP, NewToken, TokenRow
from worker.cli.groups import Group
from worker.cli.output import console, date_option, json_option, options, parts_of, say, say_json, table, text

RATE = re.compile(r"([0-9]+(?:\.[0-9]+)?)(?:/s)?")


@click.group("tokens", cls=Group)
def tokens_group() -> None:
    """Who is let in by HTTP, and what they may do there."""


@tokens_group.command()
@click.argument("name")
@options(
    click.option("--source", metavar="S", help="It hands over as this source, and sees and moves nothing else."),
    click.option("--all-sources", is_flag=True, help="For an operator: it sees and moves everybody's."),
    click.option("--may", required=True, metavar="RIGHT,…", help=f"Of {', '.join(May)}."),
    click.option("--rate", metavar="N/s", help="Requests a second at most."),
    click.option("--until", metavar="DATE", help="Valid before this; ISO 8601."),
)
@json_option
def add(
    name: str, source: str | None, all_sources: bool, may: str, rate: str | None, until: str | None, as_json: bool
) -> None:
    """Let an application in; its token is shown now and never again."""
    if (source is None) != all_sources:
        raise click.UsageError("give --source S, or --all-sources")
    with Notifier.from_env() as notifier:
        made = notifier.tokens.add(
            name,
            source=source,
            may=parts_of(may),
            rate=_rate(rate),
            until=date_option("until", until) if until else None,
        )
    _show(made, as_json)


def _rate(given: str | None) -> float | None:
    if given is None:
        return None
    if (found := RATE.fullmatch(given)) is None:
        raise click.UsageError("--rate: write it like 100/s")
    return float(found[1])


def _show(made: NewToken, as_json: bool) -> None:
    if as_json:
        say_json({"name": made.name, "token": made.token, "source": made.source, "may": list(made.may)})
        return
    say(made.token)
    say(f"It is shown this once. {made.name} sends it as `Authorization: Bearer {made.token[:8]}…`")


@tokens_group.command("list")
@json_option
def list_(as_json: bool) -> None:
    """All of them, without their secrets, and when each was last used."""
    with Notifier.from_env() as notifier:
        rows, refused = notifier.tokens.list(), notifier.tokens.refused()
    if as_json:
        say_json({"tokens": [_json(row) for row in rows], "refused_in_7_days": refused})
    elif not rows:
        say("No tokens. Make one: esms-worker tokens add shop --source shop --may enqueue,read")
    else:
        console().print(_table(rows, notifier.settings.time_zone))
        say(f"Requests with a wrong token in seven days: {refused:,}")


def _table(rows: Sequence[TokenRow], zone: tzinfo) -> object:
    shown = table("name", "source", "may", "rate", "made", "last used", "valid until", "revoked")
    for row in rows:
        rate = "" if row.rate is None else f"{row.rate:g}/s"
        moments = (row.created_at, row.used_at, row.until, row.revoked_at)
        days = [text(moment, zone, "%Y-%m-%d") for moment in moments]
        shown.add_row(text(row.name), text(row.source or "all"), ", ".join(row.may), rate, *days)
    return shown


def _json(row: TokenRow) -> dict[str, object]:
    names = ("id", "name", "source", "may", "rate", "created_at", "used_at", "until", "revoked_at")
    return {name: getattr(row, name) for name in names}


@tokens_group.command()
@click.argument("name")
@click.option(
    "--overlap",
    type=click.FloatRange(0, 720),
    help=f"Hours that the former one is valid.  [default: {OVERLAP.days * 24}]",
)
@json_option
def rotate(name: str, overlap: float | None, as_json: bool) -> None:
    """Another token that may do the same; the former one is valid for a day longer."""
    with Notifier.from_env() as notifier:
        made = notifier.tokens.rotate(name, overlap=OVERLAP if overlap is None else timedelta(hours=overlap))
    _show(made, as_json)


@tokens_group.command()
@click.argument("name")
@json_option
def revoke(name: str, as_json: bool) -> None:
    """Let nobody in by this name any more, within a second."""
    with Notifier.from_env() as notifier:
        revoked = notifier.tokens.revoke(name)
    if as_json:
        say_json({"name": name, "revoked": revoked})
    else:
        say(f"{name}: revoked")
