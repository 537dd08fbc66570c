"""Files of people that somebody uploads: their rows, what is to be done with them, and how far that is."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ARRAY, CheckConstraint, ForeignKey, Index, Text, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from worker.lifecycle import UPLOADS_AT_WORK, UploadKind, UploadState
from worker.models.base import Base, one_of


class Upload(Base):
    """One file. It is people's data: nothing of it stays longer than it is needed."""

    __tablename__ = "upload"
    __table_args__ = (
        Index("upload_at_work_idx", "changed_at", "id", postgresql_where=text(one_of("state", UPLOADS_AT_WORK))),
        Index("upload_changed_at_idx", "changed_at"),
        CheckConstraint(one_of("kind", UploadKind), name="kind_known"),
        CheckConstraint(one_of("state", UploadState), name="state_known"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    uploaded_at: Mapped[datetime] = mapped_column(server_default=text("now()"))
    changed_at: Mapped[datetime] = mapped_column(server_default=text("now()"))
    uploaded_by: Mapped[str]
    kind: Mapped[str]
    name: Mapped[str]  # of the file, and of the sheet in it
    columns: Mapped[list[str]] = mapped_column(ARRAY(Text()))
    header_row: Mapped[int]
    rows: Mapped[int]
    plan: Mapped[dict[str, Any] | None]  # what is to be done with it
    state: Mapped[str] = mapped_column(server_default=text("'draft'"))
    after_row: Mapped[int] = mapped_column(server_default=text("0"))  # how far it has come
    foreseen: Mapped[dict[str, Any] | None]  # what the last check says that it will come to
    done: Mapped[dict[str, Any] | None]  # what it has come to
    error: Mapped[str | None]  # why it was stopped


class UploadRow(Base):
    """One row of it as it was read, and what is wrong with it."""

    __tablename__ = "upload_row"

    upload_id: Mapped[UUID] = mapped_column(ForeignKey("upload.id", ondelete="CASCADE"), primary_key=True)
    number: Mapped[int] = mapped_column(primary_key=True)  # that a spreadsheet shows
    cells: Mapped[list[Any]] = mapped_column(JSONB)  # a text each; a date of the spreadsheet's own: a list of its text
    unfit: Mapped[bool] = mapped_column(server_default=text("false"))  # for whatever it is used: its cells don't match
    column: Mapped[str | None]
    problem: Mapped[str | None]
