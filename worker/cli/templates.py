"""`templates list|show|add|remove|preview`: named texts, and what they become before they are sent."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import tzinfo
from typing import Any

import click
from sqlalchemy.orm import Session

from worker.cli.ledger_session import ledger_session
from worker.cli.output import console, json_option, say, say_json, table, text
from worker.cli.template_preview import defined, preview_command, template_options, unknown
from worker.errors import Invalid
from worker.ledger import contacts
from worker.ledger import templates as ledger_templates
from worker.ledger.events import events_ahead_with
from worker.ledger.rules import all_rules
from worker.ledger.templates import StoredTemplate, TemplateRow
from worker.reminders.rule_changes import OF_A_RULE
from worker.settings import Settings
from worker.templates import ATTRIBUTE, KNOWN, check_variables


@click.group("templates")
def templates_group() -> None:
    """Named texts with {variables} for reminders: save, look at, preview."""


@templates_group.command("list")
@json_option
def list_(as_json: bool) -> None:
    """All templates, the newest version of each."""
    settings = Settings.from_environ()
    with ledger_session(settings) as session:
        rows = ledger_templates.templates(session)
    if as_json:
        say_json([_json(row) for row in rows])
    elif not rows:
        say("No templates. Save one: esms-worker templates add birthday --content 'Chuc mung sinh nhat {name}'")
    else:
        shown = table("name", "version:n", "kind", "diacritics", "text")
        for row in rows:
            shown.add_row(text(row.name), str(row.version), row.kind, row.diacritics, text(_text(row)))
        console().print(shown)


@templates_group.command()
@click.argument("name")
@json_option
def show(name: str, as_json: bool) -> None:
    """Every version that a template had; the last one counts."""
    settings = Settings.from_environ()
    with ledger_session(settings) as session:
        rows = ledger_templates.versions_of(session, name)
    if not rows:
        raise unknown(name)
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
@click.argument("name")
@template_options
@json_option
def add(name: str, as_json: bool, **what: Any) -> None:
    """Save a template, or its next version. A variable that there is not is an error here, and not on the day."""
    new = defined(name, **what)
    with ledger_session() as session:
        _check_for_rules(session, new)
        version = ledger_templates.add_template(session, new)
        missing = _attributes_that_nobody_has(session, new)
    if as_json:
        say_json({"name": name, "version": version, "attributes_that_nobody_has": missing})
        return
    say(f"{name}, version {version}; see it for real people: esms-worker templates preview {name}")
    if missing:
        say(f"note: no contact has {', '.join(ATTRIBUTE + each for each in missing)} yet")


@templates_group.command()
@click.argument("name")
@json_option
def remove(name: str, as_json: bool) -> None:
    """Take a template away that no rule and no event needs; its versions stay for the record."""
    with ledger_session() as session:
        _check_unused(session, name)
        removed = ledger_templates.remove_template(session, name)
    if not removed:
        raise unknown(name)
    if as_json:
        say_json({"name": name, "done": "removed"})
    else:
        say(f"{name}: removed")


def _check_for_rules(session: Session, new: StoredTemplate) -> None:
    """A variable that no rule knows would have everybody skipped, of whom a rule with this template reminds."""
    for rule in _rules_with(session, new.name)[:1]:
        for each in new.texts():
            check_variables(each.variables, OF_A_RULE, field=f"template {new.name!r} of rule {rule!r}")


def _check_unused(session: Session, name: str) -> None:
    if rules := _rules_with(session, name):
        remedy = "give the rule another template by `reminders add … --replace`, or remove it first"
        raise Invalid("name", f"rule {rules[0]!r} needs this template", remedy)
    if events := events_ahead_with(session, name):
        raise Invalid(
            "name", f"{events:,} event(s) ahead need this template", "cancel them, or upsert them with another"
        )


def _rules_with(session: Session, name: str) -> list[str]:
    return [rule.name for rule in all_rules(session) if rule.template == name]


def _attributes_that_nobody_has(session: Session, new: StoredTemplate) -> list[str]:
    named = {name for each in new.texts() for name in each.variables if name not in KNOWN}
    if not named:
        return []
    return sorted({name.removeprefix(ATTRIBUTE) for name in named} - set(contacts.attribute_names(session)))


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

COMMANDS = (templates_group,)
