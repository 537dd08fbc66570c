"""All there is to tell about a notification: its messages, and every request made for each."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields, is_dataclass
from datetime import datetime
from functools import cache
from typing import TYPE_CHECKING, Any
from uuid import UUID

from sqlalchemy import select, text

from worker.lifecycle import PURPOSE
from worker.lookups import by_keys
from worker.reporting.attempts import AttemptShown, attempts_of, attempts_over
from worker.reporting.chains import PlaceShown, chains
from worker.reporting.standing import notification
from worker.reporting.tables import AnyRow, Message, Request, among, read
from worker.reporting.waiting import Surroundings, Wait

if TYPE_CHECKING:
    from worker.database import Reader


@dataclass(frozen=True, slots=True, kw_only=True)
class RequestShown:
    """One HTTP call that sent, or that changed something."""

    function: str
    at: datetime
    seconds: float
    http_status: int | None
    code: str | None
    outcome: str


@dataclass(frozen=True, slots=True, kw_only=True)
class MessageShown:
    """One recipient's message, and the requests made for it, in their order. Times in UTC."""

    id: UUID
    phone: str  # E.164
    status: str
    lane: str
    sms_id: str | None
    request_id: str | None
    attempts: int
    code: str | None
    reason: str | None
    due_at: datetime
    accepted_at: datetime | None
    settled_at: datetime | None
    network: str | None
    replaces: UUID | None
    """The message that this one took the place of: it was corrected, or another channel took over."""
    replaced_by: UUID | None
    """And the one that took the place of this."""
    chain: Sequence[PlaceShown]
    """Where there is one of these: all that were sent to the recipient, each in the place of the one before."""
    emptied_at: datetime | None
    """When its number was removed; a keyed hash stands in its place, or nothing."""
    emptied_by: str | None
    """The setting that said so; `person`: whose it was asked for it. Until it is removed, it is not sent any more."""
    wait: Wait | None
    """Why it waits, if it does."""
    history: Sequence[AttemptShown]
    """Each attempt, those that are over too, the last one at the end."""
    requests: Sequence[RequestShown]


@dataclass(frozen=True, slots=True, kw_only=True)
class NotificationShown:
    """What a producer asked for, and what became of each recipient. Times in UTC."""

    id: UUID
    reference: str | None
    source: str
    campaign: str | None
    kind: str
    purpose: str | None
    created_at: datetime
    send_date: datetime | None
    hand_over: bool
    expires_at: datetime | None
    content: str | None
    """The text of an SMS."""
    template_id: str | None
    """Of a call: its template or recording."""
    emptied_at: datetime | None
    """When its text was removed."""
    emptied_by: str | None
    """The setting that said so; `person`: whose it was asked for it."""
    more: UUID | None
    """Where only so many messages were asked for: the last of these, for `after`; None: that is all."""
    messages: Sequence[MessageShown]

    def as_json(self) -> dict[str, Any]:
        """All of it as `show --json` prints it, but with times that are no text yet."""
        whole: dict[str, Any] = _facts(self)
        return whole | {"id": str(self.id), "messages": [each | {"id": str(each["id"])} for each in whole["messages"]]}


def _facts(value: Any) -> Any:
    """As `asdict`, which copies each value: of what nobody can change that is four fifths of what a message costs."""
    kind: type = type(value)
    if names := _names(kind):
        return {name: _facts(getattr(value, name)) for name in names}
    return [_facts(each) for each in value] if isinstance(value, list | tuple) else value


@cache
def _names(kind: type) -> Sequence[str]:
    return tuple(each.name for each in fields(kind)) if is_dataclass(kind) else ()


def whole(
    session: Reader,
    notification_id: UUID,
    *,
    message_id: UUID | None = None,
    after: UUID | None = None,
    most: int | None = None,
    zone: str = "Asia/Ho_Chi_Minh",
) -> NotificationShown:
    """All there is to tell about a notification, or of its messages only about one, or about the next so many after
    one. zone: by whose days prices are told. Raises NotFound.
    """
    row = notification(session, notification_id)
    messages, more = _messages(session, notification_id, message_id, after, most)
    requests, around = rows_of_requests(session, messages), Surroundings.of(session)
    places = chains(session, messages, zone)
    over, sms_type = attempts_over(session, messages), row.options.get("sms_type")
    return NotificationShown(
        id=row.id,
        reference=row.reference,
        source=row.source,
        campaign=row.campaign,
        kind=row.kind,
        purpose=_purpose(session, notification_id),
        created_at=row.created_at,
        send_date=row.send_date,
        hand_over=row.hand_over,
        expires_at=row.expires_at,
        content=row.content,
        template_id=row.template_id,
        emptied_at=row.emptied_at,
        emptied_by=row.emptied_by,
        more=more,
        messages=[
            _message(
                each,
                requests[each.id],
                around.wait(each, row.source, row.campaign),
                attempts_of(each, over.get(each.id, ()), sms_type),
                places.get(each.id, ()),
            )
            for each in messages
        ],
    )


