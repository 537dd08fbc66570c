"""`why`: one message's whole story, in words for whoever answers the phone."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict
from datetime import tzinfo
from typing import TYPE_CHECKING

import click

from worker.api.notifier import Notifier
from worker.catalogue import Language
from worker.catalogue import story as words
from worker.catalogue.text import day, moment, number
from worker.cli.look import located
from worker.cli.output import LOOKS, console, json_option, lang_option, say_json, text
from worker.cli.spans import span_options
from worker.settings.language import language_of

if TYPE_CHECKING:
    from worker.api.why import Person, Refused, Stories, Story


@click.command()
@click.argument("id_", metavar="ID", required=False)
@click.option("--reference", metavar="R", help="The producer's own key.")
@click.option("--source", metavar="S", help="Which application used it.")
@click.option("--to", "phone", metavar="NUMBER", help="The last messages to this number, and whose it is.")
@click.option("--since", metavar="D", help="With --to: handed over on this day or later.  [default: 30 days ago]")
@lang_option
@json_option
def why(
    id_: str | None,
    reference: str | None,
    source: str | None,
    phone: str | None,
    since: str | None,
    lang: str | None,
    as_json: bool,
) -> int:
    """Why somebody got a message or did not: the whole story, in plain words.

    ID: as for `show`. Exit code 1 where there is nothing to tell.
    """
    _refuse_both(id_ or reference, phone, since)
    language = Language(lang) if lang else language_of()
    with Notifier.from_env() as notifier:
        zone = notifier.settings.time_zone
        if phone is not None:
            first, _ = span_options(since, None, zone, names=("--since", ""))
            told = notifier.reports.why_to(phone, since=first, language=language)
        else:
            which = located(notifier, id_, reference, source, numbers=True)
            told = notifier.reports.why(which.notification, message_id=which.message, language=language)
    if as_json:
        say_json(asdict(told))
    else:
        for line in _lines(told, zone):
            console().print(line, soft_wrap=True)
    return 0 if told.stories or told.people or told.refused else 1


def _refuse_both(one: str | None, phone: str | None, since: str | None) -> None:
    if (one is None) == (phone is None):
        raise click.UsageError("give an ID, a --reference (and --source), or a number with --to")
    if since is not None and phone is None:
        raise click.UsageError("--since: goes with --to: leave it out")


def _lines(told: Stories, zone: tzinfo) -> Iterator[str]:
    for person in told.people:
        yield from _person(person, told.language, zone)
    for each in told.refused:
        yield from _refused(each, told.language, zone)
    if not (told.stories or told.refused) and told.since is not None:
        yield words.NO_MESSAGES.say(told.language, since=day(told.since, zone, told.language))
    for story in told.stories:
        yield from _story(story, told.language, zone)
    if told.others:
        yield words.MORE.say(told.language, count=number(told.others, told.language))
    if any(story.got for story in told.stories):
        yield f"[dim]{words.DELIVERED_MEANS.say(told.language)}[/]"


def _story(story: Story, language: Language, zone: tzinfo) -> Iterator[str]:
    sign, colour = LOOKS[story.status]
    head = words.HEAD.say(language, who=story.phone, status=story.summary)
    yield f"[{colour}]{sign}[/] [bold]{text(head)}[/]  [dim]{story.message!s}[/]"
    for step in story.steps:
        at = "" if step.at is None else moment(step.at, zone, language)
        yield f"  [dim]{at:19}[/]  {text(step.what)}"
    when = f" ({moment(story.next_at, zone, language)})" if story.next_at else ""
    yield f"  {words.NEXT.say(language)}: {text(story.next)}{when}"
    if story.then:
        yield f"  {words.THEN.say(language)}: {text(story.then)}"
    yield f"  {words.TO_DO.say(language)}: {text(story.remedy)}"
    yield ""


def _refused(each: Refused, language: Language, zone: tzinfo) -> Iterator[str]:
    why = f"{each.field}: {each.why}" if each.field else each.why
    told = {"at": moment(each.at, zone, language), "source": each.source or "-", "reference": each.reference or "-"}
    yield f"[red]✗[/] {text(words.REFUSED.say(language, why=why, **told))}"
    yield f"  {words.TO_DO.say(language)}: {text(words.REFUSED_TO_DO.say(language, id=str(each.id)))}"
    yield ""


def _person(person: Person, language: Language, zone: tzinfo) -> Iterator[str]:
    who = person.name or words.NAMELESS.say(language, key=person.key)
    line = words.CONTACT.say(language, name=f"[bold]{text(who)}[/]")
    if person.opted_out_at is not None:
        date = day(person.opted_out_at, zone, language)
        line += f"; {words.OPTED_OUT_SINCE.say(language, date=date)}"
    yield line
    if person.reminders:
        yield f"{words.REMINDERS.say(language)}:"
    for each in person.reminders:
        date = "" if each.at is None else moment(each.at, zone, language)
        yield f"  {text(words.REMINDER.say(language, rule=each.of, date=date, what=each.what))}"
    yield ""
