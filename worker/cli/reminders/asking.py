"""`reminders why`: did this person get one, and if not, why?"""

from __future__ import annotations

from datetime import date, datetime

import click
from sqlalchemy.orm import Session

from worker.cli.ledger_session import ledger_session
from worker.cli.output import console, json_option, say, say_json, table, text
from worker.cli.reminders.options import day_option
from worker.contacts.checks import parse_phone
from worker.errors import Invalid, NotFound
from worker.ledger.contacts import ContactRow, by_keys, by_phones
from worker.ledger.rules import all_rules, clock
from worker.reminders import rule_changes
from worker.reminders.why import Answer, why
from worker.settings import Settings


@click.command("why")
@click.argument("person", metavar="CONTACT|PHONE")
@click.option("--source", metavar="S", help="Whose contact, where several sources have the key.")
@click.option("--rule", metavar="R", help="Only this rule.")
@click.option("--date", "day", metavar="DATE", help="Which day, in TIME_ZONE.  [default: today]")
@json_option
def why_command(person: str, source: str | None, rule: str | None, day: str | None, as_json: bool) -> int:
    """Why somebody got a reminder on a day, or did not: by the contact's key or a phone number.

    Exit code 1 when nothing was made for them.
    """
    settings = Settings.from_environ()
    with ledger_session(settings) as session:
        now = clock(session)
        answers = _answers(session, person, source, rule, _day(day, now, settings), settings, now)
    if as_json:
        say_json([_json(answer) for answer in answers])
    elif answers:
        shown = table("rule or event", "due", "got it", "why", "notification")
        for answer in answers:
            due = text(answer.occurs_at, settings.time_zone, "%Y-%m-%d %H:%M")
            got = "✔ yes" if answer.got else "✗ no"
            shown.add_row(text(answer.of), due, got, text(answer.why), text(answer.notification_id))
        console().print(shown)
    else:
        say("There is no rule, and no event that invites this person.")
    return 0 if any(answer.got for answer in answers) else 1


def _day(day: str | None, now: datetime, settings: Settings) -> date:
    return now.astimezone(settings.time_zone).date() if day is None else day_option("--date", day)


def _answers(
    session: Session, person: str, source: str | None, rule: str | None, day: date, settings: Settings, now: datetime
) -> list[Answer]:
    contacts, phones = _people(session, person, source)
    rules = all_rules(session) if rule is None else [rule_changes.found(session, rule)]
    answers: list[Answer] = []
    each: list[ContactRow | None] = [*contacts] or [None]
    for contact in each:
        numbers = phones or (list(contact.phones) if contact is not None else [])
        answers += why(session, contact, numbers, rules, day, zone=settings.time_zone, now=now, events=rule is None)
    return answers


def _people(session: Session, person: str, source: str | None) -> tuple[list[ContactRow], list[str]]:
    """The contact of this key, or else all who have this number. Raises NotFound, Invalid."""
    found = by_keys(session, [person], source=source)
    if len(found) > 1:
        sources = ", ".join(repr(row.source) for row in found)
        raise Invalid("source", f"several have this key: {sources}", "say which one is meant with --source")
    if found:
        return found, []
    try:
        number = parse_phone(person)
    except Invalid:
        raise NotFound("no contact has this key, and it is no phone number: see `esms-worker contacts list`") from None
    return by_phones(session, [number], source=source), [number]


def _json(answer: Answer) -> dict[str, object]:
    return {name: getattr(answer, name) for name in Answer.__dataclass_fields__}


COMMANDS = (why_command,)
