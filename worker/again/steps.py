"""One step of sending again: some of what was chosen, in one transaction, each in its own row or in another's place."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from uuid import UUID

from worker import ledger
from worker.again.choice import Corrected
from worker.again.choosing import Chooser
from worker.again.planning import Plan, Why
from worker.database import unless_refused
from worker.errors import Invalid
from worker.intake import stored_in_place
from worker.ledger import NOWHERE, Chosen, Left, Place
from worker.lifecycle import Lane
from worker.settings import Settings

if TYPE_CHECKING:
    from sqlalchemy.orm import Session


@dataclass(slots=True)
class Step:
    """What it came to. sent: messages that go out now; queued: they, or the first hundred of them; lanes: theirs;
    unfit: why what can't be sent corrected like this can't; place: where the next step begins, None: that was all.
    """

    sent: int = 0
    queued: list[UUID] = field(default_factory=list)
    lanes: set[Lane] = field(default_factory=set)
    left: Counter[Left] = field(default_factory=Counter)
    place: Place | None = None
    error: Invalid | None = None  # of what can't be sent corrected like this, the first
    unfit: Counter[Why] = field(default_factory=Counter)
    looked: int = 0

    @property
    def moved(self) -> int:
        """Messages; who opted out is queued and cancelled at once."""
        return self.sent - self.left[Left.OPTED_OUT]

    def __add__(self, later: Step) -> Step:
        """Both, the one after the other."""
        sent, queued, lanes = self.sent + later.sent, self.queued + later.queued, self.lanes | later.lanes
        left, unfit = self.left + later.left, self.unfit + later.unfit
        looked = self.looked + later.looked
        return Step(sent, queued, lanes, left, later.place, self.error or later.error, unfit, looked)

    def queue(self, ids: Collection[UUID], lanes: Iterable[str]) -> None:
        """Count these among those that go out now."""
        self.sent += len(ids)
        self.queued += ids
        self.lanes |= set(map(Lane, lanes))


def step(
    session: Session,
    chosen: Chosen,
    corrected: Corrected | None,
    settings: Settings,
    *,
    by: str,
    most: int,
    limit: int | None = None,
    after: Place = NOWHERE,
    in_vain: int = 0,
) -> Step:
    """Take the next ones, about so many, and no more than the limit. by: who asks. in_vain: as for `Chooser`."""
    if corrected is None and (done := _as_they_are(session, chosen, settings, by, most, after)) is not None:
        return done
    chunk = Chooser(session, chosen, corrected, settings, by, in_vain).take(after, most, limit)
    plan, looked = chunk.plan, len(chunk.rows)
    done = Step(place=chunk.place, left=plan.counts, error=plan.error, unfit=plan.reasons, looked=looked)
    _in_place(session, chunk.plan, settings, by, done)
    _in_anothers_place(session, chunk.plan, settings, done)
    return done


def _as_they_are(session: Session, chosen: Chosen, settings: Settings, by: str, most: int, after: Place) -> Step | None:
    """What most reruns are; None where there is advertising among them, or a text went while its message was locked."""
    sent = unless_refused(
        session, lambda: ledger.resend(session, chosen, settings.horizons, by=by, after=after, most=most)
    )
    if sent is None:
        return None
    left = Counter(sent.left) + Counter({Left.OPTED_OUT: sent.withheld})
    lanes, place = set(map(Lane, sent.lanes)), sent.place if sent.found >= most else None
    return Step(sent.queued, list(sent.trial), lanes, left, place)


def _in_place(session: Session, plan: Plan, settings: Settings, by: str, done: Step) -> None:
    if plan.same:
        queued, withheld = ledger.send_again(session, [row.id for row in plan.same], settings.horizons, by=by)
        done.queue(queued, {row.lane for row in plan.same})
        done.left[Left.OPTED_OUT] += withheld


def _in_anothers_place(session: Session, plan: Plan, settings: Settings, done: Step) -> None:
    if plan.others:
        stored = stored_in_place(plan.others, settings)
        put = ledger.put_in_place(session, stored)
        done.left[Left.OPTED_OUT] += sum(map(len, put.opted_out.values()))
        done.queue([UUID(id_) for row in stored for id_, _ in row.messages], {row.terms.lane for row in stored})
