"""Where a notification stands, and which one is meant."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from uuid import UUID

from sqlalchemy import Row, select, text

from worker.errors import NotFound
from worker.lifecycle import FINAL, Status
from worker.lookups import by_key, by_keys
from worker.reporting.counting import NAMED, alike, alike_by_steps
from worker.reporting.summary import names_in
from worker.reporting.tables import Notification
from worker.reporting.untaken import any_refused
from worker.reporting.waiting import Surroundings, Wait, waits

if TYPE_CHECKING:
    from worker.database import Reader


@dataclass(frozen=True, slots=True, kw_only=True)
class OtherMessage:
    """The message that went in the place of another, or was there before it."""

    message: UUID
    notification: UUID
    status: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """Where a notification stands: how many of its messages are in which status."""

    id: UUID
    reference: str | None
    source: str
    campaign: str | None
    kind: str
    statuses: Mapping[Status, int]
    waits: Sequence[Wait] = ()
    """Why what waits waits."""
    replaces: Sequence[OtherMessage] = ()
    """What its messages took the place of: it was corrected, or another channel took over. Twenty of each, at most."""
    replaced_by: Sequence[OtherMessage] = ()
    """What went in the place of its own messages."""

    @property
    def final(self) -> bool:
        """Nothing will change any more, unless a person asks for it."""
        return all(status in FINAL for status in self.statuses)


def find(session: Reader, *, reference: str, source: str | None = None) -> UUID:
    """The id of the notification with this reference. Raises NotFound, also where several sources used it."""
    found = referenced(session, reference, source)
    if len(found) > 1:
        sources = ", ".join(sorted(repr(row.source) for row in found))
        raise NotFound(f"reference {reference!r} is used by several sources ({sources}): name one with --source")
    if not found:
        if reference and any_refused(session, reference, source):
            raise NotFound(
                f"no notification has the reference {reference!r}, its request was refused: "
                "`esms-worker refused show` with it tells why"
            )
        raise NotFound(f"no notification has the reference {reference!r}: check its spelling and its source")
    id_: UUID = found[0].id
    return id_


def referenced(session: Reader, reference: str, source: str | None = None) -> Sequence[Row[UUID, str]]:
    """The id and source of each notification with this reference; by its index, source by source."""
    if not reference:  # none has an empty one, and many have none
        return []
    query = select(Notification.id, Notification.source).where(Notification.reference == reference)
    if source is None:
        return session.execute(query.where(Notification.source.in_(names_in(Notification.source)))).all()
    return session.execute(query.where(Notification.source == source)).all()


def standing(session: Reader, notification_id: UUID, told: Callable[[int], object] | None = None) -> Standing:
    """Where it stands; told: as of `alike_by_steps`. Raises NotFound."""
    row, around = notification(session, notification_id), Surroundings.of(session)
    rows = alike_by_steps(session, notification_id, told) if told else alike(session, notification_id)
    statuses: Counter[Status] = Counter()
    for each in rows:
        statuses[Status(each.status)] += each.messages
    return Standing(
        id=row.id,
        reference=row.reference,
        source=row.source,
        campaign=row.campaign,
        kind=row.kind,
        statuses=dict(statuses),
        waits=waits(around, rows, row.source, row.campaign),
        replaces=_others(session, [id_ for each in rows for id_ in each.replaces]),
        replaced_by=_others(session, [id_ for each in rows for id_ in each.replaced_by]),
    )


_OTHERS = text(f"""
    SELECT m.id AS message, m.notification_id AS notification, m.status
    FROM unnest(CAST(:ids AS uuid[])) WITH ORDINALITY AS i (id, place)
    {by_key("message", "m", of="i.id")}
    ORDER BY i.place
""")  # noqa: S608 — our own constants


def _others(session: Reader, ids: Sequence[UUID]) -> list[OtherMessage]:
    if not ids:
        return []
    return [OtherMessage(**row) for row in session.execute(_OTHERS, {"ids": list(ids[:NAMED])}).mappings()]


_STATUSES = text(f"""
    SELECT m.status, count(*) FROM {by_keys("message", "m", of=":ids", key="notification_id")} GROUP BY m.status
""")  # noqa: S608 — our own constants


def statuses_of(session: Reader, ids: Sequence[UUID]) -> dict[Status, int]:
    """How many messages of these notifications are in which status."""
    return {Status(status): count for status, count in session.execute(_STATUSES, {"ids": list(ids)})}


def notification(session: Reader, notification_id: UUID) -> Row[*tuple[Any, ...]]:
    """Its row. Raises NotFound."""
    row = session.execute(select(*Notification).where(Notification.id == notification_id)).one_or_none()
    if row is None:
        raise NotFound(f"no notification has the id {notification_id}: check it, or look for its reference")
    return row
