"""Which notification, or which message, a person means: by an id or its beginning, a reference, or a number.

A beginning is a range of the primary key, so it costs the same at any number of rows. Ids begin with the time: what is
stored in one minute begins alike, and a notification begins as its first messages do, so the notification comes first.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from string import hexdigits
from typing import TYPE_CHECKING
from uuid import UUID

from sqlalchemy import ColumnClause, ColumnElement, literal_column, select

from worker.errors import NotFound
from worker.lifecycle import Status
from worker.phone import e164_of
from worker.reporting.standing import referenced
from worker.reporting.tables import Inbox, Message, Notification

if TYPE_CHECKING:
    from worker.database import Reader

SHORTEST = 8  # characters of a beginning, as tables show them
LOOKED_AT = 1000  # messages that begin alike; where there are more, the beginning says too little


@dataclass(frozen=True, slots=True, kw_only=True)
class Located:
    """The notification that a text names, and the message where it names one of those."""

    notification: UUID
    message: UUID | None = None


def locate(session: Reader, given: str, *, source: str | None = None, numbers: bool = False) -> Located:
    """What the text names: an id or its beginning, a reference (of this source), or if `numbers` a number's last one.

    Raises NotFound, also where it names several.
    """
    found = by_id(session, given) | _by_reference(session, given, source)
    if not found and numbers:
        found = _by_number(session, given)
    return _only(found, given)


def locate_held(session: Reader, given: str) -> UUID:
    """The id of the held message that the text names: by its id or its beginning, or by its number.

    An id that is whole need not be held (any more). Raises NotFound, also where it names several.
    """
    if (whole := _whole(given)) and session.scalar(select(Message.id).where(Message.id == whole)):
        return whole
    ways = [_between(column, given) for column in (Message.id, Message.notification_id)]
    ways.append(Message.notification_id.in_([row.id for row in referenced(session, given)]))
    ways.append(None if (phone := e164_of(given)) is None else Message.phone == phone)
    held = select(Message.id).where(Message.status == Status.HELD.value).limit(2)
    for way in ways:
        if way is not None and (ids := session.scalars(held.where(way)).all()):
            if len(ids) > 1:
                raise NotFound(_several(given))
            only: UUID = ids[0]
            return only
    raise NotFound(f"{_quoted(given)} names no held message: `esms-worker held list` shows them")


def locate_refused(session: Reader, given: str) -> UUID:
    """The id of the refused request that the text names: by its id or its beginning, or by its reference.

    Raises NotFound, also where it names several.
    """
    refused = select(Inbox.id).where(Inbox.state == literal_column("'refused'")).limit(2)  # so its index is found
    for way in (_between(Inbox.id, given), Inbox.reference == given):
        if way is not None and (ids := session.scalars(refused.where(way)).all()):
            if len(ids) > 1:
                raise NotFound(_several(given))
            only: UUID = ids[0]
            return only
    raise NotFound(f"{_quoted(given)} names no refused request: `esms-worker refused list` shows them")


def shortened(ids: Collection[UUID]) -> dict[UUID, str]:
    """Beginnings that tell these ids apart, all of one length, eight characters or more."""
    texts = [str(id_) for id_ in ids]
    length = next(n for n in range(SHORTEST, 37) if n == 36 or len({each[:n] for each in texts}) == len(set(texts)))
    return {id_: str(id_)[:length].rstrip("-") for id_ in ids}


def by_id(session: Reader, given: str) -> set[Located]:
    """What has this id, or begins so. Raises NotFound where that are too many to tell."""
    if (notifications := _between(Notification.id, given)) is None:
        return set()
    found = {
        Located(notification=id_) for id_ in session.scalars(select(Notification.id).where(notifications).limit(2))
    }
    known = {each.notification for each in found}
    within = _between(Message.id, given)
    assert within is not None
    rows = session.execute(select(Message.notification_id, Message.id).where(within).limit(LOOKED_AT)).all()
    others = {Located(notification=of, message=id_) for of, id_ in rows if of not in known}
    if len(rows) == LOOKED_AT and _whole(given) is None:
        raise NotFound(_several(given))
    return found | others


def _by_reference(session: Reader, given: str, source: str | None) -> set[Located]:
    return {Located(notification=row.id) for row in referenced(session, given, source)}


def _by_number(session: Reader, given: str) -> set[Located]:
    """The last message to it."""
    if (phone := e164_of(given)) is None:
        return set()
    ids = select(Message.notification_id, Message.id).where(Message.phone == phone)
    last = ids.order_by(Message.created_at.desc(), Message.id.desc()).limit(1)
    return {Located(notification=of, message=id_) for of, id_ in session.execute(last)}


def _only(found: set[Located], given: str) -> Located:
    if len(found) == 1:
        return found.pop()
    if found:
        raise NotFound(_several(given))
    if _whole(given) is not None:
        raise NotFound(f"no notification has the id {given}, and no message: check it, or look for its reference")
    raise NotFound(
        f"{_quoted(given)} is no id of anything here, nor the beginning of one ({SHORTEST} characters or more), "
        "nor a reference: check its spelling"
    )


def _several(given: str) -> str:
    return f"{_quoted(given)} names more than one: give more of the id (--json prints it whole), or the --source"


def _quoted(given: str) -> str:
    return "this number" if e164_of(given) else repr(given)  # people's numbers are in no exception


def _whole(given: str) -> UUID | None:
    try:
        return UUID(given)
    except ValueError:
        return None


def _between(column: ColumnClause[UUID], given: str) -> ColumnElement[bool] | None:
    """The ids that begin so; None where no id could."""
    if (digits := _digits(given)) is None:
        return None
    return column.between(UUID(digits.ljust(32, "0")), UUID(digits.ljust(32, "f")))


def _digits(given: str) -> str | None:
    digits = given.strip().replace("-", "").lower()
    return digits if SHORTEST <= len(digits) <= 32 and not set(digits) - set(hexdigits) else None
