"""What an SMS or a call costs where eSMS itself does not tell: a price list as data."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

from sqlalchemy import CheckConstraint, SmallInteger
from sqlalchemy.orm import Mapped, mapped_column

from worker.models.base import Base


class Price(Base):
    """The price of one SMS (segment) or call from a day on, until a later row of the same kind and network."""

    __tablename__ = "price"
    __table_args__ = (CheckConstraint("dong >= 0", name="nothing_costs_less_than_nothing"),)

    sms_type: Mapped[int] = mapped_column(SmallInteger, primary_key=True, autoincrement=False)  # 0: a call
    network: Mapped[str] = mapped_column(primary_key=True)  # eSMS's NetworkName in small letters; '': any other
    valid_from: Mapped[date] = mapped_column(primary_key=True)  # a day of TIME_ZONE
    dong: Mapped[Decimal]
