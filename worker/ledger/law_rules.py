"""Sending rules (law, quiet hours, campaign windows) as rows: which hold on a day, and how a person changes them."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import asdict
from datetime import date, datetime, tzinfo
from typing import TYPE_CHECKING, Any
from weakref import WeakKeyDictionary

import orjson
from sqlalchemy import text

from worker.law.rules import Channel, Check, Mode, Rule
from worker.lifecycle import Purpose

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

    from worker.database import Reader

EVERY = 5.0  # seconds after which the rules are read again

_ALL = text("""
    SELECT name, since, until, checks, purposes, channel, campaign, parameters, source, mode FROM law_rule
    ORDER BY name, since
""")

_READ = text("SELECT '' ~* CAST(:pattern AS text)")
_SAVE = text("""
    INSERT INTO law_rule (name, since, until, checks, purposes, channel, campaign, parameters, source, mode)
    VALUES (:name, :since, :until, :check, :purposes, :channel, :campaign, CAST(:parameters AS jsonb), :source, :mode)
    ON CONFLICT (name, since) DO UPDATE SET until = excluded.until, checks = excluded.checks,
        purposes = excluded.purposes, channel = excluded.channel, campaign = excluded.campaign,
        parameters = excluded.parameters, source = excluded.source, mode = excluded.mode, changed_at = now()
""")

_SET_MODE = text("UPDATE law_rule SET mode = :mode, changed_at = now() WHERE name = :name RETURNING name")
_REMOVE = text("DELETE FROM law_rule WHERE name = :name RETURNING name")


def all_rules(session: Reader) -> list[Rule]:
    """Every version of every rule, by name and date."""
    return [_rule(row) for row in session.execute(_ALL)]


def rules_on(session: Reader, day: date) -> Sequence[Rule]:
    """The rules that hold on this day."""
    return [rule for rule in all_rules(session) if rule.holds_on(day)]


_recent: WeakKeyDictionary[object, tuple[float, list[Rule]]] = WeakKeyDictionary()


def rules_now(session: Session, zone: tzinfo) -> Sequence[Rule]:
    """The rules that hold today, as this process read them a few seconds ago."""
    engine = session.get_bind()
    at, rules = _recent.get(engine, (-EVERY, []))
    if time.monotonic() - at >= EVERY:
        rules = all_rules(session)
        _recent[engine] = time.monotonic(), rules
    today = datetime.now(zone).date()
    return [rule for rule in rules if rule.holds_on(today)]


def save_rule(session: Session, rule: Rule) -> None:
    """Add it, or put it in the place of the one with the same name and first day."""
    if pattern := rule.parameters.get("pattern"):
        session.execute(_READ, {"pattern": pattern})  # or each claim would fall over what Python alone can read
    asked = asdict(rule) | {"purposes": list(rule.purposes), "parameters": orjson.dumps(rule.parameters).decode()}
    session.execute(_SAVE, asked)
    _recent.clear()


def set_mode(session: Session, name: str, mode: Mode) -> bool:
    """Set the mode of all versions of a rule; False: there is none."""
    _recent.clear()
    return session.execute(_SET_MODE, {"name": name, "mode": mode}).first() is not None


def remove_rule(session: Session, name: str) -> bool:
    """Take all its versions away; False: there is none."""
    _recent.clear()
    return session.execute(_REMOVE, {"name": name}).first() is not None


def _rule(row: Any) -> Rule:
    return Rule(
        name=row.name,
        since=row.since,
        until=row.until,
        check=Check(row.checks),
        purposes=tuple(Purpose(each) for each in row.purposes),
        channel=Channel(row.channel) if row.channel else None,
        campaign=row.campaign,
        parameters=row.parameters,
        source=row.source,
        mode=Mode(row.mode),
    )
