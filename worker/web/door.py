"""What the routes stand on: one producer for each source, and what a token's holder may see of another's."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from fastapi import Request

from worker.api.notifier import Notifier
from worker.api.tokens import TokenRow
from worker.errors import NotFound
from worker.intake import Enqueue
from worker.web.gathering import Gathering, TicketOrError
from worker.web.problems import Problem


class Door:
    """One for the process."""

    def __init__(self, notifier: Notifier) -> None:
        self.notifier = notifier
        self.gathering = Gathering(self._store)

    def _store(self, items: Sequence[Enqueue]) -> Sequence[TicketOrError]:
        return self.notifier.enqueue_each(items)


def door_of(request: Request) -> Door:
    """The process's."""
    door: Door = request.app.state.door
    return door


def producer_of(request: Request) -> Notifier:
    """The process's producer; it knows no sources, so what it is asked for must be the holder's own."""
    return door_of(request).notifier


def own(producer: Notifier, holder: TokenRow, given: str) -> UUID:
    """The notification that an id or its beginning names, if it is the holder's. Raises NotFound, also if it is not."""
    found = producer.locate(given, source=holder.source).notification
    if holder.source is not None and producer.status(found).source != holder.source:
        raise NotFound(f"{given!r} names nothing here: give an id that was answered, whole")
    return found


def for_all_sources(holder: TokenRow) -> None:
    """A label may be on notifications of many sources. Raises Problem for a holder who is bound to one."""
    if holder.source is not None:
        raise Problem("forbidden", "campaigns are decided about with a token of all sources")


def source_for(holder: TokenRow, given: object) -> str:
    """The source that a request counts for: the token's own, which a field can only repeat. Raises Problem."""
    if holder.source is None:
        return given if isinstance(given, str) else ""
    if given not in (None, "", holder.source):
        raise Problem("forbidden", f"this token is of the source {holder.source!r}: leave the field out", "/source")
    return holder.source
