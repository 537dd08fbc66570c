"""Questions about the past: what a notification came to, and what all of them did; reads only."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from difflib import get_close_matches
from typing import Any, Literal
from uuid import UUID

from sqlalchemy import Select, func, literal_column, select
from sqlalchemy.engine import RowMapping
from sqlalchemy.orm import InstrumentedAttribute, Session, aliased

from worker.errors import NotFound
from worker.evidence import Evidence
from worker.ledger.opt_out import PURPOSE
from worker.lifecycle import FINAL, Lane, Status
from worker.models import Heartbeat, Message, Notification, Pause, Request, Trouble

By = Literal["status", "campaign", "day"]

NAMES_MOST = 10_000  # of campaigns or sources that are compared with a misspelt one
# The rows that the index of this column has: a source that never gave a reference is not offered.
NAMED = {"campaign": Notification.campaign.is_not(None), "source": Notification.reference.is_not(None)}


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """Where a notification stands: how many of its messages are in which status."""

    id: UUID
    reference: str | None
    source: str
    campaign: str | None
    kind: str
    statuses: Mapping[Status, int]

    @property
    def final(self) -> bool:
        """Nothing will change any more, unless a person asks for it."""
        return all(status in FINAL for status in self.statuses)


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One line of a report: a status, campaign or day, and how many messages of it are in which status."""

    key: str
    statuses: Mapping[Status, int]

    @property
    def total(self) -> int:
        return sum(self.statuses.values())


def find(session: Session, *, reference: str, source: str | None = None) -> UUID:
    """The id of the notification with this reference. Raises NotFound, also where several sources used it."""
    query = select(Notification.id, Notification.source).where(Notification.reference == reference)
    if source is not None:
        query = query.where(Notification.source == source)
    found = session.execute(query).all()
    if len(found) > 1:
        sources = ", ".join(sorted(repr(row.source) for row in found))
        raise NotFound(f"reference {reference!r} is used by several sources ({sources}): name one with --source")
    if not found:
        raise NotFound(f"no notification has the reference {reference!r}: check its spelling and its source")
    id_: UUID = found[0].id
    return id_


def standing(session: Session, notification_id: UUID) -> Standing:
    """Where it stands. Raises NotFound."""
    row = _notification(session, notification_id)
    return Standing(
        id=row.id,
        reference=row.reference,
        source=row.source,
        campaign=row.campaign,
        kind=row.kind,
        statuses=statuses_of(session, [notification_id]),
    )


def statuses_of(session: Session, ids: Sequence[UUID]) -> dict[Status, int]:
    """How many messages of these notifications are in which status."""
    counted = select(Message.status, func.count()).where(Message.notification_id.in_(ids)).group_by(Message.status)
    return {Status(status): count for status, count in session.execute(counted)}


def whole(session: Session, notification_id: UUID) -> dict[str, Any]:
    """All there is to tell about a notification: its messages, and the requests made for each. Raises NotFound."""
    row = _notification(session, notification_id)
    messages = session.scalars(
        select(Message).where(Message.notification_id == notification_id).order_by(Message.id)
    ).all()
    requests = _requests(session, messages)
    return {
        "id": str(row.id),
        "reference": row.reference,
        "source": row.source,
        "campaign": row.campaign,
        "kind": row.kind,
        "purpose": _purpose(session, notification_id),
        "created_at": row.created_at,
        "send_date": row.send_date,
        "hand_over": row.hand_over,
        "expires_at": row.expires_at,
        "messages": [_message(message, requests) for message in messages],
    }


def _purpose(session: Session, notification_id: UUID) -> str | None:
    n = aliased(Notification, name="n")
    return session.scalar(select(literal_column(PURPOSE)).where(n.id == notification_id))


def _notification(session: Session, notification_id: UUID) -> Notification:
    row = session.get(Notification, notification_id)
    if row is None:
        raise NotFound(f"no notification has the id {notification_id}: check it, or look for its reference")
    return row


