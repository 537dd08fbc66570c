"""What the routes stand on: for each source a producer that Postgres keeps to it, whatever a route forgets."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from fastapi import Request

from worker.api.naming import id_of
from worker.api.notifier import Notifier
from worker.api.tokens import TokenRow
from worker.web.gathering import Gathering
from worker.web.problems import Problem


@dataclass(frozen=True, slots=True)
class Entrance:
    """One source's, or that of all: what its requests are done by."""

    notifier: Notifier
    gathering: Gathering


class Door:
    """One for the process."""

    def __init__(self, notifier: Notifier) -> None:
        self.notifier = notifier
        self._entrances: dict[str | None, Entrance] = {}  # as many as tokens have sources

    def of(self, source: str | None) -> Entrance:
        """What whoever has a token of this source stands on; None: of all."""
        if source not in self._entrances:
            notifier = self.notifier if source is None else self.notifier.of_source(source)
            self._entrances.setdefault(source, Entrance(notifier, Gathering(notifier.enqueue_each)))
        return self._entrances[source]


def entrance_for(request: Request, holder: TokenRow) -> Entrance:
    """The holder's."""
    door: Door = request.app.state.door
    return door.of(holder.source)


def producer_for(request: Request, holder: TokenRow) -> Notifier:
    """The holder's: it finds, sees and moves what the holder may, and nothing else."""
    return entrance_for(request, holder).notifier


def producer_of(request: Request) -> Notifier:
    """The process's, which sees every source: for pages, where roles say who may what."""
    notifier: Notifier = request.app.state.door.notifier
    return notifier


def named(producer: Notifier, given: str) -> UUID:
    """The notification of this id, its own or a message's, whole: by a beginning, how many others there are would show.

    Raises NotFound.
    """
    return producer.locate(str(id_of(given))).notification


def source_for(holder: TokenRow, given: object) -> str:
    """The source that a request counts for: the token's own, which a field can only repeat. Raises Problem."""
    if holder.source is None:
        return given if isinstance(given, str) else ""
    if given not in (None, "", holder.source):
        raise Problem("forbidden", f"this token is of the source {holder.source!r}: leave the field out", "/source")
    return holder.source
