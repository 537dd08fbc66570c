"""Applications and the sources that are theirs: `producers add|list|rotate|remove`, for who administers Postgres."""

from __future__ import annotations

import click

from worker.api.producers import Login, Producers
from worker.cli.output import console, json_option, say, say_json, table, text


@click.group("producers")
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
    """Every login and its sources."""
    with Producers.from_env() as producers:
        rows = producers.list()
    if as_json:
        say_json([{"role": row.role, "sources": list(row.sources)} for row in rows])
        return
    shown = table("login:id", "sources")
    for row in rows:
        shown.add_row(row.role, text(", ".join(row.sources)))
    console().print(shown if rows else "No login is bound to a source.")


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
