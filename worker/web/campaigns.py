"""`/v1/campaigns`: all notifications of a label, at once; for a holder who is bound to a source, its part of them."""

from __future__ import annotations

from typing import Annotated

from anyio import to_thread
from fastapi import APIRouter, Depends, Request, Response

from worker.access import May
from worker.api.tokens import TokenRow
from worker.web.access import needs
from worker.web.answers import as_json, cancel_out, decision_out
from worker.web.bodies import date_of
from worker.web.door import producer_for
from worker.web.names import NAME
from worker.web.retrying import answer, retry_schema
from worker.web.schemas import MOVE, CancelOut, DecisionOut, DoneOut, RetryOut, body, optional_body, problems

router = APIRouter(prefix="/v1/campaigns", tags=["campaigns"], responses=problems("not-found"))
Decider = Annotated[TokenRow, Depends(needs(May.DECIDE))]


@router.post(f"/{NAME}:cancel", response_model=CancelOut)
def cancel(request: Request, name: str, holder: Decider) -> Response:
    """Cancel what waits of it, and send no more of it again."""
    return as_json(cancel_out(producer_for(request, holder).cancel_campaign(name)))


@router.post(
    f"/{NAME}:move",
    response_model=DecisionOut,
    responses=problems("invalid", "malformed"),
    openapi_extra=body(MOVE),
)
async def move(request: Request, name: str, holder: Decider) -> Response:
    """Give what waits of it another `send_date`."""
    date, producer = await date_of(request), producer_for(request, holder)
    return as_json(decision_out(await to_thread.run_sync(producer.move_campaign, name, date)))


@router.post(
    f"/{NAME}:retry",
    response_model=RetryOut,
    responses=problems("invalid", "malformed"),
    openapi_extra=optional_body(retry_schema()),
)
async def retry(request: Request, name: str, holder: Decider) -> Response:
    """Queue again what failed of it, all or as the body chooses and corrects; with `dry_run`, what that would do."""
    return await answer(request, producer_for(request, holder), holder.name, campaign=name)


@router.post(f"/{NAME}:pause", response_model=DoneOut)
def pause(request: Request, name: str, holder: Decider) -> Response:
    """Hold it back until `:resume`."""
    changed = producer_for(request, holder).pauses.pause_campaign(name, f"paused by {holder.name}", to_come=False)
    return as_json({"changed": changed})


@router.post(f"/{NAME}:resume", response_model=DoneOut)
def resume(request: Request, name: str, holder: Decider) -> Response:
    """Let it go on."""
    changed = producer_for(request, holder).pauses.resume_campaign(name, by=holder.name, to_come=False)
    return as_json({"changed": changed})
