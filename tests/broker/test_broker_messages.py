"""What came by a queue is a task of ours or is put away: nothing that is pushed makes the reader fail, or obey."""

from __future__ import annotations

import json
import random
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as some
from kombu import Connection
from kombu.utils.json import loads
from redis import Redis

from tests.hostile.broker_messages import FIELDS, NO_TASKS, TASKS, Item, as_redis, bent, body, message
from worker.broker import guard_transports
from worker.broker.redis_transport import Channel, envelope
from worker.broker.task_messages import Delivered, NoTask, Rule, TaskMessage, put_away, task_message
from worker.devkit.valkey import Valkey
from worker.queues import QUEUE_OF, Queue, Task
from worker.refusals import Refusal


def read(item: Item, queue: str = "enqueue") -> TaskMessage:
    """As a worker reads it from Redis."""
    sound = loads(json.dumps(envelope(queue, as_redis(item))))
    came = Channel.Message(sound, channel=CODECS)
    return task_message(Delivered(queue, came.headers, came.body, came.content_type, came.content_encoding))


class Codecs:
    """As much of a channel as kombu's message asks for."""

    no_ack_consumers = None

    def decode_body(self, text: str, encoding: str) -> bytes:
        return bytes(Channel.codecs[encoding].decode(text))


CODECS: Any = Codecs()


@pytest.mark.parametrize("queue", [queue.value for queue in Queue])
@pytest.mark.parametrize("what", NO_TASKS)
def test_what_is_no_task_is_refused_on_every_queue(what: str, queue: str) -> None:
    with pytest.raises(NoTask):
        read(NO_TASKS[what], queue)


@pytest.mark.parametrize("what", TASKS)
def test_of_a_task_nothing_is_taken_but_its_name_its_id_and_its_arguments(what: str) -> None:
    found = read(TASKS[what])
    assert found.task is Task.ENQUEUE_SMS
    assert set(found.headers()) == {"lang", "task", "id"}
    assert loads(found.body()) == [[], json.loads(body())[1], {}]


@given(some.binary(max_size=2000))
def test_any_bytes_become_an_envelope_that_kombu_can_open(item: bytes) -> None:
    sound = envelope("enqueue", item)
    assert sound["properties"]["delivery_info"] == {"exchange": "", "routing_key": "enqueue"}
    with pytest.raises(NoTask):
        read(item)


def test_whatever_is_bent_is_a_task_or_is_refused() -> None:
    dice = random.Random(7)
    for _ in range(3000):
        try:
            found = read(bent(dice))
        except NoTask:
            continue
        assert QUEUE_OF[found.task] is Queue.ENQUEUE
        assert isinstance(found.id, str)


JSON: Any = some.recursive(
    some.none() | some.booleans() | some.floats() | some.integers() | some.text(),
    lambda inner: some.lists(inner, max_size=4) | some.dictionaries(some.text(), inner, max_size=4),
)


@given(some.dictionaries(some.sampled_from(["task", "id", "eta", "expires", "compression"]), JSON), JSON, JSON)
def test_any_headers_and_any_body_are_a_task_or_are_refused(headers: Any, payload: Any, kind: Any) -> None:
    came = Delivered("enqueue", headers, json.dumps(payload), "application/json", kind)
    try:
        task_message(came)
    except NoTask as error:
        assert put_away(came, error.refusal).task is Task.COUNT_REFUSED


@pytest.mark.parametrize("task", [task for task, queue in QUEUE_OF.items() if queue is not Queue.ENQUEUE])
def test_a_bell_comes_by_its_own_queue_and_carries_nothing(task: Task) -> None:
    bell = message(body(kwargs={}), task=task.value)
    assert read(bell, QUEUE_OF[task].value).task is task
    with pytest.raises(NoTask, match=Refusal.NO_TASK):
        read(bell)
    with pytest.raises(NoTask, match=Refusal.NEEDLESS):
        read(message(task=task.value), QUEUE_OF[task].value)


def test_a_date_to_run_at_becomes_the_date_to_send_at() -> None:
    found = read(message(eta="2026-03-01T08:00:00+07:00"))
    assert found.kwargs["send_date"] == "2026-03-01T01:00:00+00:00"


