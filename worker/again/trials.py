"""The first hundred of what is sent again, taken in steps until so many go; the rest is kept until these have fared.

Whoever cancels a campaign meanwhile waits for the step that is under way, and finds what it queued and what is to come:
that stands in a row before another step begins, which looks there first whether it still may.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass, field, replace
from typing import TYPE_CHECKING
from uuid import UUID

from worker import ledger
from worker.again.choice import Corrected
from worker.again.reruns import TRIAL
from worker.again.steps import Step, step
from worker.database import Database
from worker.ledger import NOWHERE, Chosen, Left, Place, Remaining
from worker.ledger.clock import clock
from worker.settings import Settings

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

Note = Callable[["Session", int], None]  # writes down what a step did, of how many


@dataclass(slots=True)
class Trial:
    """tried: what the steps came to so far; left: how many are to follow; called_off: of these, how many a cancel that
    came meanwhile keeps from it.
    """

    database: Database
    chosen: Chosen
    corrected: Corrected | None
    settings: Settings
    by: str
    most: int | None
    tried: Step = field(default_factory=Step)
    left: Remaining = field(default_factory=Remaining)
    called_off: int = 0
    _rerun: UUID | None = None
    _ahead: int | None = None  # of these; counted once

    def run(self, note: Note) -> Trial:
        """All of it; each step in a transaction of its own."""
        self.tried.place = self._start()
        while self._goes_on:
            with self.database.begin() as session:
                ledger.try_beside_cancels(session, self.chosen.campaign)
                if self._may_still(session):
                    self._take(session, note)
        return self

    def _start(self) -> Place:
        """Where a walk begins that leaves alone what is put in from now on, by Postgres's clock."""
        with self.database.begin() as session:
            return replace(NOWHERE, asked_at=clock(session))

    @property
    def _wanted(self) -> int:
        return min(TRIAL, self.most or TRIAL)

    @property
    def _goes_on(self) -> bool:
        return self.tried.place is not None and self.tried.moved < self._wanted

    @property
    def _most_left(self) -> int | None:
        return None if self.most is None else self.most - self.tried.moved

    def _may_still(self, session: Session) -> bool:
        if self._rerun is None:
            return True
        without, called_off = ledger.still_tried(session, self._rerun)
        self.chosen = replace(self.chosen, without=without)
        if called_off is not None:
            self.called_off, self.tried.place = called_off, None
        return called_off is None

    def _take(self, session: Session, note: Note) -> None:
        tried, place = self.tried, self.tried.place
        assert place is not None
        taken = step(
            session,
            self.chosen,
            self.corrected,
            self.settings,
            by=self.by,
            most=self._wanted - tried.moved,
            limit=self._most_left,
            after=place,
            in_vain=0 if tried.moved else tried.looked,
        )
        self.tried = tried + taken
        note(session, taken.moved)
        if self._ahead is not None:
            self._ahead -= taken.sent + sum(taken.left.values()) - taken.left[Left.OPTED_OUT]
        self._keep(session)

    def _keep(self, session: Session) -> None:
        """What is to follow: the rest, or the next step. A correction that has fitted nobody yet leaves nothing."""
        place, is_all = self.tried.place, self.most is not None and self.tried.moved >= self.most
        if place is None or is_all:
            self._end(session)
        elif not self._goes_on:
            self._keep_rest(session, place)
        elif self._rerun is not None or self.tried.moved or self.corrected is None:
            self._keep_trial(session, place)

    def _keep_rest(self, session: Session, place: Place) -> None:
        left = ledger.remaining(session, self.chosen, after=place)
        rest = left.messages if self._most_left is None else min(left.messages, self._most_left)
        self.left = replace(left, messages=rest)
        if rest:
            self._note(session, rest, place, trial=True)
        else:
            self._end(session)

    def _keep_trial(self, session: Session, place: Place) -> None:
        if self._ahead is None:
            self._ahead = ledger.count(session, self.chosen, after=place)
        self._note(session, max(self._ahead, 0), place, trial=False)

    def _end(self, session: Session) -> None:
        if self._rerun is not None:
            ledger.end_trial(session, self._rerun, moved=self.tried.moved)

    def _note(self, session: Session, rest: int, place: Place, *, trial: bool) -> None:
        """trial: it is complete, and so to be judged."""
        self._rerun = ledger.begin_rerun(
            session,
            self.chosen,
            asdict(self.corrected) if self.corrected else None,
            by=self.by,
            messages=self.tried.moved + rest,
            moved=self.tried.moved,
            trial=self.tried.queued if trial else None,
            place=place,
            most_left=self._most_left,
            rerun=self._rerun,
        )
