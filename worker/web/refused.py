"""`/v1/refused`: what came by task or SQL and could not be taken, for whoever handed it over and heard nothing."""

from __future__ import annotations

from dataclasses import asdict
from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query, Request, Response

from worker.access import May
from worker.api.tokens import TokenRow
from worker.catalogue.problems import in_vietnamese
from worker.checks import iso
from worker.reporting import RefusedRequest
from worker.web.access import needs
from worker.web.answers import as_json
from worker.web.door import producer_for, source_for
from worker.web.schemas import Model, problems

router = APIRouter(prefix="/v1/refused", tags=["messages"])
Reader = Annotated[TokenRow, Depends(needs(May.READ))]


class RefusedOut(Model):
    """A request that could not be taken."""

    id: str
    at: datetime
    door: str
    """task or sql."""
    kind: str
    source: str
    reference: str | None
    field: str | None
    """Which is wrong."""
    reason: str
    """What is wrong with it, and what to do."""
    reason_vi: str
    fields: dict[str, Any] | None = None
    """What is kept of it, where `content` asked for that."""


class RefusedPageOut(Model):
    """Some of them, the last first."""

    requests: list[RefusedOut]
    next: str | None
    """The cursor of the next page; null: there is none."""


@router.get("", response_model=RefusedPageOut, responses=problems("invalid"))
def refused(
    request: Request,
    holder: Reader,
    source: Annotated[str | None, Query(max_length=200)] = None,
    since: Annotated[str | None, Query(description="ISO 8601.")] = None,
    content: Annotated[
        bool, Query(description="With what is kept of each: numbers, and texts where those are.")
    ] = False,
    cursor: Annotated[str | None, Query(max_length=200, description="`next` of the answer before.")] = None,
    most: Annotated[int, Query(ge=1, le=1000)] = 100,
) -> Response:
    """Requests that came by task or SQL and could not be taken, the last first, page by page."""
    of, moment = source_for(holder, source) or source, iso("since", since) if since else None
    page = producer_for(request, holder).refused.page(cursor, source=of, since=moment, most=most)
    return as_json({"requests": [_told(each, content=content) for each in page.requests], "next": page.next})


def _told(each: RefusedRequest, *, content: bool) -> dict[str, Any]:
    told = asdict(each) | {"reason_vi": in_vietnamese(each.reason)}
    return told if content else {name: value for name, value in told.items() if name != "fields"}
