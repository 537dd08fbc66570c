"""What happened, for who can't be called: the same log that webhooks are told of, read on from a cursor."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from worker.ahead import Ahead, wait_for_the_disk
from worker.database import Database
from worker.errors import Invalid
from worker.ledger import log
from worker.ledger.log import Place

FIRST = timedelta(days=7)  # where no cursor is given; the log before that is told to who has one
LOOKED_AT = 500  # rows of the log at once
MOST = 1000

_SNAPSHOT = r"[0-9]{1,19}:[0-9]{1,19}:(?:[0-9]{1,19}(?:,[0-9]{1,19}){0,400})?"
_CURSOR = re.compile(rf"({_SNAPSHOT})(?:/({_SNAPSHOT})/([0-9]{{1,18}})/(-?[0-9]{{1,18}}))?")


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """Something that happened. number: the greater of two about one message is the later; timestamp in UTC."""

    type: str
    timestamp: datetime
    number: int
    cursor: str = field(repr=False)
    """To go on after it."""
    data: Mapping[str, Any] = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """Some events, none where nobody is told of what was looked at. more: there are, or may be, others at once."""

    events: Sequence[Event]
    next: str
    more: bool


class Feed:
    """The log as one login sees it."""

    def __init__(self, database: Database) -> None:
        self._database, self._ahead = database, Ahead(database)

    def page(self, after: str | None, *, most: int = LOOKED_AT) -> Page:
        """The next ones. Raises Invalid, Unavailable."""
        if not 1 <= most <= MOST:
            raise Invalid("most", "is out of range", f"give 1 to {MOST}")
        others_go_ahead = self._ahead.is_allowed
        with self._database.begin() as session:
            place = _place(after) if after else log.place_at(session, datetime.now(UTC) - FIRST)
            found, onward = log.read_on(session, place, most)
            if onward != place and others_go_ahead:
                wait_for_the_disk(session)
        events = [
            Event(type=row.kind, timestamp=row.at, number=row.number, cursor=_cursor(row.place), data=row.facts)
            for row in found
        ]
        return Page(events=events, next=_cursor(onward), more=onward.target is not None)

    def events(self, after: str | None, *, every: float, follow: bool) -> Iterator[Event]:
        """One after the other, for as long as they are asked for."""
        while True:
            page = self.page(after)
            yield from page.events
            after = page.next
            if not page.more:
                if not follow:
                    return
                time.sleep(every)


def _cursor(place: Place) -> str:
    if place.target is None:
        return place.done
    return f"{place.done}/{place.target}/{place.transaction}/{place.number}"


def _place(cursor: str) -> Place:
    if not (found := _CURSOR.fullmatch(cursor)) or any(int(each) >= 2**63 for each in re.findall("[0-9]+", cursor)):
        raise Invalid("after", "is no cursor", "give the `next` of the page before, or leave it out")
    done, target, transaction, number = found.groups()
    return Place(done) if target is None else Place(done, target, int(transaction), int(number))
