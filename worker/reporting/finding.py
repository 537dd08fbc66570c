"""Find messages by whatever is known of them, the newest first, at a cost that does not grow with the history.

A walk goes back along the index that fits best, some rows at a time, and compares each row with the rest of what was
asked for. A page looks at a limited number of rows, so it may hold few messages, or none: then it says where to go on.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime, tzinfo
from functools import cache
from typing import TYPE_CHECKING, Any, Self, cast
from uuid import UUID

from sqlalchemy import RowMapping, TextClause, text

from worker.lifecycle import FAILED, WANTED_AT, Status
from worker.lookups import by_key
from worker.reporting.choice import Choice, Which
from worker.reporting.cursors import Place, cursor_of, place_of
from worker.reporting.lists import BEGINNING, COLUMNS, END, FAILED_SQL, IN_CAMPAIGN, WORDS, MessageReported, names_of
from worker.reporting.sums import Sums, sums

if TYPE_CHECKING:
    from worker.database import Reader

AT_ONCE = 2000  # rows that one statement goes through
ROUNDS = 5  # of these for one page
COUNTED = 1000  # messages that are counted one by one, where the sums of days can't tell
_LAST_ID = UUID(int=2**128 - 1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Search:
    """What is looked for: all of it holds. Of several numbers or ids any; none given: whatever it is."""

    choice: Choice = field(default_factory=Choice)
    phones: Sequence[str] = field(default=(), repr=False)
    """E.164."""
    notifications: Sequence[UUID] = ()
    messages: Sequence[UUID] = ()

    @property
    def campaign(self) -> str | None:
        """Where there is one, and it has a name."""
        words = self.choice.words.get("campaign", ())
        return words[0] if len(words) == 1 and words[0] else None

    @property
    def is_a_campaign(self) -> bool:
        """All of a campaign, and nothing else."""
        alone = len(self.choice.words) == 1 and self.choice.since is None and self.choice.until is None
        return self.campaign is not None and alone and self.is_counted

    @property
    def is_counted(self) -> bool:
        """The sums of days know how many there are."""
        return not (self.phones or self.notifications or self.messages)

    def as_json(self) -> dict[str, Any]:
        """To be kept; `of_json` reads it."""
        days = {"since": self.choice.since, "until": self.choice.until}
        return {
            "which": {**{name: list(words) for name, words in self.choice.words.items()},
                      **{name: day.isoformat() for name, day in days.items() if day}},
            "phones": list(self.phones),
            "notifications": [str(each) for each in self.notifications],
            "messages": [str(each) for each in self.messages],
        }  # fmt: skip

    @classmethod
    def of_json(cls, kept: dict[str, Any]) -> Self:
        which = dict(kept["which"])
        for name in {"since", "until"} & which.keys():
            which[name] = date.fromisoformat(which[name])
        ids = {name: tuple(UUID(each) for each in kept[name]) for name in ("notifications", "messages")}
        return cls(choice=Choice.of(cast(Which, which)), phones=tuple(kept["phones"]), **ids)


@dataclass(frozen=True, slots=True, kw_only=True)
class Found(MessageReported):
    """A message, and whose number it went to; None: of no contact."""

    name: str | None = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class FoundPage:
    """Some of them, and from where to look further; None: that was all. looked_at: rows that were compared."""

    rows: Sequence[Found]
    next: str | None
    looked_at: int


@dataclass(frozen=True, slots=True)
class Walk:
    """The rows that a walk has just passed, in its order, and the place to go on after; None: it is at its end."""

    places: Sequence[Place]
    end: Place | None

    def after(self, place: int) -> Place | None:
        """The place to go on from after the row with this number, counted from 1."""
        return self.places[place - 1] if place < len(self.places) else self.end


# Which rows, and in which order; `first` and `last` are the place where the walk goes on. By date, a message is met at
# the date when it is to go out and at each date from which it was moved; it matches only at the first.
_BY_DATE = """
    SELECT DISTINCT s.wanted_at AS first, s.message_id AS id FROM settlement AS s
    WHERE (s.was IS NULL OR s.was_wanted_at IS NOT NULL)
      AND (s.wanted_at, s.message_id) < (least(:first, :until), :last)
      AND s.wanted_at >= :since AND s.wanted_at < :until {asked_before}
    ORDER BY 1 DESC, 2 DESC LIMIT :most
