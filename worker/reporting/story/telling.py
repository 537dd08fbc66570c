"""From what is on record to sentences: pure, in the language and the zone that it is told in."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta, tzinfo
from itertools import pairwise
from uuid import UUID

from worker.catalogue import Language, Text, advice, in_language, names, removed, statuses
from worker.catalogue import story as say
from worker.catalogue.reasons import remedy_in
from worker.catalogue.text import moment, span
from worker.catalogue.waits import TO_DO
from worker.ledger.gate import FORGOTTEN
from worker.lifecycle import ARRIVED, ASKED, FINAL, NOT_ARRIVED, Kind, Lane, Purpose, Status
from worker.reporting.story.answers import answer_of
from worker.reporting.story.coming import Coming
from worker.reporting.story.reading import AnyRow, Facts
from worker.reporting.story.waited import Gap, gaps_of

NOTICED = timedelta(minutes=1)  # a shorter wait for its turn is nobody's question


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One thing that happened, or that holds now (at: None). at: in UTC."""

    at: datetime | None
    what: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Story:
    """One message's story, told in one language."""

    notification: UUID
    message: UUID
    phone: str  # E.164
    source: str
    reference: str | None
    campaign: str | None
    kind: Kind
    status: Status
    got: bool | None
    """Did it reach the recipient? None: not known, yet or for ever."""
    summary: str
    """Where it stands, in a few words."""
    steps: Sequence[Step]
    next: str
    """What happens next, by itself."""
    next_at: datetime | None
    """When, if that is known; in UTC."""
    then: str
    """What follows by itself after that and under what condition, or why nothing does; empty: nothing was to."""
    remedy: str
    """What a person can do about it."""
    in_its_place: UUID | None
    """The last message that went in its place, where to look on; None: it is this one."""


