"""Word back: what happened besides changes of status, who is told of what, and what is still to be told."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger, Identity, Index, SmallInteger, text
from sqlalchemy.dialects.postgresql import ARRAY, TEXT
from sqlalchemy.orm import Mapped, mapped_column

from worker.models.base import Base


class Happening(Base):
    """An event that is no change of a message's status; those are settlements. Both are read as one log."""

    __tablename__ = "happening"
    __table_args__ = (Index("happening_at_idx", "at"),)

    transaction: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    number: Mapped[int] = mapped_column(BigInteger, Identity(always=True, start=-1, increment=-1), primary_key=True)
    at: Mapped[datetime] = mapped_column(server_default=text("now()"))
    kind: Mapped[str]  # worker.event_kinds
    source: Mapped[str | None]  # None: it concerns all
    facts: Mapped[dict[str, Any]]


class Webhook(Base):
    """An address that is called; its place in the log is a snapshot of Postgres, as that of roll_up."""

    __tablename__ = "webhook"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    url: Mapped[str]
    source: Mapped[str | None]  # None: of all sources
    events: Mapped[list[str]] = mapped_column(ARRAY(TEXT))
    created_at: Mapped[datetime] = mapped_column(server_default=text("now()"))
    disabled_at: Mapped[datetime | None]
    disabled_because: Mapped[str | None]
    server: Mapped[int] = mapped_column(BigInteger)  # whose transaction numbers these are
    done: Mapped[str]  # what this pg_snapshot sees has become calls
    target: Mapped[str | None]  # the one that it is on the way to
    after_transaction: Mapped[int] = mapped_column(BigInteger, server_default=text("0"))
    after_number: Mapped[int] = mapped_column(BigInteger, server_default=text("0"))


class WebhookSecret(Base):
    """What calls are signed with. The newest of a webhook, and the one before for a day longer; workers read it."""

    __tablename__ = "webhook_secret"
    __table_args__ = (Index("webhook_secret_webhook_id_idx", "webhook_id"),)

    id: Mapped[UUID] = mapped_column(primary_key=True)  # the newest is the greatest
    webhook_id: Mapped[UUID]
    secret: Mapped[str]
    created_at: Mapped[datetime] = mapped_column(server_default=text("now()"))


class WebhookCall(Base):
    """An event that a webhook is still to be told of; gone once it has been. due_at: or until when its lease lasts."""

    __tablename__ = "webhook_call"
    __table_args__ = (
        Index("webhook_call_due_idx", "webhook_id", "due_at", postgresql_where=text("failed_at IS NULL")),
        Index("webhook_call_subject_idx", "webhook_id", "subject", "number"),
        Index("webhook_call_failed_idx", "failed_at", postgresql_where=text("failed_at IS NOT NULL")),
    )

    webhook_id: Mapped[UUID] = mapped_column(primary_key=True)
    transaction: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)  # of its row in the log
    number: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    subject: Mapped[str]  # what is told of one is told in order
    due_at: Mapped[datetime] = mapped_column(server_default=text("now()"))
    attempts: Mapped[int] = mapped_column(SmallInteger, server_default=text("0"))
    outcome: Mapped[str | None]  # of the last one
    failed_at: Mapped[datetime | None]  # when it was given up
