"""A code waits for nothing that could as well be done after it."""

from __future__ import annotations

from types import ModuleType

from redis import Redis
from sqlalchemy import event, text

from tests.support import Bench, otp
from worker import Sms, SmsType, runtime
from worker.lifecycle import Lane


def statuses_at_claims(bench: Bench, number: str) -> dict[str, str]:
    """By lane: what the message to that number was when it was claimed from, as others see it; of the first claim."""
    found: dict[str, str] = {}

    def note(_: object, __: object, statement: str, values: dict[str, str], *___: object) -> None:
        if "'sending'" in statement and (lane := values.get("lane")):
            with bench.database.begin() as session:
                asked = text("SELECT status FROM message WHERE phone = :phone")
                found.setdefault(lane, str(session.scalar(asked, {"phone": number})))

    event.listen(bench.workers.engine, "before_cursor_execute", note)
    bench.deliver()
    event.remove(bench.workers.engine, "before_cursor_execute", note)
    return found


def test_a_code_is_claimed_and_under_way_before_others_are_claimed(bench: Bench) -> None:
    wish = bench.put(Sms(to="0901000002", content="Chuc mung", sms_type=SmsType.RANDOM), purpose="service")
    code = bench.put(otp("0901000001"))
    assert statuses_at_claims(bench, "+84901000001") == {Lane.URGENT: "queued", Lane.BULK: "sending"}
    assert {bench.status(code), bench.status(wish)} == {"accepted"}


def test_while_there_are_more_codes_than_one_claim_takes_others_are_claimed_beside_them(bench: Bench) -> None:
    bench.notifier.enqueue_many(otp(f"09010{n:05}") for n in range(100))
    bench.put(Sms(to="0902000002", content="Chuc mung", sms_type=SmsType.RANDOM), purpose="service")
    assert statuses_at_claims(bench, "+84901000001")[Lane.BULK] == "queued"


def test_a_task_that_was_rung_for_a_code_asks_whether_it_may_send_and_then_claims_it(
    bench: Bench, redis_url: str, worker_tasks: ModuleType
) -> None:
    with Redis.from_url(redis_url) as redis:
        redis.flushdb()
    worker_tasks.deliver_urgent()  # as beat rings: that somebody listens is noted, the rules are read
    bench.put()
    parts, asked = runtime.current(), list[str]()
    parts.bell.ring({Lane.URGENT})
    event.listen(parts.database.engine, "before_cursor_execute", lambda _, __, statement, *___: asked.append(statement))
    worker_tasks.deliver_urgent()
    assert ["restored_at" in asked[0], "'sending'" in asked[1]] == [True, True], asked[:2]
