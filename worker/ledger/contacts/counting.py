"""How many people each day of the year concerns, and who of them has what a text needs: in one pass for all rules."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Any

from sqlalchemy import text

from worker.phone import LANDLINES
from worker.text import ATTRIBUTE

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

_ALIVE = "AND c.death_day IS NULL AND c.lunar_death_day IS NULL"

# Only the tags and facts that some rule asks for: else people with odd ones of their own would each be a group.
_COUNT = """
    SELECT count(*) AS people, asked.tags, c.source, {day} AS day, {leap} AS leap, {born} AS born, {has} AS has
    FROM contact AS c
    CROSS JOIN LATERAL (
        SELECT ARRAY(SELECT t FROM unnest(c.tags) AS t WHERE t = ANY(CAST(:tags AS text[])) ORDER BY t) AS tags
    ) AS asked
    WHERE c.opted_out_at IS NULL AND c.phones <> '{{}}' {which}
    GROUP BY 2, 3, 4, 5, 6, 7
"""

_HAS = {
    "phone": "true",  # who has none is left out anyway
    "mobile": """(
        NOT starts_with(c.phones[1], :landlines)
        OR EXISTS (SELECT FROM unnest(c.phones) AS p WHERE NOT starts_with(p, :landlines))
    )""",
    "name": "btrim(c.name) <> ''",
    "birth_date": "c.birth_date IS NOT NULL",
}
_HAS_ATTRIBUTE = "coalesce(btrim(c.attributes ->> :attribute_{place}) <> '', false)"


@dataclass(frozen=True, slots=True)
class Group:
    """So many people share these tags and facts (of those asked for), this source and this day of the year."""

    tags: frozenset[str]
    facts: frozenset[str]
    source: str
    day: int | None  # month * 100 + day; None: of all days
    leap: bool | None
    born: date | None  # where that is not long ago: nobody is wished well before the first birthday
    people: int


def count_by_day(
    session: Session, tags: Collection[str], facts: Collection[str], *, lunar: bool, death: bool, recent: date
) -> Iterator[Group]:
    """The people whose birthday (or, with `death`, death anniversary) is on each day; opted-out ones are left out.

    recent: who was born since then is counted by the birth date, too.
    """
    what = "death" if death else "birth"
    day = f"c.lunar_{what}_day" if lunar else f"c.{what}_day"
    which = f"AND {day} IS NOT NULL {'' if death else _ALIVE}"
    leap = f"c.lunar_{what}_leap" if lunar else "CAST(NULL AS boolean)"
    born = "CAST(NULL AS date)" if death else "CASE WHEN c.birth_date >= :recent THEN c.birth_date END"
    columns = {"day": day, "leap": leap, "born": born, "which": which}
    return _groups(session, columns, tags, facts, **({} if death else {"recent": recent}))


def count_everybody(session: Session, tags: Collection[str], facts: Collection[str]) -> Iterator[Group]:
    """All people; opted-out ones are left out."""
    nothing = {"day": "CAST(NULL AS smallint)", "leap": "CAST(NULL AS boolean)", "born": "CAST(NULL AS date)"}
    return _groups(session, nothing | {"which": ""}, tags, facts)


def _groups(
    session: Session, columns: Mapping[str, str], tags: Collection[str], facts: Collection[str], **asked: Any
) -> Iterator[Group]:
    named = sorted(facts)
    each = [_HAS.get(fact) or _HAS_ATTRIBUTE.format(place=place) for place, fact in enumerate(named)]
    asked |= {
        f"attribute_{place}": fact.removeprefix(ATTRIBUTE) for place, fact in enumerate(named) if fact not in _HAS
    }
    if "mobile" in facts:
        asked["landlines"] = LANDLINES
    query = text(_COUNT.format(**columns, has=f"CAST(ARRAY[{', '.join(each)}] AS boolean[])"))
    for row in session.execute(query, asked | {"tags": sorted(tags)}):
        has = frozenset(fact for fact, there in zip(named, row.has, strict=True) if there)
        yield Group(frozenset(row.tags), has, row.source, row.day, row.leap, row.born, row.people)
