"""`/v1/persons:forget`: all that is stored about somebody who asks for it goes, for good."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from functools import partial
from typing import Annotated, Any

from anyio import to_thread
from fastapi import APIRouter, Depends, Request, Response

from worker.access import May
from worker.api.people import Forgot, why_it_stays
from worker.api.tokens import TokenRow
from worker.catalogue.text import Language
from worker.checks import known_fields, label, label_or_none, truth
from worker.errors import SettingsError, Unavailable
from worker.web.access import needs
from worker.web.answers import as_json
from worker.web.bodies import object_of
from worker.web.door import producer_for
from worker.web.problems import language_of
from worker.web.schemas import ForgotOut, Schema, body, problems

router = APIRouter(prefix="/v1/persons", tags=["people"], responses=problems("invalid", "malformed", "not-found"))
Forgetter = Annotated[TokenRow, Depends(needs(May.FORGET))]
FLAGS = ("opt_out_too", "dry_run")
ASKED: Schema = {
    "type": "object",
    "properties": {
        "who": {"type": "string", "description": "A number in any spelling, or a contact's key."},
        "source": {"type": ["string", "null"], "description": "Of a key: whose contact it is."},
        "opt_out_too": {"type": "boolean", "default": False, "description": "Also that they opted out."},
        "dry_run": {"type": "boolean", "default": False, "description": "Tell what it would come to; nothing is done."},
    },
    "required": ["who"],
    "additionalProperties": False,
}


@router.post(":forget", response_model=ForgotOut, openapi_extra=body(ASKED))
async def forget(request: Request, holder: Forgetter) -> Response:
    """Remove all that can be removed about somebody, for good; again it is no mistake. By a token of all sources."""
    asked, persons = _asked(await object_of(request)), producer_for(request, holder).persons
    rehearsed = asked.pop("dry_run")
    act = persons.foresee if rehearsed else partial(persons.forget, by=holder.name)
    try:
        told = await to_thread.run_sync(lambda: act(**asked))
    except SettingsError as error:
        raise Unavailable("server", str(error), "ask who runs it") from None
    return as_json(_out(told, Language(language_of(request))))


def _asked(given: Mapping[str, Any]) -> dict[str, Any]:
    known_fields(given, ASKED["properties"], "there is no such field")
    flags = {name: given.get(name) is not None and truth(name, given[name]) for name in FLAGS}
    who = label("who", given.get("who"), remedy="give a number, or a contact's key")
    return {"who": who, "source": label_or_none("source", given.get("source"))} | flags


def _out(told: Forgot, language: Language) -> dict[str, Any]:
    return asdict(told) | {"why": {table: why_it_stays(table, language) for table in told.stays}}
