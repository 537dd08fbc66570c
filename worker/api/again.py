"""Send again what failed: chosen exactly, looked at before, corrected, and many only once the first have gone well."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import asdict, replace
from typing import TYPE_CHECKING, TypedDict, Unpack
from uuid import UUID

from worker import ledger, reporting
from worker.again import Corrected, Failed, Step, step
from worker.again.choice import checked, correction, ids_of, words_of
from worker.again.foreseeing import FORESEEN, Foreseer
from worker.again.reruns import TRIAL, asked_for
from worker.api.decisions import Decision, Rest, Unfit, call_off_reruns, unfit_of
from worker.api.going_on import count_set_aside, let_all_go, let_go
from worker.api.naming import BY_DEFAULT, id_of, refuse_undocumented
from worker.api.outlook import Counted, Foreseen, Lookout, Outlook, Way, summed
from worker.bell import Bell
from worker.catalogue import Language
from worker.checks import label, label_or_none, of_argument, truth
from worker.database import Database
from worker.errors import Invalid, NotFound
from worker.ledger import NOWHERE, RETRIED, Act, Chosen, Left, Place, Remaining
from worker.ledger.clock import clock
from worker.lifecycle import Status
from worker.queues import Task
from worker.reporting import SetAside, Stopped
from worker.reporting.operation import SHOWN_FOR
from worker.reporting.sweeps import SweepShown, open_reruns
from worker.reporting.sweeps import rerun as one_rerun
from worker.settings import Settings

__all__ = ["Again", "Counted", "Foreseen", "How", "Outlook", "Way"]

if TYPE_CHECKING:
    from sqlalchemy.orm import Session


class How(TypedDict, total=False):
    """How what failed is sent again."""

    corrected: Corrected | None


class Again:
    """Sends again. Every method may raise Unavailable."""

    def __init__(self, database: Database, settings: Settings, bell: Bell, source: str | None) -> None:
        self._database, self._settings, self._bell, self._source = database, settings, bell, source

    def retry(self, failed: Failed, *, by: str = BY_DEFAULT, **how: Unpack[How]) -> Decision:
        """Queue again what was rejected, not delivered or expired of what is chosen. Raises NotFound, Invalid.

        by: who asks for it, as `show` and `why` will tell. corrected: what is to be different.
        Of more than a hundred the first hundred go at once; the `rest` follows by itself when one of them has arrived,
        and stays as it is when all of them fail with one code. Advertising goes out with others of the same text, where
        enough failed; a reminder whose time has passed stays as it is: `left` tells how many do, and why.
        Of the rest `rest_left` tells it; it is None where each would have to be looked at alone, as `foresee` does.
        """
        asked_by = label("by", by)
        chosen, corrected = self._asked(failed, how)
        tried, left = self._try(chosen, corrected, asked_by, failed.most)
        if tried.error and not tried.queued:
            with _about(corrected):
                raise tried.error
        self._bell.ring(tried.lanes)
        decision = self._decision(failed, chosen, tried, left)
        return self._with_rest(decision, chosen, corrected, tried, failed.most) if decision.rest else decision

    def foresee(
        self,
        failed: Failed,
        *,
        language: Language = Language.EN,
        told: Callable[[int], object] = int,
        **how: Unpack[How],
    ) -> Outlook:
        """What `retry` would do to all of the same, and how such failures fared before; nothing is sent or stored.

        told: is given how many messages were looked at, some at a time, where each is. Raises as `retry` does.
        """
        chosen, corrected = self._asked(failed, how)
        lookout = Lookout(self._database, self._settings, Foreseer(chosen, corrected, self._settings, failed.most))
        with _about(corrected):
            found = lookout.outlook(language, told)
        if not found.lines:
            with self._database.begin() as session:
                _refuse_unknown(session, failed, self._source)
        return found

    def count(self, failed: Failed) -> int:
        """How many failed of what is chosen, those that would be left included; `most` at most. Raises as `retry`."""
        with self._database.begin() as session:
            found = ledger.count(session, self._chosen(session, failed))
        return found if failed.most is None else min(found, failed.most)

    def stopped(self) -> Sequence[Stopped]:
        """Reruns whose first hundred failed alike, of the last week; the rest of each waits for a person."""
        with self._database.reading() as session:
            return reporting.stopped_reruns(session)

    def open(self, campaign: str, most: int = 5) -> Sequence[SweepShown]:
        """What is being sent again of a campaign, and what stopped itself in the last week; the newest first."""
        with self._database.reading() as session:
            return open_reruns(session, campaign, shown=SHOWN_FOR, most=most)

    def show(self, rerun: UUID | str) -> SweepShown:
        """How far a rerun is; `rest` tells what waits of it. Raises NotFound, Invalid."""
        with self._database.reading() as session:
            found = one_rerun(session, id_of(rerun))
        if found is None:
            raise NotFound(f"no rerun has the id {str(rerun)!r}")
        return found

    def rest(self, rerun: UUID | str) -> Rest:
        """What waits of a rerun that is not over, and who of that stays as they are. Raises Invalid.

        Counted now: beyond 100,000, and where each would have to be looked at alone, who stays is not told.
        """
        with self._database.begin() as session:
            if (row := ledger.rest_of(session, id_of(rerun))) is None:
                return Rest()
            try:
                chosen, corrected, place = asked_for(row)
            except TypeError:  # another version wrote it
                return Rest(messages=row.messages - row.moved)
            found = ledger.count(session, chosen, after=place)
        messages = found if row.most_left is None else min(found, row.most_left)
        stay = self._stay(chosen, corrected, row.most_left, place) if messages <= FORESEEN else None
        return Rest(messages=messages) if stay is None else Rest(messages=messages, left=stay[0], unfit=stay[1])

    def rests(self, reruns: Sequence[Stopped | SweepShown], *, most: int = FORESEEN) -> list[Rest]:
        """`rest` of each. Counted are the first ones that hold no more than 100,000 (`most`) together; of the others
        only how many were not sent again yet is told.
        """
        found: list[Rest] = []
        for each in reruns:
            chosen = each.messages if isinstance(each, Stopped) else each.about
            waiting = max((chosen or 0) - each.moved, 0)
            found.append(self.rest(each.id) if waiting <= most else Rest(messages=waiting))
            most -= min(waiting, most)
        return found

    def set_aside(self) -> Sequence[SetAside]:
        """Messages that a fault of ours keeps from being followed by what was to follow them; the first twenty."""
        with self._database.reading() as session:
            return reporting.set_aside(session)

    def go_on(self, rerun: UUID | str, *, by: str = BY_DEFAULT) -> int:
        """Send the rest of a rerun that stopped itself, as it was asked for, whatever became of its first hundred.

        How many those are, at most. by: who takes that risk. Or, by its message's id, what was to follow that one and
        was set aside. Raises NotFound for one that did not stop, Invalid.
        """
        with self._database.begin() as session:
            rest = let_go(session, id_of(rerun), label("by", by), self._source)
        self._bell.again(Task.SEND_AGAIN)
        return rest

    def call_off(self, campaign: str) -> int:
        """Send no more of a campaign again, as its cancel does; how many were still to be."""
        return call_off_reruns(self._database, campaign, self._source)

    def go_on_many(
        self,
        *,
        campaign: str | None = None,
        source: str | None = None,
        dry_run: bool = False,
        told: Callable[[int], object] = int,
    ) -> int:
        """Have all that was to follow messages and was set aside looked at again, or a campaign's, or a source's; how
        many. What is too late by now stays as it is, and so does what still can't come, set aside anew.

        dry_run: only how many it would be. told: is given how many were let go, some at a time, each of these in a
        transaction of its own. Raises Invalid, and NotFound for a campaign or a source that there is not.
        """
        which = {
            "campaign": label_or_none("campaign", campaign),
            "source": label_or_none("source", source) or self._source,
        }
        if truth("dry_run", dry_run):
            found = count_set_aside(self._database, which)
        else:
            found = let_all_go(self._database, self._bell, which, told)
        if not found:
            with self._database.reading() as session:
                reporting.refuse_unknown(session, **which, within=self._source)
        return found

    def _asked(self, failed: Failed, how: How) -> tuple[Chosen, Corrected | None]:
        with of_argument("corrected"):
            corrected = correction(how.get("corrected"))
        with self._database.begin() as session:
            chosen = self._chosen(session, failed)
            if corrected and corrected.to:
                _refuse_several(session, chosen)
        return chosen, corrected

    def _chosen(self, session: Session, failed: Failed) -> Chosen:
        chosen = checked(failed, self._settings, source=self._source)
        located = [reporting.locate(session, each, source=failed.source) for each in ids_of(failed.ids)]
        messages = [each.message for each in located if each.message]
        if messages and len(messages) < len(located):
            raise Invalid("ids", "are of notifications and of single messages", "give one kind at a time")
        notifications = [] if messages else [each.notification for each in located]
        return replace(chosen, notifications=notifications or None, messages=messages or None)

    def _try(self, chosen: Chosen, corrected: Corrected | None, by: str, most: int | None) -> tuple[Step, Remaining]:
        """The first steps, and how many are to follow."""
        tried, left, wanted = Step(place=self._start()), Remaining(), min(TRIAL, most or TRIAL)
        act = _act(chosen)
        while tried.place is not None and tried.moved < wanted:
            with self._database.begin() as session:
                most_now, limit = wanted - tried.moved, None if most is None else most - tried.moved
                taken = step(
                    session,
                    chosen,
                    corrected,
                    self._settings,
                    by=by,
                    most=most_now,
                    limit=limit,
                    after=tried.place,
                    in_vain=0 if tried.moved else tried.looked,
                )
                tried += taken
                act.note(session, taken.moved)
                if tried.place is not None and tried.moved >= wanted and (most is None or tried.moved < most):
                    left = self._keep_the_rest(session, chosen, corrected, by, tried, tried.place, most)
        return tried, left

    def _start(self) -> Place:
        """Where a walk begins that leaves alone what is put in from now on, by Postgres's clock."""
        with self._database.begin() as session:
            return replace(NOWHERE, asked_at=clock(session))

    def _keep_the_rest(
        self,
        session: Session,
        chosen: Chosen,
        corrected: Corrected | None,
        by: str,
        tried: Step,
        place: Place,
        most: int | None,
    ) -> Remaining:
        left = ledger.remaining(session, chosen, after=place)
        rest = left.messages if most is None else min(left.messages, most - tried.moved)
        if rest:
            ledger.begin_rerun(
                session,
                chosen,
                asdict(corrected) if corrected else None,
                by=by,
                messages=tried.moved + rest,
                moved=tried.moved,
                trial=tried.queued,
                place=place,
                most_left=None if most is None else most - tried.moved,
            )
        return replace(left, messages=rest)

    def _with_rest(
        self, decision: Decision, chosen: Chosen, corrected: Corrected | None, tried: Step, most: int | None
    ) -> Decision:
        """With what is known of those that stay of the rest."""
        left = None if most is None else most - tried.moved
        stay = self._stay(chosen, corrected, left, tried.place or NOWHERE)
        return decision if stay is None else replace(decision, rest_left=stay[0], rest_unfit=stay[1])

    def _stay(
        self, chosen: Chosen, corrected: Corrected | None, most: int | None, after: Place
    ) -> tuple[Mapping[Left, int], Sequence[Unfit]] | None:
        foreseer = Foreseer(chosen, corrected, self._settings, most, after)
        found = Lookout(self._database, self._settings, foreseer).stay()
        return None if found is None else (found[0], unfit_of(found[1]))

    def _decision(self, failed: Failed, chosen: Chosen, tried: Step, left: Remaining) -> Decision:
        with self._database.begin() as session:
            others = _others(session, chosen, tried.queued, left)
            if not tried.queued:
                _refuse_unknown(session, failed, self._source)
        return Decision(
            moved=tried.moved,
            others=others,
            left=dict(+tried.left),
            unfit=unfit_of(tried.unfit),
            rest=left.messages,
        )


