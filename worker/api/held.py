"""What is held: shown with what there is to decide by, and decided about, one or many; each decision is kept."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import TYPE_CHECKING
from uuid import UUID

from worker import ledger, reporting
from worker.api.decisions import Answer
from worker.api.naming import BY_DEFAULT, id_of, refuse_undocumented
from worker.bell import Bell
from worker.checks import label, label_or_none, truth, whole_number
from worker.database import Database
from worker.errors import Invalid
from worker.ledger import Act, WhichHeld
from worker.lifecycle import Lane, Status
from worker.reporting import EvidenceShown, HeldShown
from worker.settings import Settings
from worker.spans import age_of

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

    from worker.database import Reader

LEADS_TO = {
    Answer.SEND_AGAIN: Status.QUEUED,
    Answer.DELIVERED: Status.DELIVERED,
    Answer.NOT_DELIVERED: Status.UNDELIVERED,
    Answer.DROP: Status.CANCELLED,
}

AT_ONCE = 500  # messages that one transaction decides about
MOST = 100_000  # messages that are listed at once


class Held:
    """Messages that only a person can decide about. Every method may raise Unavailable."""

    def __init__(self, database: Database, settings: Settings, bell: Bell) -> None:
        self._database, self._settings, self._bell = database, settings, bell

    def list(
        self,
        *,
        campaign: str | None = None,
        code: str | None = None,
        older_than: timedelta | str | None = None,
        most: int = 1000,
    ) -> Sequence[HeldShown]:
        """The oldest first; all, or what is chosen. older_than: in doubt for longer, like 2h.

        Raises Invalid, and NotFound for a campaign that there is not.
        """
        which = _which(campaign, code, older_than)
        with self._database.reading() as session:
            found = reporting.held(session, **which, most=whole_number("most", most, MOST))
            if not found:
                _refuse_unknown(session, which)
        return found

    def locate(self, given: str) -> UUID:
        """The id of the held message that a person names: by an id or its beginning, reference or phone number.

        Raises NotFound, also for what names more than one.
        """
        with self._database.reading() as session:
            return reporting.locate_held(session, given)

    def evidence(self, message_id: UUID | str) -> EvidenceShown:
        """What there is to decide by, and what was decided about it before. Raises NotFound."""
        with self._database.reading() as session:
            return reporting.evidence(session, id_of(message_id))

    def resolve(
        self,
        message_id: UUID | str,
        answer: Answer,
        *,
        by: str = BY_DEFAULT,
        why: str | None = None,
        dry_run: bool = False,
    ) -> Status | None:
        """Decide about one; where it stands now, or None when it is not held (any more). Raises NotFound, Invalid.

        by: who decides, as `show` will tell it. why: kept beside it for good. dry_run: only where it would stand.
        """
        id_, answer, by, why = id_of(message_id), _answer(answer), label("by", by), label_or_none("why", why)
        dry_run, is_held = truth("dry_run", dry_run), self._is_held(id_, answer)
        if dry_run:
            return LEADS_TO[answer] if is_held else None
        act = Act("held.resolve", message=id_, answer=answer)
        with self._database.begin() as session:
            moved = self._decide(session, [id_], answer, by, why, act)
        return self._rung(LEADS_TO[answer]) if moved else None

    def resolve_many(
        self,
        answer: Answer,
        *,
        campaign: str | None = None,
        code: str | None = None,
        older_than: timedelta | str | None = None,
        dry_run: bool = False,
        by: str = BY_DEFAULT,
        why: str | None = None,
    ) -> int:
        """Decide the same about all that is held and chosen, some at a time; how many. Raises Invalid, and NotFound for
        a campaign that there is not.

        older_than: in doubt for longer, like 2h. dry_run: only how many it would be.
        """
        which, answer = _which(campaign, code, older_than), _answer(answer)
        if all(value is None for value in which.values()):
            raise Invalid("campaign", "nothing is chosen", "give a campaign, a code or older_than")
        by, why = label("by", by), label_or_none("why", why)
        found = self._count(which, answer) if truth("dry_run", dry_run) else self._decide_all(which, answer, by, why)
        if not found:
            with self._database.reading() as session:
                _refuse_unknown(session, which)
        return found

    def _count(self, which: WhichHeld, answer: Answer) -> int:
        with self._database.reading() as session:
            return ledger.count_held(session, which, again=answer is Answer.SEND_AGAIN)

    def _decide_all(self, which: WhichHeld, answer: Answer, by: str, why: str | None) -> int:
        act = Act("held.resolve", campaign=which["campaign"], code=which["code"], answer=answer)
        decided, after = 0, UUID(int=0)
        while True:
            with self._database.begin() as session:
                ids = ledger.held_messages(session, which, after=after, most=AT_ONCE)
                if not ids:
                    break
                decided += len(self._decide(session, ids, answer, by, why, act))
                after = ids[-1]
        if decided:
            self._rung(LEADS_TO[answer])
        return decided

    def _decide(
        self, session: Session, ids: Sequence[UUID], answer: Answer, by: str, why: str | None, act: Act
    ) -> set[UUID]:
        said = f"{by} decided: {answer}"
        moved = ledger.resolve_all(session, ids, LEADS_TO[answer], said, self._settings.horizons, by=by)
        ledger.note_decisions(session, moved, by=by, answer=str(answer), why=why)
        if moved:
            act.note(session, len(moved))
        return moved

    def _rung(self, status: Status) -> Status:
        if status is Status.QUEUED:
            self._bell.ring(set(Lane))
        return status

    def _is_held(self, id_: UUID, answer: Answer) -> bool:
        """Raises Invalid where it can't be sent again."""
        with self._database.reading() as session:
            is_held = reporting.is_held(session, id_)
            if is_held and answer is Answer.SEND_AGAIN and (wrong := _why_not_again(session, id_)):
                others = ", ".join(each for each in Answer if each is not Answer.SEND_AGAIN)
                raise Invalid("answer", wrong, f"decide {others}")
        return is_held


def _which(campaign: object, code: object, older_than: object) -> WhichHeld:
    """Raises Invalid."""
    return {
        "campaign": None if campaign is None else label("campaign", campaign),
        "code": None if code is None else label("code", code),
        "older_than": None if older_than is None else age_of("older_than", older_than),
    }


def _why_not_again(session: Reader, id_: UUID) -> str | None:
    if reporting.is_of_who_was_forgotten(session, id_):
        return "would send it to somebody who asked to be forgotten"
    return "would send it beside the message that went in its place" if reporting.is_replaced(session, id_) else None


def _answer(given: str) -> Answer:
    """Raises Invalid."""
    if given not in tuple(Answer):
        raise Invalid("answer", "there is no such answer", f"use {', '.join(Answer)}")
    return Answer(given)


def _refuse_unknown(session: Reader, which: WhichHeld) -> None:
    """Where nothing was found. Raises NotFound for a campaign that there is not, Invalid for such a code."""
    reporting.refuse_unknown(session, campaign=which["campaign"])
    refuse_undocumented([which["code"]] if which["code"] else ())
