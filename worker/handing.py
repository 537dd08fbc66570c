"""Where reminders meet intake: wishes become requests, checked and stored as any producer's are.

A rule or event is tried out when it is saved, so that a missing brandname is an error then, and not on the day.

The works do not know each other; this edge does.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy.orm import Session

from worker.intake import Enqueue, Request, Sms, TemplateCall, Ticket, accept_each, check_one
from worker.ledger.templates import template
from worker.lifecycle import Kind, Lane, Purpose
from worker.reminders.compose import Wish
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
        purpose=Purpose.REMINDER,
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


def try_out(session: Session, name: str, channel: Mapping[str, Any], settings: Settings, *, now: datetime) -> None:
    """Would intake take this template by this channel? Raises Invalid."""
    text = template(session, name)
    if text is not None and text.content is not None:
        sample = Sms(to=SAMPLE, content=text.content, **channel)
        check_one(session, Enqueue(request=sample), settings, now=now)


SAMPLE = "0901234567"  # nobody is sent anything: only checked
