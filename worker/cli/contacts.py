"""`contacts list|show|opt-out|opt-in|remove|import|export`: people to be reminded, and who of them wants nothing."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import tzinfo
from typing import Any

import click
from rich.table import Table

from worker.api.contacts import ContactRow
from worker.api.notifier import Notifier
from worker.cli.contact_files import export_file, import_file
from worker.cli.groups import Group
from worker.cli.output import console, json_option, keys_whole, say, say_json, table, text
from worker.contacts.exporting import lunar_text
from worker.errors import Invalid, NotFound
from worker.phone import local_of, usual_mobile

source_option = click.option("--source", metavar="S", help="Which application's contacts.")
tag_option = click.option("--tag", "tags", multiple=True, metavar="T", help="Those with at least one of these tags.")


@click.group("contacts", cls=Group)
def contacts_group() -> None:
    """People to be reminded: import, look at, opt out, remove, export."""


@contacts_group.command("list")
@click.argument("name", required=False)
@tag_option
@source_option
@click.option("--opted-out/--opted-in", default=None, help="Only those who opted out, or did not.")
@click.option("--limit", type=click.IntRange(1, 100_000), default=50, show_default=True)
@json_option
def list_(
    name: str | None, tags: tuple[str, ...], source: str | None, opted_out: bool | None, limit: int, as_json: bool
) -> None:
    """Contacts, the first to come first; those with this NAME: words of it, or how they begin, without accents."""
    with Notifier.from_env() as notifier:
        rows = notifier.contacts.list(tags=tags, source=source, opted_out=opted_out, name=name, most=limit + 1)
    if as_json:
        say_json([contact_json(row) for row in rows[:limit]])
    elif rows:
        console().print(_listed(rows[:limit], notifier.settings.time_zone))
        if len(rows) > limit:
            say(f"the first {limit:,}: --limit shows more, `contacts export` all")
    elif name or tags or source or opted_out is not None:
        say("No contacts like that: leave a word or an option out.")
    else:
        say("No contacts. Bring some in: esms-worker contacts import people.csv --dry-run")


def _listed(rows: Sequence[ContactRow], zone: tzinfo) -> Table:
    shown = table("key", "source", "name", "phone", "birth", "tags", "opted out")
    for row in rows:
        shown.add_row(
            text(row.key),
            text(row.source),
            text(row.name),
            local_of(row.phones[0]) + (f" +{len(row.phones) - 1}" if len(row.phones) > 1 else "") if row.phones else "",
            text(row.birth_date or lunar_text(row.lunar_birth_day, row.lunar_birth_leap)),
            text(", ".join(row.tags)),
            text(row.opted_out_at, zone, "%Y-%m-%d"),
        )
    return keys_whole(shown)


@contacts_group.command()
@click.argument("key", required=False)
@click.option("--phone", metavar="N", help="Whoever has this number.")
@source_option
@json_option
def show(key: str | None, phone: str | None, source: str | None, as_json: bool) -> int:
    """All about the contact with this KEY, or about those who have a number, given as KEY too.

    Exit code 1 when there is none.
    """
    _one_of(key, phone)
    with Notifier.from_env() as notifier:
        if key is not None:
            rows = notifier.contacts.by_key(key, source=source) or _with_number(notifier, key, source)
        else:
            rows = notifier.contacts.by_phone(phone or "", source=source)
    if as_json:
        say_json([contact_json(row) for row in rows])
    elif not rows:
        say("no such contact")
    for row in [] if as_json else rows:
        console().print(_whole(row, notifier.settings.time_zone))
    return 0 if rows else 1


def _with_number(notifier: Notifier, key: str, source: str | None) -> Sequence[ContactRow]:
    try:
        return notifier.contacts.by_phone(key, source=source)
    except Invalid:
        return []


def _whole(row: ContactRow, zone: tzinfo) -> Table:
    shown = table("", "")
    shown.show_header = False
    for name, value in contact_json(row).items():
        if isinstance(value, dict):
            value = ", ".join(f"{each}: {told}" for each, told in value.items())
        elif isinstance(value, list):
            value = ", ".join(value)
        if value not in (None, ""):
            shown.add_row(name, text(value, zone))
    return shown


@contacts_group.command("opt-out")
@click.argument("key", required=False)
@click.option(
    "--phone", "phones", multiple=True, metavar="N", help="A number, whoever has it; may be given many times."
)
@source_option
@json_option
def opt_out(key: str | None, phones: tuple[str, ...], source: str | None, as_json: bool) -> None:
    """This person, or number, wants no reminder and no advertising; what is queued of it is cancelled at once."""
    _one_of(key, phones or None)
    with Notifier.from_env() as notifier:
        if key is not None:
            with _hinting(key):
                cancelled = notifier.contacts.opt_out(key, source=source)
        else:
            cancelled = notifier.contacts.opt_out_phones(phones, source=source or "")
    _say_done("opted out", {"cancelled": cancelled}, f"{cancelled:,} queued message(s) cancelled", as_json)


@contacts_group.command("opt-in")
@click.argument("key", required=False)
@click.option("--phone", "phones", multiple=True, metavar="N", help="A number; may be given many times.")
@source_option
@json_option
def opt_in(key: str | None, phones: tuple[str, ...], source: str | None, as_json: bool) -> None:
    """This person, or number, wants reminders and advertising again. Only with their consent: it is theirs to give."""
    _one_of(key, phones or None)
    with Notifier.from_env() as notifier:
        if key is not None:
            with _hinting(key):
                notifier.contacts.opt_in(key, source=source)
        else:
            notifier.contacts.opt_in_phones(phones)
    _say_done("opted in", {}, "what was cancelled stays so", as_json)


@contacts_group.command()
@click.argument("key")
@source_option
@json_option
def remove(key: str, source: str | None, as_json: bool) -> None:
    """Forget a contact, and cancel its queued reminders; what was sent stays on record, an opt-out too."""
    with Notifier.from_env() as notifier:
        cancelled = notifier.contacts.remove(key, source=source)
    _say_done("removed", {"cancelled": cancelled}, f"{cancelled:,} queued reminder(s) cancelled", as_json)


def _say_done(done: str, facts: dict[str, Any], told: str, as_json: bool) -> None:
    if as_json:
        say_json({"done": done} | facts)
    else:
        say(f"{done}; {told}")


def _one_of(key: object, phone: object) -> None:
    if (key is None) == (phone is None):
        raise click.UsageError("give a KEY or a --phone")


@contextmanager
def _hinting(key: str) -> Iterator[None]:
    """A number that was given for a key is no contact's: it goes by another option."""
    try:
        yield
    except NotFound:
        if usual_mobile("".join(key.split())) is None:
            raise
        raise NotFound("no contact has this key: give a number with --phone") from None


def contact_json(row: ContactRow) -> dict[str, Any]:
    """A contact as `--json` prints it."""
    return {
        "key": row.key,
        "source": row.source,
        "id": row.id,
        "name": row.name,
        "phones": list(row.phones),
        "birth_date": row.birth_date and row.birth_date.isoformat(),
        "lunar_birth": lunar_text(row.lunar_birth_day, row.lunar_birth_leap) or None,
        "death_date": row.death_date and row.death_date.isoformat(),
        "lunar_death": lunar_text(row.lunar_death_day, row.lunar_death_leap) or None,
        "tags": list(row.tags),
        "attributes": dict(row.attributes),
        "opted_out_at": row.opted_out_at,
        "version": row.version,
        "created_at": row.created_at,
        "updated_at": row.updated_at,
    }


contacts_group.add_command(import_file)
contacts_group.add_command(export_file)
