"""`/v1/follow-ups:go-on`: what was to follow messages by itself and was set aside, a fault of ours being in its way."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any

from anyio import to_thread
from fastapi import APIRouter, Depends, Request, Response

from worker.access import May
from worker.api.tokens import TokenRow
from worker.checks import known_fields, label_or_none, truth
from worker.errors import Invalid
from worker.web.access import needs
from worker.web.answers import as_json
from worker.web.bodies import object_of
from worker.web.door import producer_for
from worker.web.schemas import LetGoOut, Schema, body, problems

router = APIRouter(prefix="/v1/follow-ups", tags=["campaigns"], responses=problems("invalid", "malformed", "not-found"))
Decider = Annotated[TokenRow, Depends(needs(May.DECIDE))]
ASKED: Schema = {
    "type": "object",
    "properties": {
        "campaign": {"type": ["string", "null"], "description": "Of this one alone."},
        "source": {"type": ["string", "null"], "description": "Of this one's alone, by a token of all sources."},
        "all": {"type": "boolean", "default": False, "description": "Of all that the token is for."},
        "dry_run": {"type": "boolean", "default": False, "description": "Tell how many; nothing is done."},
    },
    "additionalProperties": False,
}


@router.post(":go-on", response_model=LetGoOut, openapi_extra=body(ASKED))
async def go_on(request: Request, holder: Decider) -> Response:
    """Have it looked at again, some hundred at a time; what is too late by now does not come."""
    asked, again = _asked(await object_of(request)), producer_for(request, holder).again
    found = await to_thread.run_sync(lambda: again.go_on_many(**asked))
    return as_json({"let_go": found, "dry_run": asked["dry_run"]})


def _asked(given: Mapping[str, Any]) -> dict[str, Any]:
    """All is said, and never meant by leaving a name out."""
    known_fields(given, ASKED["properties"], "there is no such field")
    all_, dry_run = (given.get(name) is not None and truth(name, given[name]) for name in ("all", "dry_run"))
    which = {name: label_or_none(name, given.get(name)) for name in ("campaign", "source")}
    if all_ and any(which.values()):
        raise Invalid("all", "is given beside a campaign or a source", "leave one of them out")
    if not all_ and not any(which.values()):
        raise Invalid("campaign", "is missing, and so are source and all", "give one of them")
    return which | {"dry_run": dry_run}
