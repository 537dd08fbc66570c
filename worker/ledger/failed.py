"""What failed and may be sent again: chosen exactly, some at a time, each with the reason if it is to be left.

A message that another one has taken the place of is no longer among them, whatever it came to.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum
from functools import cache
from typing import TYPE_CHECKING, Any
from uuid import UUID

from sqlalchemy import Result, Row, TextClause, text

from worker.database import compile_nothing
from worker.ledger.reached import has_got_it
from worker.lifecycle import ASKED, PURPOSE, RETRIED, WANTED_AT
from worker.lookups import by_key

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

RETRIED_SQL = ", ".join(repr(str(status)) for status in sorted(RETRIED))


class Left(StrEnum):
    """Why a message that failed is not sent again."""

    LATE = "late"  # a wish is of no use after its day, also when it is a person who sends it again
    LIMIT = "limit"  # sent again as often as the setting allows
    TOO_FEW = "too few"  # advertising that eSMS would refuse: not enough others with the same text failed
    UNFIT = "unfit"  # corrected like this it can't be sent
    OPTED_OUT = "opted out"
    EMPTIED = "emptied"  # its text or its number is kept no longer
    FORGOTTEN = "forgotten"  # its recipient asked to be forgotten
    HAS_GOT_IT = "has got it"  # its recipient, by a message before it, which arrived after all


@dataclass(frozen=True, slots=True, kw_only=True)
class Chosen:
    """Which of them; None: any. Names, codes and numbers as they are stored."""

    notifications: Sequence[UUID] | None = None
    messages: Sequence[UUID] | None = None
    campaign: str | None = None
    source: str | None = None
    statuses: Sequence[str] = tuple(sorted(RETRIED))
    codes: Sequence[str] | None = None
    network: str | None = None
    since: datetime | None = None  # when it was to go out, the last time
    until: datetime | None = None
    phone: str | None = None
    lane: str | None = None
    purpose: str | None = None
    generations: int = field(default=1)  # sent again so often already: left
    without: Sequence[str] | None = None  # of these campaigns nothing: they were cancelled since it was asked for

    @property
    def part(self) -> str | None:
        """The campaign, where it is one source's part of it."""
        return self.campaign if self.source is not None else None

    def parameters(self) -> dict[str, Any]:
        """For the statements, by name."""
        return {name: getattr(self, name) for name in self.__slots__} | {"statuses": list(self.statuses)}


@dataclass(frozen=True, slots=True)
class Place:
    """How far a walk over them has come: after this notification and message.

    asked_at: when it was asked for. What was put in since, a correction's own messages too, is left alone.
    """

    notification: UUID
    message: UUID
    asked_at: datetime | None = None

    @property
    def is_nowhere(self) -> bool:
        """Has it just begun?"""
        return (self.notification, self.message) == (NOWHERE.notification, NOWHERE.message)

    def parameters(self) -> dict[str, Any]:
        """For the statements, by name."""
        return {"after_notification": self.notification, "after_message": self.message, "asked_at": self.asked_at}


NOWHERE = Place(UUID(int=0), UUID(int=0))

_LATE = f"({PURPOSE} = 'reminder' AND coalesce(n.expires_at <= now(), false))"
LEFT = f"""CASE WHEN m.emptied_by = '{ASKED}' THEN 'forgotten'
    WHEN {has_got_it("m")} THEN '{Left.HAS_GOT_IT}'
    WHEN coalesce(m.emptied_by, n.emptied_by) IS NOT NULL THEN 'emptied'
    WHEN {_LATE} THEN 'late' WHEN m.generation >= :generations THEN 'limit' END"""


def judged(session: Session, statement: TextClause, asked: Mapping[str, Any]) -> Result[*tuple[Any, ...]]:
    """Execute a statement that tells `LEFT`: Postgres takes a walk along a chain for dear."""
    compile_nothing(session)
    return session.execute(statement, asked)


# A campaign's messages lie between those of its first and of its last notification, so all steps together walk over
# that part of the index once, however much failed before and after it. The last condition is always true and never
# gets to its subquery. But Postgres counts one for each row that it expects, so it takes the index of what failed,
# which has fewer rows than that of all messages.
_WITHIN = """m.notification_id BETWEEN
            (SELECT id FROM notification WHERE {part} campaign = :campaign ORDER BY id LIMIT 1)
            AND (SELECT id FROM notification WHERE {part} campaign = :campaign ORDER BY id DESC LIMIT 1)
        AND {{campaign}} = :campaign
        AND (m.status <> '' OR (SELECT true FROM notification AS n WHERE n.id = m.notification_id))"""
