"""The people to be reminded, who of them wants nothing, and the texts that are made for them."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger, CheckConstraint, Index, SmallInteger, text
from sqlalchemy.dialects.postgresql import ARRAY, JSONB, TEXT
from sqlalchemy.orm import Mapped, mapped_column

from worker.lifecycle import Kind
from worker.models.base import Base, one_of
from worker.text import Diacritics

# A name as it is searched: without accents and capitals, by words. What the database itself has of both differs from
# one installation to the next.
ACCENTED = (
    "ÀÁÂÃÈÉÊÌÍÒÓÔÕÙÚÝĂĐĨŨƠƯẠẢẤẦẨẪẬẮẰẲẴẶẸẺẼẾỀỂỄỆỈỊỌỎỐỒỔỖỘỚỜỞỠỢỤỦỨỪỬỮỰỲỴỶỸ"
    "àáâãèéêìíòóôõùúýăđĩũơưạảấầẩẫậắằẳẵặẹẻẽếềểễệỉịọỏốồổỗộớờởỡợụủứừửữựỳỵỷỹ"
)
PLAIN = (
    "aaaaeeeiioooouuyadiuouaaaaaaaaaaaaeeeeeeeeiioooooooooooouuuuuuuyyyy"
    "aaaaeeeiioooouuyadiuouaaaaaaaaaaaaeeeeeeeeiioooooooooooouuuuuuuyyyy"
)
NAME_WORDS = f"to_tsvector('simple'::regconfig, lower(translate(name, '{ACCENTED}', '{PLAIN}')))"
DAYS = ("birth_day", "lunar_birth_day", "death_day", "lunar_death_day")


class Contact(Base):
    """A person as a producer knows them. Days of the year are month * 100 + day: 15 August is 815."""

    __tablename__ = "contact"
    __table_args__ = (
        Index("contact_source_key_key", "source", "key", unique=True),
        *(Index(f"contact_{day}_idx", day, "id", postgresql_where=text(f"{day} IS NOT NULL")) for day in DAYS),
        Index("contact_name_words_idx", text(NAME_WORDS), postgresql_using="gin"),
        Index("contact_phones_idx", "phones", postgresql_using="gin"),
        Index(
            "contact_opted_out_phones_idx",
            "phones",
            postgresql_using="gin",
            postgresql_where=text("opted_out_at IS NOT NULL"),
        ),
        CheckConstraint("(lunar_birth_day IS NULL) = (lunar_birth_leap IS NULL)", name="lunar_birth_is_whole"),
        CheckConstraint("(lunar_death_day IS NULL) = (lunar_death_leap IS NULL)", name="lunar_death_is_whole"),
        *(CheckConstraint(f"{day} % 100 BETWEEN 1 AND 31 AND {day} / 100 BETWEEN 1 AND 12", name=day) for day in DAYS),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    source: Mapped[str]
    key: Mapped[str]  # the producer's own
    name: Mapped[str] = mapped_column(server_default=text("''"))
    phones: Mapped[list[str]] = mapped_column(ARRAY(TEXT), server_default=text("'{}'"))  # E.164; the first is the main
    birth_date: Mapped[date | None]
    birth_day: Mapped[int | None] = mapped_column(SmallInteger)
    lunar_birth_day: Mapped[int | None] = mapped_column(SmallInteger)
    lunar_birth_leap: Mapped[bool | None]
    death_date: Mapped[date | None]
    death_day: Mapped[int | None] = mapped_column(SmallInteger)
    lunar_death_day: Mapped[int | None] = mapped_column(SmallInteger)
    lunar_death_leap: Mapped[bool | None]
    tags: Mapped[list[str]] = mapped_column(ARRAY(TEXT), server_default=text("'{}'"))
    attributes: Mapped[dict[str, Any]] = mapped_column(JSONB, server_default=text("'{}'"))  # texts, for templates
    opted_out_at: Mapped[datetime | None]
    version: Mapped[int | None] = mapped_column(BigInteger)  # the producer's; an older one changes nothing
    created_at: Mapped[datetime] = mapped_column(server_default=text("now()"))
    updated_at: Mapped[datetime] = mapped_column(server_default=text("now()"))


class OptOut(Base):
    """A number that wants no reminder and no advertising, whatever becomes of the contact."""

    __tablename__ = "opt_out"

    phone: Mapped[str] = mapped_column(primary_key=True)  # E.164
    since: Mapped[datetime] = mapped_column(server_default=text("now()"))
    source: Mapped[str]  # who told us


class Template(Base):
    """One version of a named text; the newest one counts. Append-only but for its removal."""

    __tablename__ = "template"
    __table_args__ = (
        CheckConstraint(one_of("kind", (Kind.SMS, Kind.TEMPLATE_CALL)), name="kind_known"),
        CheckConstraint(one_of("diacritics", Diacritics), name="diacritics_known"),
        CheckConstraint("(kind = 'sms') = (content IS NOT NULL)", name="content_is_for_sms"),
        CheckConstraint("(kind = 'sms') = (template_id IS NULL)", name="template_id_is_for_calls"),
        CheckConstraint("version > 0", name="version_counts_from_one"),
    )

    name: Mapped[str] = mapped_column(primary_key=True)
    version: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    kind: Mapped[str]
    content: Mapped[str | None]
    template_id: Mapped[str | None]  # the call's, at eSMS
    variables: Mapped[list[str]] = mapped_column(ARRAY(TEXT), server_default=text("'{}'"))  # the call's, left to right
    diacritics: Mapped[str]
    created_at: Mapped[datetime] = mapped_column(server_default=text("now()"))
    removed_at: Mapped[datetime | None]
