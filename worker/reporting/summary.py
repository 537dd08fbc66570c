"""How many messages came to what: by status, by campaign, by day."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from difflib import get_close_matches
from typing import TYPE_CHECKING, Any, Literal

from sqlalchemy import ColumnClause, Select, func, literal_column, select
from sqlalchemy.engine import RowMapping

from worker.errors import NotFound
from worker.generations import counted
from worker.lifecycle import Status
from worker.reporting.tables import Message, Notification

if TYPE_CHECKING:
    from worker.database import Reader

_IS_COUNTED: ColumnClause[bool] = literal_column(f"message.id = {counted(message='message')}")
By = Literal["status", "campaign", "day"]

NAMES_MOST = 10_000  # of campaigns or sources that are compared with a misspelt one
# The rows that the index of this column has: a source that never gave a reference is not offered.
NAMED = {"campaign": Notification.campaign.is_not(None), "source": Notification.reference.is_not(None)}


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportLine:
    """One line of a report: a status, campaign or day, and how many messages of it are in which status."""

    key: str
    statuses: Mapping[Status, int]

    @property
    def total(self) -> int:
        return sum(self.statuses.values())


def report(
    session: Reader,
    by: By,
    *,
    since: datetime | None = None,
    until: datetime | None = None,
    campaign: str | None = None,
    source: str | None = None,
    time_zone: str = "Asia/Ho_Chi_Minh",
) -> list[ReportLine]:
    """How many messages are in which status: by status, by campaign, or by day of enqueueing in `time_zone`.

    Of those that stand in each other's place, one counts.
    """
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
    session: Reader, *, since: datetime | None, until: datetime | None, campaign: str | None, source: str | None
) -> tuple[datetime | None, datetime | None]:
    """Where nothing matches: when others were enqueued last before `since`, and next from `until` on.

    Raises NotFound for a campaign or source that nothing has, with the nearest ones.
    """
    refuse_unknown(session, campaign=campaign, source=source)
    at = Notification.created_at
    return (
        session.scalar(select(func.max(at)).where(at < since)) if since else None,
        session.scalar(select(func.min(at)).where(at >= until)) if until else None,
    )


def refuse_unknown(
    session: Reader, *, campaign: str | None = None, source: str | None = None, within: str | None = None
) -> None:
    """Raises NotFound for a campaign or source that nothing has, with the nearest ones.

    within: look at this source's alone, for who sees no other; whatever others have takes no time then.
    """
    for column, name in ((Notification.campaign, campaign), (Notification.source, source)):
        if (
            name is not None
            and session.scalar(_part(within, select(Notification.id)).where(column == name).limit(1)) is None
        ):
            raise NotFound(f"no message has the {column.name} {name!r}: {_nearest(session, column, name, within)}")


def _part(within: str | None, query: Select[Any]) -> Select[Any]:
    return query if within is None else query.where(Notification.source == within)


def _nearest(session: Reader, column: ColumnClause[Any], name: str, within: str | None) -> str:
    near = get_close_matches(name, _names(session, column, within), n=3, cutoff=0.4)
    return f"did you mean {' or '.join(map(repr, near))}?" if near else "check its spelling"


def _names(session: Reader, column: ColumnClause[Any], within: str | None) -> Sequence[str]:
    return session.scalars(names_in(column, within=within).limit(NAMES_MOST)).all()


def names_in(column: ColumnClause[Any], start: str = "", *, within: str | None = None) -> Select[str]:
    """The names in this column that begin so, from one to the next by its index and not row by row."""
    following = _part(within, select(func.min(column))).where(NAMED[column.name])
    names = select(following.where(column >= start).scalar_subquery().label("name")).cte(recursive=True)
    begins = func.starts_with(names.c.name, start)
    names = names.union_all(select(following.where(column > names.c.name).scalar_subquery()).where(begins))
    return select(names.c.name).where(func.starts_with(names.c.name, start))


def _within(
    query: Select[*tuple[Any, ...]], since: datetime | None, until: datetime | None
) -> Select[*tuple[Any, ...]]:
    query = query.where(Notification.id == Message.notification_id, _IS_COUNTED)
    if since is not None:
        query = query.where(Message.created_at >= since)
    if until is not None:
        query = query.where(Message.created_at < until)
    return query


def _lines(rows: Any) -> list[ReportLine]:
    lines: dict[str, dict[Status, int]] = {}
    row: RowMapping
    for row in rows:
        lines.setdefault(row["key"], {})[Status(row["status"])] = row["messages"]
    return [ReportLine(key=key, statuses=statuses) for key, statuses in sorted(lines.items())]


def campaigns(session: Reader, start: str, *, most: int) -> Sequence[str]:
    """The names of campaigns that begin so."""
    return session.scalars(names_in(Notification.campaign, start).limit(most)).all()
