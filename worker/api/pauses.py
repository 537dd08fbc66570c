"""Lanes and campaigns that a person holds back."""

from __future__ import annotations

from collections.abc import Sequence

from worker import ledger, reporting
from worker.api.naming import BY_A_PERSON
from worker.bell import Bell
from worker.checks import label
from worker.database import Database
from worker.errors import Invalid
from worker.lifecycle import Lane
from worker.reporting import PauseShown


class Pauses:
    """What is held back, and letting it go. Every method may raise Unavailable."""

    def __init__(self, database: Database, bell: Bell, source: str | None = None) -> None:
        """source: of campaigns, this one's part alone."""
        self._database, self._bell, self._source = database, bell, source

    def list(self) -> Sequence[PauseShown]:
        """Every lane and campaign that is held back now, by a person or by itself, the first one first."""
        with self._database.reading() as session:
            return reporting.pauses(session)

    def pause(self, lanes: Sequence[Lane], reason: str = BY_A_PERSON) -> Sequence[Lane]:
        """Hold lanes back until `resume`; what is in flight is finished. Those that a person had not paused already.

        Raises Invalid for one that there is not.
        """
        if not {*lanes} <= {*Lane}:
            raise Invalid("lane", "is not known", f"use one of {', '.join(Lane)}")
        with self._database.begin() as session:
            paused = [lane for lane in lanes if ledger.pause(session, lane, reason, code=None)]
            if paused:
                ledger.note_act(session, "lane.pause", lanes=paused)
        return paused

    def resume(self, lanes: Sequence[Lane], *, by: str = "a person") -> Sequence[Lane]:
        """Let paused lanes go on; the ones that were paused come back."""
        with self._database.begin() as session:
            lifted = ledger.lift(session, lanes, by=by)
            if lifted:
                ledger.note_act(session, "lane.resume", lanes=lifted)
        self._bell.ring(set(lifted))
        return lifted

    def pause_campaign(self, campaign: str, reason: str = BY_A_PERSON, *, to_come: bool = True) -> bool:
        """Hold a campaign back from the next claim on; False when it is already.

        to_come: it may be one that nothing has yet; without, that raises NotFound, with the nearest names.
        Raises Invalid for a name that no campaign can have.
        """
        label("campaign", campaign)
        with self._database.begin() as session:
            if not to_come:
                reporting.refuse_unknown(session, campaign=campaign, within=self._source)
            if paused := ledger.pause_campaign(session, campaign, reason, source=self._source):
                ledger.note_act(session, "campaign.pause", campaign=campaign)
        return paused

    def resume_campaign(self, campaign: str, *, by: str = "a person", to_come: bool = True) -> bool:
        """Let a campaign go on, in the order in which it would have gone; False when it was not held back.

        to_come: as for `pause_campaign`, where it was not held back.
        """
        with self._database.begin() as session:
            lifted = ledger.lift_campaign(session, campaign, by=by, source=self._source)
            if lifted:
                ledger.note_act(session, "campaign.resume", campaign=campaign)
            elif not to_come:
                reporting.refuse_unknown(session, campaign=campaign, within=self._source)
        self._bell.ring(set(Lane) if lifted else set())
        return lifted
