"""Find contacts: by day of the year, key, number, or page by page.

The index on a day of the year carries the id: thousands of birthdays among a million people are one range of it.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Collection, Sequence
from typing import TYPE_CHECKING, Any
from uuid import UUID

from sqlalchemy import TextClause, text

from worker.ledger.contacts.values import ContactRow
from worker.models.contacts import NAME_WORDS
from worker.text import strip_diacritics

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

    from worker.database import Reader

NO_ID = UUID(int=0)  # before every other

_COLUMNS = """
    c.id, c.source, c.key, c.name, c.phones, c.birth_date, c.lunar_birth_day, c.lunar_birth_leap,
    c.death_date, c.lunar_death_day, c.lunar_death_leap, c.tags, jsonb_strip_nulls(c.attributes) AS attributes,
    c.opted_out_at, c.version, c.created_at, c.updated_at
"""

# Nobody congratulates the dead: whoever has a day of death is not among the birthdays.
_ALIVE = "c.death_day IS NULL AND c.lunar_death_day IS NULL"
_TAGGED = "(CAST(:tags AS text[]) = '{}' OR c.tags && CAST(:tags AS text[]))"
_OPTED_OUT = "(CAST(:opted_out AS boolean) IS NULL OR (c.opted_out_at IS NOT NULL) = :opted_out)"
_OF_SOURCE = "(CAST(:source AS text) IS NULL OR c.source = :source)"

# One range of the index for each key, in the order of the ids, and no more of it than is asked for.
_BORN_ON = """
    SELECT found.* FROM unnest(CAST(:days AS smallint[]), CAST(:leaps AS boolean[])) AS k (day, leap),
    LATERAL (
        SELECT {columns} FROM contact AS c
        WHERE c.{day} = k.day AND c.id > :after AND c.opted_out_at IS NULL AND {alive} AND {leap}
          AND {tagged} AND {source}
        ORDER BY c.id LIMIT :most
    ) AS found
    ORDER BY found.id LIMIT :most
"""

Day = int | tuple[int, bool | None]  # month * 100 + day; of the lunar calendar: in a leap month? None is either


def born_on(
    session: Session,
    keys: Sequence[Day],
    *,
    lunar: bool = False,
    death: bool = False,
    tags: Collection[str] = (),
    source: str | None = None,
    after: UUID | None = None,
    most: int = 1000,
) -> list[ContactRow]:
    """Who was born (or, with `death`, died) on one of these days of the year; in the order of their ids, from `after`.

    tags: those with at least one of these; none given: all. Who opted out is left out, and the dead have no birthday.
    """
    pairs = dict.fromkeys(key if isinstance(key, tuple) else (key, None) for key in keys)
    asked = {
        "days": [day for day, _ in pairs],
        "leaps": [leap for _, leap in pairs],
        "tags": folded(tags),
        "source": source,
        "after": after or NO_ID,
        "most": most,
    }
    return _rows(session, text(_born_on(lunar=lunar, death=death)), asked)


def _born_on(*, lunar: bool, death: bool) -> str:
    what = "death" if death else "birth"
    return _BORN_ON.format(
        columns=_COLUMNS,
        day=f"lunar_{what}_day" if lunar else f"{what}_day",
        leap=f"(k.leap IS NULL OR c.lunar_{what}_leap = k.leap)" if lunar else "true",
        alive="true" if death else _ALIVE,
        tagged=_TAGGED,
        source=_OF_SOURCE,
    )


_BY_KEYS = text(f"SELECT {_COLUMNS} FROM contact AS c WHERE {_OF_SOURCE} AND c.key = ANY(:keys) ORDER BY c.id")
_BY_ID = text(f"SELECT {_COLUMNS} FROM contact AS c WHERE c.id = :id")
# In the order of the ids, but by their text: on stale statistics all contacts would be walked by the primary key. Some
# numbers at a time: for thousands of them Postgres would compare each with those of all contacts. The last condition,
# which never comes to be asked, is dear in its eyes for each row that it expects to pass: so it takes the index.
_BY_PHONES = text(f"""
    SELECT {_COLUMNS} FROM (
        SELECT DISTINCT ON (c.id) c.*
        FROM generate_series(1, cardinality(CAST(:phones AS text[])), 50) AS nth CROSS JOIN LATERAL (
            SELECT * FROM contact AS c
            WHERE c.phones && (CAST(:phones AS text[]))[nth \\: nth + 49]
              AND (c.phones <> '{{}}' OR (SELECT true FROM contact AS k WHERE k.id = c.id))
            OFFSET 0
        ) AS c
    ) AS c
    WHERE {_OF_SOURCE}
    ORDER BY CAST(c.id AS text)
