"""`law list|put|mode|quiet|window|remove` and `dnc import`: when, how often and how messages may go out."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any, TextIO

import click
from rich.text import Text

from worker.api.law import Check, Mode, Rule
from worker.api.notifier import Notifier
from worker.catalogue.law import asks_said, codes_of
from worker.catalogue.text import Language
from worker.cli.groups import Group
from worker.cli.output import console, counting, json_option, keys_whole, printable, say, say_json, table, text
from worker.law.rules import ALWAYS, Channel
from worker.lifecycle import Purpose

NONE = "none"
CHANNELS = {Channel.SMS: "SMS", Channel.CALL: "call"}
SHOWN = 20  # lines that hold no number


@click.group("law", cls=Group)
def law_group() -> None:
    """Sending rules: hours, counts, label, register, consent. Data with its source; a lawyer must check it."""


@law_group.command("list")
@json_option
def list_(as_json: bool) -> None:
    """Every rule, what it asks for, where that stands, and what it does."""
    with Notifier.from_env() as notifier:
        rules = notifier.law.list()
    if as_json:
        say_json([_as_json(rule) for rule in rules])
        return
    if not rules:
        say("There are no sending rules.")
        return
    _say(rules)


def _say(rules: Sequence[Rule]) -> None:
    """Sources stand below, each once: they are sentences, and many rules share one."""
    shown = table("what it asks for", "mode", "days", "rule")
    for rule in rules:
        asks = Text(printable(_asks(rule)))  # a pattern reads like markup
        shown.add_row(asks, rule.mode, _days(rule), text(rule.name))
    console().print(keys_whole(shown, at=3))
    for source in dict.fromkeys(rule.source for rule in rules if rule.source):
        say(f"{source}: {', '.join(dict.fromkeys(rule.name for rule in rules if rule.source == source))}")


def _days(rule: Rule) -> str:
    return f"{rule.since} to {rule.until}" if rule.until else "always" if rule.since == ALWAYS else f"from {rule.since}"


def _as_json(rule: Rule) -> dict[str, object]:
    days = {"since": rule.since.isoformat(), "until": rule.until and rule.until.isoformat()}
    return asdict(rule) | days | {"purposes": list(rule.purposes)}


def _asks(rule: Rule) -> str:
    return ", ".join([f"{_for(rule)}: {asks_said(rule, Language.EN)}", *codes_of(rule)])


def _for(rule: Rule) -> str:
    whom = ", ".join(rule.purposes) + (f" by {CHANNELS[rule.channel]}" if rule.channel else "")
    return f"{whom} of {rule.campaign}" if rule.campaign else whom


@law_group.command("put")
@click.argument("name", required=False)
@click.option("--file", type=click.File(encoding="utf-8-sig"), help="Rules as `law list --json` tells them, instead.")
@click.option("--check", metavar="C", help=f"Of {', '.join(Check)}.")
@click.option("--mode", metavar="M", help=f"Of {', '.join(Mode)}.")
@click.option("--since", metavar="DAY", help="The first day on which it holds; by default for ever.")
@click.option("--until", metavar="DAY", help="The last one.")
@click.option("--purpose", "purposes", multiple=True, metavar="P", help="By default advertising.")
@click.option("--channel", metavar="C", help="sms or call; by default both.")
@click.option("--campaign", metavar="C", help="Of this one alone.")
@click.option("--parameter", "parameters", multiple=True, metavar="NAME=VALUE", help="As docs/law.md has them.")
@click.option("--source", metavar="TEXT", help="The decree, and where you read it.")
def put(name: str | None, file: TextIO | None, since: str | None, parameters: tuple[str, ...], **fields: Any) -> None:
    """Add a rule, or put it in the place of the one with this NAME and first day: another country, a change of law."""
    if (name is None) == (file is None):
        raise click.UsageError("give a NAME with its --check and --mode, or a --file of rules")
    given = fields | {
        "name": name,
        "since": since or ALWAYS.isoformat(),
        "parameters": dict(map(_parameter, parameters)),
    }
    rules = _rules_in(file) if file else [given]
    with Notifier.from_env() as notifier:
        notifier.law.put_fields(rules)
    say(f"{len(rules)} rule(s) put; `esms-worker law list` shows them")


def _rules_in(file: TextIO) -> list[Any]:
    try:
        rules = json.load(file)
    except ValueError:
        rules = None
    if not isinstance(rules, list) or not all(isinstance(each, dict) for each in rules):
        raise click.UsageError("--file holds no JSON list of rules: `esms-worker law list --json` shows one")
    return rules


def _parameter(given: str) -> tuple[str, Any]:
    """A number or a list as JSON has them, else a text."""
    name, equals, value = given.partition("=")
    if not equals:
        raise click.UsageError(f"--parameter {given} has no value: give it as NAME=VALUE, like from=07:00")
    try:
        return name, json.loads(value)
    except ValueError:
        return name, value


@law_group.command("mode")
@click.argument("name")
@click.argument("mode", type=click.Choice([str(each) for each in Mode]))
def mode_(name: str, mode: str) -> None:
    """Let a rule be off, warn its producers, hold back until it may go out, or refuse."""
    with Notifier.from_env() as notifier:
        notifier.law.set_mode(name, Mode(mode))
    say(f"{name}: {mode}")


@law_group.command("quiet")
@click.argument("hours", metavar="HH:MM-HH:MM|none")
@click.option(
    "--purpose",
    "purposes",
    multiple=True,
    type=click.Choice([str(Purpose.SERVICE), str(Purpose.REMINDER)]),
    help="By default both.",
)
def quiet_(hours: str, purposes: tuple[str, ...]) -> None:
    """The hours in which services and reminders go out; what is due outside of them waits. Codes never wait."""
    with Notifier.from_env() as notifier:
        if hours == NONE:
            notifier.law.no_quiet_hours()
        else:
            notifier.law.quiet_hours(*_span(hours), [Purpose(each) for each in purposes])
    say("no quiet hours" if hours == NONE else f"what is no code and no advertising goes out {hours}")


@law_group.command("window")
@click.argument("campaign")
@click.argument("hours", metavar="HH:MM-HH:MM|none")
def window_(campaign: str, hours: str) -> None:
    """The hours in which this campaign goes out."""
    with Notifier.from_env() as notifier:
        if hours == NONE:
            notifier.law.no_window(campaign)
        else:
            notifier.law.window(campaign, *_span(hours))
    say(f"{campaign} goes out at any time" if hours == NONE else f"{campaign} goes out {hours}")


@law_group.command("remove")
@click.argument("name")
def remove(name: str) -> None:
    """Take a rule away, all its versions."""
    with Notifier.from_env() as notifier:
        notifier.law.remove(name)
    say(f"{name} is no rule any more")


def _span(hours: str) -> tuple[str, str]:
    start, dash, end = hours.partition("-")
    if not dash:
        raise click.UsageError(f"{hours} are no hours: give them as 07:00-21:30, or none")
    return start.strip(), end.strip()


@click.group("dnc", cls=Group)
def dnc_group() -> None:
    """The Do-Not-Call register: numbers that get no advertising at all."""


@dnc_group.command("import")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--replace", "replace_all", is_flag=True, help="FILE is the whole register: take out what it lacks.")
@json_option
def import_(file: Path, replace_all: bool, as_json: bool) -> int:
    """Put the numbers of a text or CSV FILE in, one at the beginning of each line. Exit code 1 when a line has none."""
    refused: list[int] = []
    with (
        file.open(encoding="utf-8-sig", errors="replace") as lines,
        counting("lines") as advance,
        Notifier.from_env() as notifier,
    ):
        done = notifier.law.import_register(lines, replace_all=replace_all, refuse=refused.append, advance=advance)
    if as_json:
        say_json(asdict(done) | {"lines": refused[:SHOWN]})
    else:
        say(f"{done.numbers:,} numbers, {done.added:,} of them new")
    if refused and not as_json:
        say(f"{done.refused:,} lines hold no number: {', '.join(map(str, refused[:SHOWN]))}")
    return 1 if refused else 0
