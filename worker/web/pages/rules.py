"""Rules: who is reminded of what, when; looked at before they are kept, held back, and ended."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import time
from typing import Any

from fastapi import Request, Response
from fastapi.responses import RedirectResponse
from starlette.datastructures import FormData

from worker.api.reminders import Anniversary, Channel, Recurring, Rule, RuleRow, rule_of
from worker.catalogue.names import SMS_TYPES
from worker.errors import Invalid
from worker.lifecycle import ReminderKind, SmsType
from worker.recurrence.rrule import WEEKDAYS
from worker.web.door import producer_of
from worker.web.pages import repeating
from worker.web.pages.access import Form, room
from worker.web.pages.forms import choice_in, day_in, list_in, number_in, text_in, text_or_none, ticked, time_in
from worker.web.pages.keys import key_of, name_of
from worker.web.pages.rendering import language_of, redirect, render

router = room()

NEXT = 6
CHANNELS = [each for each in SmsType if each is not SmsType.ADVERTISING]
NEW: Mapping[str, Any] = {
    "name": "", "kind": ReminderKind.BIRTHDAY, "template": "", "tags": (), "source": None, "sms_type": 2,
    "unicode": False, "brandname": None, "at": "08:00", "late_until": "20:00", "days_before": 0, "rrule": "",
    "cron": "", "start": "", **repeating.NEW,
}  # fmt: skip


@router.get("/reminders/new")
def new(request: Request) -> Response:
    """Write one."""
    return _form(request, NEW)


@router.post("/reminders/new")
def add(request: Request, form: Form) -> Response:
    """Show when it would come; keep it where that was asked for."""
    return _keep(request, form)


@router.get("/reminders/rules/{key}")
def rule(request: Request, key: str) -> Response:
    """One: what it says, when it comes next, what it has made."""
    name, reminders = name_of(key), producer_of(request).reminders
    row = reminders.show(name)
    return _form(
        request, _fields_of(row), key=key, row=row, coming=reminders.next(name, NEXT), made=reminders.made(name)
    )


@router.post("/reminders/rules/{key}")
def change(request: Request, key: str, form: Form) -> Response:
    """Give it other content; what is queued and not gone out follows it."""
    return _keep(request, form, key=key, row=producer_of(request).reminders.show(name_of(key)))


@router.post("/reminders/rules/{key}/pause")
def pause(request: Request, key: str) -> RedirectResponse:
    """Have it remind nobody; what is queued is called back."""
    producer_of(request).reminders.pause(name_of(key))
    return redirect(f"/reminders/rules/{key}")


@router.post("/reminders/rules/{key}/resume")
def resume(request: Request, key: str) -> RedirectResponse:
    """Let it go on with what is not too late."""
    producer_of(request).reminders.resume(name_of(key))
    return redirect(f"/reminders/rules/{key}")


@router.post("/reminders/rules/{key}/remove")
def remove(request: Request, key: str) -> RedirectResponse:
    """End it; what is queued is called back, what it made stays on record."""
    producer_of(request).reminders.remove(name_of(key))
    return redirect("/reminders")


def _keep(request: Request, form: FormData, *, key: str | None = None, row: RuleRow | None = None) -> Response:
    fields, reminders = _fields(form) | ({"name": name_of(key)} if key else {}), producer_of(request).reminders
    try:
        wanted = _rule(form, fields, rule_of(row) if row else None)
        coming = reminders.preview(wanted, NEXT, replace=row is not None)
        if text_in(form, "then") == "save":
            reminders.add(wanted, replace=row is not None)
            return redirect(f"/reminders/rules/{key_of(fields['name'])}")
    except Invalid as error:
        return _form(request, fields, 422, problem=error, key=key, row=row)
    return _form(request, fields, coming=coming, looked=True, key=key, row=row)


def _form(request: Request, fields: Mapping[str, Any], status: int = 200, **more: Any) -> Response:
    facts = {"key": None, "row": None, "coming": [], "made": {}, "problem": None, "looked": False} | more
    return render(
        request,
        "reminders/rule.html.j2",
        status,
        fields=fields,
        every=list(repeating.Every),
        weekdays=WEEKDAYS,
        **choices(request),
        **facts,
    )


def choices(request: Request) -> dict[str, Sequence[tuple[str, str]]]:
    """Which templates and kinds of SMS a reminder may go by."""
    language = language_of(request)
    return {
        "templates": [(row.name, row.name) for row in producer_of(request).templates.all()],
        "types": [(str(int(each)), f"{each:d} · {SMS_TYPES[each].say(language)}") for each in CHANNELS],
    }


def _fields(form: FormData) -> dict[str, Any]:
    """As they are shown again."""
    texts = {name: text_in(form, name) for name in ("name", "template", "at", "late_until", "start")}
    return (
        texts
        | repeating.repeating_in(form)
        | {
            "kind": choice_in(form, "kind", ReminderKind, ReminderKind.BIRTHDAY),
            "tags": list_in(form, "tags"),
            "source": text_or_none(form, "source"),
            "sms_type": number_in(form, "sms_type", 2),
            "unicode": ticked(form, "unicode"),
            "brandname": text_or_none(form, "brandname"),
            "days_before": number_in(form, "days_before", 0),
        }
    )


def _rule(form: FormData, fields: Mapping[str, Any], held: Rule | None) -> Rule:
    """What the form does not ask stays as it is held. Raises Invalid."""
    channel = Channel(**{name: fields[name] for name in ("sms_type", "brandname", "unicode")})
    said = {name: fields[name] for name in ("name", "template", "tags", "source")} | {"channel": channel}
    if fields["kind"] is ReminderKind.RECURRING:
        said |= _recurrence(form, fields)
        return replace(held, **said) if isinstance(held, Recurring) else Recurring(**said)
    said |= {"kind": fields["kind"], "days_before": fields["days_before"]}
    said |= {"at": time_in(form, "at") or time(8), "late_until": time_in(form, "late_until") or time(20)}
    return replace(held, **said) if isinstance(held, Anniversary) else Anniversary(**said)


def _recurrence(form: FormData, fields: Mapping[str, Any]) -> dict[str, Any]:
    """The hour is a cron line's own."""
    said = repeating.recurrence_of(fields)
    return said | {"start": day_in(form, "start"), "at": None if said["cron"] else time_in(form, "at")}


def _fields_of(row: RuleRow) -> dict[str, Any]:
    held = rule_of(row)
    fields = {**NEW, **row.channel, "name": row.name, "kind": row.kind, "template": row.template}
    fields |= {"tags": row.tags, "source": row.source}
    if isinstance(held, Anniversary):
        times = {"at": f"{held.at:%H:%M}", "late_until": f"{held.late_until:%H:%M}"}
        return fields | times | {"days_before": held.days_before}
    return fields | _when_of(held)


def _when_of(rule: Recurring) -> dict[str, Any]:
    start = f"{rule.start:%Y-%m-%d}" if rule.start else ""
    at = f"{rule.start:%H:%M}" if rule.start and not rule.cron and hasattr(rule.start, "hour") else ""
    said = {"rrule": rule.rrule or "", "cron": rule.cron or "", "start": start, "at": at}
    return said | repeating.repeating_of(rule.rrule)
