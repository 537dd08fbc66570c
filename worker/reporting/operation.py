"""How the worker stands: what is held back, who was at work when, what fails."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING
from uuid import UUID

from sqlalchemy import func, select, text

from worker.evidence import Evidence
from worker.lifecycle import ALL_CANCELLED, BRANDNAMES_TRUSTED, IS_SET_ASIDE, Lane, Status
from worker.lookups import by_key
from worker.refusals import Refusal
from worker.reporting.tables import Brandname, Heartbeat, Message, Notification, Pause, RefusedTask, Rerun, Trouble

if TYPE_CHECKING:
    from worker.database import Reader


@dataclass(frozen=True, slots=True, kw_only=True)
class PauseShown:
    """A lane or a campaign that is held back now. code: eSMS's, or ours; None: a person paused it.

    source: of a campaign, whose part of it; None: all of it.
    """

    lane: str | None
    campaign: str | None
    source: str | None
    code: str | None
    reason: str
    since: datetime
    probe_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class BrandnamesShown:
    """The account's brandnames as eSMS listed them last. seen_at: in UTC; None: never. judges: fresh enough."""

    names: int
    seen_at: datetime | None
    judges: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class PowerfulLogin:
    """A login of Postgres by which a process of ours is at work, and which may more than any needs."""

    name: str
    superuser: bool  # else it owns the tables


_POWERFUL = text("""
    SELECT DISTINCT r.rolname, r.rolsuper
    FROM pg_stat_activity AS a JOIN pg_roles AS r ON r.oid = a.usesysid, pg_class AS c
    WHERE a.datname = current_database() AND a.application_name = 'esms-worker'
      AND c.oid = CAST('message' AS regclass) AND (r.rolsuper OR pg_has_role(r.oid, c.relowner, 'USAGE'))
    ORDER BY 1
""")


def powerful_logins(session: Reader) -> list[PowerfulLogin]:
    """The logins of processes that are connected now, this one included, that may do too much."""
    return [PowerfulLogin(name=name, superuser=superuser) for name, superuser in session.execute(_POWERFUL)]


def clock(session: Reader) -> datetime:
    """What Postgres's says just now."""
    at: datetime = session.execute(select(func.clock_timestamp())).scalar_one()
    return at


def brandnames(session: Reader) -> BrandnamesShown:
    """The list by which a name is judged at enqueue."""
    fresh = func.max(Brandname.seen_at) > func.now() - BRANDNAMES_TRUSTED
    names, seen_at, judges = session.execute(
        select(func.count(Brandname.name.distinct()), func.max(Brandname.seen_at), func.coalesce(fresh, False))
    ).one()
    return BrandnamesShown(names=names, seen_at=seen_at, judges=judges)


def pauses(session: Reader) -> list[PauseShown]:
    """The lanes and campaigns that are held back now."""
    query = select(*Pause).where(Pause.lifted_at.is_(None)).order_by(Pause.since)
    return [
        PauseShown(
            lane=row.lane,
            campaign=row.campaign,
            source=row.source,
            code=row.code,
            reason=row.reason,
            since=row.since,
            probe_at=row.probe_at,
        )
        for row in session.execute(query)
    ]


def seconds_since_beat(session: Reader) -> float | None:
    """How long ago beat last ticked and a worker heard it, by the database's clock; None: never."""
    return seconds_since(session, "beat")


def seconds_since(session: Reader, name: str) -> float | None:
    """How long ago this part was last at work here; None: never."""
    query = select(func.extract("epoch", func.now() - Heartbeat.at)).where(Heartbeat.name == name)
    found = session.scalar(query)
    return None if found is None else float(found)


STARTED = "up"  # a heartbeat: of all parts together, when `esms-worker up` began to start them
LISTENER = "queue:"  # and its name: a heartbeat of whoever listens there


def listeners(session: Reader) -> dict[str, float]:
    """How many seconds ago somebody was last heard to listen, by queue."""
    ago = func.extract("epoch", func.now() - Heartbeat.at)
    query = select(Heartbeat.name, ago).where(Heartbeat.name.startswith(LISTENER))
    return {name.removeprefix(LISTENER): float(seconds) for name, seconds in session.execute(query)}


