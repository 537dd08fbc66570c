"""`/v1/reports`, `/v1/balance`, `/livez`, `/readyz`: how it stands, for programs."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Query, Request, Response

from worker.access import May
from worker.api.account import Account
from worker.api.operation import Operation
from worker.api.tokens import TokenRow
from worker.checks import iso
from worker.errors import Unavailable, WorkerError
from worker.web.access import needs
from worker.web.answers import as_json
from worker.web.door import producer_for, source_for
from worker.web.schemas import EventsOut, problems

router = APIRouter()
Reader = Annotated[TokenRow, Depends(needs(May.READ))]
Keeper = Annotated[TokenRow, Depends(needs(May.ACCOUNT))]
READY, NOT_READY = 200, 503


@router.get("/v1/reports/summary", tags=["reports"], responses=problems("invalid", "not-found"))
def summary(
    request: Request,
    holder: Reader,
    since: Annotated[str | None, Query(description="ISO 8601; in.")] = None,
    until: Annotated[str | None, Query(description="ISO 8601; not in.")] = None,
    campaign: Annotated[str | None, Query(max_length=200)] = None,
    source: Annotated[str | None, Query(max_length=200)] = None,
) -> Response:
    """How many messages are in which status: in all, by campaign, by day of enqueueing."""
    report = producer_for(request, holder).reports.summary(
        since=iso("since", since) if since else None,
        until=iso("until", until) if until else None,
        campaign=campaign,
        source=source_for(holder, source) or source,
    )
    return as_json(report)


@router.get("/v1/events-feed", tags=["events"], response_model=EventsOut, responses=problems("invalid"))
def events_feed(
    request: Request,
    holder: Reader,
    after: Annotated[str | None, Query(max_length=8000, description="`next` of the answer before.")] = None,
    most: Annotated[int, Query(ge=1, le=1000, description="Rows of the log to look at.")] = 500,
) -> Response:
    """What happened, in order, for who can't be called; where `more` is false, ask again in a while."""
    return as_json(producer_for(request, holder).events_page(after, most=most))


@router.get("/v1/balance", tags=["account"], responses=problems())
def balance(_: Keeper) -> Response:
    """What is left on the account at eSMS, in dong."""
    try:
        with Account.from_env() as account:
            return as_json({"balance": account.balance().balance})
    except WorkerError as error:
        raise Unavailable("eSMS", "its balance can't be had here", "see the server's settings") from error


@router.head("/livez", include_in_schema=False)
@router.get("/livez", tags=["health"])
def livez() -> Response:
    """This process answers."""
    return as_json({"status": "ok"})


@router.head("/readyz", include_in_schema=False)  # load balancers ask so
@router.get("/readyz", tags=["health"], responses={NOT_READY: {"description": "Not now"}})
def readyz(request: Request) -> Response:
    """Postgres answers, and its schema is this version's."""
    operation: Operation = request.app.state.operation
    try:
        found, wanted = operation.revisions()
    except Unavailable:
        return as_json({"status": "no database"}, NOT_READY)
    return as_json({"status": "ok"}) if found == wanted else as_json({"status": "migrate first"}, NOT_READY)