Requests = Mapping[UUID | str, Sequence[Request]]  # by message, or by the RequestId or SMSID that many share


def _requests(session: Session, messages: Sequence[Message]) -> Requests:
    """Those made for one of these messages alone, and those made for many at once that share an id with them."""
    ids = [message.id for message in messages]
    found = list(session.scalars(select(Request).where(Request.message_id.in_(ids)))) if ids else []
    if shared := {id_ for message in messages for id_ in _shared_ids(message)}:
        of_many = select(Request).where(Request.message_id.is_(None))
        found += session.scalars(of_many.where(Request.request_id.in_(shared)))
        found += session.scalars(of_many.where(Request.request_id.is_(None), Request.sms_id.in_(shared)))
    by_key: dict[UUID | str, list[Request]] = defaultdict(list)
    for row in found:
        by_key[row.message_id or row.request_id or row.sms_id or ""].append(row)
    return by_key


def _shared_ids(message: Message) -> set[str]:
    """By which its requests are known that were made for many at once, of this attempt and of those that are over."""
    ids = (message.request_id, message.sms_id, *(message.earlier_ids or ())) if message.grouped else ()
    return {id_ for id_ in ids if id_}


def _message(message: Message, requests: Requests) -> dict[str, Any]:
    keys: list[UUID | str] = [message.id, *_shared_ids(message)]
    rows = [row for key in keys for row in requests.get(key, ())]
    return {
        "id": str(message.id),
        "phone": message.phone,
        "status": message.status,
        "lane": message.lane,
        "sms_id": message.sms_id,
        "request_id": message.request_id,
        "attempts": message.attempts,
        "code": message.code,
        "reason": message.reason,
        "due_at": message.due_at,
        "accepted_at": message.accepted_at,
        "settled_at": message.settled_at,
        "network": message.network,
        "requests": [_request(row) for row in sorted(rows, key=lambda row: row.id)],
    }


def _request(row: Request) -> dict[str, Any]:
    return {
        "function": row.function,
        "at": row.at,
        "seconds": round(row.seconds, 3),
        "http_status": row.http_status,
        "code": row.code,
        "outcome": row.outcome,
    }


def report(
    session: Session,
    by: By,
    *,
    since: datetime | None = None,
    until: datetime | None = None,
    campaign: str | None = None,
    source: str | None = None,
    time_zone: str = "Asia/Ho_Chi_Minh",
) -> list[Line]:
    """How many messages are in which status: by status, by campaign, or by day of enqueueing in `time_zone`."""
    key = {
        "status": Message.status,
        "campaign": func.coalesce(Notification.campaign, ""),
        "day": func.to_char(func.timezone(time_zone, Message.created_at), "YYYY-MM-DD"),
    }[by]
    query = _within(select(key.label("key"), Message.status, func.count().label("messages")), since, until)
    if campaign is not None:
        query = query.where(Notification.campaign == campaign)
    if source is not None:
        query = query.where(Notification.source == source)
    rows = session.execute(query.group_by("key", Message.status)).mappings()
    return _lines(rows)


def around(
    session: Session, *, since: datetime | None, until: datetime | None, campaign: str | None, source: str | None
) -> tuple[datetime | None, datetime | None]:
    """Where nothing matches: when others were enqueued last before `since`, and next from `until` on.

    Raises NotFound for a campaign or source that nothing has, with the nearest ones.
    """
    for column, name in ((Notification.campaign, campaign), (Notification.source, source)):
        if name is not None and session.scalar(select(Notification.id).where(column == name).limit(1)) is None:
            raise NotFound(f"no message has the {column.key} {name!r}: {_nearest(session, column, name)}")
    at = Notification.created_at
    return (
        session.scalar(select(func.max(at)).where(at < since)) if since else None,
        session.scalar(select(func.min(at)).where(at >= until)) if until else None,
    )


