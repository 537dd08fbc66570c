"""What a person may decide: cancel, move or send again what was asked for, and end what is held."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from enum import StrEnum
from typing import TYPE_CHECKING
from uuid import UUID

from worker import ledger, reporting
from worker.again.planning import Why
from worker.api.naming import Which
from worker.bell import Bell
from worker.database import Database
from worker.intake.terms import check_send_date
from worker.ledger import Act, Left
from worker.lifecycle import TOO_LATE, Lane, Status
from worker.settings import Settings
from worker.text import NO_VALUE

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

Told = Callable[[int], object]  # called after each step with how many messages it looked at
Step = Callable[["Session", Sequence[UUID]], int]  # changes, or counts, messages of these notifications: how many


EXPIRES = "left as it is: its expires_at comes before that date"


@dataclass(frozen=True, slots=True, kw_only=True)
class Unfit:
    """What is wrong with a correction for some of the messages."""

    field: str
    """The field that is wrong; for a template, the variables without a value, like `attr.room, name`."""
    problem: str
    remedy: str
    messages: int

    @property
    def lacks(self) -> Sequence[str]:
        """The template's variables that have no value for these recipients."""
        return self.field.split(", ") if self.problem == NO_VALUE else ()


REASONS = 20  # the most frequent ones are told


def unfit_of(counts: Mapping[Why, int]) -> list[Unfit]:
    """The most frequent first."""
    return [
        Unfit(field=field, problem=problem, remedy=remedy, messages=messages)
        for (field, problem, remedy), messages in Counter(counts).most_common(REASONS)
    ]


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """What a cancel, move or retry did: how many messages it moved, and where the others stand."""

    moved: int
    others: Mapping[Status, int]
    # Of a retry: those of `others` that failed and can't go, by why; and what is wrong with the correction for some.
    left: Mapping[Left, int] = field(default_factory=dict)
    unfit: Sequence[Unfit] = ()
    # Of a retry of many: those that follow once the first hundred have not all failed alike; and as `left` and `unfit`
    # those of them that can't go, as things stand. None: that was not looked at.
    rest: int = 0
    rest_left: Mapping[Left, int] | None = None
    rest_unfit: Sequence[Unfit] = ()
    called_off: int = 0  # messages that were still to be sent again, and now are not: a campaign's cancel
    expiring: int = 0  # of a move: those of `others` whose producer's expires_at comes before the new date

    @property
    def late(self) -> int:
        """How many of `others` are reminders whose day has passed, so that no retry sends them."""
        return self.left.get(Left.LATE, 0)

    @property
    def too_late(self) -> Mapping[str, int]:
        """For a cancel or a move: how many of `others` stay, by why, like "too late: sending"."""
        words: Counter[str] = Counter({EXPIRES: self.expiring})
        for status, count in self.others.items():
            count -= self.expiring if status is Status.QUEUED else 0
            words[TOO_LATE.get(status, f"left as it is: {status}")] += count
        return +words


@dataclass(frozen=True, slots=True, kw_only=True)
class Rest:
    """What is still to come of a rerun."""

    messages: int = 0
    """Failed messages that it has not come to yet; 0: it is over, or they were seen to in another way."""
    left: Mapping[Left, int] | None = None
    """How many of these can't go, by why, as things stand; None: that was not looked at."""
    unfit: Sequence[Unfit] = ()
    """What is wrong with the correction for some of these."""

    @property
    def stay(self) -> int:
        """How many can't go, as far as is known."""
        return sum((self.left or {}).values())


class Answer(StrEnum):
    """What a person found out about a held message, or wants of it."""

    SEND_AGAIN = "send-again"  # it may reach the recipient a second time
    DELIVERED = "delivered"
    NOT_DELIVERED = "not-delivered"
    DROP = "drop"


class Decisions:
    """Cancel, move, send again: one notification, or a campaign some at a time."""

    def __init__(self, database: Database, settings: Settings, bell: Bell, source: str | None = None) -> None:
        """source: of campaigns, this one's part alone."""
        self._database, self._settings, self._bell, self._source = database, settings, bell, source

    def cancel(self, which: Which, told: Told | None = None) -> Decision:
        """Cancel what has not been claimed yet; of a campaign nothing more is sent again either."""
        called_off = 0 if isinstance(which, UUID) else call_off_reruns(self._database, which.name, self._source)
        decision = self._decide(which, Status.CANCELLED, ledger.cancel, told=told)[0]
        return replace(decision, called_off=called_off)

    def move(self, which: Which, send_date: datetime, told: Told | None = None) -> Decision:
        """Give what has not been claimed yet another date."""
        aware = check_send_date(send_date, self._settings, datetime.now(UTC))
        horizons = self._settings.horizons
        decision, expiring = self._decide(
            which,
            None,
            lambda session, ids: ledger.move(session, ids, aware, horizons),
            lambda session, ids: ledger.past_expiry(session, ids, aware),
            told=told,
        )
        return replace(decision, expiring=expiring)

    def _decide(
        self, which: Which, to: Status | None, step: Step, left: Step | None = None, *, told: Told | None
    ) -> tuple[Decision, int]:
        """Take the step with all of them, some at a time: the decision, and the sum of what `left` counts.

        to: the status that the step gives; None: they go on waiting, with another date.
        """
        moved = stay = 0
        statuses: Counter[Status] = Counter()
        act = _act(which, "cancel" if to is Status.CANCELLED else "move")

        def each(session: Session, ids: Sequence[UUID]) -> None:
            nonlocal moved, stay
            moved_now = step(session, ids)
            act.note(session, moved_now)
            moved += moved_now
            stay += left(session, ids) if left else 0
            found = reporting.statuses_of(session, ids)
            statuses.update(found)
            if told:
                told(sum(found.values()))

        self._through(which, each)
        if moved and to is not Status.CANCELLED:
            self._bell.ring(set(Lane))
        statuses[to or Status.QUEUED] -= moved
        return Decision(moved=moved, others=dict(+statuses)), stay

    def _through(self, which: Which, each: Callable[[Session, Sequence[UUID]], None]) -> None:
        if isinstance(which, UUID):
            with self._database.begin() as session:
                reporting.notification(session, which)
                each(session, [which])
        elif not ledger.through(self._database.begin, which.name, each, source=self._source):
            with self._database.begin() as session:
                reporting.refuse_unknown(session, campaign=which.name, within=self._source)


def call_off_reruns(database: Database, campaign: str, source: str | None) -> int:
    """End all reruns of a campaign; how many messages were still to be sent again."""
    with database.begin() as session:
        return call_off(session, campaign, source)


def call_off(session: Session, campaign: str, source: str | None) -> int:
    """The same in this transaction."""
    rest = ledger.call_off_reruns(session, campaign, source=source)
    if rest:
        ledger.note_act(session, "rerun.call_off", rest, campaign=campaign)
    return rest


def _act(which: Which, what: str) -> Act:
    if isinstance(which, UUID):
        return Act(f"message.{what}", notification=which)
    return Act(f"campaign.{what}", campaign=which.name)
