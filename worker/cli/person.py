"""One person's data, and what people ask about it: `person export|forget`, `requests list|add|answered|done`."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import click

from worker.api.people import Due, Export, Forgot, People, PersonRequestKind, why_it_stays
from worker.catalogue import Language
from worker.catalogue.people import as_page
from worker.cli.decisions import by_option
from worker.cli.groups import Group
from worker.cli.output import console, date_option, json_option, lang_option, say, say_json, table, text
from worker.settings import Settings
from worker.settings.language import language_of

source_option = click.option("--source", metavar="S", help="Of a contact's key: whose contact it is.")


@click.group("person", cls=Group)
def person_group() -> None:
    """One person's data: all that is stored, and to be forgotten; for who administers Postgres."""


@person_group.command("export")
@click.argument("who", metavar="NUMBER|CONTACT")
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
@source_option
@by_option
@lang_option
def export(who: str, file: Path, source: str | None, by: str, lang: str | None) -> None:
    """Write all that is stored about somebody into FILE.

    As JSON, or for people where it ends in .html.
    Only its owner can read the file. It is noted as a request that is done.
    """
    from worker.spreadsheets import write_whole

    with People.from_env() as people:
        found = people.export(who, source=source, by=by)
    language = Language(lang) if lang else language_of()
    page = as_page(found.made_at, found.phones, found.tables, language)
    write_whole(file, (page if file.suffix.lower() == ".html" else _as_json(found)).encode())
    say(f"{sum(map(len, found.tables.values())):,} row(s) of {len(found.tables)} table(s): {file}")
    for _ in found.shared:
        say("note: one of their numbers is another contact's too, and what went to it is not in it: export the number")


def _as_json(found: Export) -> str:
    return json.dumps(asdict(found), ensure_ascii=False, indent=2, default=str)


@person_group.command("forget")
@click.argument("who", metavar="NUMBER|CONTACT")
@source_option
@click.option("--opt-out-too", is_flag=True, help="Also that they opted out: they may be written to again then.")
@click.option("--dry-run", is_flag=True, help="Say what that would come to, and do nothing.")
@click.option("--yes", is_flag=True, help="Don't ask.")
@by_option
@json_option
def forget(who: str, *, dry_run: bool, yes: bool, by: str, as_json: bool, **how: Any) -> None:
    """Remove what there is about somebody, for good; say what stays.

    All that can be removed, and of the rest why not. What is queued
    for them is cancelled; what is under way is removed by itself as soon as it is over.
    """
    if not yes and not dry_run:
        click.confirm("This can't be undone. Forget them?", abort=True, err=True)
    with People.from_env() as people:
        forgot = people.foresee(who, **how) if dry_run else people.forget(who, by=by, **how)
    if as_json:
        say_json(asdict(forgot))
    else:
        _say(forgot)
        if dry_run:
            say("as things stand; nothing was done")


def _say(forgot: Forgot) -> None:
    say(f"cancelled: {forgot.cancelled:,} message(s)")
    for name, rows in forgot.removed.items():
        say(f"removed: {name}: {rows:,} row(s)")
    if forgot.waiting:
        say(
            f"later, by itself: {forgot.waiting:,} message(s), once each has been over for a day: `requests list` tells"
        )
    for name, rows in forgot.stays.items():
        say(f"stays: {name}: {rows:,} row(s): {why_it_stays(name)}")
    if forgot.shared:
        say(f"stays: {forgot.shared:,} number(s) that another contact has too: forget the number to forget both")


@click.group("requests", cls=Group)
def requests_group() -> None:
    """What people ask about their data, and by when the law wants it answered and done."""


@requests_group.command("list")
@click.option("--all", "all_", is_flag=True, help="Those that are done, too.")
@json_option
def list_(all_: bool, as_json: bool) -> int:
    """The open requests. Exit code 1 where one is late."""
    with People.from_env() as people:
        found = people.requests(all_=all_)
    if as_json:
        say_json([asdict(each) for each in found])
    else:
        _say_requests(found)
    return 1 if any(each.late for each in found) else 0


@requests_group.command("add")
@click.argument("who", metavar="NUMBER|CONTACT")
@click.argument("kind", type=click.Choice([str(kind) for kind in PersonRequestKind]))
@click.option("--received", metavar="ISO", help="When it came; without a zone: of TIME_ZONE.  [default: now]")
@by_option
def add(who: str, kind: str, received: str | None, by: str) -> None:
    """Note that somebody asked: from then on the clock runs."""
    at = None if received is None else date_option("--received", received)
    with People.from_env() as people:
        due = people.note(who, PersonRequestKind(kind), received_at=at, by=by)
    say(f"request {due.id}: to be answered by {due.answer_by}, done by {due.done_by}")


@requests_group.command("answered")
@click.argument("id_", metavar="ID", type=int)
@click.option("--extended", is_flag=True, help="And told that it takes 15 days longer.")
def answered(id_: int, extended: bool) -> None:
    """Note that they were told."""
    with People.from_env() as people:
        people.answered(id_, extended=extended)
    say(f"request {id_}: answered")


@requests_group.command("done")
@click.argument("id_", metavar="ID", type=int)
def done(id_: int) -> None:
    """Note that what was done by hand is done.

    An export and a forgetting note themselves.
    """
    with People.from_env() as people:
        people.done(id_)
    say(f"request {id_}: done")


def _say_requests(found: Sequence[Due]) -> None:
    shown = table("id:n", "asked for", "received", "answer by", "answered", "done by", "done", "noted by")
    zone = Settings.from_environ().time_zone
    for each in found:
        late = " [red]late[/]" if each.late else ""
        told = (each.received_at, each.answer_by, each.answered_at, each.done_by, each.done_at, each.noted_by)
        shown.add_row(f"{each.id}", f"{each.kind}{late}", *(text(value, zone, "%Y-%m-%d %H:%M") for value in told))
    console().print(shown if found else "Nobody has asked for anything that is not done.")
