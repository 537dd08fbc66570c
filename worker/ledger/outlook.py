"""What sending again would do, before anything is sent: how many, by what they failed with, and at which price."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import date, datetime
from decimal import Decimal
from functools import cache
from typing import TYPE_CHECKING, Any
from uuid import UUID

from sqlalchemy import TextClause, text

from worker.ledger.failed import (
    LEFT,
    NOWHERE,
    RETRIED_SQL,
    Chosen,
    Left,
    Place,
    beyond,
    chosen,
    count,
    judged,
    narrowed,
    of_all,
    perhaps,
    scope_of,
    with_notification,
)
from worker.ledger.opt_out import IS_FOR_THE_WILLING
from worker.lifecycle import PURPOSE, Status
from worker.lookups import by_key
from worker.price_list import price_of

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

COUNTED = 2000  # messages of a campaign that are counted one by one; of more the sums tell, which are a moment old
REMEMBERED = 20_000  # attempts that were followed by another, the last ones: how such codes fared


@dataclass(frozen=True, slots=True, kw_only=True)
class Before:
    """How messages fared that had failed like this and were sent again: of so many, so many arrived."""

    ended: int
    delivered: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Alike:
    """Chosen messages that failed in the same way."""

    kind: str
    status: str
    code: str | None
    messages: int
    segments: int
    """SMS as they are billed, by our own count; a call is one."""
    dong: Decimal | None
    """By the price list; None: it has no price for some of them."""
    left: Mapping[Left, int]
    """How many of them would be left, and why."""
    before: Before | None
    """None: none such was ever sent again."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Going:
    """How many of them would go out, by what rules look at."""

    purpose: str
    kind: str
    sms_type: int
    """0: a call."""
    campaign: str | None
    messages: int
    grouped: bool
    """Is any of it advertising that goes out many to a request?"""
    at: datetime
    """Now, by Postgres's clock."""


# Where it expects one row, Postgres would sort a hundred thousand to group them.
_BY_HASH = text("SET LOCAL enable_sort = off")
# And it would look up a hundred thousand notifications, each from the root of the index. All of a campaign's are read
# along the index in one go, beside what failed, which is in the same order.
_ALONG = text("SET LOCAL enable_nestloop = off")
_AS_USUAL = text("SET LOCAL enable_sort TO DEFAULT; SET LOCAL enable_nestloop TO DEFAULT")
_IN_ONE_GO = "AND n.id = ANY(ARRAY(SELECT m.notification_id FROM message AS m WHERE {}))"


# The sums first, and what costs a look-up only for the few lines that are left then. Those of one campaign are not told
# apart by it.
@cache
def _outlook(scope: str, bounded: bool = False, goes_on: str = "true") -> TextClause:
    campaign, lines = ("CAST(:campaign AS text)", "") if scope in _LARGE else ("campaign", "3, ")
    failed = _BOUNDED if bounded else _EACH
    return text(f"""
        WITH lines AS MATERIALIZED (
            SELECT kind, purpose, {campaign} AS campaign, status, code, sms_type, network, left_since,
                count(*) AS messages, bool_or(grouped) AS grouped, sum(segments) AS segments
            FROM ({failed.format(each=_of_each(scope, goes_on))}) AS m
            GROUP BY {lines}1, 2, 4, 5, 6, 7, 8
        )
        SELECT lines.*, now() AS at,
            lines.segments * {price_of("lines.sms_type", "lines.network", "CAST(:day AS date)")} AS dong
        FROM lines
    """)


def _of_each(scope: str, goes_on: str) -> str:
    return _OF_EACH.format(asked=asked_for(scope), chosen=chosen(scope, joined=True), goes_on=goes_on)


def asked_for(scope: str) -> str:
    """SQL: messages `m` with their notifications `n`, for `summed`."""
    in_one_go = _IN_ONE_GO.format(perhaps(scope)) if scope in _LARGE else ""
    return f"{with_notification(scope)} {in_one_go}"


_OF_EACH = f"""
    SELECT n.kind, {PURPOSE} AS purpose, n.campaign, m.status, m.code,
        coalesce(CAST(n.options ->> 'sms_type' AS smallint), 0) AS sms_type, coalesce(lower(m.network), '') AS network,
        CASE WHEN {IS_FOR_THE_WILLING} AND has_opted_out(m.phone) THEN 'opted out' ELSE {LEFT} END AS left_since,
        m.grouped, coalesce(n.segments, 1) AS segments, m.notification_id, m.id
    FROM {{asked}}
    WHERE {{chosen}} AND {{goes_on}}"""
