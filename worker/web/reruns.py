"""`/v1/reruns`: what was asked to be sent again, what waits of it, and its going on after all."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query, Request, Response

from worker.access import May
from worker.api.decisions import Rest
from worker.api.tokens import TokenRow
from worker.reporting import Stopped
from worker.reporting.sweeps import SweepShown
from worker.web.access import needs
from worker.web.answers import as_json
from worker.web.door import producer_for
from worker.web.schemas import GoneOnOut, RerunOut, problems

router = APIRouter(prefix="/v1/reruns", tags=["campaigns"])
Decider = Annotated[TokenRow, Depends(needs(May.DECIDE))]
Of = Annotated[str | None, Query(max_length=200)]


@router.get("", response_model=list[RerunOut], responses=problems())
def reruns(request: Request, holder: Decider, campaign: Of = None) -> Response:
    """Those that stopped themselves within a week, the last of each campaign; of one campaign those under way, too.

    The rests of the first ones are counted, up to 100,000 messages together; where `left` is null, ask for one.
    """
    again = producer_for(request, holder).again
    found: Sequence[Stopped | SweepShown] = again.stopped() if campaign is None else again.open(campaign)
    return as_json([_out(each, rest) for each, rest in zip(found, again.rests(found), strict=True)])


@router.get("/{id}", response_model=RerunOut, responses=problems("not-found", "invalid"))
def rerun(request: Request, id: str, holder: Decider) -> Response:
    """How far one is, what waits of it, and who of that stays as they are even if it goes on."""
    again = producer_for(request, holder).again
    shown = again.show(id)
    return as_json(_out(shown, again.rest(shown.id)))


@router.post("/{id}:go-on", response_model=GoneOnOut, responses=problems("not-found"))
def go_on(request: Request, id: str, holder: Decider) -> Response:
    """Send the rest of it after all, as it was asked for."""
    return as_json({"rest": producer_for(request, holder).again.go_on(id, by=holder.name)})


def _out(shown: Stopped | SweepShown, rest: Rest) -> dict[str, Any]:
    known = {"id": shown.id, "asked_by": shown.asked_by, "moved": shown.moved, "code": shown.code}
    return known | _told(shown) | {"rest": _rest_out(rest)}


def _told(shown: Stopped | SweepShown) -> dict[str, Any]:
    """What each has by a name of its own."""
    if isinstance(shown, Stopped):
        told = {"campaign": shown.campaign, "messages": shown.messages, "state": "stopped"}
        return told | {"decided_at": shown.decided_at}
    [campaign] = shown.search.choice.words.get("campaign", [None])
    return {"campaign": campaign, "messages": shown.about, "state": shown.state, "decided_at": shown.ended_at}


def _rest_out(rest: Rest) -> dict[str, Any]:
    left = None if rest.left is None else dict(rest.left)
    return {"messages": rest.messages, "stay": rest.stay, "left": left, "unfit": list(rest.unfit)}
