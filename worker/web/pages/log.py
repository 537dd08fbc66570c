"""What people did, the last first, page by page."""

from __future__ import annotations

from typing import Annotated
from urllib.parse import urlencode
from uuid import UUID

from fastapi import Query, Request, Response

from worker.catalogue.acts import ACTS, SUBJECTS, VIAS
from worker.web.door import producer_of
from worker.web.pages.access import room
from worker.web.pages.rendering import language_of, render

PAGE = 50

router = room()


@router.get("/log")
def log(
    request: Request,
    who: Annotated[str, Query(max_length=100)] = "",
    what: Annotated[str, Query(max_length=50)] = "",
    before: UUID | None = None,
) -> Response:
    """Everybody's, or one's; everything, or one kind of act."""
    wanted = what if what in ACTS else ""
    found = producer_of(request).acts.list(who=who or None, what=wanted or None, before=before, most=PAGE + 1)
    shown = found[:PAGE]
    older = {"who": who, "what": wanted, "before": str(shown[-1].id)} if len(found) > PAGE else None
    language = language_of(request)
    return render(
        request,
        "log/log.html.j2",
        acts=shown,
        who=who,
        what=wanted,
        said={name: text.say(language) for name, text in (SUBJECTS | ACTS | VIAS).items()},
        kinds=sorted(((name, text.say(language)) for name, text in ACTS.items()), key=lambda each: each[1]),
        first=before is None,
        older=f"/log?{urlencode(older)}" if older else None,
    )
