"""What is held: shown with what there is to decide by, and decided about, one or many; each decision is kept."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import TYPE_CHECKING
from uuid import UUID

from worker import ledger, reporting
from worker.api.decisions import Answer
from worker.api.naming import BY_DEFAULT, id_of
from worker.bell import Bell
from worker.checks import label, label_or_none
from worker.database import Database
from worker.errors import Invalid
from worker.ledger import Act
from worker.lifecycle import Lane, Status
from worker.reporting import EvidenceShown, HeldShown
from worker.settings import Settings

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

LEADS_TO = {
    Answer.SEND_AGAIN: Status.QUEUED,
    Answer.DELIVERED: Status.DELIVERED,
    Answer.NOT_DELIVERED: Status.UNDELIVERED,
    Answer.DROP: Status.CANCELLED,
}


AT_ONCE = 500  # messages that one transaction decides about


class Held:
    """Messages that only a person can decide about. Every method may raise Unavailable."""

    def __init__(self, database: Database, settings: Settings, bell: Bell) -> None:
        self._database, self._settings, self._bell = database, settings, bell

    def list(self, *, most: int = 1000) -> Sequence[HeldShown]:
        """The oldest first."""
        with self._database.reading() as session:
            return reporting.held(session, most=most)

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
        self, message_id: UUID | str, answer: Answer, *, by: str = BY_DEFAULT, why: str | None = None
    ) -> Status | None:
        """Decide about one; where it stands now, or None when it is not held (any more). Raises NotFound, Invalid.

        by: who decides, as `show` will tell it. why: kept beside it for good.
        """
        id_, by, why = id_of(message_id), label("by", by), label_or_none("why", why)
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
        older_than: timedelta | None = None,
        dry_run: bool = False,
        by: str = BY_DEFAULT,
        why: str | None = None,
    ) -> int:
        """Decide the same about all that is held and chosen, some at a time; how many. Raises Invalid.

        older_than: in doubt for longer. dry_run: only how many it would be.
        """
        if (campaign or code or older_than) is None:
            raise Invalid("campaign", "nothing is chosen", "give a campaign, a code or older_than")
        by, why, decided, after = label("by", by), label_or_none("why", why), 0, UUID(int=0)
        act = Act("held.resolve", campaign=campaign, code=code, answer=answer)
        while True:
            with self._database.begin() as session:
                which = {"campaign": campaign, "code": code, "older_than": older_than}
                ids = ledger.held_messages(session, **which, after=after, most=AT_ONCE)  # type: ignore[arg-type]
                if not ids:
                    break
                decided += len(ids) if dry_run else len(self._decide(session, ids, answer, by, why, act))
                after = ids[-1]
        if decided and not dry_run:
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