@dataclass(frozen=True, slots=True)
class Teller:
    """Tells one message's facts."""

    facts: Facts
    language: Language
    zone: tzinfo

    def story(self) -> Story:
        row, of = self.facts.message, self.facts.notification
        status, (next_, next_at) = Status(row.status), self._next()
        return Story(
            notification=of.id,
            message=row.id,
            phone=row.phone,
            source=of.source,
            reference=of.reference,
            campaign=of.campaign,
            kind=Kind(of.kind),
            status=status,
            got=True if status in ARRIVED else False if status in NOT_ARRIVED else None,
            summary=statuses.MEANINGS[status].say(self.language),
            steps=sorted(self._steps(), key=lambda step: step.at or self.facts.at),
            next=next_,
            next_at=next_at,
            then=self._coming.perhaps() if row.replaced_by is None else "",
            remedy=self._remedy() if row.replaced_by is None else self._look_there(),
            in_its_place=self._last(),
        )

    def _remedy(self) -> str:
        """Of what waits by what holds it back, and of a pause by the reason for that, where these know it; of who was
        forgotten what holds for all of theirs; of who has got it after all nothing.
        """
        row, why = self.facts.message, self.facts.why
        if self._is_forgotten and Status(row.status) not in ARRIVED:
            return remedy_in(FORGOTTEN, self.language) or ""
        if self.facts.reached is not None and Status(row.status) in NOT_ARRIVED:
            return say.HAS_GOT_IT.say(self.language, id=str(self.facts.reached.id))
        usual = self._advised(row.code, row.reason)
        if why is None or why.text not in TO_DO:
            return usual
        of_the_pause = self._advised(why.values.get("code") or None, why.values.get("reason"))
        return of_the_pause if of_the_pause != self._advised(None, None) else why.to_do(self.language) or usual

    def _advised(self, code: str | None, reason: str | None) -> str:
        of, status = self.facts.notification, self.facts.message.status
        return advice(self.language, kind=of.kind, status=status, code=code, reason=reason).remedy

    # What happened...

    def _steps(self) -> Iterator[Step]:
        yield self._enqueued()
        yield from self._dated()
        gaps = gaps_of(self.facts)
        for gap in gaps:
            yield from self._held_back(gap)
        yield from self._opted_out()
        yield from self._stood_on()
        for request in self.facts.requests:
            yield Step(at=request.at, what=answer_of(request, self.language))
        for over, following in pairwise([*self.facts.over, self.facts.message]):
            if over.generation < following.generation:
                yield from self._sent_again(over, following.wanted_by)
        yield from self._ended(self.facts.message, self.facts.message.settled_at)
        if (first := self.facts.reached) is not None:
            yield Step(at=first.settled_at, what=say.FIRST_ARRIVED.say(self.language, id=str(first.id)))
        yield from self._removed(removed.TEXT, self.facts.notification)
        yield from self._removed(removed.NUMBER, self.facts.message)
        if self._is_forgotten and self.facts.message.emptied_at is None:
            yield Step(at=None, what=_capital(removed.TO_COME.say(self.language)))

    def _removed(self, what: Text, row: AnyRow) -> Iterator[Step]:
        if row.emptied_at is not None:
            told = removed.removed(what, row.emptied_at, row.emptied_by, self.language, self.zone)
            yield Step(at=row.emptied_at, what=_capital(told))

    def _enqueued(self) -> Step:
        of, follows = self.facts.notification, self.facts.message.replaces is not None
        source = of.source if follows and not _is_made(of) else None
        besides = [
            say.OF_SOURCE.say(self.language, source=_quoted(source)) if source else "",
            say.OF_REFERENCE.say(self.language, reference=of.reference) if of.reference and not _is_made(of) else "",
            say.OF_CAMPAIGN.say(self.language, campaign=of.campaign) if of.campaign and not _is_made(of) else "",
            say.OF_SEGMENTS.say(self.language, segments=of.segments) if of.segments and of.segments > 1 else "",
        ]
        told = ", ".join(filter(None, besides))
        who = self._in_whose_place(of) if follows else _capital(self._by_whom(of))
        return Step(at=of.created_at, what=who + (f" ({told})" if told else ""))

    def _in_whose_place(self, of: AnyRow) -> str:
        """Nobody handed over what was corrected, or follows by itself."""
        by = [*self.facts.over, self.facts.message][0].wanted_by
        kind, id_ = names.KINDS[Kind(of.kind)].say(self.language), str(self.facts.message.replaces)
        if by == "fallback":
            return _capital(say.AS_FALLBACK_OF.say(self.language, kind=kind, id=id_))
        if by in (None, "a person"):
            return _capital(say.IN_THE_PLACE_OF.say(self.language, kind=kind, id=id_))
        return say.IN_THE_PLACE_OF_BY.say(self.language, by=by, kind=kind, id=id_)

    def _by_whom(self, of: AnyRow) -> str:
        kind = names.KINDS[Kind(of.kind)].say(self.language)
        if _is_made(of):
            maker, _, name = (of.campaign or "").partition(":")
            text = say.ENQUEUED_BY_RULE if maker == "reminder" else say.ENQUEUED_BY_EVENT
            return text.say(self.language, kind=kind, rule=_quoted(name))
        text = say.ENQUEUED if of.source else say.ENQUEUED_BY_NOBODY
        return text.say(self.language, kind=kind, source=_quoted(of.source))

    def _dated(self) -> Iterator[Step]:
        of = self.facts.notification
        if of.send_date is not None and of.send_date > of.created_at:
            text = say.HANDED_OVER if of.hand_over else say.KEPT_FOR_DATE
            yield Step(at=of.created_at, what=text.say(self.language, date=self._moment(of.send_date)))

    def _held_back(self, gap: Gap) -> Iterator[Step]:
        """What held it back between two moments; where nothing on record did, and it was long, that it had its turn."""
        for pause in gap.pauses:
            yield self._paused(pause, max(pause.since, gap.since))
            if pause.lifted_at is not None and pause.lifted_at <= gap.until:
                yield self._resumed(pause)
        if not gap.pauses and gap.sent and gap.until - gap.since >= NOTICED:
            waited = span((gap.until - gap.since).total_seconds(), self.language)
            lane = names.LANES[Lane(self.facts.message.lane)].say(self.language)
            yield Step(at=gap.until, what=say.WAITED.say(self.language, span=waited, lane=lane))

    def _paused(self, pause: AnyRow, at: datetime) -> Step:
        reason = in_language(pause.reason, self.language)
        if pause.lane is None:
            told = say.CAMPAIGN_PAUSED.say(self.language, campaign=_quoted(pause.campaign), reason=reason)
        else:
            lane = names.LANES[Lane(pause.lane)].say(self.language)
            told = say.LANE_PAUSED.say(self.language, lane=lane, reason=reason)
        return Step(at=at, what=told)

    def _resumed(self, pause: AnyRow) -> Step:
        if pause.lane is None:
            told = say.CAMPAIGN_RESUMED.say(self.language, campaign=_quoted(pause.campaign))
        else:
            told = say.LANE_RESUMED.say(self.language, lane=names.LANES[Lane(pause.lane)].say(self.language))
        return Step(at=pause.lifted_at, what=told)

    def _opted_out(self) -> Iterator[Step]:
        since = self.facts.opted_out_since
        if since is not None and since >= self.facts.notification.created_at:
            yield Step(at=since, what=say.OPTED_OUT.say(self.language))

    def _stood_on(self) -> Iterator[Step]:
        """Of advertising that went out: which consent was known, or that none was."""
        row = self.facts.message
        if row.accepted_at is not None and self.facts.notification.purpose == Purpose.ADVERTISING:
            told = say.NO_CONSENT if row.consent_id is None else say.STOOD_ON
            yield Step(at=row.accepted_at, what=told.say(self.language, consent=row.consent_id))

    def _sent_again(self, over: AnyRow, by: str | None) -> Iterator[Step]:
        """How the attempt of before ended, and who wanted another."""
        yield from self._ended(over, over.settled_at or over.ended_at)
        named = say.SENT_AGAIN.say(self.language, by=by) if by not in (None, "a person") else ""
        yield Step(at=over.ended_at, what=named or say.SENT_AGAIN_BY_SOMEBODY.say(self.language))

    def _ended(self, row: AnyRow, at: datetime | None) -> Iterator[Step]:
        status = Status(row.status)
        if status not in FINAL and status is not Status.HELD:
            return
        told = say.ENDED[status].say(self.language)
        if status in ARRIVED and row.network:
            told = say.SAID_BY.say(self.language, what=told, network=row.network)
        elif row.reason and status not in ARRIVED:
            told = say.BECAUSE.say(self.language, what=told, reason=in_language(row.reason, self.language))
        yield Step(at=at, what=told)

    # What happens next...

    def _next(self) -> tuple[str, datetime | None]:
        """And when."""
        status, why = Status(self.facts.message.status), self.facts.why
        if self.facts.successors:
            return self._coming.replaced(), None
        if why is not None:
            return _capital(why.say(self.language)), why.until
        if (sure := self._coming.surely()) is not None:
            return _capital(sure[0]), sure[1]
        return (say.ON_THE_WIRE if status is Status.SENDING else say.NOTHING_MORE).say(self.language), None

    @property
    def _coming(self) -> Coming:
        return Coming(self.facts, self.language, self.zone)

    @property
    def _is_forgotten(self) -> bool:
        return bool(self.facts.message.emptied_by == ASKED)

    def _look_there(self) -> str:
        return say.LOOK_THERE.say(self.language, id=str(self._last()))

    def _last(self) -> UUID | None:
        last: UUID | None = self.facts.message.replaced_by
        return self.facts.successors[-1].id if self.facts.successors else last

    def _moment(self, at: datetime) -> str:
        return moment(at, self.zone, self.language)


def told(facts: Facts, language: Language, zone: tzinfo) -> Story:
    """The story of one message; moments within sentences are of this zone."""
    return Teller(facts, language, zone).story()


def _is_made(notification: AnyRow) -> bool:
    return bool(notification.source == "reminders")


def _quoted(text: str | None) -> str:
    return f"“{text}”"


def _capital(text: str) -> str:
    """eSMS writes itself so, at the beginning too."""
    return text if text.startswith("eSMS") else text[:1].upper() + text[1:]
