"""`templates list|show|add|remove|preview`: named texts, and what they become before they are sent."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import tzinfo
from typing import Any

import click

from worker.api.notifier import Notifier
from worker.api.templates import StoredTemplate, TemplateRow
from worker.cli import completion
from worker.cli.groups import Group
from worker.cli.output import console, json_option, keys_whole, say, say_json, table, text
from worker.cli.template_preview import diacritics_of, preview_command, template_options
from worker.settings import Settings
from worker.text import ATTRIBUTE


@click.group("templates", cls=Group)
def templates_group() -> None:
    """Named texts with {variables} for reminders: save, look at, preview."""


@templates_group.command("list")
@json_option
def list_(as_json: bool) -> None:
    """All templates, the newest version of each."""
    with Notifier.from_env() as notifier:
        rows = notifier.templates.all()
    if as_json:
        say_json([_json(row) for row in rows])
    elif not rows:
        say("No templates. Save one: esms-worker templates add birthday --content 'Chuc mung sinh nhat {name}'")
    else:
        shown = table("name", "version:n", "kind", "diacritics", "text")
        for row in rows:
            shown.add_row(text(row.name), str(row.version), row.kind, row.diacritics, text(_text(row)))
        console().print(keys_whole(shown))


@templates_group.command()
@click.argument("name", shell_complete=completion.templates)
@json_option
def show(name: str, as_json: bool) -> None:
    """Every version that a template had; the last one counts."""
    settings = Settings.from_environ()
    with Notifier(settings) as notifier:
        rows = notifier.templates.versions(name)
    if as_json:
        say_json([_json(row) for row in rows])
    else:
        console().print(_versions(rows, settings.time_zone))


def _versions(rows: Sequence[TemplateRow], zone: tzinfo) -> Any:
    shown = table("version:n", "saved", "removed", "kind", "diacritics", "text")
    for row in rows:
        shown.add_row(
            str(row.version), text(row.created_at, zone), text(row.removed_at, zone), row.kind, row.diacritics,
            text(_text(row)),
        )  # fmt: skip
    return shown


@templates_group.command()
@click.argument("name", shell_complete=completion.templates)
@template_options
@click.option("--change-kind", is_flag=True, help="Also where rules and events then call instead of writing.")
@json_option
def add(name: str, diacritics: str | None, as_json: bool, **what: Any) -> None:
    """Save a template, or its next version. A variable that there is not is an error here, and not on the day."""
    with Notifier.from_env() as notifier:
        saved = notifier.templates.save(name, diacritics=diacritics_of(diacritics), **what)
    missing = saved.attributes_that_nobody_has
    if as_json:
        say_json({"name": name, "version": saved.version, "attributes_that_nobody_has": list(missing)})
        return
    say(f"{name}, version {saved.version}; see it for real people: esms-worker templates preview {name}")
    if missing:
        say(f"note: no contact has {', '.join(ATTRIBUTE + each for each in missing)} yet")


@templates_group.command()
@click.argument("name", shell_complete=completion.templates)
@json_option
def remove(name: str, as_json: bool) -> None:
    """Take a template away that no rule and no event needs; its versions stay for the record."""
    with Notifier.from_env() as notifier:
        notifier.templates.remove(name)
    if as_json:
        say_json({"name": name, "done": "removed"})
    else:
        say(f"{name}: removed")


def _text(row: StoredTemplate) -> str:
    return row.content if row.content is not None else f"{row.template_id}: {' | '.join(row.variables)}"


def _json(row: TemplateRow) -> dict[str, Any]:
    return {
        "name": row.name,
        "version": row.version,
        "kind": row.kind,
        "content": row.content,
        "template_id": row.template_id,
        "variables": list(row.variables),
        "diacritics": row.diacritics,
        "created_at": row.created_at,
        "removed_at": row.removed_at,
    }


templates_group.add_command(preview_command)
