"""What sending again would do, as it is told: by sums where all goes as it was, else looked at one by one."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from typing import TYPE_CHECKING

from worker import ledger, reporting
from worker.again import Corrected
from worker.again.choice import MAY_ARRIVE
from worker.again.dry_run import DryRun, Line, Tally
from worker.again.planning import Why
from worker.api.decisions import Unfit, unfit_of
from worker.catalogue import Language, advice
from worker.database import Database
from worker.errors import Invalid
from worker.law.outlook import RuleOutlook, added_up
from worker.ledger import Alike, Chosen, Going, Left
from worker.lifecycle import LANE_OF_SMS, Kind, Lane, Purpose, SmsType, Status
from worker.reporting import Choice
from worker.settings import Settings

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

# What waits has not been sent yet at all.
_UNDER_WAY = tuple(status for status in Status if status in MAY_ARRIVE - {Status.QUEUED})


@dataclass(frozen=True, slots=True, kw_only=True)
class Foreseen:
    """Chosen messages that failed in the same way, and whether to send them again may help."""

    alike: Alike
    helps: bool
    """May it help to send it again like this? Not where eSMS would only refuse it as before."""
    remedy: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Way:
    """How many messages would go out as one kind, SmsType, purpose and lane."""

    kind: Kind
    sms_type: SmsType | None
    """None: a call."""
    purpose: Purpose
    lane: Lane
    messages: int


class Counted(StrEnum):
    """How a dry run counts."""

    SUMS = "sums"
    """All of them, added up: they go as they were, or the same is said to all."""
    ONE_BY_ONE = "one by one"
    """Each was made as it would go out, and not stored."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Outlook:
    """What sending again would do."""

    lines: Sequence[Foreseen]
    """One for each kind, status and code that they failed with, the most frequent first; SMS and price as they would go
    out.
    """
    ways: Sequence[Way]
    """How many would go out as which kind and SmsType, the most frequent first."""
    unfit: Sequence[Unfit]
    """What is wrong with the correction for some, the most frequent first."""
    counted: Counted
    """By which of the ways the messages were counted."""
    more: int
    """Messages that were chosen and not looked at, so that nothing here counts them: with a correction 100,000 are."""
    rules: Sequence[RuleOutlook]
    """What sending rules would do to those that would go, if they were queued now."""
    may_arrive: Mapping[Status, int]
    """Messages that are not sent again since they may arrive yet, or have; for a campaign, as of the last tick."""

    @property
    def messages(self) -> int:
        """How many failed messages were chosen."""
        return sum(line.alike.messages for line in self.lines)

    @property
    def left(self) -> Mapping[Left, int]:
        """How many of these can't go again, by why."""
        return _left_of(line.alike for line in self.lines)

    @property
    def going(self) -> int:
        """How many of these would be sent again."""
        return self.messages - sum(self.left.values())

    @property
    def too_few(self) -> int:
        """Advertising that can't go again: fewer with the same text failed than eSMS takes at once."""
        return self.left.get(Left.TOO_FEW, 0)

    @property
    def helpless(self) -> int:
        """How many would only fail in the same way again."""
        return sum(line.alike.messages for line in self.lines if not line.helps)

    @property
    def segments(self) -> int:
        """SMS that it would be billed as; a call is one."""
        return sum(line.alike.segments for line in self.lines)

    @property
    def dong(self) -> Decimal | None:
        """The cost in đồng by the price list; None: it has no price for some of them."""
        each = [line.alike.dong for line in self.lines]
        return None if None in each else sum(filter(None, each), Decimal(0))


