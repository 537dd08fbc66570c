"""`templates preview`: what real people would get, how many SMS that makes, and about what it costs."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import datetime
from itertools import islice
from typing import Any

import click
from rich.text import Text
from sqlalchemy.orm import Session

from worker.cli.ledger_session import ledger_session
from worker.cli.output import console, date_option, json_option, say, say_json
from worker.cli.send import options
from worker.contacts.texts import (
    Estimate,
    Occasion,
    Preview,
    accents_taken_out,
    define_template,
    estimate,
    preview,
)
from worker.errors import NotFound
from worker.ledger import contacts
from worker.ledger import templates as ledger_templates
from worker.ledger.contacts import ContactRow
from worker.ledger.templates import StoredTemplate
from worker.lifecycle import SmsType
from worker.settings import Settings
from worker.templates import Diacritics
from worker.text import Encoding

SAMPLE = 10_000  # contacts by which the cost of all is estimated

DIACRITICS = [each.value for each in Diacritics]  # of the enum itself, click would take the names

template_options = options(
    click.option("--content", metavar="T", help="The SMS, like 'Chuc mung {name}'."),
    click.option("--template-id", metavar="ID", help="A call's template at eSMS."),
    click.option("--var", "variables", multiple=True, metavar="V", help="Its variables, left to right, like '{name}'."),
    click.option(
        "--diacritics",
        type=click.Choice(DIACRITICS),
        help="By default stripped in an SMS, kept in a call.",
    ),
)


@click.command("preview")
@click.argument("name", required=False)
@template_options
@click.option("--contact", "keys", multiple=True, metavar="KEY", help="For whom; by default the first ones.")
@click.option("--tag", "tags", multiple=True, metavar="T", help="Those with at least one of these tags.")
@click.option("--source", metavar="S", help="Which application's contacts.")
@click.option("--limit", type=click.IntRange(1, 1000), default=5, show_default=True, help="Contacts to show.")
@click.option("--sms-type", type=click.Choice([str(int(each)) for each in SmsType]), default="2", show_default=True)
@click.option("--at", metavar="ISO", help="The occasion, for {date}, {time} and {age}; by default now.")
@click.option("--title", default="", help="For {title}.")
@click.option("--place", default="", help="For {place}.")
@click.option("--price", type=click.FloatRange(0), metavar="VND", help="Of one SMS, to estimate the cost.")
@json_option
def preview_command(
    name: str | None,
    keys: tuple[str, ...],
    tags: tuple[str, ...],
    source: str | None,
    limit: int,
    sms_type: str,
    at: str | None,
    title: str,
    place: str,
    price: float | None,
    as_json: bool,
    **what: Any,
) -> int:
    """What real contacts would get of a saved template NAME, or of a --content; its size, and what it costs.

    Variables: {name} {first_name} {phone} {age} {date} {time} {title} {place}, and {attr.NAME} for a contact's own.
    Nothing is sent. Exit code 1 when somebody shown can't get it.
    """
    settings = Settings.from_environ()
    occasion = Occasion(at=_when(at, settings), title=title, place=place)
    with ledger_session(settings) as session:
        template = _wanted(session, name, what)
        rows = _sample(session, keys, tags, source)
        of_all = len(keys) or contacts.count(session, tags=tags, source=source, opted_out=False)
    made = [preview(template, row, occasion, int(sms_type)) for row in rows]
    whole = estimate(made)
    if as_json:
        say_json({"previews": [_preview_json(each) for each in made[:limit]], "estimate": _costs(whole, of_all, price)})
    else:
        for each in made[:limit]:
            _say_preview(each, int(sms_type))
        _say_estimate(_costs(whole, of_all, price), whole)
    return 1 if not made or any(each.problem for each in made[:limit]) else 0


def _when(at: str | None, settings: Settings) -> datetime:
    when = datetime.now(settings.time_zone) if at is None else date_option("--at", at)
    return when.astimezone(settings.time_zone) if when.tzinfo else when.replace(tzinfo=settings.time_zone)


def _wanted(session: Session, name: str | None, what: dict[str, Any]) -> StoredTemplate:
    if name is None:
        return defined("preview", **what)
    if what["content"] is not None or what["template_id"] is not None or what["variables"]:
        raise click.UsageError("give the NAME of a saved template, or a --content, not both")
    if found := ledger_templates.template(session, name):
        given = what["diacritics"]
        return replace(found, diacritics=Diacritics(given)) if given else found
    raise unknown(name)


def _sample(session: Session, keys: Sequence[str], tags: Sequence[str], source: str | None) -> list[ContactRow]:
    if not keys:
        return contacts.page(session, tags=tags, source=source, opted_out=False, most=SAMPLE)
    rows = contacts.by_keys(session, keys, source=source)
    if unknown := set(keys) - {row.key for row in rows}:
        raise NotFound(f"no contact has the key {sorted(unknown)[0]!r}: `esms-worker contacts list` shows them")
    return rows


def defined(name: str, *, diacritics: str | None, **what: Any) -> StoredTemplate:
    """The template that the options describe. Raises Invalid."""
    return define_template(name, diacritics=Diacritics(diacritics) if diacritics else None, **what)


def unknown(name: str) -> NotFound:
    """The error for a name that there is not."""
    return NotFound(f"no template is called {name!r}: `esms-worker templates list` shows them")


def _preview_json(each: Preview) -> dict[str, Any]:
    size = each.measure
    return {
        "key": each.contact.key,
        "source": each.contact.source,
        "texts": list(each.texts),
        "accents_taken_out": dict(accents_taken_out(each)),
        "encoding": size and size.encoding,
        "characters": size and size.characters,
        "segments": size and size.segments,
        "opted_out": each.contact.opted_out_at is not None,
        "problem": each.problem,
    }


def _say_preview(each: Preview, sms_type: int) -> None:
    console().print(Text(f"{each.contact.key}  {each.contact.name}", style="bold"))
    for line in _lines(each, sms_type):
        say(f"  {line}")


def _lines(each: Preview, sms_type: int) -> Iterator[str]:
    if each.problem is not None:
        yield f"✗ {each.problem}"
        return
    yield from each.texts
    if size := each.measure:
        encoding = "Unicode" if size.encoding is Encoding.UCS2 else "GSM"
        yield f"({size.characters} characters, {encoding}, {size.segments} SMS)"
        if size.encoding is Encoding.UCS2 and sms_type != SmsType.RANDOM:
            yield f"! {''.join(size.forcing[:10])} need SmsType 3 with unicode, or --diacritics strip"
    if changed := accents_taken_out(each):
        yield "accents: " + ", ".join(f"{before} → {after}" for before, after in islice(changed.items(), 12))
    if each.contact.opted_out_at is not None:
        yield "! opted out: gets nothing"


def _costs(whole: Estimate, of_all: int, price: float | None) -> dict[str, Any]:
    """For all, by what the sample showed."""
    scale = of_all / whole.contacts if whole.contacts else 0
    segments = round(whole.segments * scale)
    return {
        "contacts": of_all,
        "by_sample_of": whole.contacts,
        "messages": round(whole.messages * scale),
        "segments": segments,
        "unicode": round(whole.unicode * scale),
        "cost": None if price is None else round(segments * price),
        "problems": dict(whole.problems),
    }


def _say_estimate(costs: dict[str, Any], whole: Estimate) -> None:
    if not whole.contacts:
        say("No contacts to preview it for. Bring some in: esms-worker contacts import people.csv")
        return
    about = "about " if costs["contacts"] != whole.contacts else ""
    parts = [f"{costs['messages']:,} message(s)", f"{costs['segments']:,} SMS"]
    parts += [f"{costs['cost']:,} VND"] if costs["cost"] is not None else []
    say(f"For {costs['contacts']:,} contact(s): {about}{', '.join(parts)}")
    for problem, times in whole.problems.most_common(5):
        say(f"  ✗ {times:,} can't get it: {problem}")
