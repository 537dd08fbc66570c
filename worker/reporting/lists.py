"""The messages behind the sums, a page at a time, so that a list of millions takes no memory and holds up nobody.

A campaign's messages are found by the index of campaigns, those that failed by indexes of what failed, and all others
by the date on which they were to go out. That date stands in the settlements, once for each message; an index of it on
the messages would cost each of them at every change.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, tzinfo
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Generic, TypeVar
from uuid import UUID

from sqlalchemy import RowMapping, TextClause, text

from worker.catalogue import Language, advice
from worker.generations import is_counted
from worker.lifecycle import FAILED, PURPOSE, WANTED_AT, last_try
from worker.lookups import by_key
from worker.reporting.choice import Choice
from worker.reporting.cursors import Place, cursor_of, place_of

if TYPE_CHECKING:
    from worker.database import Reader

T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class MessageReported:
    """One recipient's message as it stands now. Times in UTC."""

    id: UUID
    notification: UUID
    phone: str  # E.164
    status: str
    code: str | None
    reason: str | None
    """In English."""
    reference: str | None
    source: str
    campaign: str | None
    purpose: str
    kind: str
    lane: str
    sms_type: int | None
    network: str | None
    segments: int | None
    price: Decimal | None
    attempts: int
    generation: int
    wanted_at: datetime
    """When it was to go out, this time."""
    accepted_at: datetime | None
    settled_at: datetime | None
    enqueued_at: datetime
    replaces: UUID | None
    """The message that this one took the place of: it was corrected, or another channel took over."""
    replaced_by: UUID | None
    """And the one that took the place of this."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Failure:
    """Somebody whom a message did not reach, why, and what to do about it. Times in UTC."""

    phone: str  # E.164
    name: str | None
    """Of the contact with this number."""
    reference: str | None
    status: str
    code: str | None
    reason: str
    reason_vi: str
    remedy: str
    remedy_vi: str
    attempts: int
    last_try: datetime | None
    """When eSMS was last asked to send it; None: never."""
    network: str | None
    campaign: str | None
    source: str
    wanted_at: datetime
    id: UUID
    notification: UUID


@dataclass(frozen=True, slots=True)
class ListPage(Generic[T]):
    """Some of them, and where the next page begins; None: there is none."""

    rows: Sequence[T]
    next: str | None


# What each field is in SQL.
FIELDS = {
    "id": "m.id",
    "notification": "n.id",
    "phone": "m.phone",
    "status": "m.status",
    "code": "m.code",
    "reason": "m.reason",
    "reference": "n.reference",
    "source": "n.source",
    "campaign": "n.campaign",
    "purpose": PURPOSE,
    "kind": "n.kind",
    "lane": "m.lane",
    "sms_type": "CAST(n.options ->> 'sms_type' AS smallint)",
    "network": "m.network",
    "segments": "n.segments",
    "price": "m.price",
    "attempts": "m.attempts",
    "generation": "m.generation",
    "wanted_at": WANTED_AT,
    "accepted_at": "m.accepted_at",
    "settled_at": "m.settled_at",
    "enqueued_at": "m.created_at",
    "replaces": "m.replaces",
    "replaced_by": "m.replaced_by",
    "last_try": last_try(),
}
COLUMNS = ", ".join(f"{sql} AS {name}" for name, sql in FIELDS.items() if name != "last_try")
_FAILURE = f"{COLUMNS}, {FIELDS['last_try']} AS last_try"
# A recipient who is counted by another message of the chain is no failure by this one.
_COUNTED_SQL = f"AND {is_counted()}"
_FAILED_WORDS = f"({', '.join(repr(str(each)) for each in FAILED)})"
FAILED_SQL = f"m.status IN {_FAILED_WORDS}"
# Where messages are found by their notification. `|| ''` keeps Postgres from walking an index of what failed for each.
_OF_ONE = {"status": "m.status || ''"}
_FAILED_OF_ONE = f"{_OF_ONE['status']} IN {_FAILED_WORDS}"
WORDS = {
    "campaign": "coalesce(n.campaign, '')",
    "source": "n.source",
    "purpose": PURPOSE,
    "lane": "m.lane",
    "status": "m.status",
    "code": "coalesce(m.code, '')",
    "network": "lower(coalesce(m.network, ''))",
}

NO_ID = UUID(int=0)  # before every other
# BETWEEN and not `=`: with `=` Postgres may walk along all notifications in the order of their ids instead.
IN_CAMPAIGN = "n.campaign BETWEEN :campaign_ AND :campaign_"
# Which messages, and in which order; `first` and `last` are the place where the page before ended. Each message is
# looked up by itself, in the order of an index (OFFSET 0 keeps Postgres to that); by its own guess of how few match,
# Postgres would read a year to find a page. Where an index is entered is told by comparing the pair alone: without
# `greatest` that would be at the beginning of time. A notification's messages are compared by ranges, and not by `=`,
# so that no other index can answer, and none loses its order.
_OF_CAMPAIGN = f"""
    FROM notification AS n
    CROSS JOIN LATERAL (
        SELECT * FROM message AS m
        WHERE (m.notification_id, m.id) > (n.id, CASE WHEN n.id > :first THEN '{NO_ID}' ELSE CAST(:last AS uuid) END)
          AND m.notification_id <= n.id {{failed}} AND {{wanted}} >= :since AND {{wanted}} < :until {{more}}
        ORDER BY m.notification_id, m.id LIMIT :most
    ) AS m
    WHERE {IN_CAMPAIGN} AND (n.campaign, n.id) >= (:campaign_, :first)
    ORDER BY n.campaign, n.id, m.id LIMIT :most
