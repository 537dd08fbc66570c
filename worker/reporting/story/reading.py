"""What is on record about some messages: each a few rows by an index, however many there are of others."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any
from uuid import UUID

from sqlalchemy import Row, and_, func, or_, select

from worker.catalogue.waits import Why
from worker.lifecycle import Status
from worker.reporting.attempts import attempts_over
from worker.reporting.story.promises import Successor, promises_of, reached_before, successors_of
from worker.reporting.tables import Message, Notification, OptOut, Pause
from worker.reporting.waiting import Surroundings
from worker.reporting.whole import rows_of_requests

if TYPE_CHECKING:
    from worker.database import Reader

MOST = 20  # messages that are told at once: the newest to a number, those of a notification that did not arrive first

AnyRow = Row[*tuple[Any, ...]]
# Of many recipients those are told first that somebody asks about.
_TROUBLE_FIRST = Message.status.in_([Status.DELIVERED.value, Status.SANDBOXED.value])


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """One message: its rows, what held it back, and why it waits now if it does. at: now, by the database's clock."""

    message: AnyRow
    notification: AnyRow
    requests: Sequence[AnyRow]
    over: Sequence[AnyRow]  # its attempts that another one followed
    pauses: Sequence[AnyRow]
    opted_out_since: datetime | None
    why: Why | None
    promise: AnyRow | None  # of what may follow by itself
    successors: Sequence[Successor]  # what came in its place, one after the other
    reached: AnyRow | None  # the one in whose place it went, where that arrived after all
    at: datetime


def facts_of(session: Reader, notification_id: UUID, message_id: UUID | None = None) -> tuple[list[Facts], int]:
    """The facts of a notification's messages, or of one of them; and how many others it has."""
    query = select(*Message).where(Message.notification_id == notification_id)
    if message_id is not None:
        query = query.where(Message.id == message_id)
    rows = session.execute(query.order_by(_TROUBLE_FIRST, Message.id).limit(MOST)).all()
    count = select(func.count()).where(Message.notification_id == notification_id)
    others = 0 if len(rows) < MOST else session.execute(count).scalar_one() - len(rows)
    return _facts(session, rows), others


def facts_to(session: Reader, numbers: Sequence[str], since: datetime) -> list[Facts]:
    """The facts of the newest messages to this number that were handed over since then, the newest first.

    numbers: it in E.164, and how it stands where it is hidden.
    """
    query = select(*Message).where(Message.phone.in_(numbers), Message.created_at >= since)
    return _facts(session, session.execute(query.order_by(Message.created_at.desc()).limit(MOST)).all())


def _facts(session: Reader, messages: Sequence[AnyRow]) -> list[Facts]:
    if not messages:
        return []
    notifications = _notifications(session, {row.notification_id for row in messages})
    requests, around = rows_of_requests(session, messages), Surroundings.of(session)
    over, promises = attempts_over(session, messages), promises_of(session, messages)
    successors, reached = successors_of(session, messages), reached_before(session, messages)
    pauses, unwilling = _pauses(session, messages, notifications), _opted_out(session, {row.phone for row in messages})
    return [
        Facts(
            message=row,
            notification=(of := notifications[row.notification_id]),
            requests=requests[row.id],
            over=over.get(row.id, ()),
            pauses=[each for each in pauses if each.lane == row.lane or _holds(each, of)],
            opted_out_since=unwilling.get(row.phone),
            why=around.why(row, of.source, of.campaign),
            promise=promises.get(row.id),
            successors=successors[row.id],
            reached=reached.get(row.id),
            at=around.at,
        )
        for row in messages
    ]


def _notifications(session: Reader, ids: set[UUID]) -> Mapping[UUID, AnyRow]:
    return {row.id: row for row in session.execute(select(*Notification).where(Notification.id.in_(ids)))}


def _holds(pause: AnyRow, of: AnyRow) -> bool:
    return pause.campaign == (of.campaign or "") and pause.source in (None, of.source)


def _pauses(session: Reader, messages: Sequence[AnyRow], notifications: Mapping[UUID, AnyRow]) -> Sequence[AnyRow]:
    """Those of their lanes and campaigns that were there since the first of them was."""
    lanes = {row.lane for row in messages}
    campaigns = {row.campaign for row in notifications.values() if row.campaign}
    over = or_(Pause.lifted_at.is_(None), Pause.lifted_at > min(row.created_at for row in messages))
    theirs = or_(Pause.lane.in_(lanes), and_(Pause.campaign.is_not(None), Pause.campaign.in_(campaigns)))
    return session.execute(select(*Pause).where(over, theirs).order_by(Pause.since)).all()


def _opted_out(session: Reader, phones: set[str]) -> Mapping[str, datetime]:
    found = session.execute(select(*OptOut).where(OptOut.phone.in_(phones)))
    return {row.phone: row.since for row in found}
