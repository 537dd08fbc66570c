"""`reminders why`: did this person get one, and if not, why?"""

from __future__ import annotations

import click

from worker.api.notifier import Notifier
from worker.cli import completion
from worker.cli.output import console, json_option, say, say_json, table, text
from worker.cli.reminders.options import day_option
from worker.reminders.why import Explanation
from worker.settings import Settings

GOT = {True: "✔ yes", False: "✗ no", None: "? not known yet"}


@click.command("why")
@click.argument("person", metavar="CONTACT|PHONE")
@click.option("--source", metavar="S", help="Whose contact, where several sources have the key.")
@click.option("--rule", metavar="R", help="Only this rule.", shell_complete=completion.rules)
@click.option("--date", "day", metavar="DATE", help="Which day, in TIME_ZONE.  [default: today]")
@json_option
def why_command(person: str, source: str | None, rule: str | None, day: str | None, as_json: bool) -> int:
    """Why somebody got a reminder on a day, or did not: by the contact's key or a phone number.

    Exit code 1 when nothing reached them, and nothing is on its way or still to come.
    """
    settings = Settings.from_environ()
    on = None if day is None else day_option("--date", day)
    with Notifier(settings) as notifier:
        answers = notifier.reminders.why(person, source=source, rule=rule, day=on)
    if as_json:
        say_json([_json(answer) for answer in answers])
    elif answers:
        shown = table("rule or event", "due", "got it", "why", "notification")
        for answer in answers:
            due = text(answer.occurs_at, settings.time_zone, "%Y-%m-%d %H:%M")
            got = GOT[answer.got]
            shown.add_row(text(answer.of), due, got, text(answer.why), text(answer.notification_id))
        console().print(shown)
    else:
        say("There is no rule, and no event that invites this person.")
    return 0 if any(answer.got is not False for answer in answers) else 1


def _json(answer: Explanation) -> dict[str, object]:
    return {name: getattr(answer, name) for name in Explanation.__dataclass_fields__}


COMMANDS = (why_command,)
