"""How the worker stands: what is held back, who was at work when, whom the account may send as."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from uuid import UUID

from sqlalchemy import BigInteger, CheckConstraint, Identity, Index, SmallInteger, text
from sqlalchemy.orm import Mapped, mapped_column

from worker.lifecycle import Lane
from worker.models.base import Base, one_of


class Pause(Base):
    """A lane or a campaign that is held back, and why; lifted by a probe or by a person."""

    __tablename__ = "pause"
    __table_args__ = (
        Index("pause_lane_key", "lane", unique=True, postgresql_where=text("lifted_at IS NULL")),
        Index(
            "pause_campaign_key",
            "campaign",
            unique=True,
            postgresql_where=text("lifted_at IS NULL AND source IS NULL"),
        ),
        Index("pause_part_key", "campaign", "source", unique=True, postgresql_where=text("lifted_at IS NULL")),
        CheckConstraint("num_nonnulls(lane, campaign) = 1", name="lane_or_campaign"),
        CheckConstraint("source IS NULL OR campaign IS NOT NULL", name="part_of_campaign"),
        CheckConstraint(one_of("lane", Lane), name="lane_known"),
    )

    id: Mapped[int] = mapped_column(BigInteger, Identity(always=True), primary_key=True)
    lane: Mapped[str | None]
    campaign: Mapped[str | None]
    source: Mapped[str | None]  # of a campaign: whose part of it; None: all of it
    code: Mapped[str | None]  # eSMS's, or ours (lifecycle.PauseCode); None: a person paused it
    reason: Mapped[str]
    since: Mapped[datetime] = mapped_column(server_default=text("now()"))
    probe_at: Mapped[datetime | None]
    probes: Mapped[int] = mapped_column(server_default=text("0"))
    trial: Mapped[bool] = mapped_column(server_default=text("false"))  # one message may go, to see whether it is over
    lifted_at: Mapped[datetime | None]
    lifted_by: Mapped[str | None]
    marked_to: Mapped[UUID | None]  # of a campaign: its notifications up to this one have their messages marked
    marked_at: Mapped[datetime | None]  # when all of them had


class AccountBalance(Base):
    """What the account held when eSMS was last asked, in dong. One row."""

    __tablename__ = "account_balance"
    __table_args__ = (CheckConstraint("id = 1", name="one_row"),)

    id: Mapped[int] = mapped_column(SmallInteger, primary_key=True, autoincrement=False)
    dong: Mapped[Decimal]
    at: Mapped[datetime] = mapped_column(server_default=text("now()"))


class Heartbeat(Base):
    """When each part was last seen at work."""

    __tablename__ = "heartbeat"

    name: Mapped[str] = mapped_column(primary_key=True)
    at: Mapped[datetime]


class Trouble(Base):
    """A step of the upkeep that fails at each tick; gone as soon as it works again."""

    __tablename__ = "trouble"

    name: Mapped[str] = mapped_column(primary_key=True)  # of the step
    error: Mapped[str]  # the last one: our own message, or a bug's class and line
    since: Mapped[datetime] = mapped_column(server_default=text("now()"))
    at: Mapped[datetime] = mapped_column(server_default=text("now()"))


class RefusedTask(Base):
    """What came by a queue and was no task, counted by queue and reason: as many rows as there are of those."""

    __tablename__ = "refused_task"

    queue: Mapped[str] = mapped_column(primary_key=True)
    reason: Mapped[str] = mapped_column(primary_key=True)  # refusals.Refusal, by name
    times: Mapped[int] = mapped_column(BigInteger, server_default=text("1"))
    since: Mapped[datetime] = mapped_column(server_default=text("now()"))
    at: Mapped[datetime] = mapped_column(server_default=text("now()"))
    size: Mapped[int] = mapped_column(BigInteger)  # bytes, of the last
    task_id: Mapped[str | None]  # of the last that had a random one


class Brandname(Base):
    """A name that the account may send from, as eSMS listed it last."""

    __tablename__ = "brandname"

    name: Mapped[str] = mapped_column(primary_key=True)
    type: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)  # 1 advertising, 2 care; 0: not told
    rest_url: Mapped[str]  # which eSMS says so: the real one, or a simulator
    account: Mapped[str] = mapped_column(server_default=text("''"))  # a digest of its key: whose they are
    seen_at: Mapped[datetime] = mapped_column(server_default=text("now()"))


class ProducerSource(Base):
    """A source that a login of Postgres is bound to: it sees and moves what belongs to its sources, and no more."""

    __tablename__ = "producer_source"

    role_name: Mapped[str] = mapped_column(primary_key=True)
    source: Mapped[str] = mapped_column(primary_key=True)


class RestoreGuard(Base):
    """Until when this database knows that it was at work; a later mark elsewhere means that it is a backup. One row."""

    __tablename__ = "restore_guard"
    __table_args__ = (CheckConstraint("id = 1", name="one_row"),)

    id: Mapped[int] = mapped_column(SmallInteger, primary_key=True, autoincrement=False)
    installation: Mapped[UUID]  # the same in every copy of it
    marked_at: Mapped[datetime] = mapped_column(server_default=text("now()"))
    restored_at: Mapped[datetime | None]  # since then nothing is sent
    seen_until: Mapped[datetime | None]  # the mark elsewhere
    let_go_at: Mapped[datetime | None]
    let_go_by: Mapped[str | None]
