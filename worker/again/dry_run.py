"""What sending again would come to, counted one by one: planned as the real one would, chunk by chunk, and not stored.

Each chunk is as large as the step that would take it, since what goes out together is decided by it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence, Set
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any, NamedTuple
from uuid import UUID

from worker import ledger
from worker.again.choice import Corrected
from worker.again.choosing import Chooser, Chunk
from worker.again.planning import Planner, Why, turns_out_advertising
from worker.again.reruns import AT_ONCE, TRIAL
from worker.again.texts import says_the_same
from worker.errors import Invalid
from worker.law.outlook import RuleOutlook
from worker.law.rules import Channel, Rule, channel_of
from worker.ledger import NOWHERE, Alike, Chosen, Going, Left, Place
from worker.ledger.opt_out import opted_out
from worker.ledger.outlook import fared_before
from worker.ledger.prices import prices_on
from worker.ledger.rule_outlook import rule_outlook_by_numbers
from worker.lifecycle import FOR_THE_WILLING, Kind, Purpose
from worker.settings import Settings

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

ONE_BY_ONE_MOST = 100_000  # messages that are looked at one by one at most; a second looks at some 20,000


class Goes(NamedTuple):
    """What those have in common that would go out alike. sms_type: 0: a call."""

    purpose: str
    kind: str
    sms_type: int
    campaign: str | None


@dataclass(slots=True)
class Line:
    """Counts of the messages that failed in the same way."""

    messages: int = 0
    segments: int = 0
    left: Counter[Left] = field(default_factory=Counter)
    billed: Counter[tuple[int, str]] = field(default_factory=Counter)  # SMS, by SmsType and network


@dataclass(slots=True)
class Tally:
    """What has been looked at so far. place: where to go on, None: that was all."""

    lines: dict[tuple[str, str, str | None], Line] = field(default_factory=dict)
    going: Counter[Goes] = field(default_factory=Counter)
    unfit: Counter[Why] = field(default_factory=Counter)
    rules: list[RuleOutlook] = field(default_factory=list)
    error: Invalid | None = None
    looked: int = 0
    place: Place | None = NOWHERE
    ahead: list[UUID] = field(default_factory=list)  # messages further on that went along with others

    @property
    def moved(self) -> int:
        """How many would go out."""
        return self.going.total()

    @property
    def sent(self) -> int:
        """Those, and how many more would be queued and cancelled at once: their recipients opted out."""
        return self.moved + sum(line.left[Left.OPTED_OUT] for line in self.lines.values())

    @property
    def fits_nobody(self) -> bool:
        """So far it can't be sent corrected like this to any."""
        return self.error is not None and not self.sent

    def is_over(self, most: int | None) -> bool:
        """Is there nothing left to look at, or are so many enough?"""
        return self.place is None or self._is_enough or (most is not None and self.moved >= most)

    @property
    def _is_enough(self) -> bool:
        """Not where all that is known is that it fits nobody: then it is refused, if it is so to the end."""
        return self.looked >= ONE_BY_ONE_MOST and not self.fits_nobody


