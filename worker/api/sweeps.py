"""Sweeps over all that a search finds, carried out by the workers, each kept with who asked and what it came to."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING
from uuid import UUID

from worker import ledger, sweeps
from worker.api.decisions import call_off
from worker.api.naming import BY_DEFAULT, id_of
from worker.bell import Bell
from worker.checks import label
from worker.database import Database
from worker.errors import NotFound
from worker.intake.terms import check_send_date
from worker.lifecycle import Lane, SweepKind
from worker.queues import Task
from worker.reporting import sweeps as shown_sweeps
from worker.reporting.finding import Search, about
from worker.reporting.sweeps import SweepShown
from worker.settings import Settings

if TYPE_CHECKING:
    from sqlalchemy.orm import Session


class Sweeps:
    """Cancels and moves what a search finds. Every method may raise Unavailable.

    What was asked for is on disk when a method returns, and its first thousand rows are gone through; the workers do
    the rest, whatever dies meanwhile. What was handed over after the question is left alone.
    """

    def __init__(self, database: Database, settings: Settings, bell: Bell) -> None:
        self._database, self._settings, self._bell = database, settings, bell

    def cancel(self, search: Search, *, by: str = BY_DEFAULT) -> SweepShown:
        """Cancel what has not been claimed yet of all that it finds. by: who asks for it.

        Where that is a whole campaign, nothing more of it is sent again either, as by `cancel_campaign`.
        """
        return self._begin(SweepKind.CANCEL, search, by, None)

    def move(self, search: Search, send_date: datetime, *, by: str = BY_DEFAULT) -> SweepShown:
        """Give what has not been claimed yet another date; a naive one is in the zone of TIME_ZONE. Raises Invalid.

        Advertising, and what eSMS is to hold, moves only where the search is for a whole campaign.
        """
        aware = check_send_date(send_date, self._settings, datetime.now(UTC))
        return self._begin(SweepKind.MOVE, search, by, aware)

    def show(self, sweep: UUID | str) -> SweepShown:
        """How far it is. Raises NotFound."""
        with self._database.reading() as session:
            found = shown_sweeps.sweep(session, id_of(sweep))
        if found is None:
            raise NotFound(f"no sweep has the id {sweep}")
        return found

    def list(self, most: int = 50) -> Sequence[SweepShown]:
        """The last ones, reruns of what failed among them; the newest first."""
        with self._database.reading() as session:
            return shown_sweeps.sweeps(session, most)

    def stop(self, sweep: UUID | str) -> SweepShown:
        """Leave as it is what it has not come to yet; what has ended already stays so. Raises NotFound."""
        with self._database.begin() as session:
            if ledger.stop_sweep(session, id_of(sweep)):
                ledger.note_act(session, "sweep.stop", sweep=id_of(sweep))
        return self.show(sweep)

    def _begin(self, kind: SweepKind, search: Search, by: str, send_date: datetime | None) -> SweepShown:
        with self._database.begin() as session:
            kept, name, of = search.as_json(), label("by", by), _about(session, search)
            sweep = ledger.begin_sweep(session, kind, kept, by=name, send_date=send_date, about=of)
            ledger.note_act(session, f"sweep.{kind}", of or 0, sweep=sweep, campaign=search.campaign)
            if kind is SweepKind.CANCEL and search.is_a_campaign:
                call_off(session, str(search.campaign), None)
        sweeps.go_on(self._database, self._settings, sweep)
        shown = self.show(sweep)
        if shown.moved and kind is SweepKind.MOVE:
            self._bell.ring(set(Lane))
        if not shown.is_over:
            self._bell.again(Task.SEND_AGAIN)
        return shown


def _about(session: Session, search: Search) -> int | None:
    found = about(session, search)
    return found.times if found else None
