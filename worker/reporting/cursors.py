"""Where a page ended, as a word that a program hands back to get the next one."""

from __future__ import annotations

from base64 import urlsafe_b64decode, urlsafe_b64encode
from datetime import datetime
from typing import TYPE_CHECKING, Any
from uuid import UUID

from worker.errors import Invalid

if TYPE_CHECKING:
    from collections.abc import Callable

Place = tuple[UUID | datetime, UUID]


def cursor_of(place: Place) -> str:
    """The cursor that stands for the last row of a page."""
    first, last = place
    return urlsafe_b64encode(f"{first.isoformat() if isinstance(first, datetime) else first} {last}".encode()).decode()


def place_of(cursor: str, first: Callable[[str], Any]) -> Any:
    """The place that it stands for. first: reads its first part. Raises Invalid for what is no such cursor."""
    try:
        begin, last = urlsafe_b64decode(cursor).decode().split(" ")
        return first(begin), UUID(last)
    except ValueError:
        raise Invalid("cursor", "is none that we gave", "give `next` of the page before, or leave it out") from None