def _nearest(session: Session, column: InstrumentedAttribute[Any], name: str) -> str:
    near = get_close_matches(name, _names(session, column), n=3, cutoff=0.4)
    return f"did you mean {' or '.join(map(repr, near))}?" if near else "check its spelling"


def _names(session: Session, column: InstrumentedAttribute[Any]) -> Sequence[str]:
    """The names that stand in this column, from one to the next by its index and not row by row."""
    following = select(func.min(column)).where(NAMED[column.key])
    names = select(following.scalar_subquery().label("name")).cte(recursive=True)
    names = names.union_all(
        select(following.where(column > names.c.name).scalar_subquery()).where(names.c.name.is_not(None))
    )
    return session.scalars(select(names.c.name).where(names.c.name.is_not(None)).limit(NAMES_MOST)).all()


def _within(
    query: Select[*tuple[Any, ...]], since: datetime | None, until: datetime | None
) -> Select[*tuple[Any, ...]]:
    query = query.select_from(Message).join(Notification, Notification.id == Message.notification_id)
    if since is not None:
        query = query.where(Message.created_at >= since)
    if until is not None:
        query = query.where(Message.created_at < until)
    return query


def _lines(rows: Any) -> list[Line]:
    lines: dict[str, dict[Status, int]] = {}
    row: RowMapping
    for row in rows:
        lines.setdefault(row["key"], {})[Status(row["status"])] = row["messages"]
    return [Line(key=key, statuses=statuses) for key, statuses in sorted(lines.items())]


def held(session: Session, *, most: int = 1000) -> list[dict[str, Any]]:
    """What waits for a person's decision, the oldest first."""
    query = (
        select(Message, Notification)
        .join(Notification, Notification.id == Message.notification_id)
        .where(Message.status == Status.HELD.value)
        .order_by(Message.id)
        .limit(most)
    )
    return [
        {
            "id": str(message.id),
            "notification": str(notification.id),
            "reference": notification.reference,
            "kind": notification.kind,
            "phone": message.phone,
            "since": message.in_doubt_since,
            "reason": message.reason,
        }
        for message, notification in session.execute(query)
    ]


def pauses(session: Session) -> list[dict[str, Any]]:
    """The lanes and campaigns that are held back now."""
    query = select(Pause).where(Pause.lifted_at.is_(None)).order_by(Pause.since)
    return [
        {
            "lane": row.lane,
            "campaign": row.campaign,
            "code": row.code,
            "reason": row.reason,
            "since": row.since,
            "probe_at": row.probe_at,
        }
        for row in session.scalars(query)
    ]


def seconds_since_beat(session: Session) -> float | None:
    """How long ago beat last ticked and a worker heard it, by the database's clock; None: never."""
    query = select(func.extract("epoch", func.now() - Heartbeat.at)).where(Heartbeat.name == "beat")
    found = session.scalar(query)
    return None if found is None else float(found)


def troubles(session: Session) -> list[str]:
    """The steps of the upkeep that fail, each with its error and since when."""
    query = select(Trouble).order_by(Trouble.since)
    return [f"{row.name} (since {row.since:%Y-%m-%d %H:%M} UTC): {row.error}" for row in session.scalars(query)]


def was_seen(session: Session, name: str) -> bool:
    """Has this part ever been at work here?"""
    return session.get(Heartbeat, name) is not None


def is_used(session: Session) -> bool:
    """Does the ledger hold anything?"""
    return session.scalar(select(Notification.id).limit(1)) is not None


def calls_nobody_knows(session: Session) -> int:
    """How many calls eSMS took and for a day has answered all questions about with code 105; a thousand at most."""
    day_ago = func.now() - timedelta(days=1)
    silent = select(Message.id).where(
        Message.status == Status.ACCEPTED.value,
        Message.lane == Lane.VOICE.value,
        Message.accepted_at <= day_ago,
        Message.heard == Evidence.NO_SUCH_ID.name,
        Message.heard_since <= day_ago,
    )
    return session.scalar(select(func.count()).select_from(silent.limit(1000).subquery())) or 0
