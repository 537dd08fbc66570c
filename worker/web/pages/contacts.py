"""Contacts: who may be reminded; find, add, and one person: what is known, what they got, whether they want more."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from uuid import UUID

from fastapi import Request, Response
from fastapi.responses import RedirectResponse
from starlette.datastructures import FormData

from worker.access import UserRole
from worker.api.contacts import ContactRow, Contacts
from worker.api.naming import id_of
from worker.api.notifier import Notifier
from worker.api.people import Forgot, why_it_stays
from worker.catalogue.people import HELD
from worker.catalogue.text import Language
from worker.errors import Invalid, SettingsError
from worker.web.door import producer_of
from worker.web.pages.access import Form, may, person_of, room
from worker.web.pages.forms import list_in, text_in
from worker.web.pages.rendering import language_of, redirect, render

router = room()

A_PAGE = 50
HISTORY = 20
SOURCE = "page"  # of people who are added by hand


@router.get("/contacts")
def contacts(request: Request, after: UUID | None = None, opted_out: bool = False) -> Response:
    """A page of them."""
    which: dict[str, Any] = {"opted_out": True} if opted_out else {}
    rows = producer_of(request).contacts.list(after=after, most=A_PAGE + 1, **which)
    more = rows[A_PAGE - 1].id if len(rows) > A_PAGE else None
    return _list(request, rows[:A_PAGE], more=more, first=after is None, opted_out=opted_out)


def _list(request: Request, rows: Any, **more: Any) -> Response:
    facts = {"more": None, "first": True, "opted_out": False, "wanted": None} | more
    return render(request, "contacts/list.html.j2", rows=rows, **facts)


@router.post("/contacts/find")
def find(request: Request, form: Form) -> Response:
    """By a number in any spelling, a key, or words of a name."""
    wanted = text_in(form, "wanted")
    rows = _found(producer_of(request), wanted) if wanted else []
    return _list(request, rows[:A_PAGE], wanted=wanted)


def _found(producer: Notifier, wanted: str) -> list[ContactRow]:
    found = [*producer.contacts.by_key(wanted), *_of_number(producer, wanted)]
    found += producer.contacts.list(name=wanted, most=A_PAGE)
    return list({row.id: row for row in found}.values())


def _of_number(producer: Notifier, wanted: str) -> list[ContactRow]:
    try:
        return list(producer.contacts.by_phone(wanted))
    except Invalid:
        return []


@router.get("/contacts/new")
def new(request: Request) -> Response:
    """Somebody by hand."""
    return render(request, "contacts/new.html.j2", fields=_EMPTY, problem=None)


_EMPTY = {"key": "", "name": "", "phones": "", "birth_date": "", "tags": ""}


@router.post("/contacts/new")
def add(request: Request, form: Form) -> Response:
    """Keep them; a key that is there is changed."""
    producer, fields = producer_of(request), {name: text_in(form, name) for name in _EMPTY}
    try:
        key = fields["key"] or fields["phones"]
        producer.contacts.upsert(key=key, source=SOURCE, **_changes(form))
    except Invalid as error:
        return render(request, "contacts/new.html.j2", 422, fields=fields, problem=error)
    return redirect(f"/contacts/{producer.contacts.show(key, source=SOURCE).id}")


def _changes(form: FormData) -> Any:
    return {
        "name": text_in(form, "name"),
        "phones": list_in(form, "phones"),
        "birth_date": text_in(form, "birth_date") or None,
        "tags": list_in(form, "tags"),
    }


@router.get("/contacts/{contact}")
def contact(request: Request, contact: str) -> Response:
    """All about one."""
    producer = producer_of(request)
    row = producer.contacts.by_id(id_of(contact))
    return render(
        request,
        "contacts/one.html.j2",
        contact=row,
        messages=[(phone, producer.reports.messages_to(phone, most=HISTORY).messages) for phone in row.phones],
        today=producer.reminders.why(row.key, source=row.source),
        consents=[each for phone in row.phones for each in producer.consents.show(phone)]
        if may(request, UserRole.OPERATOR)
        else None,
    )


@router.post("/contacts/{contact}/opt-out")
def opt_out(request: Request, contact: str) -> RedirectResponse:
    """Opt a person out of reminders and advertising."""
    return _done(request, contact, Contacts.opt_out)


@router.post("/contacts/{contact}/opt-in")
def opt_in(request: Request, contact: str) -> RedirectResponse:
    """Opt a person in again."""
    return _done(request, contact, Contacts.opt_in)


@router.post("/contacts/{contact}/remove")
def remove(request: Request, contact: str) -> RedirectResponse:
    """Nobody to be reminded any more; what was sent stays on record."""
    _done(request, contact, Contacts.remove)
    return redirect("/contacts")


@router.get("/contacts/{contact}/forget")
def foresee(request: Request, contact: str) -> Response:
    """What would go of all that stands about them, and what would stay."""
    producer = producer_of(request)
    row = producer.contacts.by_id(id_of(contact))
    return _forgetting(request, row, lambda: producer.persons.foresee(row.key, source=row.source), done=False)


@router.post("/contacts/{contact}/forget")
def forget(request: Request, contact: str, form: Form) -> Response:
    """Do it, and say the same of what was done."""
    producer = producer_of(request)
    row, too = producer.contacts.by_id(id_of(contact)), form.get("opt_out_too") == "yes"
    by = person_of(request).name
    act = lambda: producer.persons.forget(row.key, source=row.source, opt_out_too=too, by=by)  # noqa: E731
    return _forgetting(request, row, act, done=True)


def _forgetting(request: Request, row: ContactRow, act: Callable[[], Forgot], *, done: bool) -> Response:
    facts: dict[str, Any] = {"contact": row, "done": done, "language": Language(language_of(request))}
    try:
        told = act()
    except SettingsError as error:
        return render(request, "contacts/forget.html.j2", 503, told=None, problem=error, **facts)
    return render(request, "contacts/forget.html.j2", told=told, problem=None, held=HELD, why=why_it_stays, **facts)


def _done(request: Request, contact: str, act: Callable[..., object]) -> RedirectResponse:
    contacts = producer_of(request).contacts
    row = contacts.by_id(id_of(contact))
    act(contacts, row.key, source=row.source)
    return redirect(f"/contacts/{contact}")
