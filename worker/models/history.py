"""What happened, and stays: attempts that are over, each change of status, and what these add up to by day.

settlement is written by triggers of the table of messages, in the statement that changes a status, whatever version or
program runs it. Nobody else writes it, and nothing changes it.
"""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from uuid import UUID

from sqlalchemy import BigInteger, CheckConstraint, Identity, Index, SmallInteger, text
from sqlalchemy.dialects.postgresql import REAL
from sqlalchemy.orm import Mapped, mapped_column

from worker.models.base import ROOMY, Base


class Attempt(Base):
    """A try under one RequestId that is over, since another followed; the last one is the message's own row."""

    __tablename__ = "attempt"

    message_id: Mapped[UUID] = mapped_column(primary_key=True)
    number: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)  # from 0: the message's renewals then
    generation: Mapped[int] = mapped_column(SmallInteger)
    sms_type: Mapped[int | None] = mapped_column(SmallInteger)  # None: a call
    request_id: Mapped[str | None]  # None: it never went out
    sms_id: Mapped[str | None]
    status: Mapped[str]  # that it came to; queued: eSMS surely did not take it, and it waited for the next one
    code: Mapped[str | None]
    reason: Mapped[str | None]
    network: Mapped[str | None]
    price: Mapped[Decimal | None]
    tries: Mapped[int]  # of the message by then, whatever the RequestId
    wanted_at: Mapped[datetime]
    wanted_by: Mapped[str | None]  # None: its producer
    accepted_at: Mapped[datetime | None]
    settled_at: Mapped[datetime | None]
    ended_at: Mapped[datetime] = mapped_column(server_default=text("now()"))


class Settlement(Base):
    """One change of a status, or of what reports count by while it stays; of one message, in the order of `id`.

    Transactions end in another order than they begin: what is added up goes by these (ledger/roll_up.py). A row tells
    itself what it changed from, so that adding up needs no second look at the message.
    """

    __tablename__ = "settlement"
    __table_args__ = (
        Index("settlement_message_id_idx", "message_id", postgresql_with=ROOMY),
        Index(  # which messages were to go out when: one row of each generation, and one of each date it was moved to
            "settlement_wanted_idx",
            "wanted_at",
            "message_id",
            postgresql_where=text("was IS NULL OR was_wanted_at IS NOT NULL"),
        ),
        # By which generation a recipient is counted is looked at anew: ledger/superseded.py.
        Index("settlement_again_idx", "transaction", "id", postgresql_where=text("generation > 0 OR again")),
    )

    transaction: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)  # which made it
    id: Mapped[int] = mapped_column(BigInteger, Identity(always=True), primary_key=True)
    at: Mapped[datetime] = mapped_column(server_default=text("now()"))
    wanted_at: Mapped[datetime]  # when it was to go out: the day that it counts for
    message_id: Mapped[UUID]
    notification_id: Mapped[UUID]
    accepted_after: Mapped[float | None] = mapped_column(REAL)  # seconds from wanted_at
    delivered_after: Mapped[float | None] = mapped_column(REAL)  # seconds from accepted
    generation: Mapped[int] = mapped_column(SmallInteger)
    lane: Mapped[str]
    was: Mapped[str | None]  # None: a new generation, the first or another; what came before stays as it is
    status: Mapped[str]
    was_code: Mapped[str | None]
    code: Mapped[str | None]
    network: Mapped[str | None]
    was_wanted_at: Mapped[datetime | None]  # where its date was moved
    price: Mapped[Decimal | None]
    was_price: Mapped[Decimal | None]
    # It began another generation of its message, or another message stands in the place of this one.
    again: Mapped[bool] = mapped_column(server_default=text("false"))


class _Grouped:
    """By what sums of a day or a month are told apart, behind that; '' and 0 where there is none."""

    source: Mapped[str] = mapped_column(primary_key=True, sort_order=-1)
    campaign: Mapped[str] = mapped_column(primary_key=True, sort_order=-1)
    purpose: Mapped[str] = mapped_column(primary_key=True, sort_order=-1)
    lane: Mapped[str] = mapped_column(primary_key=True, sort_order=-1)
    sms_type: Mapped[int] = mapped_column(
        SmallInteger, primary_key=True, autoincrement=False, sort_order=-1
    )  # 0: a call
    network: Mapped[str] = mapped_column(primary_key=True, sort_order=-1)  # of what has ended


class ReportDaily(_Grouped, Base):
    """How many generations of messages that were to go out on a day stand where; '' and 0 where there is none."""

    __tablename__ = "report_daily"
    __table_args__ = ({"postgresql_with": {"fillfactor": 70}},)  # the rows of today change at each tick

    day: Mapped[date] = mapped_column(primary_key=True, sort_order=-2)
    status: Mapped[str] = mapped_column(primary_key=True)
    code: Mapped[str] = mapped_column(primary_key=True)
    messages: Mapped[int] = mapped_column(BigInteger)
    segments: Mapped[int] = mapped_column(BigInteger)
    priced: Mapped[int] = mapped_column(BigInteger)  # of the messages, those whose price eSMS told
    price: Mapped[Decimal]  # of these, in dong
    priced_segments: Mapped[int] = mapped_column(BigInteger, server_default=text("0"))  # of these
    uncounted: Mapped[int] = mapped_column(BigInteger, server_default=text("0"))  # SMS without a price or a count
    # Of the segments: those after the first that the text needs anyway, and those that only its accents need.
    long_segments: Mapped[int] = mapped_column(BigInteger, server_default=text("0"))
    accent_segments: Mapped[int] = mapped_column(BigInteger, server_default=text("0"))
    # Of the messages, those whose recipient is counted by another generation: ledger/superseded.py.
    superseded: Mapped[int] = mapped_column(BigInteger, server_default=text("0"))


