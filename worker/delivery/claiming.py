"""What a drain claims: of each of its lanes as much as it has room for, and what it was just rung for at once."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING
from uuid import UUID

from worker import ledger
from worker.database import Database, ask_alone
from worker.delivery.lines import CLAIM_EVERY, Line, Lines
from worker.ledger import Claim, Due, Floors, Gate
from worker.lifecycle import Lane
from worker.settings import Pace, Settings

if TYPE_CHECKING:
    from sqlalchemy.orm import Session


@dataclass
class Claiming:
    """Claims for one drain. rung: somebody has just rung for its lane."""

    database: Database
    settings: Settings
    pace: Pace
    floors: Floors
    gate: Gate
    lines: Lines
    rung: bool = False
    trials: set[UUID] = field(default_factory=set)  # messages that go although their lane is paused
    others_wait: bool = False  # a few codes were found: they go out before others are claimed
    _looked_at: float = float("-inf")  # when it last asked for all that may be due

    def claim(self) -> list[Claim]:
        """For the lanes that have room, in their order, and of each first a few that are in doubt."""
        nothing: list[Claim] = []
        rung, self.rung, self.others_wait = self.rung, False, False
        found = self.database.committed("claim", self._rung_for, nothing) if rung and self._may() else nothing
        found = found or self._all_due(nothing)
        if found is nothing:  # Postgres is away: the next tick looks again
            self.lines.rest()
            self.floors.forget()
        return found

    def is_trial(self, claim: Claim) -> bool:
        """Does it go although its lane is paused? Mostly there is none, and an id is hashed in Python."""
        return bool(self.trials) and claim.fences[0].id in self.trials

    def _may(self) -> bool:
        """By rules that are not old. Of one lane alone: what was claimed must not wait for another transaction."""
        return self.gate.is_fresh and len([*self.lines]) == 1

    def _rung_for(self, session: Session) -> list[Claim]:
        """In one round trip what takes no more than that. All else is looked at soon; at once where some was seen."""
        [(lane, line)] = self.lines
        room = line.room(self.pace.claim_most)
        ask_alone(session)
        found, more = ledger.claim_alone(session, lane, most=room, **self._how())
        if found:
            line.claim_at = float("-inf") if more else self._looked_at + CLAIM_EVERY
        return found

    def _all_due(self, nothing: list[Claim]) -> list[Claim]:
        found = self._claimed(nothing)
        if found is None:
            self.database.committed("count", ledger.count_anew, None)
            found = self._claimed(nothing, anyway=True)
        return nothing if found is None else found

    def _claimed(self, nothing: list[Claim] | None, *, anyway: bool = False) -> list[Claim] | None:
        return self.database.committed("claim", partial(self._due, anyway=anyway), nothing)

    def _due(self, session: Session, *, anyway: bool = False) -> list[Claim] | None:
        """None: Postgres is to count first."""
        self.gate.look(session)
        most = self.pace.claim_most
        rooms = [(lane, line, room) for lane, line in self.lines if (room := line.room(most, beside_others=True))]
        due = ledger.due(session, [lane for lane, _, _ in rooms])
        if due.found_empty and not anyway:
            return None
        self._looked_at = time.monotonic()
        claims: list[Claim] = []
        for lane, line, room in rooms:
            claims += self._of_lane(session, lane, line, room, due)
            if self.others_wait:
                break
        return ledger.count_advertising(session, claims, self.gate)

    def _of_lane(self, session: Session, lane: Lane, line: Line, room: int, due: Due) -> list[Claim]:
        """A few in doubt, and what is queued; or one on trial."""
        before = self.gate.turned_back
        doubtful = self._doubtful(session, lane, line, room) if due.doubts else []
        queued = self._queued(session, lane, room) if lane in due.lanes else []
        on_trial = self._on_trial(session, lane) if lane in due.lanes and not queued else []
        may_be_more = (due.doubts and line.doubt_at == 0.0) or self.gate.turned_back > before
        may_be_more = may_be_more or any(len(claim.fences) > 1 for claim in queued)
        line.found(room if may_be_more else len(queued), room)
        line.wakes(queued)
        line.was_empty = lane not in due.lanes
        self.others_wait = bool(queued) and lane is Lane.URGENT and len(due.lanes) > 1 and not line.more
        return doubtful + queued + on_trial

    def _queued(self, session: Session, lane: Lane, room: int) -> list[Claim]:
        most = self.settings.advertising_most
        return ledger.claim(session, [lane], most=room, group_most=most, **self._how())

    def _how(self) -> ledger.How:
        return {"lease": self.pace.lease, "floors": self.floors, "gate": self.gate}

    def _on_trial(self, session: Session, lane: Lane) -> list[Claim]:
        claims = ledger.claim_trial(session, lane, lease=self.pace.lease, gate=self.gate)
        self.trials |= {claim.fences[0].id for claim in claims}
        return claims

    def _doubtful(self, session: Session, lane: Lane, line: Line, room: int) -> list[Claim]:
        """A few in doubt, so that they neither starve behind a long line nor fill it."""
        now = time.monotonic()
        if now < line.doubt_at:
            return []
        most, window = -(-room // 4), self.pace.request_id_window
        lease, gate = self.pace.lease, self.gate
        found = ledger.claim_doubtful(session, [lane], most=most, lease=lease, window=window, gate=gate)
        line.doubt_at = 0.0 if len(found) >= most else now + CLAIM_EVERY
        return found