"""
_FAILED = """
    SELECT {wanted} AS first, m.id FROM message AS m
    WHERE {failed} AND ({wanted}, m.id) < (least(:first, :until), :last)
      AND {wanted} >= :since AND {wanted} < :until
    ORDER BY {wanted} DESC, m.id DESC LIMIT :most
"""
_HELD = """
    SELECT m.id AS first, m.id FROM message AS m WHERE m.status = 'held' AND m.id < :last ORDER BY m.id DESC LIMIT :most
"""
_OF_CAMPAIGN = f"""
    SELECT n.id AS first, m.id FROM notification AS n
    CROSS JOIN LATERAL (SELECT m.id FROM message AS m WHERE m.notification_id = n.id OFFSET 0) AS m
    WHERE {IN_CAMPAIGN} AND (n.campaign, n.id) <= (:campaign_, :first) AND (n.id < :first OR m.id < :last)
    ORDER BY n.campaign DESC, n.id DESC, m.id DESC LIMIT :most
"""  # noqa: S608 — our own constants
_OF_PHONES = """
    SELECT m.created_at AS first, m.id FROM unnest(CAST(:phones AS text[])) AS p (phone)
    CROSS JOIN LATERAL (
        SELECT m.created_at, m.id FROM message AS m
        WHERE m.phone = p.phone AND (m.created_at, m.id) < (:first, :last)
        ORDER BY m.created_at DESC, m.id DESC LIMIT :most
    ) AS m
    ORDER BY m.created_at DESC, m.id DESC LIMIT :most
"""
_OF_NOTIFICATIONS = """
    SELECT m.notification_id AS first, m.id FROM message AS m
    WHERE m.notification_id = ANY(CAST(:notifications AS uuid[])) AND (m.notification_id, m.id) < (:first, :last)
    ORDER BY m.notification_id DESC, m.id DESC LIMIT :most
"""
_THESE = """
    SELECT m.id AS first, m.id FROM message AS m
    WHERE m.id = ANY(CAST(:messages AS uuid[])) AND m.id < :last ORDER BY m.id DESC LIMIT :most
"""
_BY_TIME = frozenset({_BY_DATE, _FAILED, _OF_PHONES})  # the others go by ids
_WHERE_IT_IS = {_BY_DATE: f"AND {WANTED_AT} = w.first"}

# A walk goes along an index, in its order. Where Postgres has counted nothing and expects few rows, it would rather
# read and sort everything: so sorting is forbidden.
_ALONG = text("SELECT set_config('enable_sort', 'off', true)")
_AS_USUAL = text("SELECT set_config('enable_sort', 'on', true)")
# Each row of the walk is looked up by its key, however few matches Postgres expects.
_MATCHING = f"""
    SELECT {{columns}}, w.place
    FROM unnest(CAST(:firsts AS {{first}}[]), CAST(:ids AS uuid[])) WITH ORDINALITY AS w (first, id, place)
    {by_key("message", "m", of="w.id")} {by_key("notification", "n", of="m.notification_id")}
    WHERE {{wanted}} >= :since AND {{wanted}} < :until {{more}} ORDER BY w.place LIMIT :most
