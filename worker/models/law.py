"""Whom, when and how often nothing may be sent to: sending rules, and what is counted and kept for them."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ARRAY, BigInteger, CheckConstraint, Identity, Index, Text, Uuid, text
from sqlalchemy.dialects.postgresql import TIMESTAMP
from sqlalchemy.orm import Mapped, mapped_column

from worker.law.consents import ConsentAct
from worker.law.rules import Channel, Check, Did, Mode
from worker.models.base import Base, one_of


class LawRule(Base):
    """One version of a rule; worker/law/rules.py reads it."""

    __tablename__ = "law_rule"
    __table_args__ = (
        CheckConstraint(one_of("checks", Check), name="check_known"),
        CheckConstraint(one_of("mode", Mode), name="mode_known"),
        CheckConstraint(one_of("channel", Channel), name="channel_known"),
        CheckConstraint("until >= since", name="it_ends_after_it_begins"),
    )

    name: Mapped[str] = mapped_column(primary_key=True)
    since: Mapped[date] = mapped_column(primary_key=True)
    until: Mapped[date | None]
    checks: Mapped[str]
    purposes: Mapped[list[str]] = mapped_column(ARRAY(Text))
    channel: Mapped[str | None]
    campaign: Mapped[str | None]
    parameters: Mapped[dict[str, Any]]
    source: Mapped[str] = mapped_column(server_default=text("''"))
    mode: Mapped[str]
    changed_at: Mapped[datetime] = mapped_column(server_default=text("now()"))


class Advertised(Base):
    """The last advertising messages to a number by one channel, the newest last: as many as a rule allows."""

    __tablename__ = "advertised"
    __table_args__ = (
        CheckConstraint(one_of("channel", Channel), name="channel_known"),
        {"postgresql_with": {"fillfactor": 70}},
    )

    phone: Mapped[str] = mapped_column(primary_key=True)  # E.164
    channel: Mapped[str] = mapped_column(primary_key=True)
    at: Mapped[list[datetime]] = mapped_column(ARRAY(TIMESTAMP(timezone=True)))  # the last moment that each could go
    messages: Mapped[list[UUID]] = mapped_column(ARRAY(Uuid()))


class ConsentGiven(Base):
    """What somebody agreed to, or took back. Append-only."""

    __tablename__ = "consent"
    __table_args__ = (
        Index("consent_phone_idx", "phone", "purpose", "at"),
        CheckConstraint(one_of("act", ConsentAct), name="act_known"),
        CheckConstraint(one_of("channel", Channel), name="channel_known"),
    )

    id: Mapped[int] = mapped_column(BigInteger, Identity(always=True), primary_key=True)
    phone: Mapped[str]  # E.164
    act: Mapped[str]
    purpose: Mapped[str]
    channel: Mapped[str | None]  # None: both
    frequency: Mapped[str | None]
    wording: Mapped[str | None]
    how: Mapped[str | None]
    at: Mapped[datetime]  # when it was said
    proof: Mapped[str | None]
    source: Mapped[str] = mapped_column(server_default=text("''"))
    recorded_at: Mapped[datetime] = mapped_column(server_default=text("now()"))


class RuleUse(Base):
    """How many messages a rule held back, cancelled or warned of on a day; several rows until they are added up."""

    __tablename__ = "rule_use"
    __table_args__ = (
        Index("rule_use_day_idx", "day", "rule", "did"),
        CheckConstraint(one_of("did", Did), name="did_known"),
    )

    id: Mapped[int] = mapped_column(BigInteger, Identity(always=True), primary_key=True)
    day: Mapped[date]  # of TIME_ZONE
    rule: Mapped[str]
    did: Mapped[str]
    messages: Mapped[int] = mapped_column(BigInteger)


class DoNotCall(Base):
    """A number in the Do-Not-Call register."""

    __tablename__ = "do_not_call"

    phone: Mapped[str] = mapped_column(primary_key=True)  # E.164
