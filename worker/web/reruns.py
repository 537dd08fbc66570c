"""`/v1/reruns`: what was asked to be sent again and stopped itself, since its first hundred failed alike."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated

from fastapi import APIRouter, Depends, Request, Response

from worker.access import May
from worker.api.tokens import TokenRow
from worker.web.access import needs
from worker.web.answers import as_json
from worker.web.door import producer_for
from worker.web.schemas import GoneOnOut, StoppedOut, problems

router = APIRouter(prefix="/v1/reruns", tags=["campaigns"])
Decider = Annotated[TokenRow, Depends(needs(May.DECIDE))]


@router.get("", response_model=list[StoppedOut], responses=problems())
def stopped(request: Request, holder: Decider) -> Response:
    """Those of the last week, the last of each campaign."""
    return as_json([asdict(each) for each in producer_for(request, holder).again.stopped()])


@router.post("/{id}:go-on", response_model=GoneOnOut, responses=problems("not-found"))
def go_on(request: Request, id: str, holder: Decider) -> Response:
    """Send the rest of it after all, as it was asked for."""
    return as_json({"rest": producer_for(request, holder).again.go_on(id, by=holder.name)})