def test_a_task_that_can_not_wait_is_not_held_in_memory_until_its_date() -> None:
    with pytest.raises(NoTask, match=Refusal.WAITS.split(":")[0]):
        read(message(task="worker.upsert_contact", eta="2999-03-01T08:00:00"))
    assert read(message(task="worker.upsert_contact", eta="2020-03-01T08:00:00")).task is Task.UPSERT_CONTACT


def test_what_came_after_its_expires_is_counted_and_what_came_in_time_is_taken_in_however_long_that_takes() -> None:
    with pytest.raises(NoTask, match=Refusal.EXPIRED.split(":")[0]):
        read(message(expires="2020-03-01T08:00:00+07:00"))
    assert "expires" not in read(message(expires="2999-03-01T08:00:00+07:00")).headers()


def test_a_message_of_the_first_protocol_is_read() -> None:
    told: dict[str, Any] = {"task": "worker.enqueue_sms", "id": "a", "args": [], "kwargs": {"to": "0901000100"}}
    found = read(message(json.dumps(told).encode()) | {"headers": {}})
    assert (found.task, found.id, found.kwargs) == (Task.ENQUEUE_SMS, "a", {"to": "0901000100"})


def test_what_is_larger_than_the_bound_is_not_even_parsed() -> None:
    with pytest.raises(NoTask, match=Refusal.TOO_LARGE):
        read(b'"' + b"x" * 9 * 1024 * 1024 + b'"')
    with pytest.raises(NoTask, match=Refusal.TOO_LARGE):
        read(message(b'"' + b"x" * 5 * 1024 * 1024 + b'"'))


def test_of_what_is_put_away_nothing_is_kept_that_its_sender_wrote() -> None:
    came = Delivered("enqueue", {"id": "otp-0901234567", "task": "x"}, b"secret", None, None)
    assert put_away(came, Refusal.FORMAT).kwargs == {
        "queue": "enqueue", "reason": "FORMAT", "size": 6, "task_id": None,
    }  # fmt: skip


def test_by_its_own_queue_an_application_is_who_it_is_and_can_not_say_otherwise() -> None:
    unnamed = {name: value for name, value in FIELDS.items() if name != "source"}
    for kwargs in (unnamed, unnamed | {"source": ""}, unnamed | {"source": "shop"}):
        assert read(message(body(kwargs=kwargs)), "enqueue.shop").kwargs["source"] == "shop"
    with pytest.raises(NoTask, match=Refusal.FOREIGN):
        read(message(), "enqueue.shop")
    with pytest.raises(NoTask, match=Refusal.NO_TASK):
        read(message(body(kwargs={}), task="worker.deliver"), "enqueue.shop")


def test_the_open_queue_takes_whom_the_setting_says() -> None:
    came = Delivered("enqueue", message()["headers"], body(), "application/json", "utf-8")  # its source: legacy
    assert task_message(came, Rule(("legacy",), "any"))
    assert task_message(came, Rule(("shop",), "others"))
    with pytest.raises(NoTask, match=Refusal.FOREIGN):
        task_message(came, Rule(("legacy",), "others"))
    with pytest.raises(NoTask, match="closed"):
        task_message(came, Rule(("shop",), "none"))


@pytest.mark.parametrize(("refuses", "noted"), [("maxmemory 1", True), ("min-replicas-to-write 1", False)])
def test_what_was_taken_from_a_redis_that_takes_nothing_any_more_is_done_all_the_same(
    tmp_path: Path, refuses: str, noted: bool
) -> None:
    guard_transports()
    with Valkey(tmp_path / "valkey", durable=False) as valkey, Connection(valkey.url) as connection:
        channel: Any = connection.channel()
        came = channel.Message(envelope("enqueue", b""), channel=channel)
        with Redis.from_url(valkey.url) as redis:
            redis.config_set(*refuses.split())
            channel.qos.append(came, came.delivery_tag)
            assert came.delivery_tag in channel.qos._delivered
            assert redis.hlen("unacked") == int(noted)
            redis.config_set(refuses.split()[0], 0)
            channel.qos.ack(came.delivery_tag)
            assert redis.hlen("unacked") == 0