class ReportMonth(_Grouped, Base):
    """What report_daily adds up to by month: a trigger of that keeps it, whatever version of a worker adds up."""

    __tablename__ = "report_month"
    __table_args__ = ({"postgresql_with": {"fillfactor": 70}},)

    month: Mapped[date] = mapped_column(primary_key=True, sort_order=-2)  # its first day
    status: Mapped[str] = mapped_column(primary_key=True)
    code: Mapped[str] = mapped_column(primary_key=True)
    first_day: Mapped[date]  # of those of which there are such sums
    last_day: Mapped[date]
    messages: Mapped[int] = mapped_column(BigInteger)
    segments: Mapped[int] = mapped_column(BigInteger)
    priced: Mapped[int] = mapped_column(BigInteger)
    price: Mapped[Decimal]
    priced_segments: Mapped[int] = mapped_column(BigInteger)
    uncounted: Mapped[int] = mapped_column(BigInteger)
    long_segments: Mapped[int] = mapped_column(BigInteger)
    accent_segments: Mapped[int] = mapped_column(BigInteger)
    superseded: Mapped[int] = mapped_column(BigInteger, server_default=text("0"))


class ReportSuperseded(Base):
    """A generation whose recipient is counted by another one, as it stands in `superseded` of its day's sums."""

    __tablename__ = "report_superseded"

    message_id: Mapped[UUID] = mapped_column(primary_key=True)
    part: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)  # which generation of its message, from 1
    day: Mapped[date]
    source: Mapped[str]
    campaign: Mapped[str]
    purpose: Mapped[str]
    lane: Mapped[str]
    sms_type: Mapped[int] = mapped_column(SmallInteger)
    network: Mapped[str]
    status: Mapped[str]
    code: Mapped[str]


class ReportLatency(_Grouped, Base):
    """How many took how long: from when they were to go out until accepted, and from there until delivered."""

    __tablename__ = "report_latency"
    __table_args__ = (
        CheckConstraint("leg IN ('accepted', 'delivered')", name="leg_known"),
        {"postgresql_with": {"fillfactor": 70}},
    )

    day: Mapped[date] = mapped_column(primary_key=True, sort_order=-2)
    leg: Mapped[str] = mapped_column(primary_key=True)
    bucket: Mapped[int] = mapped_column(SmallInteger, primary_key=True, autoincrement=False)  # lifecycle.LATENCY_BOUNDS
    messages: Mapped[int] = mapped_column(BigInteger)


class ReportLatencyMonth(_Grouped, Base):
    """What report_latency adds up to by month: a trigger of that keeps it, whatever version of a worker adds up."""

    __tablename__ = "report_latency_month"
    __table_args__ = ({"postgresql_with": {"fillfactor": 70}},)

    month: Mapped[date] = mapped_column(primary_key=True, sort_order=-2)  # its first day
    leg: Mapped[str] = mapped_column(primary_key=True)
    bucket: Mapped[int] = mapped_column(SmallInteger, primary_key=True, autoincrement=False)
    messages: Mapped[int] = mapped_column(BigInteger)


class ReportMinute(Base):
    """How many messages came to stand where within a minute; of the last two days."""

    __tablename__ = "report_minute"

    minute: Mapped[datetime] = mapped_column(primary_key=True)
    lane: Mapped[str] = mapped_column(primary_key=True)
    status: Mapped[str] = mapped_column(primary_key=True)
    messages: Mapped[int] = mapped_column(BigInteger)


class ReportStanding(Base):
    """How many generations of messages stand where, whenever they were to go out: what report_daily adds up to."""

    __tablename__ = "report_standing"
    __table_args__ = ({"postgresql_with": {"fillfactor": 50}},)

    lane: Mapped[str] = mapped_column(primary_key=True)
    status: Mapped[str] = mapped_column(primary_key=True)
    messages: Mapped[int] = mapped_column(BigInteger)


class RollUp(Base):
    """How far settlements are added up: by transactions, since their numbers become visible out of order. One row."""

    __tablename__ = "roll_up"
    __table_args__ = (CheckConstraint("id = 1", name="one_row"),)

    id: Mapped[int] = mapped_column(SmallInteger, primary_key=True, autoincrement=False)
    server: Mapped[int] = mapped_column(BigInteger)  # whose transaction numbers these are
    zone: Mapped[str | None]  # whose days it counts by
    done: Mapped[str]  # a pg_snapshot: what it sees is added up
    target: Mapped[str | None]  # the one that it is on the way to
    after_transaction: Mapped[int] = mapped_column(BigInteger, server_default=text("0"))  # and how far it is
    after_id: Mapped[int] = mapped_column(BigInteger, server_default=text("0"))
    folded_at: Mapped[datetime | None]  # when all that was there then had been added up
    fill_after: Mapped[UUID | None]  # messages of before there were settlements, up to this one, have got theirs
    fill_until: Mapped[UUID | None]  # the last of these; None: there are none left
    # The same of what says by which generation each recipient is counted, which goes behind: ledger/superseded.py.
    people_done: Mapped[str] = mapped_column(server_default=text("'3:3:'"))
    people_target: Mapped[str | None]
    people_after_transaction: Mapped[int] = mapped_column(BigInteger, server_default=text("0"))
    people_after_id: Mapped[int] = mapped_column(BigInteger, server_default=text("0"))
