"""Send again what failed: chosen exactly, looked at before, corrected, and many only once the first have gone well."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import replace
from typing import TYPE_CHECKING, TypedDict, Unpack
from uuid import UUID

from worker import ledger, reporting
from worker.again import Corrected, Failed, Step
from worker.again.choice import checked, correction, ids_of, words_of
from worker.again.dry_run import ONE_BY_ONE_MOST, DryRun
from worker.again.reruns import asked_for
from worker.again.trials import Trial
from worker.api.decisions import Decision, Rest, Unfit, call_off_reruns, unfit_of
from worker.api.going_on import count_set_aside, let_all_go, let_go
from worker.api.naming import BY_DEFAULT, id_of, refuse_undocumented
from worker.api.outlook import Counted, Foreseen, Lookout, Outlook, Way, summed
from worker.bell import Bell
from worker.catalogue import Language
from worker.checks import label, label_or_none, of_argument, truth
from worker.database import Database
from worker.errors import Invalid, NotFound
from worker.ledger import NOWHERE, Act, Chosen, Left, Place, Remaining
from worker.lifecycle import RETRIED, Status
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
    """Sends failed messages again. Every method may raise Unavailable."""

    def __init__(self, database: Database, settings: Settings, bell: Bell, source: str | None) -> None:
        self._database, self._settings, self._bell, self._source = database, settings, bell, source

    def retry(self, failed: Failed, *, by: str = BY_DEFAULT, **how: Unpack[How]) -> Decision:
        """Queue again those of the chosen messages that were rejected, not delivered or expired.

        by: who asks for it, as `show` and `why` will tell. corrected: what is to be different this time.
        If there are more than a hundred, the first hundred go at once. The others (`rest`) follow by themselves once
        one of these has arrived, and stay as they are if all of these fail with the same code.
        Some can't go again (advertising, if too few with its text failed; a reminder whose time has passed): `left`
        says how many, and why. `rest_left` says it of the rest; None: each would have to be looked at alone, as
        `foresee` does.
        Raises NotFound, Invalid.
        """
        asked_by = label("by", by)
        chosen, corrected = self._asked(failed, how)
        trial = Trial(self._database, chosen, corrected, self._settings, asked_by, failed.most).run(_act(chosen).note)
        tried = trial.tried
        if tried.error and not tried.queued:
            with _about(corrected):
                raise tried.error
        self._bell.ring(tried.lanes)
        decision = replace(self._decision(failed, chosen, tried, trial.left), called_off=trial.called_off)
        return self._with_rest(decision, chosen, corrected, tried, failed.most) if decision.rest else decision

    def foresee(
        self,
        failed: Failed,
        *,
        language: Language = Language.EN,
        told: Callable[[int], object] = int,
        **how: Unpack[How],
    ) -> Outlook:
        """What `retry` would do to the same messages, and how such failures fared before; nothing is sent or stored.

        told: called with the number of messages looked at, step by step, where each must be. Raises as `retry` does.
        """
        chosen, corrected = self._asked(failed, how)
        lookout = Lookout(self._database, self._settings, DryRun(chosen, corrected, self._settings, failed.most))
        with _about(corrected):
            found = lookout.outlook(language, told)
        if not found.lines:
            with self._database.begin() as session:
                _refuse_unknown(session, failed, self._source)
        return found

    def count(self, failed: Failed) -> int:
        """How many of the chosen failed (at most `failed.most`), with those that can't go again. Raises as `retry`."""
        with self._database.begin() as session:
            found = ledger.count(session, self._chosen(session, failed))
        return found if failed.most is None else min(found, failed.most)

    def stopped(self) -> Sequence[Stopped]:
        """Reruns of the last week that stopped, since all of their first hundred failed alike; their rest waits."""
        with self._database.reading() as session:
            return reporting.stopped_reruns(session)

    def open(self, campaign: str, most: int = 5) -> Sequence[SweepShown]:
        """A campaign's reruns that are under way, and those that stopped in the last week; the newest first."""
        with self._database.reading() as session:
            return open_reruns(session, campaign, shown=SHOWN_FOR, most=most)

    def show(self, rerun: UUID | str) -> SweepShown:
        """How far a rerun has come; `rest` says what is still to come. Raises NotFound, Invalid."""
        with self._database.reading() as session:
            found = one_rerun(session, id_of(rerun))
        if found is None:
            raise NotFound(f"no rerun has the id {str(rerun)!r}")
        return found

    def rest(self, rerun: UUID | str) -> Rest:
        """How many messages of a rerun are still to come, and how many of these can't go, and why. Raises Invalid.

        Counted as things stand. The second is None beyond 100,000, and where each would have to be looked at alone.
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
        stay = self._stay(chosen, corrected, row.most_left, place) if messages <= ONE_BY_ONE_MOST else None
        return Rest(messages=messages) if stay is None else Rest(messages=messages, left=stay[0], unfit=stay[1])

    def rests(self, reruns: Sequence[Stopped | SweepShown], *, most: int = ONE_BY_ONE_MOST) -> list[Rest]:
        """`rest` of each.

        The first ones, up to 100,000 messages (`most`) together, are counted; of the others it is only said how many
        have not been sent again yet.
        """
        found: list[Rest] = []
        for each in reruns:
            chosen = each.messages if isinstance(each, Stopped) else each.about
            waiting = max((chosen or 0) - each.moved, 0)
            found.append(self.rest(each.id) if waiting <= most else Rest(messages=waiting))
            most -= min(waiting, most)
        return found

    def set_aside(self) -> Sequence[SetAside]:
        """The first twenty messages whose follow-up did not come since a fault of ours prevented it."""
        with self._database.reading() as session:
            return reporting.set_aside(session)

    def go_on(self, rerun: UUID | str, *, by: str = BY_DEFAULT) -> int:
        """Send the rest of a rerun that stopped, although its first hundred failed; how many these are at most.

        rerun: its id. Or a message's id, to have the follow-up of that one come that was set aside. by: who takes the
        risk. Raises Invalid, and NotFound where nothing stopped or was set aside.
        """
        with self._database.begin() as session:
            rest = let_go(session, id_of(rerun), label("by", by), self._source)
        self._bell.again(Task.SEND_AGAIN)
        return rest

    def call_off(self, campaign: str) -> int:
        """End all reruns of a campaign, as cancelling it does; how many messages were still to be sent again."""
        return call_off_reruns(self._database, campaign, self._source)

    def go_on_many(
        self,
        *,
        campaign: str | None = None,
        source: str | None = None,
        dry_run: bool = False,
        told: Callable[[int], object] = int,
    ) -> int:
        """Have follow-ups that were set aside looked at again: all, a campaign's or a source's; how many these are.

        One that is too late by now does not come; one that still can't come is set aside anew. dry_run: only say how
        many. told: called with how many were let go, step by step, each step a transaction of its own.
        Raises Invalid, and NotFound for a campaign or a source that there is not.
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

    def _with_rest(
        self, decision: Decision, chosen: Chosen, corrected: Corrected | None, tried: Step, most: int | None
    ) -> Decision:
        """The decision, with how many of the rest can't go, where that is known."""
        left = None if most is None else most - tried.moved
        stay = self._stay(chosen, corrected, left, tried.place or NOWHERE)
        return decision if stay is None else replace(decision, rest_left=stay[0], rest_unfit=stay[1])

    def _stay(
        self, chosen: Chosen, corrected: Corrected | None, most: int | None, after: Place
    ) -> tuple[Mapping[Left, int], Sequence[Unfit]] | None:
        dry_run = DryRun(chosen, corrected, self._settings, most, after)
        found = Lookout(self._database, self._settings, dry_run).stay()
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
    """Errors in this block are about the argument `corrected`, if there is one."""
    return of_argument("corrected") if corrected else nullcontext()


