"""How many messages came to what: by status, by campaign, by day."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from difflib import get_close_matches
from functools import cache
from typing import TYPE_CHECKING, Any, Literal

from sqlalchemy import ColumnClause, Select, TextClause, func, select, text

from worker.database import compile_nothing
from worker.errors import NotFound
from worker.generations import COUNTED_FIRST, chains, is_alone
from worker.lifecycle import Status
from worker.lookups import by_key
from worker.reporting.tables import Notification

if TYPE_CHECKING:
    from worker.database import Reader

By = Literal["status", "campaign", "day"]

_KEYS: dict[By, str] = {
    "status": "m.status",
    "campaign": "coalesce(n.campaign, '')",
    "day": "to_char(timezone(:zone, m.created_at), 'YYYY-MM-DD')",
}
_WITHIN = {
    "since": "m.created_at >= :since",
    "until": "m.created_at < :until",
    "campaign": "n.campaign = :campaign",
    "source": "n.source = :source",
}
_BY = "SELECT '{way}' AS way, by_{way} AS key, status, sum(messages) AS messages FROM found GROUP BY 1, 2, 3"
_LESS = "SELECT '{way}', by_{way}, status, -1 FROM counted_by_another"
# All are read once, whatever they are counted by.
_COUNTS = f"""
    WITH RECURSIVE {{chains}},
    ranked AS (
        SELECT id, row_number() OVER (PARTITION BY root ORDER BY {COUNTED_FIRST}) AS nth FROM chain
    ), counted_by_another AS MATERIALIZED (
        SELECT m.status, {{keys}} FROM ranked AS r
        {by_key("message", "m", of="r.id")} {by_key("notification", "n", of="m.notification_id")}
        WHERE r.nth > 1 {{within}}
    ), found AS MATERIALIZED (
        SELECT m.status, {{keys}}, count(*) AS messages {{found}} GROUP BY {{places}}
    )
    SELECT way, key, status, CAST(sum(messages) AS bigint) AS messages FROM ({{each}}) AS each
    GROUP BY way, key, status HAVING sum(messages) > 0
"""  # noqa: S608 — our own constants

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
    ways: Collection[By],
    *,
    since: datetime | None = None,
    until: datetime | None = None,
    campaign: str | None = None,
    source: str | None = None,
    time_zone: str = "Asia/Ho_Chi_Minh",
) -> dict[By, list[ReportLine]]:
    """How many messages are in which status: by status, by campaign, or by day of enqueueing in `time_zone`.

    Of those that stand in each other's place, one counts.
    """
    which = {"since": since, "until": until, "campaign": campaign, "source": source}
    asked = {name: value for name, value in which.items() if value is not None}
    compile_nothing(session)
    statement = _counts(tuple(dict.fromkeys(ways)), tuple(asked))
    rows = session.execute(statement, asked | {"zone": time_zone}).all() if ways else ()
    return {way: _lines(row for row in rows if row.way == way) for way in ways}


@cache
def _counts(ways: Sequence[By], asked: Sequence[str]) -> TextClause:
    """Of all, and what of them is counted by another, taken away: to look at each one's own others costs far more."""
    within = " ".join(f"AND {_WITHIN[name]}" for name in asked)
    found = f"FROM message AS m JOIN notification AS n ON n.id = m.notification_id WHERE true {within}"
    each = [each.format(way=way) for way in ways for each in (_BY, _LESS)]
    return text(_COUNTS.format(
        chains=chains(f"SELECT m.id, m.replaces {found} AND NOT {is_alone()}"),
        keys=", ".join(f"{_KEYS[way]} AS by_{way}" for way in ways),
        places=", ".join(str(place) for place in range(1, len(ways) + 2)),
        found=found,
        within=within,
        each=" UNION ALL ".join(each),
    ))  # fmt: skip


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
        if name is not None and session.scalar(_first_from(column, name, within)) != name:
            raise NotFound(f"no message has the {column.name} {name!r}: {_nearest(session, column, name, within)}")


def _first_from(column: ColumnClause[Any], name: str, within: str | None) -> Select[Any]:
    """This name, where there is one: the next in the order of the index, which has no other way to be read. Of a name
    that many have Postgres would rather look into all there are until it comes by one.
    """
    if column is Notification.source:
        return _part(within, select(column)).where(column == name).limit(1)
    return _part(within, select(column).where(column >= name)).order_by(column, Notification.id).limit(1)


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


def _lines(rows: Iterable[Any]) -> list[ReportLine]:
    lines: dict[str, dict[Status, int]] = {}
    for row in rows:
        lines.setdefault(row.key, {})[Status(row.status)] = row.messages
    return [ReportLine(key=key, statuses=statuses) for key, statuses in sorted(lines.items())]


def campaigns(session: Reader, start: str, *, most: int) -> Sequence[str]:
    """The names of campaigns that begin so."""
    return session.scalars(names_in(Notification.campaign, start).limit(most)).all()
