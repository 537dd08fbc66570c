"""What the task `worker.status` answers: where a request stands, or why it was refused. No number and no text."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from worker.api.notifier import Notifier
from worker.checks import known_fields, label, label_or_none
from worker.errors import NotFound
from worker.lifecycle import Status
from worker.reporting import MessageShown, NotificationShown, PlaceShown, RefusedRequest

FIELDS = ("reference", "source")


def answer(notifier: Notifier, fields: Mapping[str, Any]) -> dict[str, Any]:
    """fields: `reference`, and `source` where it had one. Raises Invalid, NotFound, Unavailable."""
    known_fields(fields, FIELDS, "is no field of a question")
    reference = label("reference", fields.get("reference"))
    source = label_or_none("source", fields.get("source")) or ""
    try:
        return _told(notifier.show(notifier.find(reference, source)))
    except NotFound:
        if (refused := notifier.refused.last_of(reference, source)) is None:
            raise
        return _refused(refused)


def _told(shown: NotificationShown) -> dict[str, Any]:
    messages = [_message(each) for each in shown.messages]
    return {"id": str(shown.id), "reference": shown.reference, "source": shown.source, "messages": messages}


def _message(each: MessageShown) -> dict[str, Any]:
    """It was corrected, or another channel took over: where what went in its place stands is told with it."""
    told = {"id": str(each.id), "status": str(Status(each.status)), "code": each.code, "reason": each.reason}
    places = {name: str(id_) if (id_ := getattr(each, name)) else None for name in ("replaces", "replaced_by")}
    return told | places | {"chain": [_place(place) for place in each.chain]}


def _place(place: PlaceShown) -> dict[str, Any]:
    ids = {"message": str(place.message), "notification": str(place.notification), "kind": place.kind}
    return ids | {"status": str(Status(place.status)), "code": place.code, "is_counted": place.is_counted}


def _refused(refused: RefusedRequest) -> dict[str, Any]:
    told = {"field": refused.field, "reason": refused.reason, "at": refused.at.isoformat()}
    return {"id": None, "reference": refused.reference, "source": refused.source, "messages": [], "refused": told}
