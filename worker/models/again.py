"""What is sent again in steps, and what people decided: reruns of many, decisions about what is held."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ARRAY, BigInteger, CheckConstraint, Identity, Index, Uuid, text
from sqlalchemy.orm import Mapped, mapped_column

from worker.models.base import Base


class Rerun(Base):
    """What somebody asked to have sent again, where it is more than the hundred that go first."""

    __tablename__ = "rerun"
    __table_args__ = (
        Index("rerun_look_at_idx", "look_at", postgresql_where=text("state IN ('trying', 'going')")),
        Index("rerun_stopped_idx", "decided_at", postgresql_where=text("state = 'stopped'")),
        CheckConstraint("state IN ('trying', 'going', 'stopped', 'done')", name="state_known"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    at: Mapped[datetime] = mapped_column(server_default=text("now()"))
    asked_by: Mapped[str]
    source: Mapped[str | None]  # whose messages alone; None: of all
    chosen: Mapped[dict[str, Any]]  # `ledger.Chosen`
    corrected: Mapped[dict[str, Any] | None]
    messages: Mapped[int]  # that were chosen in all
    moved: Mapped[int]  # of these, those that went out
    most_left: Mapped[int | None]  # how many more may; None: all
    trial: Mapped[list[UUID]] = mapped_column(ARRAY(Uuid()))  # the messages that went first
    state: Mapped[str]
    # That all of these failed with; '': none of eSMS's; None where it stopped: we failed at it.
    code: Mapped[str | None]
    decided_at: Mapped[datetime | None]
    decided_by: Mapped[str | None]  # who had the rest sent after all
    look_at: Mapped[datetime] = mapped_column(server_default=text("now()"))
    after_notification: Mapped[UUID | None]  # how far it has come
    after_message: Mapped[UUID | None]


class FollowUp(Base):
    """A message that something may follow by itself, until it is decided."""

    __tablename__ = "follow_up"
    __table_args__ = (Index("follow_up_due_at_idx", "due_at", postgresql_where=text("due_at IS NOT NULL")),)

    message_id: Mapped[UUID] = mapped_column(primary_key=True)
    due_at: Mapped[datetime | None]  # when it is looked at next; None: it is decided
    outcome: Mapped[str | None]  # again.follow_ups.Then


class Decision(Base):
    """Who decided what about a held message, and why. Append-only."""

    __tablename__ = "decision"
    __table_args__ = (Index("decision_message_id_idx", "message_id"),)

    id: Mapped[int] = mapped_column(BigInteger, Identity(always=True), primary_key=True)
    message_id: Mapped[UUID]
    at: Mapped[datetime] = mapped_column(server_default=text("now()"))
    decided_by: Mapped[str]
    answer: Mapped[str]
    why: Mapped[str | None]