def _refuse_several(session: Session, chosen: Chosen) -> None:
    if (found := ledger.count(session, chosen)) > 1:
        with of_argument("corrected"):
            raise Invalid("to", f"is one number, and {found:,} failed messages are chosen", "choose one of them")


def _act(chosen: Chosen) -> Act:
    ids = [*(chosen.messages or ()), *(chosen.notifications or ())][:20]
    return Act("message.retry", campaign=chosen.campaign, source=chosen.source, ids=ids or None)


def _others(session: Session, chosen: Chosen, queued: Sequence[UUID], left: Remaining) -> Mapping[Status, int]:
    """Where the other messages stand. In a large campaign the sums say it of what did not fail, as of the last tick."""
    if (found := ledger.others(session, chosen, queued)) is not None:
        return found
    known = left if left.still_failed is not None else ledger.remaining(session, chosen)
    failed = dict(known.still_failed or {})
    return summed(session, chosen, [status for status in Status if status not in RETRIED]) | failed


def _refuse_unknown(session: Session, failed: Failed, within: str | None) -> None:
    """Raises NotFound for a campaign or source that nothing has, Invalid for a code that there is not."""
    reporting.refuse_unknown(session, campaign=failed.campaign, source=failed.source, within=within)
    refuse_undocumented(() if failed.code is None else words_of("code", failed.code))