def _about(corrected: Corrected | None) -> AbstractContextManager[None]:
    """Whatever is wrong meanwhile is wrong with the correction, if there is one."""
    return of_argument("corrected") if corrected else nullcontext()


def _refuse_several(session: Session, chosen: Chosen) -> None:
    if (found := ledger.count(session, chosen)) > 1:
        with of_argument("corrected"):
            raise Invalid("to", f"is one number, and {found:,} failed messages are chosen", "choose one of them")


def _act(chosen: Chosen) -> Act:
    ids = [*(chosen.messages or ()), *(chosen.notifications or ())][:20]
    return Act("message.retry", campaign=chosen.campaign, source=chosen.source, ids=ids or None)


def _others(session: Session, chosen: Chosen, queued: Sequence[UUID], left: Remaining) -> Mapping[Status, int]:
    """Where the rest of it stands; of a large campaign what did not fail is told by the sums, as of the last tick."""
    if (found := ledger.others(session, chosen, queued)) is not None:
        return found
    known = left if left.still_failed is not None else ledger.remaining(session, chosen)
    failed = dict(known.still_failed or {})
    return summed(session, chosen, [status for status in Status if status not in RETRIED]) | failed


def _refuse_unknown(session: Session, failed: Failed, within: str | None) -> None:
    """Raises NotFound for a campaign or source that nothing has, Invalid for a code that there is not."""
    reporting.refuse_unknown(session, campaign=failed.campaign, source=failed.source, within=within)
    refuse_undocumented(() if failed.code is None else words_of("code", failed.code))
