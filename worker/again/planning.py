"""Plan what becomes of failed messages that are to be sent again. Nothing is stored: a step does, a dry run counts.

A message goes again in its own row; or a new notification goes in its place, with another text, type or recipient or
together with others; or it is left, and the plan says why.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from uuid import UUID

from worker.again.choice import Corrected
from worker.again.compose import AS_IT_WAS, Gathered, compose, gather, is_advertising, key_of
from worker.again.texts import texts_by
from worker.errors import Invalid
from worker.intake import Checked, Enqueue, InPlaceOf, check_in_place
from worker.ledger import Left
from worker.lifecycle import Kind
from worker.settings import Settings

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

Rows = Sequence[Any]  # as `ledger.choose` gives them
Requests = Mapping[UUID, Any]  # as `ledger.requests_of` does
Why = tuple[str, str, str]  # a field, what is wrong with it, what to do


@dataclass(slots=True)
class Plan:
    """same: rows that go again as they are. left: rows that stay, by why; unfit: those of them that can't be sent
    corrected like this, by what is wrong.

    others: requests that go in the place of messages, each with the ids of these by recipient (E.164).
    """

    same: list[Any] = field(default_factory=list)
    others: list[tuple[Checked, Mapping[str, UUID]]] = field(default_factory=list)
    left: dict[Left, list[Any]] = field(default_factory=lambda: defaultdict(list))
    unfit: dict[Why, list[Any]] = field(default_factory=lambda: defaultdict(list))
    error: Invalid | None = None  # the first thing that is wrong with a correction

    @property
    def going(self) -> set[UUID]:
        """The ids of messages that would be sent again."""
        return {row.id for row in self.same} | {id_ for _, of in self.others for id_ in of.values()}

    @property
    def hopeful(self) -> set[UUID]:
        """Those, and the ones that are only too few so far: others of the same text might help."""
        return self.going | {row.id for row in self.left[Left.TOO_FEW]}

    @property
    def reasons(self) -> Counter[Why]:
        """How many can't be sent corrected like this, by what is wrong."""
        return Counter({why: _messages(rows) for why, rows in self.unfit.items()})

    @property
    def counts(self) -> Counter[Left]:
        """How many stay, by why."""
        return Counter({why: _messages(rows) for why, rows in self.left.items()})

    def is_unfit(self, rows: Rows, error: Invalid, *, told: bool = True) -> None:
        """Leave these, since they can't be sent like this. told: worth an error where nothing else goes."""
        self.left[Left.UNFIT] += rows
        self.unfit[error.field, error.problem, error.remedy] += rows
        self.error = self.error or (error if told else None)


@dataclass(frozen=True, slots=True)
class Planner:
    """Plans with one correction for all; None: as they are. by: who has them sent again."""

    session: Session
    corrected: Corrected | None
    settings: Settings
    by: str

    def plan(self, rows: Rows, requests: Requests) -> Plan:
        """What becomes of each of these rows."""
        plan = Plan()
        fit: list[Any] = []
        for row in rows:
            (plan.left[Left(row.left_since)] if self._stays(row) else fit).append(row)
        plan.same = [] if self.corrected else _enough(fit, requests, self.settings.advertising_least)
        ids = {row.id for row in plan.same}
        others = [row for row in fit if row.id not in ids]
        if others:
            self._in_anothers_place(plan, others, requests)
        return plan

    def _stays(self, row: Any) -> bool:
        """What arrived at the old number says nothing of who has another one."""
        to = self.corrected.to if self.corrected else None
        return row.left_since is not None and (row.left_since != Left.HAS_GOT_IT or to in {None, row.phone})

    def _in_anothers_place(self, plan: Plan, rows: Rows, requests: Requests) -> None:
        corrected, of = self.corrected or AS_IT_WAS, {row.id: row for row in rows}
        texts = self._texts(plan, rows, requests)
        rows = [row for row in rows if not isinstance(texts.get(row.id), Invalid)]
        said = {id_: each for id_, each in texts.items() if isinstance(each, str)}
        groups = gather(rows, requests, corrected, said)
        placed = {id_ for group in groups for id_ in group.places.values()}
        plan.left[Left.TOO_FEW] += [row for row in rows if row.id not in placed]  # the same number twice
        enough = [group for group in groups if self._is_enough(group)]
        few = [group for group in groups if not self._is_enough(group)]
        plan.left[Left.TOO_FEW] += [of[id_] for group in few for id_ in group.places.values()]
        self._check(plan, enough, compose(enough, corrected), of)

    def _check(
        self, plan: Plan, groups: Sequence[Gathered], made: Sequence[Enqueue | None], of: Mapping[UUID, Any]
    ) -> None:
        pairs = zip(made, groups, strict=True)
        wanted = [InPlaceOf(each, of.places, of.request.follow_up) for each, of in pairs if each is not None]
        checked = iter(check_in_place(self.session, wanted, self.settings, by=self.by) if wanted else ())
        for group, each in zip(groups, made, strict=True):
            found = next(checked) if each is not None else _OF_ANOTHER_KIND
            if isinstance(found, Invalid):
                theirs = [of[id_] for id_ in group.places.values()]
                plan.is_unfit(theirs, found, told=found is not _OF_ANOTHER_KIND)
            else:
                plan.others.append((found, group.places))

    def _is_enough(self, group: Gathered) -> bool:
        return not group.advertising or len(group.places) >= self.settings.advertising_least

    def _texts(self, plan: Plan, rows: Rows, requests: Requests) -> Mapping[UUID, str | Invalid]:
        """What the SMS say by the template that replaces their text, or what its variables lack: those stay."""
        if self.corrected is None or self.corrected.template is None:
            return {}
        sms = [row for row in rows if requests[row.notification_id].kind == Kind.SMS]
        try:
            found = texts_by(self.session, self.corrected.template, sms, self.settings) if sms else {}
        except Invalid as error:
            found = dict.fromkeys((row.id for row in sms), error)
        for row in sms:
            if isinstance(lacking := found[row.id], Invalid):
                plan.is_unfit([row], lacking)
        return found


_OF_ANOTHER_KIND = Invalid("kind", "is a call, which has no text, type or brandname", "choose SMS, or give a template")


def _enough(rows: Rows, requests: Requests, least: int) -> list[Any]:
    """The rows that eSMS takes as they are.

    Advertising goes only to `least` recipients at once: where fewer of a request failed, they are gathered with those
    of other such requests with the same text, and where these are too few as well, with those of every request.
    """
    of_one = Counter(row.notification_id for row in rows if row.grouped)
    keys = {each: key_of(requests[each], None) for each in of_one}
    few: Counter[Hashable] = Counter()
    for each, count in of_one.items():
        if count < least:
            few[keys[each]] += count
    return [
        row
        for row in rows
        if not row.grouped or _is_same(of_one[row.notification_id], few[keys[row.notification_id]], least)
    ]


def _is_same(missed: int, few: int, least: int) -> bool:
    return missed >= least and not 0 < few < least


def _messages(rows: Rows) -> int:
    return sum(row.messages for row in rows)


def turns_out_advertising(request: Any, corrected: Corrected | None) -> bool:
    """Will it be advertising, which eSMS takes for many at once only, when it is sent again?"""
    return bool(request.kind == Kind.SMS and is_advertising(request, corrected or AS_IT_WAS))
