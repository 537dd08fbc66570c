"""What is named, by whom, and the bell that rings once the caller's transaction commits."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any
from uuid import UUID

from sqlalchemy import event

from worker.bell import Bell
from worker.errors import Invalid, NotFound
from worker.lifecycle import Lane

if TYPE_CHECKING:
    from sqlalchemy.orm import Session  # a command that only asks does without it

    from worker.intake import Enqueue

BY_A_PERSON = "paused by a person"
BY_DEFAULT = "a person"  # who asked, where nobody says


@dataclass(frozen=True, slots=True)
class Campaign:
    """All notifications with this label."""

    name: str


Which = UUID | Campaign


def id_of(given: UUID | str) -> UUID:
    """An id as a program or a person gives it. Raises NotFound."""
    try:
        return given if isinstance(given, UUID) else UUID(given)
    except (ValueError, AttributeError, TypeError):
        raise NotFound(f"{given!r} is no id: give one that `enqueue` returned or `send` printed") from None


def refuse_undocumented(codes: Iterable[str]) -> None:
    """Raises Invalid for a code that eSMS does not have."""
    from worker.catalogue.codes import is_documented  # it loads the client: not for who only enqueues

    for code in codes:
        if not is_documented(code):
            raise Invalid("code", f"{code!r} is none that eSMS documents", "see docs/codes.md, or leave it out")


def in_the_name_of(source: str | None, wanted: Iterable[Enqueue]) -> Iterable[Enqueue]:
    """Let these be this source's; None: each as it says. Raises Invalid where one names another."""
    if source is None:
        return wanted
    return (_named(source, place, item) for place, item in enumerate(wanted))


def each_in_the_name_of(source: str | None, wanted: Iterable[Enqueue | Invalid]) -> Iterator[Enqueue | Invalid]:
    """The same, where one that names another is told in its place and stops none of the others."""
    for place, item in enumerate(wanted):
        try:
            yield item if source is None or isinstance(item, Invalid) else _named(source, place, item)
        except Invalid as error:
            yield error.at(None)


def _named(source: str, place: int, item: Enqueue) -> Enqueue:
    if item.source not in ("", source):
        remedy = "leave it out, or use a Notifier for that one"
        raise Invalid("source", f"this Notifier is for {source!r} alone", remedy, item=place)
    return item if item.source == source else replace(item, source=source)


def ring_once_committed(connection: Any, ring: Callable[[], None]) -> None:
    """Where a connection tells of its commit: Django's does in `atomic`; what comes by others is found by beat."""
    if getattr(connection, "in_atomic_block", False):
        connection.on_commit(ring)


class RungLater:
    """Rings when a transaction of somebody else's commits, and not at all otherwise."""

    def __init__(self, bell: Bell) -> None:
        self._bell = bell

    def ring(self, session: Session, lanes: set[Lane]) -> None:
        """For these lanes, once this session's transaction is committed."""
        if self not in session.info:  # one listener for all: each would stay until a commit
            session.info[self] = set()
            event.listen(session, "after_commit", self._after_commit)
            event.listen(session, "after_rollback", self._after_rollback)
        session.info[self] |= lanes

    def _after_commit(self, session: Session) -> None:
        if not session.in_nested_transaction():  # SQLAlchemy tells of savepoints too
            lanes, session.info[self] = session.info[self], set()
            self._bell.ring(lanes)

    def _after_rollback(self, session: Session) -> None:
        session.info[self] = set()
