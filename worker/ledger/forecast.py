"""How many people each day of the year concerns, and who of them has what a text needs: in one pass for all rules."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import TextClause, text
from sqlalchemy.orm import Session

from worker.phone import LANDLINES

_ALIVE = "AND c.death_day IS NULL AND c.lunar_death_day IS NULL"

# Only the tags and facts that some rule asks for: else people with odd ones of their own would each be a group.
_COUNT = """
    SELECT asked.tags, asked.facts, c.source, {day} AS day, {leap} AS leap, {born} AS born, count(*) AS people
    FROM contact AS c
    CROSS JOIN LATERAL (
        SELECT ARRAY(SELECT t FROM unnest(c.tags) AS t WHERE t = ANY(CAST(:tags AS text[])) ORDER BY t) AS tags,
            ARRAY(
                SELECT f FROM unnest(CAST(:facts AS text[])) AS f
                WHERE CASE f
                    WHEN 'phone' THEN c.phones <> '{{}}'
                    WHEN 'mobile' THEN EXISTS (SELECT FROM unnest(c.phones) AS p WHERE NOT starts_with(p, :landlines))
                    WHEN 'name' THEN c.name ~ '\\S'
                    WHEN 'birth_date' THEN c.birth_date IS NOT NULL
                    ELSE c.attributes ->> substr(f, 6) ~ '\\S'  -- after attr.
                END
                ORDER BY f
            ) AS facts
    ) AS asked
    WHERE c.opted_out_at IS NULL AND c.phones <> '{{}}' {which}
    GROUP BY 1, 2, 3, 4, 5, 6
"""


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
    return _groups(session, text(_COUNT.format(day=day, leap=leap, born=born, which=which)), tags, facts, recent)


def count_everybody(session: Session, tags: Collection[str], facts: Collection[str]) -> Iterator[Group]:
    """All people; opted-out ones are left out."""
    nothing = {"day": "CAST(NULL AS smallint)", "leap": "CAST(NULL AS boolean)", "born": "CAST(NULL AS date)"}
    return _groups(session, text(_COUNT.format(**nothing, which="")), tags, facts, None)


def _groups(
    session: Session, statement: TextClause, tags: Collection[str], facts: Collection[str], recent: date | None
) -> Iterator[Group]:
    asked: dict[str, Any] = {"tags": sorted(tags), "facts": sorted(facts), "landlines": LANDLINES}
    if recent is not None:
        asked["recent"] = recent
    for row in session.execute(statement, asked):
        yield Group(frozenset(row.tags), frozenset(row.facts), row.source, row.day, row.leap, row.born, row.people)