"""  # noqa: S608 — our own constants
_FAILED_BY_DATE = f"""
    FROM message AS m {by_key("notification", "n", of="m.notification_id")}
    WHERE ({{wanted}}, m.id) > (greatest(:first, :since), :last) AND {{wanted}} >= :since AND {{wanted}} < :until
      {{failed}} {{more}}
    ORDER BY {{wanted}}, m.id LIMIT :most
"""
_BY_DATE = f"""
    FROM (
        SELECT DISTINCT s.wanted_at, s.message_id FROM settlement AS s
        WHERE (s.was IS NULL OR s.was_wanted_at IS NOT NULL)
          AND (s.wanted_at, s.message_id) > (greatest(:first, :since), :last)
          AND s.wanted_at >= :since AND s.wanted_at < :until
        ORDER BY s.wanted_at, s.message_id
    ) AS s
    CROSS JOIN LATERAL (
        SELECT * FROM message AS m WHERE m.id = s.message_id AND {{wanted}} = s.wanted_at OFFSET 0
    ) AS m
    {by_key("notification", "n", of="m.notification_id")}
    WHERE true {{more}}
    ORDER BY s.wanted_at, s.message_id LIMIT :most
"""  # noqa: S608 — our own constants

_NAMES = text("""
    SELECT p.phone, string_agg(DISTINCT c.name, ', ' ORDER BY c.name) AS name
    FROM unnest(CAST(:phones AS text[])) AS p (phone)
    CROSS JOIN LATERAL (SELECT c.name FROM contact AS c WHERE c.phones @> ARRAY[p.phone] OFFSET 0) AS c
    WHERE c.name <> '' GROUP BY p.phone
""")

BEGINNING, END = datetime(1970, 1, 1, tzinfo=UTC), datetime(9999, 1, 1, tzinfo=UTC)


def messages(
    session: Reader, choice: Choice, zone: tzinfo, *, after: str | None, most: int
) -> ListPage[MessageReported]:
    """after: `next` of the page before. Raises Invalid for one that is none."""
    rows, following = page(session, choice, zone, after, most, failed=False, columns=COLUMNS)
    return ListPage([MessageReported(**row._mapping) for row in rows], following)


def failures(session: Reader, choice: Choice, zone: tzinfo, *, after: str | None, most: int) -> ListPage[Failure]:
    """The same of those whom it did not reach, each once, with reason and remedy."""
    rows, following = page(session, choice, zone, after, most, failed=True, columns=_FAILURE)
    names = names_of(session, {row.phone for row in rows})
    return ListPage([_failure(row._mapping, names.get(row.phone)) for row in rows], following)


def page(
    session: Reader, choice: Choice, zone: tzinfo, after: str | None, most: int, *, failed: bool, columns: str
) -> tuple[Sequence[Any], str | None]:
    """Rows of these columns, and the cursor of the next page, for which they have notification, wanted_at and id."""
    campaign = _only_campaign(choice)
    place: Place = (NO_ID if campaign else BEGINNING, NO_ID)
    if after is not None:
        place = place_of(after, UUID if campaign else datetime.fromisoformat)
    since, until = choice.moments(zone)
    asked: dict[str, Any] = {"first": place[0], "last": place[1], "since": since or BEGINNING, "until": until or END}
    asked |= {name: list(values) for name, values in choice.words.items()} | {"zone": str(zone)}
    has_failed = _FAILED_OF_ONE if campaign else FAILED_SQL
    among = f"AND {has_failed} {'' if choice.each else _COUNTED_SQL}" if failed else ""
    statement = _statement(tuple(choice.words), campaign is not None, among, columns)
    found = session.execute(statement, asked | {"campaign_": campaign, "most": most + 1}).all()
    if len(found) <= most:
        return found, None
    last = found[most - 1]
    return found[:most], cursor_of((last.notification if campaign else last.wanted_at, last.id))


def _only_campaign(choice: Choice) -> str | None:
    words = choice.words.get("campaign", ())
    return words[0] if len(words) == 1 and words[0] else None


def _statement(words: Sequence[str], of_campaign: bool, failed: str, columns: str) -> TextClause:
    """failed: the condition on messages that failed; '': all messages are meant."""
    of = WORDS | _OF_ONE if of_campaign else WORDS
    conditions = [f"AND {of[name]} = ANY(:{name})" for name in words if not (of_campaign and name == "campaign")]
    which = _OF_CAMPAIGN if of_campaign else _FAILED_BY_DATE if failed else _BY_DATE
    of_which = which.format(wanted=WANTED_AT, failed=failed, more=" ".join(conditions))
    return text(f"SELECT {columns} {of_which}")


def names_of(session: Reader, phones: Collection[str]) -> dict[str, str]:
    """The names of contacts, by number (E.164)."""
    if not phones:
        return {}
    return {row.phone: row.name for row in session.execute(_NAMES, {"phones": list(phones)})}


def _failure(row: RowMapping, name: str | None) -> Failure:
    of = {"kind": row["kind"], "status": row["status"], "code": row["code"], "reason": row["reason"]}
    english, vietnamese = advice(Language.EN, **of), advice(Language.VI, **of)
    return Failure(
        phone=row["phone"],
        name=name,
        reference=row["reference"],
        status=row["status"],
        code=row["code"],
        reason=english.reason,
        reason_vi=vietnamese.reason,
        remedy=english.remedy,
        remedy_vi=vietnamese.remedy,
        attempts=row["attempts"],
        last_try=row["last_try"],
        network=row["network"],
        campaign=row["campaign"],
        source=row["source"],
        wanted_at=row["wanted_at"],
        id=row["id"],
        notification=row["notification"],
    )
