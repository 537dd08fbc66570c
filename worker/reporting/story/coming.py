"""What comes next of a message that something may follow by itself, when, and under what condition. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, tzinfo

from worker.catalogue import Language, names, statuses
from worker.catalogue import story as say
from worker.catalogue.text import moment, number, span
from worker.lifecycle import RETRIED, Kind, Status
from worker.reporting.story.promises import Successor
from worker.reporting.story.reading import AnyRow, Facts

OVER = frozenset({Status.DELIVERED, Status.CANCELLED, Status.SANDBOXED})  # nothing follows these, whatever was promised


@dataclass(frozen=True, slots=True)
class Coming:
    """Tells it in one language; moments are of this zone."""

    facts: Facts
    language: Language
    zone: tzinfo

    def surely(self) -> tuple[str, datetime] | None:
        """What follows one that failed, and when; None: nothing."""
        row, promise = self.facts.message, self._open()
        if promise is None or Status(row.status) not in RETRIED:
            return None
        if self._is_again_first(promise):
            return self._again(promise)
        if not self._falls_back(promise):
            return None
        return say.FOLLOWS.say(self.language, what=self._what(promise)), max(promise.fallback_at, self.facts.at)

    def perhaps(self) -> str:
        """What follows under a condition, as sentences; empty: nothing."""
        promise = self._open()
        if promise is None:
            return self._why_nothing()
        told = [self._again_if_not(promise), self._other_if_not(promise)]
        return ". ".join(filter(None, told))

    def replaced(self) -> str:
        """What stands in its place, and what became of that."""
        first, *later = self.facts.successors
        told = self._by_whom(first)
        if not later:
            return told
        return say.REPLACED_SINCE.say(self.language, told=told, id=str(later[-1].id), status=self._stands(later[-1]))

    def _open(self) -> AnyRow | None:
        promise = self.facts.promise
        status = Status(self.facts.message.status)
        return promise if promise is not None and promise.open and status not in OVER else None

    def _is_again_first(self, promise: AnyRow) -> bool:
        """Is it sent again before its fallback's time?"""
        if self.facts.message.status != Status.UNDELIVERED or self._left(promise) <= 0:
            return False
        return not (self._falls_back(promise) and promise.fallback_at <= max(promise.retry_at, self.facts.at))

    def _left(self, promise: AnyRow) -> int:
        now = self.facts.at
        if promise.expires_at is not None and promise.expires_at <= max(promise.retry_at or now, now):
            return 0
        return int((promise.times or 0) - self.facts.message.generation)

    def _falls_back(self, promise: AnyRow) -> bool:
        return promise.kind is not None and promise.late_at > self.facts.at

    def _what(self, promise: AnyRow) -> str:
        return say.OTHERS[Kind(promise.kind)].say(self.language, template=promise.template)

    def _again(self, promise: AnyRow) -> tuple[str, datetime]:
        number_ = number(self.facts.message.generation + 1, self.language)
        told = say.AGAIN.say(self.language, number=number_, times=number(promise.times, self.language))
        return told, max(promise.retry_at, self.facts.at)

    def _again_if_not(self, promise: AnyRow) -> str:
        status = Status(self.facts.message.status)
        if self._left(promise) <= 0 or status in RETRIED or status is Status.UNKNOWN:
            return ""
        wait, left = span(promise.wait, self.language), number(self._left(promise), self.language)
        return say.AGAIN_IF_NOT.say(self.language, wait=wait, left=left)

    def _other_if_not(self, promise: AnyRow) -> str:
        status = Status(self.facts.message.status)
        if not self._falls_back(promise) or (status is Status.UNKNOWN and not promise.in_doubt):
            return ""
        if status in RETRIED and not self._is_again_first(promise):
            return ""
        text = say.IN_DOUBT if promise.in_doubt else say.IF_NOT.get(status, say.IF_NOT_BY)
        at, until = (moment(each, self.zone, self.language) for each in (promise.fallback_at, promise.late_at))
        return text.say(self.language, what=self._what(promise), at=at, until=until)

    def _why_nothing(self) -> str:
        """Where what was promised is decided, and did not come."""
        promise = self.facts.promise
        told = say.NOT_FOLLOWED.get(promise.outcome) if promise is not None and not promise.open else None
        id_ = str(self.facts.message.id)
        return told.say(self.language, id=id_) if told and not self.facts.successors else ""

    def _by_whom(self, other: Successor) -> str:
        told = {"id": str(other.id), "status": self._stands(other)}
        if other.wanted_by == "fallback":
            kind = names.KINDS[Kind(other.kind)].say(self.language)
            return say.REPLACED_BY_FALLBACK.say(self.language, kind=kind, **told)
        if other.wanted_by in (None, "a person"):
            return say.REPLACED.say(self.language, **told)
        return say.REPLACED_BY.say(self.language, by=other.wanted_by, **told)

    def _stands(self, other: Successor) -> str:
        told = statuses.MEANINGS[other.status].say(self.language)
        if other.phone in ("", self.facts.message.phone) or not other.phone.startswith("+"):  # it is kept no longer
            return told
        return say.TO_ANOTHER_NUMBER.say(self.language, phone=other.phone, status=told)