""")
_PAGE = f"""
    SELECT {_COLUMNS} FROM contact AS c
    WHERE c.id > :after AND {_TAGGED} AND {_OF_SOURCE} AND {_OPTED_OUT} AND named
    ORDER BY ordered LIMIT :most
"""
# Beginnings of words, by the index on them. A name without a single letter is nobody's.
_NAMED = f"{NAME_WORDS.replace('(name', '(c.name')} @@ to_tsquery('simple', :words)"
# The same order, which the primary key can't serve: a name that nobody has would be looked for in a million rows by it.
_BY_ID_UNINDEXED = "CAST(c.id AS text)"
_ATTRIBUTES = text("SELECT DISTINCT a FROM contact, jsonb_object_keys(jsonb_strip_nulls(attributes)) AS a ORDER BY a")
_COUNT = text(f"""
    SELECT count(*) FROM contact AS c
    WHERE {_TAGGED} AND {_OF_SOURCE} AND {_OPTED_OUT}
""")


def by_keys(session: Reader, keys: Collection[str], *, source: str | None = None) -> list[ContactRow]:
    """The contacts with these keys, of one source or of all."""
    return _rows(session, _BY_KEYS, {"keys": list(keys), "source": source})


def by_id(session: Session, contact: UUID) -> ContactRow | None:
    """The contact with this id of ours."""
    return next(iter(_rows(session, _BY_ID, {"id": contact})), None)


def by_phones(session: Reader, phones: Collection[str], *, source: str | None = None) -> list[ContactRow]:
    """The contacts that have one of these numbers (E.164), their main one or not."""
    return _rows(session, _BY_PHONES, {"phones": list(phones), "source": source})


def page(
    session: Session,
    *,
    tags: Collection[str] = (),
    source: str | None = None,
    opted_out: bool | None = None,
    name: str | None = None,
    after: UUID | None = None,
    most: int = 1000,
) -> list[ContactRow]:
    """Contacts in the order of their ids, from `after`; tags: those with at least one of these.

    name: words of it, or how they begin; without accents and capitals.
    """
    asked = {"tags": folded(tags), "source": source, "opted_out": opted_out, "after": after or NO_ID, "most": most}
    if name is None:
        return _rows(session, _page("true", "c.id"), asked)
    return _rows(session, _page(_NAMED, _BY_ID_UNINDEXED), asked | {"words": _words(name)})


def folded(tags: Collection[str]) -> list[str]:
    """Tags as they are stored: spellings that people take for the same are the same."""
    return [tag.casefold() for tag in tags]


def _words(name: str) -> str:
    plain = strip_diacritics(unicodedata.normalize("NFC", name)).casefold()
    return " & ".join(f"{word}:*" for word in re.findall(r"[^\W_]+", plain))


def _page(named: str, ordered: str) -> TextClause:
    return text(_PAGE.replace("named", named).replace("ordered", ordered))


def count(
    session: Session, *, tags: Collection[str] = (), source: str | None = None, opted_out: bool | None = None
) -> int:
    """How many contacts there are; reads them all."""
    asked = {"tags": folded(tags), "source": source, "opted_out": opted_out}
    return int(session.execute(_COUNT, asked).scalar_one())


def attribute_names(session: Session) -> list[str]:
    """Every attribute that some contact has; reads them all."""
    return list(session.scalars(_ATTRIBUTES))


def _rows(session: Reader, statement: TextClause, asked: dict[str, Any]) -> list[ContactRow]:
    return [ContactRow(**row) for row in session.execute(statement, asked).mappings()]
