"""How it stands now: what waits, what moves, what is in the way."""

from __future__ import annotations

from fastapi import Request, Response

from worker.api.operation import Operation
from worker.web.door import producer_of
from worker.web.pages.access import room
from worker.web.pages.rendering import render

router = room()


@router.get("/")
def now(request: Request) -> Response:
    """The first page."""
    producer = producer_of(request)
    operation: Operation = request.app.state.operation
    return render(
        request,
        "now/now.html.j2",
        pauses=producer.pauses.list(),
        held=len(producer.held.list()),
        beat=operation.seconds_since_beat(),
    )
