"""What the task `worker.status` answers: where a request stands, or why it was refused. No number and no text."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from worker.api.notifier import Notifier
from worker.checks import known_fields, label, label_or_none
from worker.errors import NotFound
from worker.lifecycle import Status
from worker.reporting import NotificationShown, RefusedRequest

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
    messages = [
        {"id": str(each.id), "status": str(Status(each.status)), "code": each.code, "reason": each.reason}
        for each in shown.messages
    ]
    return {"id": str(shown.id), "reference": shown.reference, "source": shown.source, "messages": messages}


def _refused(refused: RefusedRequest) -> dict[str, Any]:
    told = {"field": refused.field, "reason": refused.reason, "at": refused.at.isoformat()}
    return {"id": None, "reference": refused.reference, "source": refused.source, "messages": [], "refused": told}
