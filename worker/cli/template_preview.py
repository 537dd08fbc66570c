"""`templates preview`: what real people would get, how many SMS that makes, and about what it costs."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice
from typing import Any

import click
from rich.text import Text

from worker.api.notifier import Notifier
from worker.api.templates import Previewed, StoredTemplate
from worker.cli import completion
from worker.cli.output import console, date_option, json_option, options, printable, say, say_json
from worker.cli.send import purpose_option
from worker.lifecycle import SmsType
from worker.templates import Preview, accents_taken_out, define_template
from worker.text import Diacritics, Encoding

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
@click.argument("name", required=False, shell_complete=completion.templates)
@template_options
@click.option("--contact", "keys", multiple=True, metavar="KEY", help="For whom; by default the first ones.")
@click.option("--tag", "tags", multiple=True, metavar="T", help="Those with at least one of these tags.")
@click.option("--source", metavar="S", help="Which application's contacts.")
@click.option("--limit", type=click.IntRange(1, 1000), default=5, show_default=True, help="Contacts to show.")
@click.option("--sms-type", type=click.Choice([str(int(each)) for each in SmsType]), default="2", show_default=True)
@purpose_option
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
    purpose: str | None,
    at: str | None,
    title: str,
    place: str,
    price: float | None,
    as_json: bool,
    **what: Any,
) -> int:
    """What real contacts would get of a saved template NAME, or of a --content; its size, its cost, what rules say.

    Variables: {name} {first_name} {phone} {age} {date} {time} {title} {place}, and {attr.NAME} for a contact's own.
    Nothing is sent. Exit code 1 when somebody shown can't get it.
    """
    wanted = _wanted(name, what)
    with Notifier.from_env() as notifier:
        found = notifier.templates.preview(
            wanted,
            keys=keys,
            tags=tags,
            source=source,
            sms_type=int(sms_type),
            purpose=purpose,
            at=None if at is None else date_option("--at", at),
            title=title,
            place=place,
            diacritics=diacritics_of(what["diacritics"]),
        )
    shown, costs = found.each[:limit], _costs(found, price)
    if as_json:
        say_json({"previews": [_preview_json(each) for each in shown], "estimate": costs, "told": found.told})
    else:
        for each in shown:
            _say_preview(each, int(sms_type))
        for told in found.told:
            say(f"! {told}")
        _say_estimate(costs, found)
    return 1 if not shown or any(each.problem for each in shown) else 0


def _wanted(name: str | None, what: dict[str, Any]) -> str | StoredTemplate:
    given = {option: what[option] for option in ("content", "template_id", "variables")}
    if name is None:
        return define_template("preview", **given, diacritics=diacritics_of(what["diacritics"]))
    if any(value for value in given.values()):
        raise click.UsageError("give the NAME of a saved template, or a --content, not both")
    return name


def diacritics_of(word: str | None) -> Diacritics | None:
    """What the option says; None: as usual."""
    return Diacritics(word) if word else None


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
    console().print(Text(printable(f"{each.contact.key}  {each.contact.name}"), style="bold"))
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


def _costs(found: Previewed, price: float | None) -> dict[str, Any]:
    """For all, by what the sample showed."""
    whole, of_all = found.estimate, found.contacts
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


def _say_estimate(costs: dict[str, Any], found: Previewed) -> None:
    if not found.each:
        say("No contacts to preview it for. Bring some in: esms-worker contacts import people.csv")
        return
    about = "about " if costs["contacts"] != costs["by_sample_of"] else ""
    parts = [f"{costs['messages']:,} message(s)", f"{costs['segments']:,} SMS"]
    parts += [f"{costs['cost']:,} VND"] if costs["cost"] is not None else []
    say(f"For {costs['contacts']:,} contact(s): {about}{', '.join(parts)}")
    for problem, times in found.estimate.problems.most_common(5):
        say(f"  ✗ {times:,} can't get it: {problem}")