_EACH = "{each}"
# Up to the last one that would still go, in the order in which they go.
_BOUNDED = """
    SELECT * FROM (
        SELECT each.*, count(*) FILTER (WHERE left_since IS NULL) OVER (
            ORDER BY notification_id, id ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING
        ) AS gone FROM ({each}) AS each
    ) AS each WHERE gone < :most
"""


_BEFORE = text(f"""
    WITH lately AS MATERIALIZED (
        SELECT message_id, number, status, coalesce(code, '') AS code FROM attempt
        WHERE status IN ({RETRIED_SQL})
        ORDER BY message_id DESC, number DESC LIMIT {REMEMBERED}
    ), followed AS (
        SELECT l.status, l.code, coalesce(a.status, m.status) AS became
        FROM lately AS l JOIN message AS m ON m.id = l.message_id
        LEFT JOIN attempt AS a ON a.message_id = l.message_id AND a.number = l.number + 1
        WHERE (l.status, l.code) IN (SELECT * FROM unnest(CAST(:statuses AS text[]), CAST(:codes AS text[])))
    )
    SELECT status, code, count(*) AS ended, count(*) FILTER (WHERE became = 'delivered') AS delivered FROM followed
    WHERE became IN ('delivered', 'undelivered', 'rejected', 'expired', 'unknown')
    GROUP BY 1, 2
""")


def outlook(
    session: Session, which: Chosen, most: int | None = None, *, day: date, after: Place = NOWHERE
) -> tuple[list[Alike], list[Going]]:
    """One line for each way in which they failed, the most frequent first; and those that would go out.

    most: no more go out than so many, the first ones. day: that of TIME_ZONE by whose prices. after: of what follows
    after a place.
    """
    rows = _lines(session, which, {} if most is None else {"most": most}, day, after)
    alike: dict[tuple[str, str, str | None], list[Any]] = {}
    for row in rows:
        alike.setdefault((row.kind, row.status, row.code), []).append(row)
    before = fared_before(session, [(status, code) for _, status, code in alike])
    lines = [_alike(key, found, before.get((key[1], key[2] or ""))) for key, found in alike.items()]
    names = [each.name for each in fields(Going)]
    going = [Going(**{name: getattr(row, name) for name in names}) for row in rows if not row.left_since]
    return sorted(lines, key=lambda line: -line.messages), going


def _lines(session: Session, which: Chosen, bounded: dict[str, int], day: date, after: Place) -> Sequence[Any]:
    scope, asked = scope_of(which), which.parameters() | after.parameters() | bounded | {"day": day}
    return summed(session, scope, _outlook(scope, bool(bounded), beyond(after)), asked)


def summed(session: Session, scope: str, statement: TextClause, asked: Mapping[str, Any]) -> Sequence[Any]:
    """Ask for sums of messages and notifications, planned for many of them."""
    for plan in (_BY_HASH, _ALONG) if scope in _LARGE else (_BY_HASH,):
        session.execute(plan)
    rows = judged(session, statement, asked).all()
    session.execute(_AS_USUAL)
    return rows


_ONE_BY_ONE = by_key("message", "m", of="n.id", key="notification_id")
_FROM = {
    "campaign": f"notification AS n {_ONE_BY_ONE} WHERE n.campaign = :campaign",
    "part": f"notification AS n {_ONE_BY_ONE} WHERE n.campaign = :campaign AND n.source = :source",
    "notifications": f"unnest(CAST(:notifications AS uuid[])) AS n (id) {_ONE_BY_ONE} WHERE true",
}


_NOTIFICATIONS = "SELECT count(*) > :counted FROM (SELECT FROM notification AS n WHERE {} LIMIT :counted + 1) AS n"
_LARGE = {
    "campaign": text(_NOTIFICATIONS.format("n.campaign = :campaign")),
    "part": text(_NOTIFICATIONS.format("n.campaign = :campaign AND n.source = :source")),
}


