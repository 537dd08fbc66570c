"""While codes are under way, whatever else is sent keeps to a pace that leaves them idle cores."""

from __future__ import annotations

import time
from itertools import count
from math import inf
from types import ModuleType

import pytest
from redis import Redis

from tests.support import Bench, eventually
from worker import Sms, SmsType, runtime
from worker.delivery import GivingWay, windows
from worker.delivery.giving_way import ASK_EVERY
from worker.lifecycle import Lane
from worker.queues import Task

MANY = 24
SLOWLY = 20  # a second: of answers that take a tenth of a second, two at a time


def requests(lane: Lane, first: int, count: int) -> list[Sms]:
    sms_type = SmsType.OTP if lane is Lane.URGENT else SmsType.NOTIFY
    return [Sms(to=f"09010{n:05d}", content="Don hang", sms_type=sms_type) for n in range(first, first + count)]


@pytest.mark.parametrize(("lane", "keeps_to_it"), [(Lane.NORMAL, True), (Lane.URGENT, False)])
def test_others_are_in_flight_by_as_many_as_keep_the_pace_and_codes_by_any_number(
    bench: Bench, lane: Lane, keeps_to_it: bool
) -> None:
    bench.simulator.set(latency=0.1, magic_numbers=False)
    kept = windows(bench.pace, 15.0)
    bench.notifier.enqueue_many(requests(lane, 0, 2))
    bench.deliver([lane], windows=kept)  # so that it is known how long an answer takes
    bench.notifier.enqueue_many(requests(lane, 2, MANY))
    open_at_once: list[int] = []
    kept_pace: list[float] = []

    def watch() -> bool:
        open_at_once.append(bench.sending.in_flight)
        kept_pace.append(SLOWLY * kept[lane].seconds)
        return False

    bench.deliver([lane], windows=kept, beside_codes=lambda: SLOWLY, stopping=watch)
    assert len(bench.simulator.ledger().sms) == 2 + MANY
    assert (max(open_at_once) <= max(kept_pace)) == keeps_to_it


def test_a_worker_gives_way_once_a_code_was_rung_for_and_no_longer_when_none_came_for_a_while(
    worker_tasks: ModuleType, redis_url: str
) -> None:
    parts = runtime.current()
    assert parts.giving_way.rate() == inf
    parts.bell.ring({Lane.URGENT})
    parts.bell.answer(Task.DELIVER_URGENT)
    eventually(lambda: parts.giving_way.rate() == parts.pace.sends_beside_codes)
    with Redis.from_url(redis_url) as redis:
        redis.flushdb()  # or it takes some seconds
    eventually(lambda: parts.giving_way.rate() == inf)


def test_whether_codes_come_is_asked_once_a_second_and_not_for_each_send() -> None:
    asked, began = count(), time.monotonic()
    way = GivingWay(lambda: next(asked) >= 0, SLOWLY)
    assert [way.rate() for _ in range(1000)] == [SLOWLY] * 1000
    assert next(asked) <= 1 + (time.monotonic() - began) / ASK_EVERY
