"""What was to follow messages by itself and was set aside: how many, which first, and letting all go on."""

from __future__ import annotations

from typing import Annotated

from fastapi import Query, Request, Response

from worker.web.door import producer_of
from worker.web.pages.access import room
from worker.web.pages.rendering import redirect, render

router = room()


@router.get("/follow-ups")
def follow_ups(request: Request, let_go: Annotated[int | None, Query(ge=0)] = None) -> Response:
    """Before they are let go. let_go: how many just were."""
    again = producer_of(request).again
    count = again.go_on_many(dry_run=True)
    return render(request, "now/follow_ups.html.j2", count=count, first=again.set_aside(), let_go=let_go)


@router.post("/follow-ups/go-on")
def go_on(request: Request) -> Response:
    """Have all of them looked at again, some hundred at a time."""
    return redirect(f"/follow-ups?let_go={producer_of(request).again.go_on_many()}")
