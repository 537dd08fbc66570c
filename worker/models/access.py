"""Who is let in by HTTP."""

from __future__ import annotations

from datetime import date, datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, Float, Index, LargeBinary, text
from sqlalchemy.dialects.postgresql import ARRAY, TEXT
from sqlalchemy.orm import Mapped, mapped_column

from worker.models.base import Base


class Token(Base):
    """A secret by which an application is known; two of one name are valid at once while it is rotated."""

    __tablename__ = "token"
    __table_args__ = (
        Index("token_digest_key", "digest", unique=True),
        Index("token_name_idx", "name"),
        CheckConstraint("rate > 0", name="rate_is_one"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    name: Mapped[str]
    source: Mapped[str | None]  # the only one whose messages it sees and moves; None: all, for operators
    may: Mapped[list[str]] = mapped_column(ARRAY(TEXT))  # names of worker.access.May
    rate: Mapped[float | None] = mapped_column(Float)  # requests a second; None: no limit
    digest: Mapped[bytes] = mapped_column(LargeBinary)  # SHA-256; the token itself is nowhere
    created_at: Mapped[datetime] = mapped_column(server_default=text("now()"))
    until: Mapped[datetime | None]  # valid before this
    used_at: Mapped[datetime | None]  # the last use, to the minute
    revoked_at: Mapped[datetime | None]


class RefusedToken(Base):
    """How many requests of a day came with a token that is none, or is no longer."""

    __tablename__ = "refused_token"

    day: Mapped[date] = mapped_column(primary_key=True)
    requests: Mapped[int] = mapped_column(server_default=text("0"))
