"""Rules and events, for a producer: `notifier.reminders.upsert_event(source="clinic", key="17", starts_at=…)`."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from worker.database import Database
from worker.handing import try_out
from worker.ledger.rules import RuleRow, all_rules, clock
from worker.reminders import Event, EventChange, Outcome, Rule, RuleChange, events, rule_changes
from worker.reminders.fields import event_of
from worker.reminders.plan import Due
from worker.reminders.rules import channel_of
from worker.settings import Settings

SHOWN = 5


class Reminders:
    """Whom to remind of what, and when. Every method may raise Unavailable when Postgres can't be reached.

    session: where a method takes one, it joins that transaction. Postgres's clock is the one that counts.
    """

    def __init__(self, database: Database, settings: Settings) -> None:
        self._database, self._settings = database, settings

    # Events...

    def upsert_event(self, *, session: Session | None = None, **fields: Any) -> EventChange:
        """Store an event of yours as it is now, with all its attendees; as often as you like, in any order.

        fields: those of `Event`, and sms_type, brandname, unicode; times may be ISO 8601 text.
        Reminders that have not gone out follow the event; the answer tells which could not be called back.
        Raises Invalid, which names the field; nothing of the event is stored then.
        """
        event = event_of(fields)
        with self._database.joined(session) as joined:
            return upsert_event(joined, event, self._settings)

    def cancel_event(
        self, *, source: str, key: str, version: int | datetime | None = None, session: Session | None = None
    ) -> EventChange:
        """Call an event off with all its reminders that have not gone out. Raises NotFound, Invalid."""
        with self._database.joined(session) as joined:
            return events.cancel(joined, source, key, version=version, now=clock(joined))

    # Rules...

    def add(self, rule: Rule, *, replace: bool = False, session: Session | None = None) -> RuleChange:
        """Keep a new rule; `replace`: or give the one of its name other content. Raises Invalid."""
        with self._database.joined(session) as joined:
            now = clock(joined)
            change = rule_changes.add(joined, rule, time_zone=self._zone, now=now, replacing=replace)
            try_out(joined, change.rule.template, change.rule.channel, self._settings, now=now)
            return change

    def preview(self, rule: Rule, count: int = SHOWN) -> list[Due]:
        """When a rule would occur next, were it added now; stores nothing. Raises Invalid."""
        with self._database.begin() as session:
            now = clock(session)
            row = rule_changes.planned(rule, time_zone=self._zone, now=now)
            rule_changes.usable_template(session, row.template)
            try_out(session, row.template, row.channel, self._settings, now=now)
        return rule_changes.upcoming(row, after=now, count=count)

    def rules(self) -> list[RuleRow]:
        """Every rule, by name."""
        with self._database.begin() as session:
            return all_rules(session)

    def show(self, name: str) -> RuleRow:
        """The rule of this name. Raises NotFound."""
        with self._database.begin() as session:
            return rule_changes.found(session, name)

    def next(self, name: str, count: int = SHOWN) -> list[Due]:
        """When a rule occurs next. Raises NotFound."""
        with self._database.begin() as session:
            return rule_changes.upcoming(rule_changes.found(session, name), after=clock(session), count=count)

    def pause(self, name: str, *, session: Session | None = None) -> RuleChange:
        """Have it remind nobody until it is resumed; what is queued is called back. Raises NotFound."""
        return self._changed(rule_changes.pause, name, session)

    def resume(self, name: str, *, session: Session | None = None) -> RuleChange:
        """Let it go on with the first occurrence that is not too late. Raises NotFound."""
        return self._changed(rule_changes.resume, name, session)

    def remove(self, name: str, *, session: Session | None = None) -> RuleChange:
        """End it; what is queued is called back. Raises NotFound."""
        return self._changed(rule_changes.remove, name, session)

    def _changed(self, step: Callable[..., RuleChange], name: str, session: Session | None) -> RuleChange:
        with self._database.joined(session) as joined:
            return step(joined, name, now=clock(joined))

    @property
    def _zone(self) -> str:
        return str(self._settings.time_zone)


def upsert_event(session: Session, event: Event, settings: Settings) -> EventChange:
    """Store an event and try out what it would send. Raises Invalid; the transaction is then to be rolled back."""
    now = clock(session)
    change = events.upsert(session, event, time_zone=str(settings.time_zone), now=now)
    if change.outcome in {Outcome.ADDED, Outcome.CHANGED}:
        try_out(session, event.template, channel_of(event.channel), settings, now=now)
    return change
