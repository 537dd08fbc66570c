"""How far removing has come of what is kept no longer, and what of it has to wait for its end."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Index, text
from sqlalchemy.orm import Mapped, mapped_column

from worker.models.base import Base


class RetentionPlace(Base):
    """One walk over what grows old, in the order of an index: any process goes on with it where the last one was."""

    __tablename__ = "retention_place"

    step: Mapped[str] = mapped_column(primary_key=True)
    place: Mapped[dict[str, Any]]  # what it has passed
    caught_up_at: Mapped[datetime | None]  # when it last came to what is to be kept; None: there is more
    behind_since: Mapped[datetime | None]  # since when each step has left some


class Removal(Base):
    """A message that a step has passed before it could be emptied: it is looked at again by itself."""

    __tablename__ = "removal"
    __table_args__ = (Index("removal_look_idx", "step", "look_at"),)

    message_id: Mapped[UUID] = mapped_column(primary_key=True)
    step: Mapped[str] = mapped_column(primary_key=True)
    since: Mapped[datetime] = mapped_column(server_default=text("now()"))
    look_at: Mapped[datetime]
