"""The list of commands: each command's module is imported when that command runs, so that help and Tab are quick.

The sentences stand here a second time; a test holds them equal to the commands' own.
"""

from __future__ import annotations

from importlib import import_module

import click
from click.shell_completion import CompletionItem

# name: (module under worker.cli and its command, the first sentence of the help)
COMMANDS = {
    "audit": ("audit:audit", "What people did, by the page, the command line and HTTP."),
    "balance": ("account:balance", "What is left on the account."),
    "brandnames": (
        "account:brandnames",
        "The brandnames that are registered, from now on the ones that may be enqueued.",
    ),
    "cancel": ("decisions:cancel", "Cancel what has not been sent yet; says for what it is too late."),
    "consent": (
        "consents:consent_group",
        "Who agreed to advertising, and who took it back: rows are added and never changed.",
    ),
    "contacts": ("contacts:contacts_group", "People to be reminded: import, look at, opt out, remove, export."),
    "demo": (
        "serve:demo",
        "See it work, in half a minute: real servers, real processes, a simulated eSMS, every status but sandboxed.",
    ),
    "dnc": ("law:dnc_group", "The Do-Not-Call register: numbers that get no advertising at all."),
    "doctor": ("doctor:doctor", "Say what is wrong with this installation and how to fix it."),
    "held": ("held:held", "What only a person can decide: eSMS may or may not have taken it."),
    "law": (
        "law:law_group",
        "Sending rules: hours, counts, label, register, consent.",
    ),
    "metrics": (
        "metrics:metrics",
        "Tell Prometheus, Grafana or Zabbix how it goes, by HTTP at /metrics, until Ctrl-C.",
    ),
    "migrate": (
        "serve:migrate",
        "Bring the database to this version's schema; safe to run again, and by many at once.",
    ),
    "move": ("decisions:move", "Send at another date what has not been sent yet."),
    "pause": ("decisions:pause", "Hold lanes or a campaign back until `resume`; what is in flight is finished."),
    "person": (
        "person:person_group",
        "One person's data: all that is stored, and to be forgotten; for who administers Postgres.",
    ),
    "prices": (
        "prices:prices_group",
        "What an SMS or a call costs, where eSMS does not tell: import a list, look at it, remove a row.",
    ),
    "producers": (
        "producers:producers_group",
        "Logins of Postgres for applications, each bound to its sources: it sees and moves theirs alone.",
    ),
    "refused": (
        "refused:refused",
        "Requests that came by task or SQL and could not be taken; and what came by the broker and was no task.",
    ),
    "reminders": (
        "reminders:reminders_group",
        "Birthdays, meetings and whatever recurs: who is reminded of what, when, and why not.",
    ),
    "report": ("report:report", "How many messages came to what: by status, by campaign, by day."),
    "requests": (
        "person:requests_group",
        "What people ask about their data, and by when the law wants it answered and done.",
    ),
    "resume": ("decisions:resume", "Let held lanes, or a campaign, go on, in the order in which they would have gone."),
    "retry": ("retry:retry", "Send again what was rejected, not delivered or expired."),
    "send": ("send:send", "Hand over an SMS, a call, or a whole spreadsheet of SMS."),
    "sent-data": ("account:sent_data", "What eSMS says it sent between two days."),
    "serve": ("serve:serve", "Answer applications of any language by HTTP, until Ctrl-C."),
    "show": ("look:show", "All about a notification: its messages, and every request made for each."),
    "simulator": (
        "serve:simulator",
        "Pretend to be eSMS, for tests; docs/simulator.md tells which number gets which story.",
    ),
    "status": ("look:status", "Where a notification stands, in one line."),
    "templates": ("templates:templates_group", "Named texts with {variables} for reminders: save, look at, preview."),
    "text": (
        "text_command:text",
        "Encoding, length and number of SMS of a TEXT, as it is and without accents; `-` reads standard input.",
    ),
    "tokens": ("tokens:tokens_group", "Who is let in by HTTP, and what they may do there."),
    "top": ("top:top", "How it goes now, looked at again and again: alarms, lanes, the last hour, today; q ends it."),
    "users": (
        "users:users_group",
        "Who may sign in on the page that `serve` and `up` show, and what they may do there.",
    ),
    "webhooks": (
        "webhooks:webhooks_group",
        "Addresses of applications that are called with what became of their messages.",
    ),
    "why": (
        "why:why",
        "Why somebody got a message or did not: the whole story, in plain words.",
    ),
    "up": (
        "serve:up",
        "Run everything on this machine, in the foreground, until Ctrl-C; the data stays in the folder.",
    ),
}


class LazyGroup(click.Group):
    """Imports a command's module when the command is asked for."""

    def list_commands(self, _ctx: click.Context) -> list[str]:
        """All names, in order."""
        return sorted(COMMANDS)

    def get_command(self, _ctx: click.Context, cmd_name: str) -> click.Command | None:
        """The command itself; its module is imported now."""
        if cmd_name not in COMMANDS:
            return None
        module, _, attribute = COMMANDS[cmd_name][0].partition(":")
        command: click.Command = getattr(import_module(f"worker.cli.{module}"), attribute)
        return command

    def format_commands(self, _ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """The help's list, without an import."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, COMMANDS[name][1]) for name in sorted(COMMANDS)])

    def shell_complete(self, ctx: click.Context, incomplete: str) -> list[CompletionItem]:
        """The names for Tab, without an import."""
        found = [
            CompletionItem(name, help=words) for name, (_, words) in COMMANDS.items() if name.startswith(incomplete)
        ]
        return found + click.Command.shell_complete(self, ctx, incomplete)
