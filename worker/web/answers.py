"""What `worker.api` gives back, as JSON."""

from __future__ import annotations

from typing import Any

import orjson
from fastapi import Response

from worker.api.decisions import Decision
from worker.intake import Ticket


def as_json(value: Any, status: int = 200) -> Response:
    """Dataclasses, ids, moments and enums as themselves; written once, not checked again."""
    written = orjson.dumps(value, default=_plain, option=orjson.OPT_NON_STR_KEYS)
    return Response(written, status_code=status, media_type="application/json")


def ticket_out(ticket: Ticket) -> dict[str, Any]:
    """A ticket as TicketOut has it."""
    return {
        "id": str(ticket.id),
        "messages": ticket.messages,
        "repeated": ticket.repeated,
        "duplicates": ticket.duplicates,
        "opted_out": ticket.opted_out,
        "warnings": ticket.warnings,
        "rules": ticket.rules,
    }


def decision_out(decision: Decision) -> dict[str, Any]:
    """A decision as DecisionOut has it."""
    return {"moved": decision.moved, "others": dict(decision.others), "too_late": dict(decision.too_late)}


def cancel_out(decision: Decision) -> dict[str, Any]:
    """What a cancel did, as CancelOut has it."""
    return decision_out(decision) | {"called_off": decision.called_off}


def _plain(value: object) -> Any:
    if isinstance(value, (set, frozenset)):
        return sorted(value)
    return str(value)
