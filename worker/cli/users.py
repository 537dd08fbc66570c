"""`users add|list|change|disable|enable|sign-out|password`: who may sign in on the page."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from datetime import tzinfo

import click

from worker.access import UserRole
from worker.api.notifier import Notifier
from worker.api.users import NewPassword, UserRow
from worker.cli.groups import Group
from worker.cli.output import console, json_option, say, say_json, table, text

ROLE = click.Choice([str(each) for each in UserRole])


@click.group("users", cls=Group)
def users_group() -> None:
    """Who may sign in on the page that `serve` and `up` show, and what they may do there."""


@users_group.command()
@click.argument("name")
@click.option("--role", type=ROLE, required=True, help="viewer looks, operator acts, admin manages users.")
@json_option
def add(name: str, role: str, as_json: bool) -> None:
    """Let a person in; the password is asked for, or made and shown this once."""
    password = _asked(as_json)
    with Notifier.from_env() as notifier:
        made = notifier.users.add(name, role, password)
    _show(made, as_json, shown=password is None)


def _asked(as_json: bool) -> str | None:
    """What is typed, twice and hidden; None, for one to be made: nothing was typed, or nobody is there to type."""
    if as_json or not sys.stdin.isatty():
        return None
    words = "Password (hidden; nothing: one is made)"
    return click.prompt(words, hide_input=True, confirmation_prompt="Again", default="", show_default=False) or None


def _show(made: NewPassword, as_json: bool, *, shown: bool) -> None:
    if as_json:
        say_json({"name": made.name, "password": made.password})
    elif shown:
        say(made.password)
        say(f"It is shown this once. {made.name} can change it on the page.")
    else:
        say(f"{made.name}: done")


@users_group.command("list")
@json_option
def list_(as_json: bool) -> None:
    """All of them, and when each was last seen."""
    with Notifier.from_env() as notifier:
        rows = notifier.users.list()
    if as_json:
        say_json([_json(row) for row in rows])
    elif not rows:
        say("No users. Make one: esms-worker users add lan --role operator")
    else:
        console().print(_table(rows, notifier.settings.time_zone))


def _table(rows: Sequence[UserRow], zone: tzinfo) -> object:
    shown = table("name", "role", "made", "last seen", "disabled")
    for row in rows:
        days = [text(moment, zone, "%Y-%m-%d") for moment in (row.created_at, row.seen_at, row.disabled_at)]
        shown.add_row(text(row.name), row.role, *days)
    return shown


def _json(row: UserRow) -> dict[str, object]:
    return {name: getattr(row, name) for name in ("name", "role", "created_at", "seen_at", "disabled_at")}


@users_group.command()
@click.argument("name")
@click.option("--role", type=ROLE, required=True)
@json_option
def change(name: str, role: str, as_json: bool) -> None:
    """Give another role, at once; who was disabled is let in again."""
    with Notifier.from_env() as notifier:
        notifier.users.change(name, role)
    _done({"name": name, "role": role}, f"{name}: {role} from now on", as_json)


@users_group.command()
@click.argument("name")
@json_option
def disable(name: str, as_json: bool) -> None:
    """Let in no more, at once; what they did keeps their name."""
    with Notifier.from_env() as notifier:
        disabled = notifier.users.disable(name)
    _done({"name": name, "disabled": disabled}, f"{name}: disabled{'' if disabled else ' already'}", as_json)


@users_group.command()
@click.argument("name")
@json_option
def enable(name: str, as_json: bool) -> None:
    """Let in again who was disabled, with the role that they had."""
    with Notifier.from_env() as notifier:
        enabled = notifier.users.enable(name)
    _done(
        {"name": name, "enabled": enabled},
        f"{name}: {'may sign in again' if enabled else 'may sign in already'}",
        as_json,
    )


@users_group.command("sign-out")
@click.argument("name")
@json_option
def sign_out(name: str, as_json: bool) -> None:
    """End all sessions that they have, at once."""
    with Notifier.from_env() as notifier:
        ended = notifier.users.end_sessions(name)
    _done({"name": name, "ended": ended}, f"{name}: {ended} session(s) ended", as_json)


def _done(value: object, words: str, as_json: bool) -> None:
    if as_json:
        say_json(value)
    else:
        say(words)


@users_group.command()
@click.argument("name")
@json_option
def password(name: str, as_json: bool) -> None:
    """Another password, asked for or made and shown this once; wrong ones before count no more."""
    given = _asked(as_json)
    with Notifier.from_env() as notifier:
        made = notifier.users.set_password(name, given)
    _show(made, as_json, shown=given is None)
