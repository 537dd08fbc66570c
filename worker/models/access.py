"""Who is let in by HTTP and on the page, and what they did."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, Float, Index, LargeBinary, text
from sqlalchemy.dialects.postgresql import ARRAY, TEXT
from sqlalchemy.orm import Mapped, mapped_column

from worker.access import UserRole
from worker.models.base import Base, one_of


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


class PageUser(Base):
    """A person who may sign in on the page; never deleted, so that what they did keeps its name."""

    __tablename__ = "page_user"
    __table_args__ = (CheckConstraint(one_of("role", UserRole), name="role_is_one"),)

    name: Mapped[str] = mapped_column(primary_key=True)
    role: Mapped[str]
    password: Mapped[str | None]  # as argon2 makes it; None: nobody signs in by one
    created_at: Mapped[datetime] = mapped_column(server_default=text("now()"))
    disabled_at: Mapped[datetime | None]


class PageSession(Base):
    """Somebody who is signed in; or, while once, a link by which its holder signs in a single time."""

    __tablename__ = "page_session"
    __table_args__ = (Index("page_session_user_name_idx", "user_name"),)

    digest: Mapped[bytes] = mapped_column(LargeBinary, primary_key=True)  # SHA-256; the secret itself is nowhere
    user_name: Mapped[str]
    once: Mapped[bool] = mapped_column(server_default=text("false"))
    created_at: Mapped[datetime] = mapped_column(server_default=text("now()"))
    used_at: Mapped[datetime] = mapped_column(server_default=text("now()"))  # to the minute
    until: Mapped[datetime]


class SignIn(Base):
    """How often a password was tried for a user from an address; a name that is nobody's stands as a hash."""

    __tablename__ = "sign_in"
    __table_args__ = (Index("sign_in_place_idx", "place"),)

    name: Mapped[str] = mapped_column(primary_key=True)
    place: Mapped[str] = mapped_column(primary_key=True)
    failures: Mapped[int]  # in a row, none older than the time for which they count
    tried_at: Mapped[datetime] = mapped_column(server_default=text("now()"))
    succeeded_at: Mapped[datetime | None]


class Act(Base):
    """What somebody did, by the page, the command line or HTTP: a row for each transaction of it, never changed.

    Postgres refuses UPDATE, DELETE and TRUNCATE, the owner's too.
    """

    __tablename__ = "act"
    __table_args__ = (
        Index("act_first_idx", "id", postgresql_where=text("step = 0")),
        Index("act_who_idx", "who", "id", postgresql_where=text("step = 0")),
        Index("act_what_idx", "what", "id", postgresql_where=text("step = 0")),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)  # of the whole act; in order of time
    step: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    at: Mapped[datetime] = mapped_column(server_default=text("now()"))
    who: Mapped[str]
    via: Mapped[str]  # the page, command line, http
    place: Mapped[str | None]  # an address or a machine
    what: Mapped[str]
    how_many: Mapped[int]  # in this step
    subject: Mapped[dict[str, Any]]  # of what: ids and labels; no number, no text
