"""What goes wrong, one row of the table each: a name, how it is made, and the deed itself.

While it is done, messages of all kinds are handed over. A deed returns when the trouble is over.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from math import ceil
from threading import Thread
from typing import Any

from sqlalchemy import text

from tests.faults.ground import Ground, Layout
from tests.faults.judge import STRICT, Allowed
from tests.faults.killing import How
from tests.faults.link import State
from tests.faults.stock import Stock

PROVIDERS = {
    "answer lost after taking": "lost_answer",
    "hang": "hang",
    "connection reset, taken": "reset_taken",
    "connection reset, not taken": "reset",
    "5xx, taken": "http_5xx_taken",
    "5xx, not taken": "http_5xx_not_taken",
    "garbage": "html",
    "99, taken": "code_99_taken",
    "99, not taken": "unknown_error",
    "a slow drip": "slow",
}
HUNDREDS = 10  # of messages, or more, in each row
EVERYTHING = dict.fromkeys(PROVIDERS.values(), 0.02)


Besides = Callable[[Ground, Stock], None]
Deed = Callable[[Ground, Stock, Thread], None]  # the thread is the one that hands over
Proof = Callable[[Ground, Stock], Iterable[str]]


def _none(_: Ground, __: Stock) -> Iterable[str]:
    return ()


@dataclass(frozen=True)
class Scenario:
    """One row. hundreds: how many hundred messages are handed over meanwhile.

    knobs: of eSMS, until all is settled. count: of eSMS's totals, how often the fault was done, where the deed does not
    count. proof: what is wrong besides, once all is settled.
    """

    name: str
    how: str
    hundreds: int
    deed: Deed
    in_doubt: bool = False  # a fifth of the answers gets lost besides, so that there is doubt to ask about
    feed: Callable[[Stock], None] = Stock.hundred
    knobs: Mapping[str, Any] = field(default_factory=dict)
    layout: Layout = field(default_factory=Layout)
    allowed: Allowed = STRICT
    proof: Proof = _none
    count: Callable[[Mapping[str, Any]], int] | None = None


def killed(
    name: str,
    *points: str,
    how: How = How.CHILD,
    besides: Besides | None = None,
    in_doubt: bool = False,
) -> Scenario:
    """Hundreds of messages for each kill, and what else is needed for a process to pass there; twice each."""
    who = "the process of the pool" if how is How.CHILD else "the worker, with all its processes,"
    hundreds = ceil(HUNDREDS / (2 * len(points)))

    def deed(ground: Ground, stock: Stock, _: Thread) -> None:
        for point in points * max(1, round(2 * ground.scale)):
            ground.strike(point, how, stock, besides, hundreds=hundreds)
            ground.crew.fix()

    return Scenario(f"killed: {name}", f"SIGKILL for {who} that passes: {', '.join(points)}", 0, deed, in_doubt)


def around(step: str) -> tuple[str, str]:
    return f"{step} before commit", f"{step} after commit"


def dies(name: str, how: str, steps: Sequence[str], deed: Deed, *, hundreds: int = 0, **besides: Any) -> Scenario:
    """A deed that has somebody die around the commit of each of these steps. how: who that is, and what then."""
    points = ", ".join(point for step in steps for point in around(step))
    return Scenario(f"killed: {name}", how + points, hundreds, deed, **besides)


def tasks(ground: Ground, stock: Stock) -> None:
    stock.by_task(ground.broker, 20)


def an_event(ground: Ground, stock: Stock) -> None:
    stock.reminded(ground.database, 100)


WIRE = ("connected", "request written", "reply not read", "reply read")


def every(seconds: float, times: int, deed: Callable[[Ground], None]) -> Deed:
    """So many times, with a pause after each: the rhythm is part of the fault."""

    def run(ground: Ground, _: Stock, __: Thread) -> None:
        for _number in range(times):
            deed(ground)
            ground.struck += 1
            time.sleep(seconds)

    return run


def kill_a_worker(ground: Ground) -> None:
    ground.crew.kill(("a", "b")[ground.struck % 2])
    ground.crew.fix()


def freeze_past_the_lease(ground: Ground) -> None:
    ground.crew.freeze("a")
    time.sleep(12)  # the lease is ten
    ground.crew.wake("a")


def freeze_at(ground: Ground, stock: Stock, _: Thread) -> None:
    """Each where it holds something: claimed, about to dial, on the wire."""
    for point in ("claim after commit", "intend after commit", "send: request written", "send: reply not read"):
        ground.strike(point, How.FREEZE, stock, hundreds=3)
    time.sleep(12)
    for name in ground.crew.workers:
        ground.crew.wake(name)


def three_beats(ground: Ground, _: Stock, feeding: Thread) -> None:
    more = ground.crew.more_beats(2)
    ground.struck = 2
    feeding.join()
    time.sleep(3)
    for child in more:
        child.stop()


def cut(ground: Ground) -> None:
    for state in (State.CUT, State.WHOLE, State.SILENT, State.WHOLE):
        ground.link.set(state)
        time.sleep(3)


def provider(rates: dict[str, float]) -> Deed:
    def deed(ground: Ground, _: Stock, feeding: Thread) -> None:
        ground.simulator.set(rates=rates)
        feeding.join()
        ground.wait(lambda: _sent(ground), 60)
        plots = ground.simulator.stats()["plots"]
        ground.struck = sum(plots.get(name, 0) for name in rates)
        ground.simulator.set(rates={})

    return deed


def _sent(ground: Ground) -> bool:
    """Nothing waits to be sent the first time."""
    with ground.database.begin() as session:
        return not session.scalar(text("SELECT count(*) FROM message WHERE status = 'queued'"))


def every_answer_lost(ground: Ground, _: Stock, feeding: Thread) -> None:
    """The first answer of every other number: so its SMS is asked again, and answered with 124.

    Of all of them it would be a silence, for which the lanes pause, and the row one of pauses.
    """
    ground.simulator.set(plots={str(digit): "lost_answer" for digit in range(0, 10, 2)})
    feeding.join()
    ground.wait(lambda: _sent(ground), 60)
    ground.struck = ground.simulator.stats()["plots"]["lost_answer"]


def everything_at_once(ground: Ground, _: Stock, feeding: Thread) -> None:
    ground.simulator.set(rates=EVERYTHING)
    for deed in (kill_a_worker, lambda it: it.flush_redis(), lambda it: it.crash_postgres(1), kill_a_worker, cut):
        deed(ground)
        ground.struck += 1
    ground.simulator.set(rates={})


def only_sms(stock: Stock) -> None:
    stock.hand_over(stock.sms(75), stock.advertising())


def scenarios() -> Iterator[Scenario]:
    """All rows, in the order of the table."""
    yield killed(
        "intake by task",
        *around("put"),
        "bell before",
        "bell after",
        "task done",
        besides=tasks,
    )
    yield killed("reminders", *around("close"), besides=an_event)
    yield killed("claim", *around("claim"))
    yield killed("call intent", *around("intend"))
    yield killed("on the wire, sending", *(f"send: {place}" for place in WIRE))
    yield killed("result", *around("record"))
    yield killed("claim of what is in doubt", *around("claim_doubtful"), in_doubt=True)
    # What is rescued, and then held, is a dead process's: each of the four has one of its own.
    of_the_dead = [*around("rescue"), *around("hold_calls")]
    yield killed("rescue and hold", *(each for point in of_the_dead for each in ("intend after commit", point)))
    yield killed("polling: claim", *around("claim_polls"))
    yield killed("on the wire, asking", "ask: request written", "ask: reply not read")
    yield killed("polling: result", *around("settle"))
    yield killed("lost SMSID: claim", *around("claim_lost"), in_doubt=True)
    yield killed("lost SMSID: result", *around("looked"), in_doubt=True)
    yield killed("beat, around a tick", "tick before", "tick after")
    yield killed("a worker with all its processes", "send: reply not read", "intend after commit", how=How.GROUP)
    yield Scenario(
        "workers killed in turns", "the whole of one of two workers, SIGKILL, every 3 s", 20, every(3, 6, kill_a_worker)
    )
    yield Scenario(
        "a worker frozen", "SIGSTOP for 12 s, the lease is 10; then woken", 20, every(1, 2, freeze_past_the_lease)
    )
    yield Scenario("processes frozen at their worst moments", "SIGSTOP at four points for 12 s", 0, freeze_at)
    yield Scenario("FLUSHALL", "every second, 20 times", 20, every(1, 20, Ground.flush_redis))
    yield Scenario("Redis restarted", "stopped for 2 s, three times", 20, every(4, 3, lambda it: it.restart_redis(2)))
    yield Scenario(
        "Postgres restarted",
        "immediate mode, away for 2 s, three times",
        20,
        every(4, 3, lambda it: it.crash_postgres(2)),
    )
    yield Scenario(
        "Postgres restarted, codes one by one",
        "immediate mode, eight times while each code is handed over by itself",
        10,
        every(0.5, 8, lambda it: it.crash_postgres(0)),
        feed=Stock.one_by_one,
    )
    yield Scenario("beat tripled", "three processes with the same timetable", 20, three_beats)
    yield Scenario("network cut", "refused for 3 s, then silent for 3 s; twice", 20, every(2, 2, cut))
    for name, plot in PROVIDERS.items():
        yield Scenario(f"eSMS: {name}", "one answer in five", 10, provider({plot: 0.2}))
    yield Scenario(
        "eSMS: 124 for each",
        "the first answer of every other SMS lost, so it is asked again",
        10,
        every_answer_lost,
        feed=only_sms,
    )
    yield Scenario("eSMS: all of these", "one answer in five, all kinds alike", 30, provider(EVERYTHING))
    yield Scenario(
        "everything at once",
        "all of eSMS's, workers killed, FLUSHALL, Postgres restarted, network cut",
        30,
        everything_at_once,
    )
