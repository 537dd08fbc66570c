"""Which column is meant: by its title as it is written, or without accents, capitals and signs."""

from __future__ import annotations

import re
from collections.abc import Sequence

from worker.spreadsheets.rows import Unreadable
from worker.text import strip_diacritics


def plain(title: str) -> str:
    """Accents, capitals, stars and brackets are where headers differ."""
    return " ".join(re.sub(r"[\W_]+", " ", strip_diacritics(title).casefold()).split())


def places_of(titles: Sequence[str], title: str) -> list[int]:
    """The columns of this title; where none is written so, those that differ by accents, capitals and signs alone."""
    wanted = " ".join(title.split())
    exactly = [place for place, each in enumerate(titles) if each == wanted]
    return exactly or [place for place, each in enumerate(titles) if plain(each) == plain(wanted)]


def place_of(titles: Sequence[str], title: str, *, option: str) -> int:
    """The column of this title. Raises Unreadable, which names the option that named it."""
    places = places_of(titles, title)
    if len(places) == 1:
        return places[0]
    problem = f"there is no column {title!r}" if not places else f"{len(places)} columns are called {title!r}"
    raise Unreadable(option, problem, there_are(titles))


def there_are(titles: Sequence[str]) -> str:
    """What the file has, for an error."""
    return "the file has " + ", ".join(title for title in titles if title)
