"""One message: its story, attempts, requests and cost, and a button for each thing that may be done now."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from fastapi import Query, Request, Response

from worker.api.decisions import Decision
from worker.api.notifier import Notifier
from worker.api.why import Stories
from worker.catalogue.pages.common import WORDS
from worker.errors import Invalid
from worker.lifecycle import RETRIED, Status
from worker.reporting import Located, together
from worker.web.door import producer_of
from worker.web.pages.access import Form, person_of, room
from worker.web.pages.rendering import language_of, redirect, render

router = room()


@router.get("/messages/{given}")
def message(
    request: Request,
    given: str,
    done: Annotated[str, Query(max_length=20)] = "",
    count: Annotated[int, Query(ge=0)] = 0,
    left: Annotated[str, Query(max_length=20)] = "",
) -> Response:
    """By an id or its beginning: a message, or a notification, which is a list where it went to many."""
    notifier = producer_of(request)
    found = notifier.locate(given)
    stories = _stories(request, notifier, found)
    facts: dict[str, Any] = {"stories": stories, "done": _done(done, count, left), "count": count, "left": left}
    if len(stories.stories) + stories.others > 1:
        return render(request, "message/many.html.j2", **facts)
    return render(request, "message/one.html.j2", **facts, **_facts(notifier, stories))


def _stories(request: Request, notifier: Notifier, found: Located) -> Stories:
    language = language_of(request)
    return notifier.reports.why(found.notification, message_id=found.message, language=language)


def _facts(notifier: Notifier, stories: Stories) -> dict[str, Any]:
    story = stories.stories[0]
    whole = notifier.show(story.notification, message_id=story.message)
    message = whole.messages[0]
    prices = [each.price for each in message.history if each.price is not None]
    standing = notifier.status(story.notification).statuses if story.status is Status.QUEUED else {}
    return {
        "story": story,
        "whole": whole,
        "message": message,
        "cost": sum(prices) if prices else None,
        "all_cost": together(message.chain),
        "together": sum(standing.values()),
        "may_wait": story.status is Status.QUEUED,
        "may_retry": story.status in RETRIED and message.replaced_by is None,
        "may_decide": story.status is Status.HELD,
    }


def _done(done: str, count: int, left: str) -> str:
    if done not in {"cancel", "move", "retry", "bad_date"}:
        return ""
    if f"left_{left}" in WORDS:
        return "done_left"
    return "done_nothing" if done != "bad_date" and not count else f"done_{done}"


@router.post("/messages/{given}/cancel")
def cancel(request: Request, given: str) -> Response:
    """What waits of its notification."""
    notifier = producer_of(request)
    return _back(given, "cancel", notifier.cancel(notifier.locate(given).notification))


@router.post("/messages/{given}/move")
def move(request: Request, given: str, form: Form) -> Response:
    """Give it another date; the browser's field has no zone, so it is that of TIME_ZONE."""
    notifier = producer_of(request)
    try:
        at = datetime.fromisoformat(str(form.get("at", "")))
        return _back(given, "move", notifier.move(notifier.locate(given).notification, at))
    except (ValueError, Invalid):
        return redirect(f"/messages/{_whole(notifier, given)}?done=bad_date")


@router.post("/messages/{given}/retry")
def retry(request: Request, given: str) -> Response:
    """Queue it again."""
    notifier = producer_of(request)
    return _back(given, "retry", notifier.retry(_whole(notifier, given), by=person_of(request).name))


def _whole(notifier: Notifier, given: str) -> UUID:
    found = notifier.locate(given)
    return found.message or found.notification


def _back(given: str, done: str, decision: Decision) -> Response:
    left = "" if decision.moved else "".join(next(iter(decision.left), "").split())
    return redirect(f"/messages/{given}?done={done}&count={decision.moved}" + (f"&left={left}" if left else ""))
