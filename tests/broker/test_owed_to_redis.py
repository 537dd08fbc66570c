"""What a worker could not tell a Redis that took nothing, it tells it when it does: nothing is lost or done anew."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from kombu import Connection
from redis import Redis, ResponseError

from tests.faults.refusing import a_replica, refusing, too_few_replicas
from worker.broker import guard_transports
from worker.broker.redis_transport import envelope
from worker.devkit.valkey import Valkey

TASK = b'{"properties": {}, "headers": {}, "body": "e30="}'


@pytest.fixture
def valkey(tmp_path: Path) -> Iterator[Valkey]:
    guard_transports()
    with Valkey(tmp_path / "valkey", durable=False) as valkey:
        yield valkey


@contextmanager
def consuming(valkey: Valkey) -> Iterator[Any]:
    """A worker's channel, as it is until its connection ends."""
    with Connection(valkey.url) as connection:
        yield connection.channel()


def taken(channel: Any) -> Any:
    """A task that came."""
    came = channel.Message(envelope("enqueue", TASK), channel=channel)
    channel.qos.append(came, came.delivery_tag)
    return came


def left(valkey: Valkey) -> tuple[int, int]:
    """How many are under way, and wait, once a worker has connected and looked."""
    with consuming(valkey) as channel, Redis.from_url(valkey.url) as redis:
        for _ in range(2):
            channel.qos.restore_visible(interval=1)
        return int(redis.hlen("unacked")), int(redis.llen("enqueue"))


def test_what_was_done_meanwhile_is_not_done_again(valkey: Valkey) -> None:
    with consuming(valkey) as channel:
        channel.basic_qos(prefetch_count=1)
        came = taken(channel)
        with refusing(valkey, a_replica):
            came.ack_log_error(None, ())
            assert channel.qos.can_consume()
    assert left(valkey) == (0, 0)


@pytest.mark.parametrize("end", [lambda _: None, lambda came: came.reject_log_error(None, (), requeue=True)])
def test_what_was_taken_last_and_not_done_is_given_back(valkey: Valkey, end: Callable[[Any], None]) -> None:
    with consuming(valkey) as channel, refusing(valkey, too_few_replicas):
        end(taken(channel))
        channel.close()
    assert left(valkey) == (0, 1)


def test_what_was_under_way_and_not_done_is_given_back(valkey: Valkey) -> None:
    with consuming(valkey) as channel:
        taken(channel)
        with refusing(valkey, a_replica):
            channel.close()
    assert left(valkey) == (0, 1)


def test_what_is_done_after_its_connection_ended_is_not_given_back(valkey: Valkey) -> None:
    with consuming(valkey) as channel:
        came = taken(channel)
        with refusing(valkey, a_replica):
            channel.close()
        came.ack_log_error(None, ())
    assert left(valkey) == (0, 0)


def test_what_is_being_done_is_noted_once_redis_takes_it_and_not_given_to_another(valkey: Valkey) -> None:
    with consuming(valkey) as channel, Redis.from_url(valkey.url) as redis:
        with refusing(valkey, too_few_replicas):
            taken(channel)
        for _ in range(2):
            channel.qos.restore_visible(interval=1)
        assert (redis.hlen("unacked"), redis.llen("enqueue")) == (1, 0)


@pytest.mark.long
def test_nobody_is_connected_to_a_redis_that_takes_nothing(valkey: Valkey) -> None:
    with Connection(valkey.url) as connection:
        with refusing(valkey, a_replica), pytest.raises(ResponseError):
            connection.channel()
        connection.channel()
