"""What was claimed, as values: which messages, by which fence, and what is to be asked of eSMS for them."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any, NamedTuple
from uuid import UUID

from worker.lifecycle import Kind, Lane


# Tuples, as is all that is made for each message: half the time.
class Fence(NamedTuple):
    """Which message, and which of its attempts, a process may write about."""

    id: UUID
    attempt: int


class Claim(NamedTuple):
    """One request to make: for one message, or for the many recipients of an advertising request."""

    fences: tuple[Fence, ...]
    phones: tuple[str, ...]  # E.164
    lane: Lane
    kind: Kind
    request_id: str
    content: str | None
    template_id: str | None
    options: Mapping[str, Any]
    hand_over_at: datetime | None  # the SendDate to give to eSMS
    expires_in: timedelta | None  # counted from the claim
    advertising: bool
    in_doubt: bool  # an earlier try under this RequestId may have been taken
    failures: int  # tries in a row that surely were not taken
    asked: int  # tries in a row whose answer was in doubt
    again_after: float | None = None  # seconds; sooner the rate of its source lets no more out