@dataclass(frozen=True, slots=True)
class DryRun:
    """Looks at all at once, or at one chunk after the other, each in a transaction of its own."""

    chosen: Chosen
    corrected: Corrected | None
    settings: Settings
    most: int | None
    after: Place = NOWHERE  # where those begin that are looked at

    def at_once(self, session: Session) -> Tally | None:
        """Look at one message for all that are alike; None: what each gets, or with whom, must be found one by one."""
        if self.corrected is None or self.most is not None or not says_the_same(session, self.corrected):
            return None
        found = ledger.alike(session, self.chosen, sms_alone=self.corrected.for_sms, after=self.after)
        if found is None or any(self._goes_with_others(each) for each in found[1].values()):
            return None
        tally, (rows, requests) = Tally(place=None), found
        plan = Planner(session, self.corrected, self.settings, "-").plan(rows, requests)
        self._count(session, tally, Chunk(plan, requests, rows, None))
        return tally

    def _goes_with_others(self, request: Any) -> bool:
        return request.purpose == Purpose.ADVERTISING or turns_out_advertising(request, self.corrected)

    def go_on(self, session: Session, tally: Tally) -> int:
        """Look at the next ones; how many these were."""
        assert tally.place is not None
        limit = None if self.most is None else self.most - tally.moved
        goal = TRIAL - tally.moved if tally.moved < TRIAL else AT_ONCE
        in_vain = 0 if tally.moved else tally.looked
        chooser = Chooser(session, self.chosen, self.corrected, self.settings, "-", in_vain, besides=tally.ahead)
        chunk = chooser.take(tally.place, goal, limit)
        self._count(session, tally, chunk)
        tally.ahead += [row.id for row in chunk.company]
        tally.place, tally.looked = chunk.place, tally.looked + len(chunk.rows)
        return len(chunk.rows)

    def _count(self, session: Session, tally: Tally, chunk: Chunk) -> None:
        for row, why in _left(chunk):
            line = _line(tally, chunk, row)
            line.messages += row.messages
            line.left[why] += row.messages
        going = list(_going(chunk))
        unwilling = opted_out(session, {each.phone for each in going if each.goes.purpose in FOR_THE_WILLING})
        for each in going:
            self._add(tally, chunk, each, unwilling)
        tally.unfit += chunk.plan.reasons
        tally.error = tally.error or chunk.plan.error
        rules = ledger.rules_now(session, self.settings.time_zone)
        tally.rules += _rules(session, [each for each in going if each.phone not in unwilling], rules)

    def _add(self, tally: Tally, chunk: Chunk, one: _One, unwilling: Set[str]) -> None:
        line, messages = _line(tally, chunk, one.row), one.row.messages
        line.messages += messages
        if one.goes.purpose in FOR_THE_WILLING and one.phone in unwilling:
            line.left[Left.OPTED_OUT] += messages
            return
        tally.going[one.goes] += messages
        line.segments += one.segments * messages
        network = one.row.network or "" if one.phone == one.row.phone else ""
        line.billed[one.goes.sms_type, network.lower()] += one.segments * messages

    def told(self, session: Session, tally: Tally) -> tuple[list[Alike], list[Going], list[RuleOutlook]]:
        """One line for each way in which they failed, the most frequent first; those that would go out; the rules."""
        going = [
            Going(**goes._asdict(), messages=messages, grouped=False, at=datetime.now(UTC))
            for goes, messages in tally.going.items()
        ]
        zone = self.settings.time_zone
        waiting = ledger.rule_outlook_by_hours(going, ledger.rules_now(session, zone), zone)
        return self._alike(session, tally), going, waiting + tally.rules

    def _alike(self, session: Session, tally: Tally) -> list[Alike]:
        before = fared_before(session, [(status, code) for _, status, code in tally.lines])
        billed = {each for line in tally.lines.values() for each in line.billed}
        prices = prices_on(session, datetime.now(self.settings.time_zone).date(), billed)
        found = [
            Alike(
                kind=kind,
                status=status,
                code=code,
                messages=line.messages,
                segments=line.segments,
                dong=_dong(line, prices),
                left=dict(+line.left),
                before=before.get((status, code or "")),
            )
            for (kind, status, code), line in tally.lines.items()
        ]
        return sorted(found, key=lambda each: -each.messages)


class _One(NamedTuple):
    """A message that would go out, as what it would be."""

    row: Any
    phone: str
    goes: Goes
    segments: int


def _left(chunk: Chunk) -> Iterator[tuple[Any, Left]]:
    return ((row, why) for why, rows in chunk.plan.left.items() for row in rows)


def _going(chunk: Chunk) -> Iterator[_One]:
    for row in chunk.plan.same:
        request = chunk.requests[row.notification_id]
        sms_type = int(request.options.get("sms_type", 0))
        goes = Goes(request.purpose, request.kind, sms_type, request.campaign)
        yield _One(row, row.phone, goes, request.segments)
    of = {row.id: row for row in chunk.rows}
    for item, places in chunk.plan.others:
        terms = item.terms
        goes = Goes(str(terms.purpose), str(terms.kind), int(terms.options.get("sms_type", 0)), terms.campaign)
        for phone, id_ in places.items():
            yield _One(of[id_], phone, goes, item.segments or 1)


def _line(tally: Tally, chunk: Chunk, row: Any) -> Line:
    key = (chunk.requests[row.notification_id].kind, row.status, row.code)
    if (found := tally.lines.get(key)) is None:
        found = tally.lines[key] = Line()
    return found


def _rules(session: Session, going: Sequence[_One], rules: Sequence[Rule]) -> Iterator[RuleOutlook]:
    phones: dict[Channel, list[str]] = {}
    for each in going:
        if each.goes.purpose == Purpose.ADVERTISING:
            phones.setdefault(channel_of(Kind(each.goes.kind)), []).append(each.phone)
    for channel, them in phones.items():
        yield from rule_outlook_by_numbers(session, rules, channel, them)


def _dong(line: Line, prices: Any) -> Decimal | None:
    each = [(prices[kind], segments) for kind, segments in line.billed.items()]
    if any(dong is None for dong, _ in each):
        return None
    return sum((dong * segments for dong, segments in each), Decimal(0))