_SCOPES = {
    "notifications": "m.notification_id = ANY(CAST(:notifications AS uuid[]))",
    "messages": "m.id = ANY(CAST(:messages AS uuid[]))",
    "part": _WITHIN.format(part="source = :source AND"),  # an index has this pair
    "campaign": _WITHIN.format(part=""),
    "phone": "m.phone = :phone",
    "since": f"{WANTED_AT} >= :since",
}
_OF_ALL = f"""
    m.status IN ({RETRIED_SQL}) AND m.replaced_by IS NULL AND {{scope}}
    AND (CAST(:source AS text) IS NULL OR {{source}} = :source)
"""
_NARROWED = f"""
    m.status || '' = ANY(CAST(:statuses AS text[]))
    AND (CAST(:codes AS text[]) IS NULL OR m.code = ANY(CAST(:codes AS text[])))
    AND (CAST(:network AS text) IS NULL OR lower(m.network) = lower(:network))
    AND (CAST(:phone AS text) IS NULL OR m.phone = :phone)
    AND (CAST(:since AS timestamptz) IS NULL OR {WANTED_AT} >= :since)
    AND (CAST(:until AS timestamptz) IS NULL OR {WANTED_AT} < :until)
    AND (CAST(:lane AS text) IS NULL OR m.lane = :lane)
    AND (CAST(:purpose AS text) IS NULL OR {{purpose}} = :purpose)
"""
_BY_KEY = {
    name: f"(SELECT {column} FROM notification AS n WHERE n.id = m.notification_id)"
    for name, column in (("source", "n.source"), ("purpose", PURPOSE))
}
# Written like this the index of campaigns can answer alone, without reading the notification itself.
_BY_KEY["campaign"] = (
    "(SELECT n.campaign FROM notification AS n WHERE n.id = m.notification_id AND n.campaign = :campaign)"
)
_BY_KEY["without"] = """NOT EXISTS (
    SELECT FROM notification AS n WHERE n.id = m.notification_id AND n.campaign = ANY(CAST(:without AS text[]))
)"""
# Where the notification is joined already. `|| ''` keeps an index of campaigns or sources from beginning the walk.
_JOINED = {"campaign": "n.campaign || ''", "source": "n.source || ''", "purpose": PURPOSE}
_UNASKED = {name: f"CAST(:{name} AS text)" for name in _JOINED}
_JOINED["without"] = "coalesce(n.campaign || '', '') <> ALL(CAST(:without AS text[]))"
_BUT = " but"  # behind a scope's name: without the campaigns of `without`


@cache
def chosen(scope: str, *, joined: bool = False) -> str:
    """SQL: the message `m` is chosen. joined: its notification is there as `n`."""
    return f"{of_all(scope, joined=joined)} AND {narrowed(joined=joined)}"


@cache
def of_all(scope: str, *, joined: bool = False) -> str:
    """SQL: the message `m` failed, and is of the scope and the source."""
    of = _JOINED if joined else _BY_KEY
    within = _SCOPES[scope.removesuffix(_BUT)].format(**of)
    return _OF_ALL.format(scope=f"{within} AND {of['without']}" if scope.endswith(_BUT) else within, **of)


@cache
def narrowed(*, joined: bool = False) -> str:
    """SQL: the other things that are asked of the message `m`: status, code, network, and so on."""
    return _NARROWED.format(**(_JOINED if joined else _BY_KEY))


def with_notification(scope: str) -> str:
    """SQL, for FROM: messages `m` with their notifications `n`.

    Notifications are looked up one by one, but for a scope that may hold very many: there Postgres had better choose.
    """
    if scope.removesuffix(_BUT) in ("part", "campaign", "since"):
        return "message AS m JOIN notification AS n ON n.id = m.notification_id"
    return f"message AS m {by_key('notification', 'n', of='m.notification_id')}"


def perhaps(scope: str) -> str:
    """SQL: the message `m` may be chosen, as far as that is known without its notification."""
    return (_OF_ALL + "AND" + _NARROWED).format(scope=_SCOPES[scope].format(**_UNASKED), **_UNASKED)


def scope_of(failed: Chosen) -> str:
    """The name in _SCOPES by which they are found."""
    found = next(name for name in _SCOPES if getattr(failed, name) is not None)
    return found + _BUT if failed.without else found


# At the beginning of a walk no place is compared: with one that is before all others Postgres would begin at the first
# message that ever failed, and walk from there to the campaign.
def beyond(after: Place) -> str:
    """SQL: the message `m` comes after this place of a walk, and was there when it was asked for."""
    further = "true" if after.is_nowhere else "(m.notification_id, m.id) > (:after_notification, :after_message)"
    return further if after.asked_at is None else f"{further} AND m.created_at < :asked_at"


_COLUMNS = f"""
    m.id, m.notification_id, m.phone, m.lane, m.grouped, m.status, m.code, m.network, {LEFT} AS left_since,
    1 AS messages"""


# What is locked is read in any case.
_OF_INDEX = """m.id, m.notification_id, m.phone, m.lane, m.grouped, m.status, m.code, m.network, m.generation,
                m.emptied_by"""


