"""Why what waits waits: its date, a pause, a try that failed, nobody at work, or only its turn.

The first reason that holds is told, in the order in which a person would have to fix them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Protocol

from sqlalchemy import func, select

from worker.catalogue import waits as waits_
from worker.catalogue.text import Language
from worker.catalogue.waits import Why
from worker.law.rules import NOT_BEFORE
from worker.lifecycle import Status
from worker.reporting.counting import Alike
from worker.reporting.limits import LimitShown, limits
from worker.reporting.operation import PauseShown, pauses, seconds_since_beat
from worker.reporting.tables import RestoreGuard

if TYPE_CHECKING:
    from worker.database import Reader

SILENT = 60.0  # seconds without a beat that a worker heard; beat ticks every WORKER_TICK, 5 by default


@dataclass(frozen=True, slots=True, kw_only=True)
class Wait:
    """Why so many messages in this status wait, in words; until: when that is looked at again, or over (UTC)."""

    status: Status
    messages: int
    why: str
    until: datetime | None = None


class Waiting(Protocol):
    """What of a message tells why it waits."""

    @property
    def status(self) -> str: ...
    @property
    def lane(self) -> str: ...
    @property
    def due_at(self) -> datetime: ...
    @property
    def poll_at(self) -> datetime | None: ...
    @property
    def failures(self) -> int: ...
    @property
    def reason(self) -> str | None: ...


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What holds messages back now; `at` by the database's clock."""

    at: datetime
    lanes: Mapping[str, PauseShown]
    campaigns: Mapping[tuple[str, str | None], PauseShown]  # by name, and whose part it is
    limits: Mapping[str, LimitShown]  # of sources
    silent: float | None  # seconds since the last beat
    restored: bool  # it is a backup that woke up: nothing is sent

    @classmethod
    def of(cls, session: Reader) -> Surroundings:
        """What holds messages back now."""
        held = pauses(session)
        return cls(
            at=session.execute(select(func.now())).scalar_one(),
            lanes={each.lane: each for each in held if each.lane},
            campaigns={(each.campaign, each.source): each for each in held if each.campaign},
            limits={each.source: each for each in limits(session)},
            silent=seconds_since_beat(session),
            restored=session.scalar(select(RestoreGuard.restored_at)) is not None,
        )

    def wait(self, message: Waiting, source: str, campaign: str | None, messages: int = 1) -> Wait | None:
        """Why a message of this campaign waits, in English; None for one that is final, or on the wire now."""
        if (why := self.why(message, source, campaign)) is None:
            return None
        return Wait(status=Status(message.status), messages=messages, why=why.say(Language.EN), until=why.until)

    def why(self, message: Waiting, source: str, campaign: str | None) -> Why | None:
        """The same, to be said in either language."""
        match Status(message.status):
            case Status.QUEUED:
                return self._queued(message, source, campaign)
            case Status.UNCONFIRMED:
                return Why(waits_.DOUBT, until=message.due_at)
            case Status.ACCEPTED:
                return Why(waits_.TAKEN, until=message.poll_at)
            case Status.HELD:
                return Why(waits_.PERSON)
            case _:
                return None

    def _paused(self, source: str, campaign: str) -> PauseShown | None:
        return self.campaigns.get((campaign, None)) or self.campaigns.get((campaign, source))

    def _queued(self, message: Waiting, source: str, campaign: str | None) -> Why:
        if self.restored:
            return Why(waits_.RESTORED)
        if (pause := self._paused(source, campaign or "")) is not None:
            return Why(waits_.CAMPAIGN, {"campaign": campaign or "", "reason": pause.reason})
        if message.due_at > self.at and (message.reason or "").startswith(NOT_BEFORE):
            return Why(waits_.RULE, {"reason": message.reason or ""}, message.due_at)
        if message.due_at > self.at and not message.failures:
            return Why(waits_.DATE, until=message.due_at)
        if (pause := self.lanes.get(message.lane)) is not None:
            return Why(
                waits_.LANE, {"lane": message.lane, "reason": pause.reason, "code": pause.code or ""}, pause.probe_at
            )
        if message.due_at > self.at:
            return Why(waits_.TRIED, {"reason": message.reason or waits_.A_TRY}, message.due_at)
        limit = self.limits.get(source)
        if limit is not None and limit.used_up:
            return Why(waits_.BUDGET, {"source": source}, limit.until)
        if self.silent is None:
            return Why(waits_.NOBODY_EVER)
        if self.silent > SILENT:
            return Why(waits_.NOBODY, {"seconds": f"{self.silent:,.0f}"})
        if limit is not None:
            return Why(waits_.LIMITED, {"source": source})
        return Why(waits_.TURN, {"lane": message.lane})


def waits(around: Surroundings, rows: Sequence[Alike], source: str, campaign: str | None) -> list[Wait]:
    """Why what waits of these waits."""
    found = (around.wait(row, source, campaign, row.messages) for row in rows)
    order = list(Status)
    return sorted((each for each in found if each), key=lambda wait: order.index(wait.status))
