"""Where reminders meet intake: wishes become requests, checked and stored as any producer's are.

The works do not know each other; this edge does.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy.orm import Session

from worker.intake import Enqueue, Request, Sms, TemplateCall, Ticket, accept_each
from worker.lifecycle import Kind, Lane
from worker.reminders.making import Wish
from worker.settings import Settings


class Handing:
    """Puts wishes into the ledger; `due` are the lanes to ring once the transaction has been committed."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self.due: set[Lane] = set()

    def __call__(self, session: Session, wishes: Sequence[Wish], now: datetime) -> list[UUID | str]:
        """A notification's id for each wish, or why it was refused."""
        answers, due = accept_each(session, [_enqueue(wish) for wish in wishes], self._settings, now=now)
        self.due |= due
        return [answer.id if isinstance(answer, Ticket) else str(answer) for answer in answers]


def _enqueue(wish: Wish) -> Enqueue:
    return Enqueue(
        request=_request(wish),
        reference=wish.reference,
        source=wish.source,
        campaign=wish.campaign,
        send_date=wish.send_date,
        expires_at=wish.expires_at,
    )


def _request(wish: Wish) -> Request:
    if wish.kind is Kind.SMS:
        return Sms(to=wish.phone, content=wish.content or "", **wish.channel)
    return TemplateCall(to=wish.phone, template_id=wish.template_id or "", variables=wish.variables)
