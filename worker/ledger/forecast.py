"""How many people each day of the year concerns: those with a number, in one pass for all rules, not one a day."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass

from sqlalchemy import TextClause, text
from sqlalchemy.orm import Session

_ALIVE = "AND c.death_day IS NULL AND c.lunar_death_day IS NULL"

# Only the tags that some rule asks for: else people with odd tags of their own would each be a group.
_COUNT = """
    SELECT asked.tags, c.source, {day} AS day, {leap} AS leap, count(*) AS people
    FROM contact AS c
    CROSS JOIN LATERAL (
        SELECT ARRAY(SELECT t FROM unnest(c.tags) AS t WHERE t = ANY(CAST(:tags AS text[])) ORDER BY t) AS tags
    ) AS asked
    WHERE c.opted_out_at IS NULL AND c.phones <> '{{}}' {which}
    GROUP BY 1, 2, 3, 4
"""


@dataclass(frozen=True, slots=True)
class Group:
    """So many people share these tags (of those asked for), this source and this day of the year."""

    tags: frozenset[str]
    source: str
    day: int | None  # month * 100 + day; None: of all days
    leap: bool | None
    people: int


def count_by_day(session: Session, tags: Collection[str], *, lunar: bool, death: bool) -> Iterator[Group]:
    """The people whose birthday (or, with `death`, death anniversary) is on each day; opted-out ones are left out."""
    what = "death" if death else "birth"
    day = f"c.lunar_{what}_day" if lunar else f"c.{what}_day"
    which = f"AND {day} IS NOT NULL {'' if death else _ALIVE}"
    leap = f"c.lunar_{what}_leap" if lunar else "CAST(NULL AS boolean)"
    return _groups(session, text(_COUNT.format(day=day, leap=leap, which=which)), tags)


def count_everybody(session: Session, tags: Collection[str]) -> Iterator[Group]:
    """All people; opted-out ones are left out."""
    nothing = {"day": "CAST(NULL AS smallint)", "leap": "CAST(NULL AS boolean)", "which": ""}
    return _groups(session, text(_COUNT.format(**nothing)), tags)


def _groups(session: Session, statement: TextClause, tags: Collection[str]) -> Iterator[Group]:
    for row in session.execute(statement, {"tags": sorted(tags)}):
        yield Group(frozenset(row.tags), row.source, row.day, row.leap, row.people)
