"""Applications and the sources that are theirs: `producers add|list|rotate|remove`, for who administers Postgres."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict
from decimal import Decimal

import click

from worker.api.producers import Limit, LimitShown, Login, Producers
from worker.cli.groups import Group
from worker.cli.output import console, json_option, say, say_json, table, text

NONE = "none"
A_SECOND = {"s": 1, "m": 60, "h": 3600}


@click.group("producers", cls=Group)
def producers_group() -> None:
    """Logins of Postgres for applications, each bound to its sources: it sees and moves theirs alone."""


@producers_group.command("add")
@click.argument("name")
@click.option("--source", "sources", metavar="S", multiple=True, required=True, help="One that is its own; repeatable.")
@click.option("--sql-only", is_flag=True, help="It calls the functions of the schema esms, and touches no table.")
@json_option
def add(name: str, sources: tuple[str, ...], sql_only: bool, as_json: bool) -> None:
    """Make a login for an application and print its DATABASE_URL, this once.

    DATABASE_URL is here that of an administrator: a superuser, or a role with CREATEROLE that migrated the database.
    """
    with Producers.from_env() as producers:
        _say_login(producers.add(name, sources, sql_only=sql_only), as_json)


@producers_group.command("list")
@json_option
def list_(as_json: bool) -> None:
    """Every login and its sources, and the limits of those that have some."""
    with Producers.from_env() as producers:
        rows, limits = producers.list(), producers.limits()
    whose: list[tuple[str | None, Sequence[str]]] = [(row.role, row.sources) for row in rows]
    bound = {source for _, sources in whose for source in sources}
    whose += [(None, [limit.source]) for limit in limits if limit.source not in bound]
    if as_json:
        say_json([_as_json(role, sources, limits) for role, sources in whose])
        return
    shown = table("login:id", "sources", "limits")
    for role, sources in whose:
        theirs = [_told(limit) for limit in limits if limit.source in sources]
        shown.add_row(role or "-", text(", ".join(sources)), text("\n".join(theirs)))
    console().print(shown if whose else "No login is bound to a source, and no source has a limit.")


@producers_group.command("limit")
@click.argument("source")
@click.option("--rate", metavar="N/s", help="Messages a second (100/s), a minute (30/m) or an hour; or none.")
@click.option("--budget-messages", metavar="N", help="Messages a day of TIME_ZONE; or none.")
@click.option("--budget-dong", metavar="N", help="Money a day, by the price list; or none.")
@json_option
def limit(source: str, rate: str | None, budget_messages: str | None, budget_dong: str | None, as_json: bool) -> None:
    """Say what a source may hand to eSMS at most; what is not given stays as it is.

    What is over waits: for a moment, or until the next day begins; what expires meanwhile expires.
    """
    with Producers.from_env() as producers:
        had = {each.source: each for each in producers.limits()}
        wanted = had.get(source, Limit(source=source))
        wanted = Limit(
            source=source,
            rate=wanted.rate if rate is None else _rate(rate),
            messages_a_day=wanted.messages_a_day if budget_messages is None else _count(budget_messages, "messages"),
            dong_a_day=wanted.dong_a_day if budget_dong is None else _dong(budget_dong),
        )
        producers.limit(wanted)
        shown = [each for each in producers.limits() if each.source == source]
    if as_json:
        say_json([_limit_as_json(each) for each in shown])
    else:
        say(_told(shown[0]) if shown else f"{source} has no limit")


def _rate(given: str) -> float | None:
    """Messages a second."""
    if given == NONE:
        return None
    count, _, each = given.partition("/")
    if not count.isdecimal() or each not in A_SECOND:
        raise click.UsageError(f"--rate: {given} is no rate: give it as 100/s, 30/m, 500/h, or none")
    return int(count) / A_SECOND[each]


def _count(given: str, of: str) -> int | None:
    if given == NONE:
        return None
    if not given.isdecimal():
        raise click.UsageError(f"--budget-{of}: {given} is no whole number: give one without separators, or none")
    return int(given)


def _dong(given: str) -> Decimal | None:
    count = _count(given, "dong")
    return None if count is None else Decimal(count)


def _told(limit: LimitShown) -> str:
    return f"{limit.source}: " + ", ".join(_parts(limit)) + (" (used up)" if limit.used_up else "")


def _parts(limit: LimitShown) -> Iterator[str]:
    if limit.rate is not None:
        each, per = next((name, n) for name, n in A_SECOND.items() if limit.rate * n >= 1 or name == "h")
        yield f"{limit.rate * per:,.6g} messages/{each}"
    if limit.messages_a_day is not None:
        yield f"{limit.messages:,} of {limit.messages_a_day:,} messages today"
    if limit.dong_a_day is not None:
        yield f"{limit.dong:,.0f} of {limit.dong_a_day:,.0f} đồng today"


def _as_json(role: str | None, sources: Sequence[str], limits: Sequence[LimitShown]) -> dict[str, object]:
    theirs = [_limit_as_json(limit) for limit in limits if limit.source in sources]
    return {"role": role, "sources": list(sources), "limits": theirs}


def _limit_as_json(limit: LimitShown) -> dict[str, object]:
    return asdict(limit) | {"used_up": limit.used_up}


@producers_group.command("rotate")
@click.argument("name")
@json_option
def rotate(name: str, as_json: bool) -> None:
    """Give a login another password and print its DATABASE_URL, this once; the former password ends."""
    with Producers.from_env() as producers:
        _say_login(producers.rotate(name), as_json)


@producers_group.command("remove")
@click.argument("name")
@json_option
def remove(name: str, as_json: bool) -> None:
    """Take a login away; what it handed over stays."""
    with Producers.from_env() as producers:
        producers.remove(name)
    if as_json:
        say_json({"removed": name})
    else:
        say(f"{name} can't log in any more")


def _say_login(login: Login, as_json: bool) -> None:
    if as_json:
        say_json({"role": login.role, "sources": list(login.sources), "database_url": login.url})
    else:
        say(f"DATABASE_URL={login.url}")
