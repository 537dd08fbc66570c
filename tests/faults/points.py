"""The points at which a process dies, and what has to be on its way for a process to pass each of them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta

from celery import Celery
from sqlalchemy import text

from tests.faults.stock import Stock
from worker import SmsType, ledger
from worker.database import Database
from worker.devkit.simulator import Running
from worker.lifecycle import Lane

DAY = timedelta(days=1)


@dataclass(frozen=True)
class Stage:
    """What a stock needs to get into its place."""

    database: Database
    simulator: Running
    broker: Celery


Setup = Callable[[Stage, Stock], None]


@dataclass(frozen=True)
class Point:
    """A place in the product where a process may die.

    holds: whether a call may have been dialled by then without our knowing.
    """

    name: str
    setup: Setup
    holds: bool = False
    beat: bool = False  # it is beat that dies


def mixed(_: Stage, stock: Stock) -> None:
    """In one lane for each kind, so that one claim takes them all."""
    stock.hand_over(stock.sms(6, SmsType.NOTIFY), stock.calls(6), stock.advertising())


def calls(_: Stage, stock: Stock) -> None:
    """Nothing else, so that it is one of them that somebody dies with."""
    stock.hand_over(stock.calls(6))


def by_task(stage: Stage, stock: Stock) -> None:
    stock.by_task(stage.broker, 3)


def in_doubt(stage: Stage, stock: Stock) -> None:
    """eSMS takes each, and its answer is lost the first time."""
    stage.simulator.set(plots={str(digit): "lost_answer" for digit in range(10)})
    stock.hand_over(stock.sms(6, SmsType.NOTIFY), stock.advertising())


def of_a_dead_process(stage: Stage, stock: Stock) -> None:
    """Claimed by nobody who lives, half of the calls about to be dialled; their lease is over."""
    with stage.database.begin() as session:
        ledger.pause(session, Lane.VOICE, "test", code=None, first=DAY, most=DAY)
    stock.hand_over(stock.calls(4))
    with stage.database.begin() as session:
        ledger.lift(session, [Lane.VOICE], by="test")
        claims = ledger.claim(session, [Lane.VOICE], most=4, lease=DAY, group_most=1000)
        ledger.intend(session, [claim.fences[0] for claim in claims[:2]])
        theirs = {"ids": [claim.fences[0].id for claim in claims]}
        session.execute(text("UPDATE message SET lease_until = now() WHERE id = ANY(:ids)"), theirs)


def reminders(stage: Stage, stock: Stock) -> None:
    stock.reminded(stage.database, 20)


POINTS = (
    Point("close before commit", reminders),
    Point("close after commit", reminders),
    Point("put before commit", by_task),
    Point("put after commit", by_task),
    Point("bell before", by_task),
    Point("bell after", by_task),
    Point("task done", by_task),
    Point("claim before commit", mixed),
    Point("claim after commit", mixed),
    Point("intend before commit", mixed),
    Point("intend after commit", mixed, holds=True),
    Point("send: connected", mixed, holds=True),
    Point("send: request written", mixed, holds=True),
    Point("send: reply not read", mixed, holds=True),
    Point("send: reply read", mixed, holds=True),
    Point("record before commit", mixed, holds=True),
    Point("record after commit", mixed, holds=True),
    Point("claim_doubtful before commit", in_doubt),
    Point("claim_doubtful after commit", in_doubt),
    Point("rescue before commit", of_a_dead_process, holds=True),
    Point("rescue after commit", of_a_dead_process, holds=True),
    Point("hold_calls before commit", of_a_dead_process, holds=True),
    Point("hold_calls after commit", of_a_dead_process, holds=True),
    Point("claim_polls before commit", mixed),
    Point("claim_polls after commit", mixed),
    Point("ask: request written", mixed),
    Point("ask: reply not read", mixed),
    Point("settle before commit", mixed),
    Point("settle after commit", mixed),
    Point("claim_lost before commit", in_doubt),
    Point("claim_lost after commit", in_doubt),
    Point("looked before commit", in_doubt),
    Point("looked after commit", in_doubt),
    Point("tick before", mixed, beat=True),
    Point("tick after", mixed, beat=True),
)


def point_named(name: str) -> Point:
    """That point of the table."""
    [point] = [point for point in POINTS if point.name == name]
    return point
