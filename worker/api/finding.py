"""Finding messages by whatever somebody knows of them, and keeping what is looked for under a key that says nothing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from worker import ledger
from worker.again import Failed
from worker.database import Database
from worker.errors import Invalid, NotFound
from worker.lifecycle import FAILED, Status
from worker.reporting.finding import About, FoundPage, Search, about, find, standing
from worker.reporting.meanings import Meaning, meanings
from worker.settings import Settings


class Finding:
    """Finds messages. Every method may raise Unavailable."""

    def __init__(self, database: Database, settings: Settings) -> None:
        self._database, self._settings = database, settings

    def meanings(self, given: str) -> Sequence[Meaning]:
        """What these words or figures may mean, the most exact first: an id or its beginning, a reference, a number in
        any spelling, a campaign or how it begins, a contact's key, words of a contact's name. None of it: empty.
        """
        with self._database.begin() as session:
            return meanings(session, given)

    def find(self, search: Search, after: str | None = None, *, most: int = 50) -> FoundPage:
        """The newest first: by when they were to go out, of a campaign, number or id by when they were handed over.

        A page compares some thousands of rows at most, however many there are: it may hold fewer than `most`, and
        `next` goes on. after: `next` of the page before. Raises Invalid for one that is none.
        """
        with self._database.reading() as session:
            return find(session, search, self._settings.time_zone, after=after, most=most)

    def about(self, search: Search) -> About | None:
        """How many there are by the sums of days, as of the last tick, each time counted that one was sent; None: they
        can't tell of numbers and ids.
        """
        with self._database.reading() as session:
            return about(session, search)

    def standing(self, search: Search) -> Mapping[Status, int]:
        """Where they stand: by the sums of days, as of the last tick; of numbers and ids the last thousand, now."""
        with self._database.reading() as session:
            return standing(session, search, self._settings.time_zone)

    def failed(self, search: Search) -> Failed:
        """What failed of it, for `again.retry`. Raises Invalid where that takes one word, or a day, and has not.

        All that failed is all that may be sent again: what may still arrive is left, and told by `again.foresee`.
        """
        words, phones = dict(search.choice.words), search.phones
        since, until = search.choice.moments(self._settings.time_zone)
        ids = [*search.messages, *search.notifications]
        several: dict[str, Any] = {name: words.pop(name, None) for name in ("status", "code")}
        single: dict[str, Any] = {
            name: _only(name, values) for name, values in {**words, "to": phones}.items() if values
        }
        if set(several["status"] or ()) == set(FAILED):
            several["status"] = None
        if not (ids or since or single.keys() & {"campaign", "to"}):
            raise Invalid("since", "is missing", "give the first day, a campaign or a number")
        return Failed(ids=ids, since=since, until=until, **several, **single)

    def keep(self, person: str, asked: Mapping[str, Any]) -> str:
        """Keep what this person looks for, for a day; the key says nothing of it."""
        with self._database.begin() as session:
            return ledger.keep_search(session, person, asked)

    def kept(self, person: str, key: str) -> Mapping[str, Any]:
        """The same again. Raises NotFound: it is another's, or older than a day."""
        with self._database.reading() as session:
            asked = ledger.kept_search(session, person, key)
        if asked is None:
            raise NotFound("this search is no longer kept: look again")
        return asked


def _only(name: str, values: Sequence[str]) -> str:
    if len(values) > 1:
        raise Invalid(name, f"are {len(values)}", "choose one of them")
    return values[0]
