"""What people ask about their own data, and who was forgotten: by keyed hashes, so that it names nobody."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, CheckConstraint, Identity, Index, text
from sqlalchemy.dialects.postgresql import ARRAY, TEXT
from sqlalchemy.orm import Mapped, mapped_column

from worker.lifecycle import PersonRequestKind
from worker.models.base import Base, one_of


class PersonRequest(Base):
    """One request of somebody about their data; it stays as the proof of what was done, and when."""

    __tablename__ = "person_request"
    __table_args__ = (
        Index("person_request_open_idx", "id", postgresql_where=text("done_at IS NULL")),
        CheckConstraint(one_of("kind", PersonRequestKind), name="kind_known"),
    )

    id: Mapped[int] = mapped_column(BigInteger, Identity(always=True), primary_key=True)
    kind: Mapped[str]
    people: Mapped[list[str]] = mapped_column(ARRAY(TEXT))  # keyed hashes of the numbers
    received_at: Mapped[datetime] = mapped_column(server_default=text("now()"))
    noted_by: Mapped[str]
    extended: Mapped[bool] = mapped_column(server_default=text("false"))
    answered_at: Mapped[datetime | None]
    done_at: Mapped[datetime | None]
    outcome: Mapped[dict[str, Any] | None]  # how many rows of which table


class Tombstone(Base):
    """Somebody who was forgotten: by it they are known when an import or a backup brings them again."""

    __tablename__ = "tombstone"

    person: Mapped[str] = mapped_column(primary_key=True)  # the keyed hash of a number
    at: Mapped[datetime] = mapped_column(server_default=text("now()"))