@cache
def _choose(scope: str, goes_on: str, locks: str) -> TextClause:
    return text(f"""
        WITH page AS MATERIALIZED (
            SELECT {"m.*" if locks else _OF_INDEX} FROM message AS m
            WHERE {chosen(scope)} AND {goes_on} AND {_besides(locks)}
            ORDER BY m.notification_id, m.id LIMIT :most
            {locks}
        )
        SELECT {_COLUMNS}
        FROM page AS m {by_key("notification", "n", of="m.notification_id")}
        ORDER BY m.notification_id, m.id
    """)


_LOCKS = "FOR UPDATE OF m"
Besides = Collection[UUID] | None  # where nothing is stored: messages that would have gone; None: they are locked


def _besides(locks: str) -> str:
    return "true" if locks else "m.id <> ALL(CAST(:besides AS uuid[]))"


def choose(
    session: Session, failed: Chosen, *, after: Place = NOWHERE, most: int, besides: Besides = None
) -> Sequence[Row[*tuple[Any, ...]]]:
    """The next ones of a walk. besides: for a dry run; None: they are locked until the transaction ends."""
    asked = failed.parameters() | after.parameters() | {"most": most, "besides": list(besides or ())}
    return judged(session, _choose(scope_of(failed), beyond(after), _locks(besides)), asked).all()


def _locks(besides: Besides) -> str:
    return _LOCKS if besides is None else ""


LOOKED_AHEAD = 1000  # requests that failed, among which others with the same text are looked for


# From one request to the next by the index, so it costs the same however many failed of each. Two requests are alike
# where everything is the same; the text need not be, if another is to replace it (not by_text).
@cache
def _choose_alike(scope: str, by_text: bool, goes_on: str, locks: str) -> TextClause:
    next_one = f"""
        SELECT m.notification_id FROM message AS m
        WHERE {chosen(scope)} AND {{}} ORDER BY m.notification_id, m.id LIMIT 1
    """
    return text(f"""
        WITH RECURSIVE ahead AS (
            (SELECT 1 AS nth, ({next_one.format(goes_on)}) AS id)
            UNION ALL
            SELECT a.nth + 1, ({next_one.format("m.notification_id > a.id")})
            FROM ahead AS a WHERE a.id IS NOT NULL AND a.nth < {LOOKED_AHEAD}
        )
        SELECT {_COLUMNS}, alike.id AS like_that
        FROM ahead JOIN notification AS n ON n.id = ahead.id
        CROSS JOIN LATERAL (
            SELECT k.id FROM notification AS k
            WHERE k.id = ANY(CAST(:like AS uuid[])) AND k.source = n.source AND k.options = n.options
              AND k.campaign IS NOT DISTINCT FROM n.campaign AND k.follow_up IS NOT DISTINCT FROM n.follow_up
              AND {_KEPT_PURPOSE}
              {"AND k.content = n.content" if by_text else ""}
            LIMIT 1
        ) AS alike
        CROSS JOIN LATERAL (
            SELECT * FROM message AS m
            WHERE m.notification_id = n.id AND {chosen(scope)} AND {goes_on} AND {LEFT} IS NULL
              AND {_besides(locks)}
            ORDER BY m.id LIMIT :most
            {locks}
        ) AS m
        ORDER BY m.notification_id, m.id
    """)


_KEPT_PURPOSE = f"{PURPOSE} = {PURPOSE.replace('n.', 'k.')}"


def choose_alike(
    session: Session, failed: Chosen, like: Sequence[UUID], *, by_text: bool, after: Place, most: int, besides: Besides
) -> Sequence[Row[*tuple[Any, ...]]]:
    """Failed messages after that place that could go out together with those of the notifications `like`.

    Their column like_that: which of `like` it is. most: of each request. by_text: the text must be the same, too.
    """
    asked = (
        failed.parameters() | after.parameters() | {"like": list(like), "most": most, "besides": list(besides or ())}
    )
    somewhere = beyond(Place(UUID(int=1), UUID(int=1), after.asked_at))
    return judged(session, _choose_alike(scope_of(failed), by_text, somewhere, _locks(besides)), asked).all()


@cache
def _count(scope: str, goes_on: str) -> TextClause:
    return text(f"SELECT count(*) FROM message AS m WHERE {chosen(scope)} AND {goes_on}")


def count(session: Session, which: Chosen, *, after: Place = NOWHERE) -> int:
    """How many are chosen, those included that will have to stay."""
    asked = which.parameters() | after.parameters()
    return int(session.execute(_count(scope_of(which), beyond(after)), asked).scalar_one())


@cache
def _count_of_campaign(scope: str, goes_on: str) -> TextClause:
    return text(f"""
        SELECT count(*) FROM message AS m WHERE {chosen(scope)} AND {goes_on} AND {_BY_KEY["campaign"]} = :campaign
    """)


def count_of_campaign(session: Session, which: Chosen, campaign: str, *, after: Place = NOWHERE) -> int:
    """How many of them are of this campaign."""
    which = replace(which, campaign=campaign)
    asked = which.parameters() | after.parameters()
    return int(session.execute(_count_of_campaign(scope_of(which), beyond(after)), asked).scalar_one())