@cache
def _others(scope: str) -> TextClause:
    return text(f"""
        SELECT status, count(*) AS messages FROM (
            SELECT m.status FROM {_FROM.get(scope, "message AS m WHERE m.id = ANY(:messages)")}
              AND m.replaced_by IS NULL AND m.id <> ALL(:queued)
            LIMIT {":counted + 1" if scope in _LARGE else "ALL"}
        ) AS m
        GROUP BY 1
    """)


def others(session: Session, which: Chosen, queued: Sequence[UUID]) -> Mapping[Status, int] | None:
    """Where the rest of it stands: all messages of these notifications or this campaign but those just queued.

    None: the campaign has more than COUNTED.
    """
    scope, counted = scope_of(which), {"counted": COUNTED}
    if scope in _LARGE and session.scalar(_LARGE[scope], which.parameters() | counted):
        return None
    standing = _standing(session, _others(scope), which, {"queued": list(queued)} | counted)
    return None if which.campaign is not None and sum(standing.values()) > COUNTED else standing


@dataclass(frozen=True, slots=True)
class Remaining:
    """messages: of what was chosen, those that follow after a place; still_failed: all of the campaign's, or of one
    source's part, however many others it has; None: it is of no campaign, or that was not looked at.
    """

    messages: int = 0
    still_failed: Mapping[Status, int] | None = None


# Both by one look at each, since it costs a look at its notification.
@cache
def _remaining(scope: str, goes_on: str) -> TextClause:
    return text(f"""
        SELECT m.status, count(*) AS messages, count(*) FILTER (WHERE {narrowed()} AND {goes_on}) AS chosen
        FROM message AS m WHERE {of_all(scope)} GROUP BY 1
    """)


def remaining(session: Session, which: Chosen, *, after: Place = NOWHERE) -> Remaining:
    """What follows after a place."""
    if which.campaign is None:
        return Remaining(count(session, which, after=after))
    asked = which.parameters() | after.parameters()
    rows = session.execute(_remaining(scope_of(which), beyond(after)), asked).all()
    return Remaining(sum(row.chosen for row in rows), {Status(row.status): row.messages for row in rows})


def _standing(session: Session, statement: TextClause, which: Chosen, besides: dict[str, Any]) -> dict[Status, int]:
    found = session.execute(statement, which.parameters() | besides)
    return {Status(row.status): row.messages for row in found}


# What eSMS takes for many at once alone, of which fewer failed than it takes.
@cache
def _few_missed(scope: str, goes_on: str) -> TextClause:
    return text(f"""
        SELECT EXISTS (
            SELECT FROM {with_notification(scope)}
            WHERE m.grouped AND {chosen(scope, joined=True)} AND {goes_on} AND {LEFT} IS NULL
            GROUP BY m.notification_id HAVING count(*) < :least
        )
    """)


def few_missed(session: Session, which: Chosen, least: int, *, after: Place = NOWHERE) -> bool:
    """Is there any advertising that fewer missed than eSMS takes, so that others with its text are looked for?"""
    asked = which.parameters() | after.parameters() | {"least": least}
    return bool(judged(session, _few_missed(scope_of(which), beyond(after)), asked).scalar_one())


def fared_before(session: Session, pairs: Sequence[tuple[str, str | None]]) -> Mapping[tuple[str, str], Before]:
    """How messages fared that had failed so and were sent again, by status and code; ones never tried are left out."""
    if not pairs:
        return {}
    asked = {"statuses": [status for status, _ in pairs], "codes": [code or "" for _, code in pairs]}
    found = session.execute(_BEFORE, asked)
    return {(row.status, row.code): Before(ended=row.ended, delivered=row.delivered) for row in found}


def _alike(key: tuple[str, str, str | None], rows: Sequence[Any], before: Before | None) -> Alike:
    kind, status, code = key
    left: dict[Left, int] = {}
    for row in rows:
        if row.left_since:
            left[Left(row.left_since)] = left.get(Left(row.left_since), 0) + row.messages
    going = [row for row in rows if not row.left_since]
    return Alike(
        kind=kind,
        status=status,
        code=code,
        messages=sum(row.messages for row in rows),
        segments=int(sum(row.segments for row in going)),
        dong=None if any(row.dong is None for row in going) else sum((row.dong for row in going), Decimal(0)),
        left=left,
        before=before,
    )
