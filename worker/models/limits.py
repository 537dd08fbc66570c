"""What a source may hand to eSMS at most."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal

from sqlalchemy import BigInteger, CheckConstraint, Float, text
from sqlalchemy.orm import Mapped, mapped_column

from worker.models.base import Base


class SourceLimit(Base):
    """So many messages a second, so many and so much money a day; NULL: no limit. And what it has used of them."""

    __tablename__ = "source_limit"
    __table_args__ = (
        CheckConstraint("rate > 0", name="rate_is_one"),
        CheckConstraint("messages_a_day > 0 AND dong_a_day > 0", name="budgets_are_some"),
        {"postgresql_with": {"fillfactor": 50}},
    )

    source: Mapped[str] = mapped_column(primary_key=True)
    rate: Mapped[float | None] = mapped_column(Float)  # messages a second
    messages_a_day: Mapped[int | None] = mapped_column(BigInteger)
    dong_a_day: Mapped[Decimal | None]
    zone: Mapped[str]  # whose days are counted by: TIME_ZONE of whoever set the limit
    # Used up, on this day of that zone; and what of the rate may go out at this moment.
    day: Mapped[date | None]
    messages: Mapped[int] = mapped_column(BigInteger, server_default=text("0"))
    dong: Mapped[Decimal] = mapped_column(server_default=text("0"))
    credit: Mapped[float] = mapped_column(Float, server_default=text("0"))
    credit_at: Mapped[datetime] = mapped_column(server_default=text("'epoch'"))
