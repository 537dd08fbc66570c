"""Choose the next messages to send again, so that advertising never falls below the number that eSMS takes.

eSMS takes advertising for twenty or more recipients at once only. So of each text either that many are taken together
or none, and the same holds for what is left for later: where one of the two would be too few, recipients of the same
text are looked for in requests further on, and taken along.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Hashable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from uuid import UUID

from worker import ledger
from worker.again.choice import Corrected
from worker.again.compose import key_of
from worker.again.planning import Plan, Planner, Requests, Rows, turns_out_advertising
from worker.ledger import Chosen, Place
from worker.settings import Settings

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

LOOKED = 500  # messages that are looked at together at least: most of them may have to stay
LOOKED_MOST = 5000


@dataclass(frozen=True, slots=True)
class Chunk:
    """Some of what was chosen, and what becomes of it.

    place: of the last row in the order of the walk, after which the next chunk begins; None: there is no more.
    company: those of the rows that stand further on than that, and were taken along.
    """

    plan: Plan
    requests: Requests
    rows: Rows
    place: Place | None
    company: Rows = ()


@dataclass(frozen=True, slots=True)
class Chooser:
    """Takes what was chosen chunk by chunk.

    in_vain: how many were looked at so far of which none can go corrected like this; the more, the larger a chunk.
    besides: for a dry run, which locks nothing, the messages that would have gone already. None: it is for real, and
    nobody else changes what is taken until the transaction ends.
    """

    session: Session
    chosen: Chosen
    corrected: Corrected | None
    settings: Settings
    by: str
    in_vain: int = 0
    besides: Collection[UUID] | None = None

    def take(self, after: Place, goal: int, limit: int | None) -> Chunk:
        """The next chunk, of which about `goal` messages go, and no more than `limit`."""
        wanted = goal if limit is None else min(goal, limit)
        at_once = max(wanted, LOOKED, min(self.in_vain, LOOKED_MOST) if self.corrected else 0)
        rows = ledger.choose(self.session, self.chosen, after=after, most=at_once, besides=self.besides)
        requests = dict(ledger.requests_of(self.session, _notifications(rows)))
        plan, last = self._planner.plan(rows, requests), len(rows) < at_once
        if len(plan.hopeful) > wanted:
            rows, last = _first(rows, plan.hopeful, wanted), False
            plan = self._planner.plan(rows, requests)
        place = None if last else Place(rows[-1].notification_id, rows[-1].id, after.asked_at)
        room = None if limit is None else limit - wanted
        company = self._company(rows, requests, place, room) if place else []
        if company:
            requests |= ledger.requests_of(self.session, _notifications(company))
            rows = [*rows, *company]
            plan = self._planner.plan(rows, requests)
        return Chunk(plan, requests, rows, place, company)

    @property
    def _planner(self) -> Planner:
        return Planner(self.session, self.corrected, self.settings, self.by)

    def _company(self, rows: Rows, requests: Requests, after: Place, room: int | None) -> list[Any]:
        """Rows further on to take along, so that neither what goes nor what stays is too few."""
        have = self._advertising(rows, requests)
        if not have or room == 0:
            return []
        found: dict[Hashable, list[Any]] = defaultdict(list)
        for row in self._ahead({theirs[0].notification_id for theirs in have.values()}, after):
            found[self._key(requests[row.like_that])].append(row)
        company: list[Any] = []
        for key, more in found.items():
            left = len(more) if room is None else room - len(company)
            company += more[: taken(len(have[key]), len(more), self.settings.advertising_least, room=left)]
        return company

    def _ahead(self, like: set[UUID], after: Place) -> Rows:
        """Rows further on that say the same as these notifications: of each request as many as can matter."""
        by_text, most = not self._says_otherwise, 2 * self.settings.advertising_least
        return ledger.choose_alike(
            self.session, self.chosen, [*like], by_text=by_text, after=after, most=most, besides=self.besides
        )

    def _advertising(self, rows: Rows, requests: Requests) -> Mapping[Hashable, list[Any]]:
        found: dict[Hashable, list[Any]] = defaultdict(list)
        for row in rows:
            request = requests[row.notification_id]
            if not row.left_since and turns_out_advertising(request, self.corrected):
                found[self._key(request)].append(row)
        return found

    def _key(self, request: Any) -> Hashable:
        """By which what may go out together is known. A text that is to be replaced does not count, only all else."""
        return key_of(request, "-" if self._says_otherwise else None)

    @property
    def _says_otherwise(self) -> bool:
        return self.corrected is not None and (self.corrected.content or self.corrected.template) is not None


def taken(have: int, more: int, least: int, *, room: int) -> int:
    """How many of `more` go along with `have`: as few as leave neither side fewer than `least`; else all, or none."""
    count = max(0, least - have)
    if more - count < least:
        count = more
    count = min(count, room)
    return count if have + count >= least else 0


def _first(rows: Rows, going: set[UUID], wanted: int) -> Rows:
    """The rows up to the last of the `wanted` ones that go."""
    for count, row in enumerate(rows, start=1):
        wanted -= row.id in going
        if wanted == 0:
            return rows[:count]
    return rows


def _notifications(rows: Rows) -> list[UUID]:
    return [*{row.notification_id for row in rows}]