@dataclass(frozen=True, slots=True)
class Lookout:
    """Looks at what was chosen, in one way or the other."""

    database: Database
    settings: Settings
    dry_run: DryRun

    def outlook(self, language: Language, told: Callable[[int], object]) -> Outlook:
        """Raises Invalid where the correction fits none of them."""
        of = self.dry_run
        summed = None if of.corrected else self._summed()
        at_once = self.at_once(told) if of.corrected else None
        tally = at_once or (self._look(told) if summed is None else None)
        with self.database.begin() as session:
            lines, going, rules = summed or of.told(session, tally or Tally())
            return Outlook(
                lines=[_foreseen(line, of.corrected, language) for line in lines],
                ways=_ways(going),
                unfit=unfit_of(tally.unfit if tally else {}),
                counted=Counted.ONE_BY_ONE if tally and not at_once else Counted.SUMS,
                more=_more(session, of, tally),
                rules=added_up(rules),
                may_arrive=_may_arrive(session, of.chosen),
            )

    def stay(self) -> tuple[Mapping[Left, int], Mapping[Why, int]] | None:
        """How many would, and why, where that is learnt at once; None: it is not."""
        if self.dry_run.corrected:
            with self.database.begin() as session:
                tally = self.dry_run.at_once(session)
            return None if tally is None else (_left_of(tally.lines.values()), tally.unfit)
        with self.database.begin() as session:
            as_they_are = self._lines(session)
        return None if as_they_are is None else (_left_of(as_they_are[0]), {})

    def _summed(self) -> tuple[list[Alike], list[Going], list[RuleOutlook]] | None:
        """As they are, with what rules do to them; None: as `_lines` has it."""
        zone = self.settings.time_zone
        with self.database.begin() as session:
            if (found := self._lines(session)) is None:
                return None
            rules = ledger.rules_now(session, zone)
            return *found, [*ledger.rule_outlook_of_chosen(session, self.dry_run.chosen, found[1], rules, zone)]

    def _lines(self, session: Session) -> tuple[list[Alike], list[Going]] | None:
        """As they are, they are what they were; None: which advertising goes along with which is found one by one."""
        of = self.dry_run
        today = datetime.now(self.settings.time_zone).date()
        lines, going = ledger.outlook(session, of.chosen, of.most, day=today, after=of.after)
        torn = any(each.grouped for each in going) and self._is_torn(session)
        return None if torn else (lines, going)

    def _is_torn(self, session: Session) -> bool:
        of, least = self.dry_run, self.settings.advertising_least
        return of.most is not None or ledger.few_missed(session, of.chosen, least, after=of.after)

    def at_once(self, told: Callable[[int], object] = int) -> Tally | None:
        """Where all get the same. Raises Invalid, which is of the first of them, where the correction fits none."""
        with self.database.begin() as session:
            tally = self.dry_run.at_once(session)
        if tally is not None:
            told(sum(line.messages for line in tally.lines.values()))
            if tally.fits_nobody:
                raise self._first_error() or tally.error or AssertionError
        return tally

    def _first_error(self) -> Invalid | None:
        tally = Tally()
        while tally.error is None and tally.place is not None:
            with self.database.begin() as session:
                self.dry_run.go_on(session, tally)
        return tally.error

    def _look(self, told: Callable[[int], object]) -> Tally:
        tally = Tally()
        while not tally.is_over(self.dry_run.most):
            with self.database.begin() as session:
                told(self.dry_run.go_on(session, tally))
        if tally.error and tally.fits_nobody and tally.place is None:
            raise tally.error
        return tally


def _left_of(lines: Iterable[Alike | Line]) -> Mapping[Left, int]:
    found: Counter[Left] = Counter()
    for line in lines:
        found.update(line.left)
    return +found


def _foreseen(line: Alike, corrected: Corrected | None, language: Language) -> Foreseen:
    from worker.catalogue.retrying import retryable  # it loads the client: not for who only enqueues

    different = [name for name, value in asdict(corrected).items() if value is not None] if corrected else []
    said = advice(language, kind=line.kind, status=line.status, code=line.code, reason=None)
    helps = retryable(kind=line.kind, status=line.status, code=line.code, corrected=different)
    return Foreseen(alike=line, helps=helps, remedy=said.remedy)


def _ways(going: Sequence[Going]) -> list[Way]:
    counts: Counter[tuple[Kind, SmsType | None, Purpose]] = Counter()
    for each in going:
        counts[Kind(each.kind), SmsType(each.sms_type) if each.sms_type else None, Purpose(each.purpose)] += (
            each.messages
        )
    return [
        Way(
            kind=kind,
            sms_type=sms_type,
            purpose=purpose,
            lane=Lane.VOICE if sms_type is None else LANE_OF_SMS[sms_type],
            messages=messages,
        )
        for (kind, sms_type, purpose), messages in counts.most_common()
    ]


def _more(session: Session, of: DryRun, tally: Tally | None) -> int:
    """That were not looked at any more."""
    if tally is None or tally.place is None or (of.most is not None and tally.moved >= of.most):
        return 0
    more = ledger.count(session, of.chosen, after=tally.place)
    return more if of.most is None else min(more, of.most - tally.moved)


def _may_arrive(session: Session, chosen: Chosen) -> Mapping[Status, int]:
    if chosen.campaign is None:
        found = ledger.others(session, chosen, []) or {}
        return {status: found[status] for status in _UNDER_WAY if status in found}
    return summed(session, chosen, _UNDER_WAY)


def summed(session: Session, chosen: Chosen, statuses: Sequence[Status]) -> dict[Status, int]:
    choice = Choice.of({"campaign": chosen.campaign, "source": chosen.source, "status": statuses, "each": True})
    lines = reporting.sums(session, choice, ["campaign"])
    return dict(sum((Counter(line.statuses) for line in lines), Counter()))
