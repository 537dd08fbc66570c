"""Redis tells who listens that a bell was rung; where it does not, who listens asks."""

from __future__ import annotations

import select
from collections.abc import Iterator
from os import dup
from socket import MSG_PEEK, socket

import pytest
from redis import Redis

from worker.bell import Bell
from worker.delivery.bell_watch import BellWatch
from worker.devkit.valkey import Valkey
from worker.lifecycle import Lane
from worker.queues import Task

URGENT = Task.DELIVER_URGENT
PATIENCE = 10_000  # milliseconds


@pytest.fixture(scope="module")
def valkey(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Valkey]:
    """As `up` starts it, for an application."""
    with Valkey(tmp_path_factory.mktemp("valkey") / "valkey", sources=("shop",)) as valkey:
        yield valkey


@pytest.fixture
def watch(valkey: Valkey) -> Iterator[BellWatch]:
    """A worker's, by the worker's rights."""
    with Redis.from_url(valkey.url) as admin:
        admin.flushdb()
    watch = BellWatch(valkey.worker_url, URGENT)
    watch.attend()
    yield watch
    watch.close()


def told(watch: BellWatch) -> bool:
    """Is there anything to read within so long?"""
    poll = select.poll()
    assert watch.socket is not None
    poll.register(watch.socket, select.POLLIN)
    return bool(poll.poll(PATIENCE))


def unread(watch: BellWatch) -> bytes:
    """What Redis has written to it."""
    assert watch.socket is not None
    with socket(fileno=dup(watch.socket)) as same:
        return same.recv(1 << 16, MSG_PEEK)


def test_an_applications_ring_is_told_and_nothing_before_it(watch: BellWatch, valkey: Valkey) -> None:
    assert not watch.news()
    url = valkey.source_url("shop")
    Bell(url, url).ring({Lane.URGENT})
    assert told(watch)
    assert watch.news()
    assert not watch.news()


def test_each_ring_is_told_that_comes_after_the_last_was_overheard(watch: BellWatch, valkey: Valkey) -> None:
    bell = Bell(valkey.worker_url, valkey.worker_url)
    for _ in range(3):
        bell.ring({Lane.URGENT})
        while not bell.overhear(URGENT):
            assert told(watch)
            assert watch.news()
        watch.expect()
    bell.close()


def test_what_somebody_is_told_who_does_not_read_does_not_pile_up_in_redis(watch: BellWatch, valkey: Valkey) -> None:
    bell = Bell(valkey.worker_url, valkey.worker_url)
    for _ in range(100):
        bell.ring({Lane.URGENT})
        assert bell.answer(URGENT)
    bell.close()
    assert told(watch)
    assert len(unread(watch)) < 200, "of one ring"


def test_what_was_rung_before_somebody_turned_to_it_is_told(watch: BellWatch, valkey: Valkey) -> None:
    bell = Bell(valkey.worker_url, valkey.worker_url)
    bell.ring({Lane.URGENT})
    assert told(watch)
    assert watch.news()
    assert bell.answer(URGENT)
    bell.ring({Lane.URGENT})
    assert not watch.news(), "it has asked of nothing since"
    for listen in (watch.expect, watch.attend):
        listen()
        assert told(watch)
        assert watch.news()
    bell.close()


def test_who_is_refused_later_asks(watch: BellWatch, valkey: Valkey) -> None:
    with Redis.from_url(valkey.url) as admin:
        try:
            admin.acl_setuser("worker", enabled=True, keys=["else*"], reset_keys=True, reset_passwords=False)
            Bell(valkey.url, valkey.url).ring({Lane.URGENT})
            assert told(watch)
            assert watch.news()
            watch.expect()
            assert told(watch)
            assert watch.news()
            assert watch.socket is None
            watch.attend()
            assert watch.socket is None
        finally:
            admin.acl_setuser("worker", enabled=True, keys=["*"], reset_keys=True)


def test_that_somebody_waits_is_no_news_and_that_it_is_counted_on_is(watch: BellWatch, valkey: Valkey) -> None:
    bell = Bell(valkey.worker_url, valkey.worker_url)
    for wait in (True, True, False, True):
        assert bell.overhear(URGENT, wait=wait) is False
    assert not watch.news()
    bell.ring({Lane.URGENT})
    assert told(watch)
    assert bell.overhear(URGENT)
    bell.close()


def test_another_bell_is_no_news(watch: BellWatch, valkey: Valkey) -> None:
    bell = Bell(valkey.worker_url, valkey.worker_url)
    bell.ring({Lane.NORMAL})
    assert not watch.news()
    bell.ring({Lane.URGENT})
    assert told(watch)
    bell.close()


def test_whose_connection_ended_asks_and_attends_anew(watch: BellWatch, valkey: Valkey) -> None:
    with Redis.from_url(valkey.url) as admin:
        admin.execute_command("CLIENT", "KILL", "USER", "worker")
    assert told(watch)
    assert watch.news(), "it may have been rung meanwhile"
    assert watch.socket is None
    watch.attend()
    assert watch.socket is not None


@pytest.mark.parametrize("url", [None, "redis://127.0.0.1:1/0"])
def test_without_a_redis_nothing_is_told(url: str | None) -> None:
    watch = BellWatch(url, URGENT)
    watch.attend()
    assert watch.socket is None
    watch.close()


def test_who_may_not_be_told_asks(valkey: Valkey) -> None:
    watch = BellWatch(valkey.source_url("shop"), URGENT)
    watch.attend()
    assert watch.socket is None
