"""Templates: all of them, and one: its text with a preview for real people while it is written, and its versions."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from fastapi import Request, Response
from starlette.datastructures import FormData

from worker.api.contacts import ContactRow
from worker.api.notifier import Notifier
from worker.api.templates import Previewed, TemplateRow
from worker.errors import Invalid
from worker.lifecycle import Kind, Purpose, SmsType
from worker.templates import define_template
from worker.templates.variables import KNOWN
from worker.text import Diacritics
from worker.web.door import producer_of
from worker.web.pages.access import Form, room
from worker.web.pages.forms import choice_in, list_in, text_in
from worker.web.pages.keys import key_of, name_of
from worker.web.pages.rendering import redirect, render

router = room()

PEOPLE_SHOWN = 3
NEW: Mapping[str, Any] = {"name": "", "kind": Kind.SMS, "content": "", "template_id": "", "variables": ()}


@router.get("/templates")
def templates(request: Request) -> Response:
    """The newest version of each."""
    return render(request, "template_texts/list.html.j2", rows=producer_of(request).templates.all(), key_of=key_of)


@router.get("/templates/new")
def new(request: Request) -> Response:
    """Write one."""
    return _edit(request, {**NEW, "diacritics": Diacritics.STRIP})


@router.post("/templates/new")
def add(request: Request, form: Form) -> Response:
    """Keep a new one; a name that is taken gets its next version."""
    return _save(request, form, text_in(form, "name"))


@router.post("/templates/preview")
def preview(request: Request, form: Form) -> Response:
    """How a text would read for people of the contacts, while it is written."""
    seen, problem = _previewed(producer_of(request), _fields(form))
    return render(request, "template_texts/preview.html.j2", preview=seen, problem=problem)


@router.get("/templates/{key}")
def template(request: Request, key: str) -> Response:
    """One, with all its versions; whoever may change it can."""
    versions = list(reversed(producer_of(request).templates.versions(name_of(key))))
    return _edit(request, _as_fields(versions[0]), versions=versions, key=key)


@router.post("/templates/{key}")
def change(request: Request, key: str, form: Form) -> Response:
    """Its next version."""
    return _save(request, form, name_of(key))


@router.post("/templates/{key}/remove")
def remove(request: Request, key: str) -> Response:
    """Take it away, where nothing needs it."""
    name, producer = name_of(key), producer_of(request)
    try:
        producer.templates.remove(name)
    except Invalid as error:
        versions = list(reversed(producer.templates.versions(name)))
        return _edit(request, _as_fields(versions[0]), error, versions=versions, key=key)
    return redirect("/templates")


def _save(request: Request, form: FormData, name: str) -> Response:
    fields, saving = _fields(form) | {"name": name}, producer_of(request).templates
    try:
        if text_in(form, "then") != "look":
            saving.save(**_definition(fields))
            return redirect(f"/templates/{key_of(name)}")
    except Invalid as error:
        return _edit(request, fields, error, key=_key_in(request))
    return _edit(request, fields, key=_key_in(request))


def _key_in(request: Request) -> str | None:
    return request.path_params.get("key")


def _edit(request: Request, fields: Mapping[str, Any], error: Invalid | None = None, **more: Any) -> Response:
    seen, problem = _previewed(producer_of(request), fields)
    return render(
        request,
        "template_texts/one.html.j2",
        422 if error else 200,
        fields=fields,
        error=error,
        preview=seen,
        problem=problem if fields["content"] or fields["template_id"] else None,
        variables=KNOWN,
        purposes=list(Purpose),
        diacritics=list(Diacritics),
        **{"versions": [], "key": None} | more,
    )


def _fields(form: FormData) -> dict[str, Any]:
    return {
        "name": text_in(form, "name") or "preview",
        "kind": choice_in(form, "kind", Kind, Kind.SMS),
        "content": text_in(form, "content"),
        "template_id": text_in(form, "template_id"),
        "variables": list_in(form, "variables"),
        "diacritics": choice_in(form, "diacritics", Diacritics, Diacritics.STRIP),
        "purpose": choice_in(form, "purpose", Purpose, Purpose.SERVICE),
    }


def _as_fields(row: TemplateRow) -> dict[str, Any]:
    return {
        "name": row.name,
        "kind": row.kind,
        "content": row.content or "",
        "template_id": row.template_id or "",
        "variables": row.variables,
        "diacritics": row.diacritics,
    }


def _definition(fields: Mapping[str, Any]) -> dict[str, Any]:
    """As `templates.save` takes it."""
    if fields["kind"] is Kind.SMS:
        return {name: fields[name] for name in ("name", "content", "diacritics")}
    return {name: fields[name] for name in ("name", "template_id", "variables", "diacritics")}


def _previewed(producer: Notifier, fields: Mapping[str, Any]) -> tuple[Previewed | None, Invalid | None]:
    try:
        made = define_template(**_definition({**fields, "name": fields["name"] or "preview"}))
    except Invalid as error:
        return None, error
    people = [each for each in producer.contacts.list(opted_out=False, most=20) if _has_all(each)][:PEOPLE_SHOWN]
    if not people:
        return None, None
    purpose = fields.get("purpose", Purpose.SERVICE)
    sms_type = SmsType.ADVERTISING if purpose is Purpose.ADVERTISING else SmsType.CUSTOMER_CARE
    keys = [each.key for each in people]
    return producer.templates.preview(made, keys=keys, sms_type=sms_type, purpose=purpose), None


def _has_all(contact: ContactRow) -> bool:
    return bool(contact.name and contact.phones)
