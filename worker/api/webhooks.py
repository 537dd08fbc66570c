"""Who is called with what happens: `notifier.webhooks.add("https://shop.example/esms", source="shop", events=[…])`."""

from __future__ import annotations

import time
from base64 import b64encode
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from difflib import get_close_matches
from secrets import token_bytes
from typing import TYPE_CHECKING
from uuid import UUID

from worker.bell import Bell
from worker.checks import label_or_none
from worker.database import Database
from worker.errors import Invalid, NotFound, Unusable
from worker.event_kinds import EventKind
from worker.ledger import note_act
from worker.ledger import webhooks as ledger
from worker.ledger.webhooks import WebhookRow as WebhookRow
from worker.queues import Task
from worker.settings import Settings
from worker.webhooks import target_of

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

LOOK_EVERY = 0.1  # seconds
BYTES = 24


@dataclass(frozen=True, slots=True, kw_only=True)
class NewWebhook:
    """A webhook, with the secret that its calls are signed with: to be shown once."""

    id: UUID
    secret: str = field(repr=False)


class Webhooks:
    """Make, list, test, replay and disable. Every method may raise Unavailable, those with an id NotFound."""

    def __init__(self, database: Database, settings: Settings, bell: Bell) -> None:
        self._database, self._settings, self._bell = database, settings, bell

    def add(self, url: str, *, source: str | None, events: Sequence[EventKind | str]) -> NewWebhook:
        """Call this address with what happens from now on.

        source: with what belongs to it alone, and what concerns all; None: with everybody's. events: of EventKind.
        Raises Invalid.
        """
        try:
            target_of(url, private=self._settings.webhooks_private)
        except Unusable as error:
            raise Invalid("url", error.problem, error.remedy) from None
        of, kinds, secret = label_or_none("source", source), _kinds(events), _new_secret()
        with self._database.begin() as session:
            id_ = ledger.add_webhook(session, url=url, source=of, events=kinds, secret=secret)
            note_act(session, "webhook.add", webhook=id_, source=of)
        return NewWebhook(id=id_, secret=secret)

    def list(self) -> Sequence[WebhookRow]:
        """All, without their secrets."""
        with self._database.begin() as session:
            return ledger.webhooks(session)

    def rotate(self, given: UUID | str) -> NewWebhook:
        """Another secret; for a day, calls are signed with the one before as well."""
        secret = _new_secret()
        with self._database.begin() as session:
            id_ = _found(session, given)
            ledger.add_secret(session, id_, secret)
            note_act(session, "webhook.rotate", webhook=id_)
        return NewWebhook(id=id_, secret=secret)

    def test(self, given: UUID | str, *, within: float = 30.0) -> str | None:
        """Have a worker call it now; None: it took the call, else why not. within: seconds that are waited for it."""
        with self._database.begin() as session:
            id_ = _found(session, given)
            key = ledger.put_test(session, id_)
            note_act(session, "webhook.test", webhook=id_)
        self._bell.again(Task.CALL_WEBHOOKS)
        deadline = time.monotonic() + within
        while time.monotonic() < deadline:
            with self._database.begin() as session:
                found = ledger.outcome_of(session, id_, key)
            if found is None or found[0]:
                return found and found[0]
            time.sleep(LOOK_EVERY)
        return "no worker has called it: `esms-worker doctor` tells why"

    def replay(self, given: UUID | str, since: datetime) -> None:
        """Tell it again of all that happened since then, also of what it took. A naive datetime is in TIME_ZONE."""
        aware = self._settings.aware(since)
        if aware > datetime.now(UTC):
            raise Invalid("since", "is still to come", "give a moment that has passed")
        with self._database.begin() as session:
            id_ = _found(session, given)
            ledger.go_back(session, id_, aware)
            note_act(session, "webhook.replay", webhook=id_)
        self._bell.again(Task.CALL_WEBHOOKS)

    def disable(self, given: UUID | str, because: str = "a person did") -> bool:
        """Call it no more; False: it was disabled already."""
        with self._database.begin() as session:
            id_ = _found(session, given)
            if disabled := ledger.disable(session, id_, because):
                note_act(session, "webhook.disable", webhook=id_)
        return disabled

    def enable(self, given: UUID | str) -> None:
        """Call it again, also with what happened while it was disabled."""
        with self._database.begin() as session:
            id_ = _found(session, given)
            ledger.enable(session, id_)
            note_act(session, "webhook.enable", webhook=id_)
        self._bell.again(Task.CALL_WEBHOOKS)


def _found(session: Session, given: UUID | str) -> UUID:
    try:
        id_ = given if isinstance(given, UUID) else UUID(given)
    except (ValueError, AttributeError):
        id_ = UUID(int=0)
    if not ledger.webhook_is_there(session, id_):
        raise NotFound(f"no webhook has the id {str(given)[:40]!r}: `esms-worker webhooks list` shows them")
    return id_


def _kinds(given: Sequence[EventKind | str]) -> list[EventKind]:
    if isinstance(given, str) or not given:
        raise Invalid("events", "names none", f"choose from {', '.join(EventKind)}")
    for each in given:
        if each not in list(EventKind):
            near = get_close_matches(str(each), list(EventKind), 1, 0.4)
            remedy = f"did you mean {near[0]}? " if near else ""
            raise Invalid("events", f"there is no {str(each)[:60]!r}", f"{remedy}choose from {', '.join(EventKind)}")
    return [EventKind(each) for each in given]


def _new_secret() -> str:
    return f"whsec_{b64encode(token_bytes(BYTES)).decode()}"
