"""What people look for and have done with all that is found."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger, CheckConstraint, Index, text
from sqlalchemy.orm import Mapped, mapped_column

from worker.lifecycle import SweepKind, SweepState
from worker.models.base import Base, one_of


class Sweep(Base):
    """What somebody asked to have done with all that a search finds: carried out in steps, each one transaction."""

    __tablename__ = "sweep"
    __table_args__ = (
        Index("sweep_look_at_idx", "look_at", postgresql_where=text("state = 'going'")),
        CheckConstraint(one_of("kind", SweepKind), name="kind_known"),
        CheckConstraint(one_of("state", SweepState), name="state_known"),
        CheckConstraint("(kind = 'move') = (send_date IS NOT NULL)", name="a_move_has_a_date"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    at: Mapped[datetime] = mapped_column(server_default=text("now()"))
    asked_by: Mapped[str]
    kind: Mapped[str]
    search: Mapped[dict[str, Any]]  # `reporting.Search`
    send_date: Mapped[datetime | None]
    about: Mapped[int | None] = mapped_column(BigInteger)  # messages, as the sums had it; None: they could not tell
    state: Mapped[str] = mapped_column(server_default=text("'going'"))
    found: Mapped[int] = mapped_column(BigInteger, server_default=text("0"))
    moved: Mapped[int] = mapped_column(BigInteger, server_default=text("0"))  # of these, those that it came in time for
    others: Mapped[dict[str, Any]] = mapped_column(server_default=text("'{}'"))  # and the others, by status
    expiring: Mapped[int] = mapped_column(BigInteger, server_default=text("0"))  # of the others; see `Decision`
    place: Mapped[str | None]  # how far it has come; None: at the beginning
    look_at: Mapped[datetime] = mapped_column(server_default=text("now()"))
    ended_at: Mapped[datetime | None]


class Search(Base):
    """What somebody looks for, under a key that says nothing: numbers and names stand in no address. Kept a day."""

    __tablename__ = "search"
    __table_args__ = (Index("search_at_idx", "at"),)

    key: Mapped[str] = mapped_column(primary_key=True)
    person: Mapped[str]
    asked: Mapped[dict[str, Any]]
    at: Mapped[datetime] = mapped_column(server_default=text("now()"))