def troubles(session: Reader) -> list[str]:
    """The steps of the upkeep that fail, each with its error and since when."""
    query = select(*Trouble).order_by(Trouble.since)
    return [f"{row.name} (since {row.since:%Y-%m-%d %H:%M} UTC): {row.error}" for row in session.execute(query)]


@dataclass(frozen=True, slots=True, kw_only=True)
class Stopped:
    """A rerun whose first messages all failed alike: the rest waits. code: eSMS's; '': none; None: we failed at it."""

    id: UUID
    asked_by: str
    campaign: str | None
    messages: int
    """That were chosen."""
    moved: int
    """Of these, those that went out."""
    code: str | None
    decided_at: datetime

    @property
    def was_cancelled(self) -> bool:
        """Since somebody cancelled all of the first hundred."""
        return self.code == ALL_CANCELLED


SHOWN_FOR = timedelta(days=7)


def stopped_reruns(session: Reader) -> list[Stopped]:
    """The last first; who asked again since, for the same campaign, has seen it."""
    query = select(*Rerun).where(Rerun.state == "stopped", Rerun.decided_at > func.now() - SHOWN_FOR)
    found = [
        Stopped(
            id=row.id,
            asked_by=row.asked_by,
            campaign=row.chosen.get("campaign"),
            messages=row.messages,
            moved=row.moved,
            code=row.code,
            decided_at=row.decided_at,
        )
        for row in session.execute(query.order_by(Rerun.decided_at.desc()))
    ]
    return list({(each.campaign or each.decided_at): each for each in reversed(found)}.values())


@dataclass(frozen=True, slots=True, kw_only=True)
class SetAside:
    """A message that a fault of ours keeps from being followed by what was to follow it. id: the message's."""

    id: UUID
    source: str
    campaign: str | None


SET_ASIDE_MOST = 20
_SET_ASIDE = text(f"""
    SELECT m.id, n.source, n.campaign FROM follow_up AS f
    {by_key("message", "m", of="f.message_id")}
    {by_key("notification", "n", of="m.notification_id")}
    WHERE {IS_SET_ASIDE} AND n.follow_up IS NOT NULL ORDER BY m.id LIMIT {SET_ASIDE_MOST}
""")  # noqa: S608 — our own constants


def set_aside(session: Reader) -> list[SetAside]:
    """The first of those that wait for a person, SET_ASIDE_MOST at most; what is kept no longer can't follow."""
    return [SetAside(id=row.id, source=row.source, campaign=row.campaign) for row in session.execute(_SET_ASIDE)]


@dataclass(frozen=True, slots=True, kw_only=True)
class RefusedShown:
    """What came by a queue and was no task. since, at: the first and the last, in UTC; size: bytes, of the last."""

    queue: str
    reason: str
    times: int
    since: datetime
    at: datetime
    size: int
    task_id: str | None


def refused(session: Reader) -> list[RefusedShown]:
    """What came by the queues and was no task, by queue and reason, the last first."""
    return [
        RefusedShown(
            queue=row.queue,
            reason=Refusal[row.reason].value if row.reason in Refusal.__members__ else row.reason,
            times=row.times,
            since=row.since,
            at=row.at,
            size=row.size,
            task_id=row.task_id,
        )
        for row in session.execute(select(*RefusedTask).order_by(RefusedTask.at.desc()))
    ]


def was_seen(session: Reader, name: str) -> bool:
    """Has this part ever been at work here?"""
    return session.scalar(select(Heartbeat.name).where(Heartbeat.name == name)) is not None


def is_used(session: Reader) -> bool:
    """Does the ledger hold anything?"""
    return session.scalar(select(Notification.id).limit(1)) is not None


def calls_nobody_knows(session: Reader) -> int:
    """How many calls eSMS took and for a day has answered all questions about with code 105; a thousand at most."""
    day_ago = func.now() - timedelta(days=1)
    silent = select(Message.id).where(
        Message.status == Status.ACCEPTED.value,
        Message.lane == Lane.VOICE.value,
        Message.accepted_at <= day_ago,
        Message.heard == Evidence.NO_SUCH_ID.name,
        Message.heard_since <= day_ago,
    )
    return session.scalar(select(func.count()).select_from(silent.limit(1000).subquery())) or 0
