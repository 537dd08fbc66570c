"""What is known of a message that was held without a need, in a few lines: the ledger's own story of it.

A finding is often a matter of load, and does not come again when somebody looks: it explains itself or stays a riddle.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import Row, text
from sqlalchemy.orm import Session

MOST = 3  # that are explained: the others are like them, most often
LINES_MOST = 30  # of each

_MESSAGES = text("""
    SELECT m.id, m.created_at, m.lane, m.grouped, m.attempts, m.rescues, m.asked, m.polls, m.request_id, m.reason,
        m.heard, m.heard_since, m.in_doubt_since
    FROM message AS m WHERE m.id = ANY(:ids) ORDER BY m.id
""")

_STATUSES = text("SELECT at, was, status FROM settlement WHERE message_id = :id ORDER BY at, id")

# A look's row has the request's id and its message's; of a send to many it has the request's alone.
_REQUESTS = text("""
    SELECT at, seconds, function, attempt, http_status, code, outcome FROM request
    WHERE message_id = :id OR (message_id IS NULL AND request_id = :request_id)
    ORDER BY id
""")


def explained(session: Session, ids: Sequence[UUID]) -> Iterator[str]:
    """A few of these, each in some lines: what stands in its row, what became of it when, what eSMS was asked."""
    for message in session.execute(_MESSAGES, {"ids": sorted(ids)[:MOST]}):
        yield from _story(session, message)


def _story(session: Session, message: Row[Any]) -> Iterator[str]:
    yield f"{message.id} in {message.lane}: {', '.join(_stands(message))}"
    which = {"id": message.id, "request_id": message.request_id}
    told = [*map(_status, session.execute(_STATUSES, which)), *map(_request, session.execute(_REQUESTS, which))]
    for at, what in sorted(told)[:LINES_MOST]:
        yield f"  {(at - message.created_at).total_seconds():7.2f} s: {what}"


def _stands(message: Row[Any]) -> Iterator[str]:
    for name in ("grouped", "attempts", "rescues", "asked", "polls", "heard", "reason"):
        if value := getattr(message, name):
            yield f"{name} {value}"
    for name in ("heard_since", "in_doubt_since"):
        if moment := getattr(message, name):
            yield f"{name} {(moment - message.created_at).total_seconds():.2f} s"


def _status(row: Row[Any]) -> tuple[Any, str]:
    return row.at, f"{row.was or 'new'} -> {row.status}"


def _request(row: Row[Any]) -> tuple[Any, str]:
    attempt = f" of attempt {row.attempt}" if row.attempt else ""
    return row.at, f"{row.function}{attempt}, {row.seconds:.2f} s: {row.http_status}, code {row.code}, {row.outcome}"