"""  # noqa: S608 — our own constants
_AMONG = {
    "phones": "m.phone = ANY(CAST(:phones AS text[]))",
    "notifications": "m.notification_id = ANY(CAST(:notifications AS uuid[]))",
    "messages": "m.id = ANY(CAST(:messages AS uuid[]))",
}


def find(session: Reader, search: Search, zone: tzinfo, *, after: str | None, most: int) -> FoundPage:
    """after: `next` of the page before. Raises Invalid for one that is none."""
    rows: list[RowMapping] = []
    looked_at, place = 0, start_of(search, after)
    for _ in range(ROUNDS):
        walk = walk_on(session, search, zone, place, most=AT_ONCE if _compares(search) else most)
        more = matching(session, search, zone, walk, columns=COLUMNS, most=most - len(rows))
        rows += more
        looked_at += len(walk.places)
        following = walk.after(more[-1]["place"]) if len(rows) == most else walk.end
        if following is None or len(rows) == most:
            break
        place = following
    names = names_of(session, {row["phone"] for row in rows})
    return FoundPage(
        rows=[_found(row, names) for row in rows],
        next=None if following is None else cursor_of(following),
        looked_at=looked_at,
    )


@dataclass(frozen=True, slots=True)
class About:
    """How many there are, as the sums of days have it: a message counts each time that it was sent. again: of these,
    those for which another time counts, and which so may stand in no list any more.
    """

    times: int
    again: int = 0


def about(session: Reader, search: Search) -> About | None:
    """None: the sums know no numbers and no ids."""
    if search.messages:
        return About(len(search.messages))
    if not search.is_counted:
        return None
    lines = _summed(session, search)
    return About(sum(line.messages for line in lines), sum(line.superseded for line in lines))


def standing(session: Reader, search: Search, zone: tzinfo) -> Mapping[Status, int]:
    """Where they stand: all of them by the sums of days; of numbers and ids, the last thousand."""
    found: Counter[Status] = Counter()
    if search.is_counted:
        for line in _summed(session, search):
            found.update(line.statuses)
    else:
        rows = find(session, search, zone, after=None, most=COUNTED).rows
        found.update(Status(row.status) for row in rows)
    return found


def _summed(session: Reader, search: Search) -> list[Sums]:
    """By status; each message that is found, also where its recipient is counted by another."""
    return sums(session, replace(search.choice, each=True), ["status"])


def start_of(search: Search, after: str | None = None) -> Place:
    """Where a walk begins: after that cursor, or with the newest. Raises Invalid for a cursor that is none."""
    by_time = _way(search) in _BY_TIME
    if after is not None:
        place: Place = place_of(after, datetime.fromisoformat if by_time else UUID)
        return place
    return (END if by_time else _LAST_ID, _LAST_ID)


def walk_on(
    session: Reader, search: Search, zone: tzinfo, place: Place, *, most: int, asked_at: datetime | None = None
) -> Walk:
    """The next rows from there. asked_at: for a sweep: what was moved since is not met again."""
    statement = _walk(_way(search), asked_at is not None)
    asked = _asked(search, zone) | {"first": place[0], "last": place[1], "most": most, "asked_at": asked_at}
    session.execute(_ALONG)
    places = [(first, id_) for first, id_ in session.execute(statement, asked)]
    session.execute(_AS_USUAL)
    return Walk(places, places[-1] if len(places) == most else None)


def matching(
    session: Reader, search: Search, zone: tzinfo, walk: Walk, *, columns: str, most: int
) -> Sequence[RowMapping]:
    """The rows of a walk that match the whole search, in its order. `place`: which row of the walk it is, from 1."""
    statement = _matching(_way(search), columns, tuple(search.choice.words), _named(search))
    places = {"firsts": [first for first, _ in walk.places], "ids": [id_ for _, id_ in walk.places]}
    return session.execute(statement, _asked(search, zone) | places | {"most": most}).mappings().all()


def _way(search: Search) -> str:
    statuses = {Status(each) for each in search.choice.words.get("status", ())}
    ways = {
        _THESE: bool(search.messages),
        _OF_NOTIFICATIONS: bool(search.notifications),
        _OF_PHONES: bool(search.phones),
        _OF_CAMPAIGN: search.campaign is not None,
        _HELD: statuses == {Status.HELD},
        _FAILED: bool(statuses) and statuses <= set(FAILED),
    }
    return next((way for way, fits in ways.items() if fits), _BY_DATE)


@cache
def _walk(way: str, is_sweep: bool) -> TextClause:
    asked_before = "AND s.at <= :asked_at" if is_sweep else ""
    return text(way.format(asked_before=asked_before, wanted=WANTED_AT, failed=FAILED_SQL))


@cache
def _matching(way: str, columns: str, words: Sequence[str], named: Sequence[str]) -> TextClause:
    conditions = [f"{WORDS[name]} = ANY(:{name})" for name in words] + [_AMONG[name] for name in named]
    more = " ".join([_WHERE_IT_IS.get(way, ""), *(f"AND {each}" for each in conditions)])
    first = "timestamptz" if way in _BY_TIME else "uuid"
    return text(_MATCHING.format(columns=columns, first=first, wanted=WANTED_AT, more=more))


def _named(search: Search) -> tuple[str, ...]:
    return tuple(name for name in _AMONG if getattr(search, name))


def _compares(search: Search) -> bool:
    """Can a walk meet rows that do not match?"""
    return bool(search.choice.words or _named(search))


def _asked(search: Search, zone: tzinfo) -> dict[str, Any]:
    since, until = search.choice.moments(zone)
    words = {name: list(values) for name, values in search.choice.words.items()}
    named = {name: list(getattr(search, name)) for name in _AMONG}
    return words | named | {"campaign_": search.campaign, "since": since or BEGINNING, "until": until or END}


def _found(row: RowMapping, names: dict[str, str]) -> Found:
    facts = {name: value for name, value in row.items() if name != "place"}
    return Found(**facts, name=names.get(row["phone"]))
