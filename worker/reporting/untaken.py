"""Requests that came by task or by SQL and were refused, one by one and counted."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from dataclasses import field as dataclass_field
from datetime import date, datetime
from itertools import islice
from typing import TYPE_CHECKING, Any
from uuid import UUID

from sqlalchemy import ColumnElement, Date, String, cast, func, literal_column, select, text, tuple_

from worker.phone import PhoneError, parse
from worker.reporting.cursors import cursor_of, place_of
from worker.reporting.tables import Inbox

if TYPE_CHECKING:
    from worker.database import Reader

_EACH = (
    Inbox.id, Inbox.at, Inbox.door, Inbox.kind, Inbox.source, Inbox.reference, Inbox.field, Inbox.reason, Inbox.fields
)  # fmt: skip
_WHY = (Inbox.source, Inbox.door, Inbox.kind, Inbox.field, Inbox.reason)
LOOKED_THROUGH = 20_000  # refused requests, the last ones, for a number: no index has those
_REFUSED = Inbox.state == literal_column("'refused'")  # written out: an index holds these alone
_WITHIN_A_DAY = text("""
    SELECT count(*) FROM (
        SELECT FROM inbox WHERE state = 'refused' AND at > now() - interval '1 day' LIMIT :most
    ) AS r
""")


@dataclass(frozen=True, slots=True, kw_only=True)
class RefusedRequest:
    """One request that could not be taken."""

    id: UUID
    at: datetime
    door: str
    """task or sql."""
    kind: str
    source: str
    reference: str | None
    """Of a task that brought none: task: and its id."""
    field: str | None
    """Which is wrong."""
    reason: str
    """What is wrong with it, and what to do."""
    fields: Mapping[str, Any] = dataclass_field(repr=False)
    """What is kept of it: no texts, unless WORKER_REFUSED_WHOLE is set."""


@dataclass(frozen=True, slots=True)
class RefusedPage:
    """Some of them, and where the next page begins; None: there is none."""

    requests: Sequence[RefusedRequest]
    next: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class RefusedCount:
    """How many of a day were refused for one reason."""

    day: date
    source: str
    door: str
    kind: str
    field: str | None
    reason: str
    requests: int


def refused_requests(
    session: Reader, *, source: str | None, since: datetime | None, after: str | None, most: int
) -> RefusedPage:
    """The last ones first. after: `next` of the page before; raises Invalid for one that is none."""
    which = _which(source, since)
    if after is not None:
        which.append(tuple_(Inbox.at, Inbox.id) < place_of(after, datetime.fromisoformat))
    query = select(*_EACH).where(*which).order_by(Inbox.at.desc(), Inbox.id.desc()).limit(most + 1)
    found = [RefusedRequest(**row) for row in session.execute(query).mappings()]
    last = found[:most][-1:] if len(found) > most else []
    return RefusedPage(found[:most], next((cursor_of((each.at, each.id)) for each in last), None))


def refused_one(session: Reader, id_: UUID) -> RefusedRequest | None:
    """This one; None: it is not refused (any more)."""
    row = session.execute(select(*_EACH).where(_REFUSED, Inbox.id == id_)).mappings().first()
    return None if row is None else RefusedRequest(**row)


def refused_within_a_day(session: Reader, *, most: int) -> int:
    """How many, up to `most`."""
    return int(session.execute(_WITHIN_A_DAY, {"most": most}).scalar_one())


def refused_of(session: Reader, *, reference: str, source: str) -> RefusedRequest | None:
    """The last one with this reference."""
    query = select(*_EACH).where(*_which(source, None), Inbox.reference == reference).order_by(Inbox.at.desc())
    row = session.execute(query.limit(1)).mappings().first()
    return None if row is None else RefusedRequest(**row)


def any_refused(session: Reader, reference: str, source: str | None) -> bool:
    """Was a request with this reference (of this source) refused?"""
    query = select(Inbox.id).where(*_which(source, None), Inbox.reference == reference).limit(1)
    return session.execute(query).first() is not None


def refused_to(session: Reader, phone: str, *, since: datetime, most: int = 20) -> list[RefusedRequest]:
    """The last ones since then that name this number (E.164), however it was written."""
    last = select(*_EACH).where(*_which(None, since)).order_by(Inbox.at.desc(), Inbox.id.desc()).limit(LOOKED_THROUGH)
    each = last.subquery()
    to = func.jsonb_extract_path_text(each.c.fields, literal_column("'to'"))
    digits = func.regexp_replace(to, r"\D", "", "g", type_=String)
    rows = session.execute(select(each).where(digits.contains(phone[3:])).order_by(each.c.at.desc())).mappings()
    found = (RefusedRequest(**row) for row in rows)
    return list(islice((one for one in found if phone in _numbers(one.fields.get("to"))), most))


def _numbers(to: Any) -> set[str]:
    """Those that can be read, of whatever stood there."""
    found = set()
    for each in to if isinstance(to, list) else [to]:
        with suppress(PhoneError):  # what is no text is none, too
            found.add(parse(each, for_sms=False).e164)
    return found


def refused_counts(
    session: Reader, zone: str, *, source: str | None, since: datetime | None, until: datetime | None
) -> list[RefusedCount]:
    """How many were refused, by day of this zone, the last day first. since is in, until is not."""
    day, requests = cast(func.timezone(zone, Inbox.at), Date).label("day"), func.count().label("requests")
    query = select(day, *_WHY, requests).where(*_which(source, since)).group_by(day, *_WHY)
    query = query.where(Inbox.at < until) if until else query
    rows = session.execute(query.order_by(day.desc(), requests.desc(), *_WHY)).mappings()
    return [RefusedCount(**row) for row in rows]


def _which(source: str | None, since: datetime | None) -> list[ColumnElement[bool]]:
    which: list[ColumnElement[bool]] = [_REFUSED]
    if source is not None:
        which.append(Inbox.source == source)
    return [*which, Inbox.at >= since] if since else which
