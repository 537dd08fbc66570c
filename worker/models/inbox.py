"""What applications handed over by SQL and no worker has taken in yet; and what was refused, by SQL or by task."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger, CheckConstraint, Identity, Index, text
from sqlalchemy.orm import Mapped, mapped_column

from worker.lifecycle import Handed, InboxState
from worker.models.base import Base, one_of


class Inbox(Base):
    """One call of a function of the schema `esms`; gone once it is a notification, which then has its id."""

    __tablename__ = "inbox"
    __table_args__ = (
        Index("inbox_received_idx", "number", postgresql_where=text("state = 'received'")),
        Index("inbox_told_idx", "at", postgresql_where=text("state <> 'received'")),
        Index("inbox_refused_idx", "at", "id", postgresql_where=text("state = 'refused'")),
        Index("inbox_refused_source_idx", "source", "at", "id", postgresql_where=text("state = 'refused'")),
        Index("inbox_source_reference_idx", "source", "reference", postgresql_where=text("reference IS NOT NULL")),
        CheckConstraint(one_of("kind", Handed), name="kind_known"),
        CheckConstraint(one_of("state", InboxState), name="state_known"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    number: Mapped[int] = mapped_column(BigInteger, Identity(always=True))  # in which order they were handed over
    kind: Mapped[str]
    source: Mapped[str]
    reference: Mapped[str | None]  # or the key, of an event and a contact
    fields: Mapped[dict[str, Any]]  # nothing any more once it is taken in; of what was refused, what may be kept
    door: Mapped[str] = mapped_column(server_default=text("'sql'"))  # or task: that stands here only if it was refused
    bound: Mapped[bool]  # the login was bound to sources: it is taken in as that source, which sees its own alone
    at: Mapped[datetime] = mapped_column(server_default=text("now()"))
    state: Mapped[str] = mapped_column(server_default=text("'received'"))
    notification_id: Mapped[UUID | None]  # whose reference it repeated
    field: Mapped[str | None]  # which was wrong
    reason: Mapped[str | None]  # what is wrong with it, and what to do
