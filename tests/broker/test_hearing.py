"""Redis tells who listens that a bell was rung; where it does not, who listens asks."""

from __future__ import annotations

import select
from collections.abc import Iterator
from os import dup
from socket import MSG_PEEK, socket

import pytest
from redis import Redis

from worker.bell import Bell
from worker.devkit.valkey import Valkey
from worker.hearing import Hearing
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
def hearing(valkey: Valkey) -> Iterator[Hearing]:
    """A worker's, by the worker's rights."""
    with Redis.from_url(valkey.url) as admin:
        admin.flushdb()
    hearing = Hearing(valkey.worker_url, URGENT)
    hearing.attend()
    yield hearing
    hearing.close()


def told(hearing: Hearing) -> bool:
    """Is there anything to read within so long?"""
    poll = select.poll()
    assert hearing.socket is not None
    poll.register(hearing.socket, select.POLLIN)
    return bool(poll.poll(PATIENCE))


def unread(hearing: Hearing) -> bytes:
    """What Redis has written to it."""
    assert hearing.socket is not None
    with socket(fileno=dup(hearing.socket)) as same:
        return same.recv(1 << 16, MSG_PEEK)


def test_an_applications_ring_is_told_and_nothing_before_it(hearing: Hearing, valkey: Valkey) -> None:
    assert not hearing.news()
    url = valkey.source_url("shop")
    Bell(url, url).ring({Lane.URGENT})
    assert told(hearing)
    assert hearing.news()
    assert not hearing.news()


def test_each_ring_is_told_that_comes_after_the_last_was_overheard(hearing: Hearing, valkey: Valkey) -> None:
    bell = Bell(valkey.worker_url, valkey.worker_url)
    for _ in range(3):
        bell.ring({Lane.URGENT})
        while not bell.overhear(URGENT):
            assert told(hearing)
            assert hearing.news()
        hearing.expect()
    bell.close()


def test_what_somebody_is_told_who_does_not_read_does_not_pile_up_in_redis(hearing: Hearing, valkey: Valkey) -> None:
    bell = Bell(valkey.worker_url, valkey.worker_url)
    for _ in range(100):
        bell.ring({Lane.URGENT})
        assert bell.answer(URGENT)
    bell.close()
    assert told(hearing)
    assert len(unread(hearing)) < 200, "of one ring"


def test_what_was_rung_before_somebody_turned_to_it_is_told(hearing: Hearing, valkey: Valkey) -> None:
    bell = Bell(valkey.worker_url, valkey.worker_url)
    bell.ring({Lane.URGENT})
    assert told(hearing)
    assert hearing.news()
    assert bell.answer(URGENT)
    bell.ring({Lane.URGENT})
    assert not hearing.news(), "it has asked of nothing since"
    for listen in (hearing.expect, hearing.attend):
        listen()
        assert told(hearing)
        assert hearing.news()
    bell.close()


def test_who_is_refused_later_asks(hearing: Hearing, valkey: Valkey) -> None:
    with Redis.from_url(valkey.url) as admin:
        try:
            admin.acl_setuser("worker", enabled=True, keys=["else*"], reset_keys=True, reset_passwords=False)
            Bell(valkey.url, valkey.url).ring({Lane.URGENT})
            assert told(hearing)
            assert hearing.news()
            hearing.expect()
            assert told(hearing)
            assert hearing.news()
            assert hearing.socket is None
            hearing.attend()
            assert hearing.socket is None
        finally:
            admin.acl_setuser("worker", enabled=True, keys=["*"], reset_keys=True)


def test_that_somebody_waits_is_no_news_and_that_it_is_counted_on_is(hearing: Hearing, valkey: Valkey) -> None:
    bell = Bell(valkey.worker_url, valkey.worker_url)
    for wait in (True, True, False, True):
        assert bell.overhear(URGENT, wait=wait) is False
    assert not hearing.news()
    bell.ring({Lane.URGENT})
    assert told(hearing)
    assert bell.overhear(URGENT)
    bell.close()


def test_another_bell_is_no_news(hearing: Hearing, valkey: Valkey) -> None:
    bell = Bell(valkey.worker_url, valkey.worker_url)
    bell.ring({Lane.NORMAL})
    assert not hearing.news()
    bell.ring({Lane.URGENT})
    assert told(hearing)
    bell.close()


def test_whose_connection_ended_asks_and_attends_anew(hearing: Hearing, valkey: Valkey) -> None:
    with Redis.from_url(valkey.url) as admin:
        admin.execute_command("CLIENT", "KILL", "USER", "worker")
    assert told(hearing)
    assert hearing.news(), "it may have been rung meanwhile"
    assert hearing.socket is None
    hearing.attend()
    assert hearing.socket is not None


@pytest.mark.parametrize("url", [None, "redis://127.0.0.1:1/0"])
def test_without_a_redis_nothing_is_told(url: str | None) -> None:
    hearing = Hearing(url, URGENT)
    hearing.attend()
    assert hearing.socket is None
    hearing.close()


def test_who_may_not_be_told_asks(valkey: Valkey) -> None:
    hearing = Hearing(valkey.source_url("shop"), URGENT)
    hearing.attend()
    assert hearing.socket is None