def _messages(
    session: Reader, notification_id: UUID, message_id: UUID | None, after: UUID | None, most: int | None
) -> tuple[Sequence[AnyRow], UUID | None]:
    """They, and the last of them where there are more."""
    # By a range of one: of what equals something Postgres need not keep the order, and may as well walk along all ids.
    within = Message.notification_id.between(notification_id, notification_id)
    of_it = select(*Message).where(within).order_by(Message.notification_id, Message.id)
    if message_id is not None:
        of_it = of_it.where(Message.id == message_id)
    if after is not None:
        of_it = of_it.where(Message.id > after)
    found = read(session, of_it.limit(most and most + 1))
    shown = found[:most]
    return shown, shown[-1].id if len(found) > len(shown) else None


_PURPOSE = text(f"SELECT {PURPOSE} FROM notification AS n WHERE n.id = :id")  # noqa: S608 — our own constant


def _purpose(session: Reader, notification_id: UUID) -> str | None:
    found: str | None = session.scalar(_PURPOSE, {"id": notification_id})
    return found


# Looked up for one after the other, however many each has in Postgres's eyes.
_OF_MESSAGES = text(f"""
    SELECT {", ".join(f"r.{column.name}" for column in Request)}
    FROM {by_keys("request", "r", of=":ids", key="message_id")}
""")  # noqa: S608 — our own constants
Requests = Mapping[UUID | str, Sequence[AnyRow]]  # by message, or by the RequestId or SMSID that many share


def rows_of_requests(session: Reader, messages: Sequence[AnyRow]) -> Mapping[UUID, Sequence[AnyRow]]:
    """The requests of each message, in their order: those for it alone, and those for many that share an id with it."""
    found = _requests(session, messages)
    return {message.id: _theirs(message, found) for message in messages}


def _theirs(message: AnyRow, requests: Requests) -> Sequence[AnyRow]:
    keys: list[UUID | str] = [message.id, *_shared_ids(message)]
    return sorted((row for key in keys for row in requests.get(key, ())), key=lambda row: row.id)


def _requests(session: Reader, messages: Sequence[AnyRow]) -> Requests:
    ids = [message.id for message in messages]
    found = read(session, _OF_MESSAGES, {"ids": ids}) if ids else []
    if shared := {id_ for message in messages for id_ in _shared_ids(message)}:
        of_many = select(*Request).where(Request.message_id.is_(None))
        found += read(session, of_many.where(among(Request.request_id, shared)))
        found += read(session, of_many.where(Request.request_id.is_(None), among(Request.sms_id, shared)))
    by_key: dict[UUID | str, list[AnyRow]] = defaultdict(list)
    for row in found:
        by_key[row.message_id or row.request_id or row.sms_id or ""].append(row)
    return by_key


def _shared_ids(message: AnyRow) -> set[str]:
    """By which its requests are known that were made for many at once, of this attempt and of those that are over."""
    if not message.grouped:
        return set()
    return {id_ for id_ in (message.request_id, message.sms_id, *(message.earlier_ids or ())) if id_}


def _message(
    message: AnyRow,
    requests: Sequence[AnyRow],
    wait: Wait | None,
    history: Sequence[AttemptShown],
    chain: Sequence[PlaceShown],
) -> MessageShown:
    return MessageShown(
        id=message.id,
        phone=message.phone,
        status=message.status,
        lane=message.lane,
        sms_id=message.sms_id,
        request_id=message.request_id,
        attempts=message.attempts,
        code=message.code,
        reason=message.reason,
        due_at=message.due_at,
        accepted_at=message.accepted_at,
        settled_at=message.settled_at,
        network=message.network,
        replaces=message.replaces,
        replaced_by=message.replaced_by,
        chain=chain,
        emptied_at=message.emptied_at,
        emptied_by=message.emptied_by,
        wait=wait,
        history=history,
        requests=[_request(row) for row in requests],
    )


def _request(row: AnyRow) -> RequestShown:
    return RequestShown(
        function=row.function,
        at=row.at,
        seconds=round(row.seconds, 3),
        http_status=row.http_status,
        code=row.code,
        outcome=row.outcome,
    )
