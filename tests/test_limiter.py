"""The rate limiter: one rate for all processes, codes ahead of wishes, a share for each while Redis is lost."""

from __future__ import annotations

import logging
import multiprocessing
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from uuid import uuid4

import pytest
from redis import Redis

from tests.support import eventually
from worker import SettingsError
from worker.devkit.valkey import Valkey
from worker.limiter import Limiter
from worker.settings import Rates

PROCESSES = 4
HOUR = 3600  # seconds


def rates(**per_second: float) -> Rates:
    """These rates and no others."""
    none = dict.fromkeys(("sends", "urgent", "normal", "bulk", "voice", "poll"))
    return Rates(**(none | per_second))


@contextmanager
def limiter(url: str | None, account: str = "account", **per_second: float) -> Iterator[Limiter]:
    """A process's limiter."""
    limiter = Limiter(url, rates(**per_second), account=account)
    yield limiter
    limiter.close()


@pytest.fixture
def account() -> str:
    """An account that nobody has sent for yet."""
    return uuid4().hex


@pytest.fixture
def valkey(tmp_path: Path) -> Iterator[Valkey]:
    """A Valkey of this test's own, to be emptied and stopped."""
    with Valkey(tmp_path / "valkey", durable=False) as valkey:
        yield valkey


# Four processes...

Grants = list[tuple[float, int]]  # when, by a clock that all processes of this machine share, and how many


def asking(url: str, account: str, rate: float, seconds: float) -> Grants:
    """What one process is granted that always has more to send; it begins when all have come."""
    grants: Grants = []
    with limiter(url, account, sends=rate) as mine, Redis.from_url(url) as redis:
        redis.incr(account)
        eventually(lambda: int(str(redis.get(account), "ascii")) >= PROCESSES)
        end = time.monotonic() + seconds
        while (now := time.monotonic()) < end:
            if granted := mine.take("bulk", 64):
                grants.append((now, granted))
            else:
                time.sleep(mine.wait("bulk"))
    return grants


@contextmanager
def asked_by_four(url: str, account: str, rate: float, seconds: float) -> Iterator[list[Grants]]:
    """Four processes at it; what each was granted stands in the list when the block is over."""
    granted: list[Grants] = []
    with ProcessPoolExecutor(PROCESSES, multiprocessing.get_context("spawn")) as pool:
        asks = [pool.submit(asking, url, account, rate, seconds) for _ in range(PROCESSES)]
        yield granted
        granted += [ask.result() for ask in asks]


def per_second(granted: list[Grants], since: float, until: float) -> float:
    return sum(n for grants in granted for at, n in grants if since <= at < until) / (until - since)


def signs(redis: Redis) -> list[float]:
    """When each process last told of itself, by Redis's clock."""
    [told] = [dict(redis.zscan_iter(key)) for key in redis.scan_iter("*:asking:*")] or [{}]
    return list(told.values())


@pytest.mark.long
def test_four_processes_together_keep_to_one_rate_and_share_it_fairly(redis_url: str, account: str) -> None:
    with asked_by_four(redis_url, account, 200, seconds=6) as granted:
        pass
    since, until = max(grants[0][0] for grants in granted), min(grants[-1][0] for grants in granted)
    assert 200 * 0.5 < per_second(granted, since, until) < 200 * 1.05  # fewer where the cores are busy, never more
    for grants in granted:
        assert per_second([grants], since, until) > 200 / PROCESSES / 4


@pytest.mark.long
def test_while_redis_is_lost_each_process_keeps_to_its_share(valkey: Valkey, account: str) -> None:
    with asked_by_four(valkey.url, account, 200, seconds=9) as granted:
        with Redis.from_url(valkey.url) as redis:
            eventually(lambda: len(signs(redis)) == PROCESSES)
            all_here = redis.time()[0]
            eventually(lambda: min(signs(redis)) > all_here)  # each has seen the others
        valkey.stop()
        since = time.monotonic()
        time.sleep(4)
        until = time.monotonic()
        valkey.start()
    assert 200 * 0.4 < per_second(granted, since, until) < 200 * 1.05
    assert per_second(granted, since - 2, min(grants[-1][0] for grants in granted)) < 200 * 1.05


# Codes before wishes...


@pytest.mark.parametrize("rate", [1, 100])
def test_a_flood_of_wishes_does_not_delay_a_code(redis_url: str, account: str, rate: float) -> None:
    with limiter(redis_url, account, sends=rate) as wishes, limiter(redis_url, account, sends=rate) as codes:
        while wishes.take("bulk", 1000):
            pass
        wanted = max(1, int(rate * 0.9))
        assert codes.take("urgent", wanted) == wanted


def test_wishes_wait_until_the_time_that_codes_took_is_over(redis_url: str, account: str) -> None:
    with limiter(redis_url, account, sends=1 / HOUR) as wishes, limiter(redis_url, account, sends=1 / HOUR) as codes:
        assert wishes.take("bulk", 10) == 1
        assert codes.take("urgent", 10) == 1
        assert wishes.take("normal", 10) == 0
        assert wishes.wait("normal") > HOUR


def test_a_code_stays_within_the_rate_of_its_own_lane(redis_url: str, account: str) -> None:
    with limiter(redis_url, account, sends=1000, urgent=1 / HOUR) as codes:
        assert codes.take("urgent", 10) == 1
        assert codes.take("urgent", 10) == 0


# What is charged...


def test_what_the_account_refuses_is_not_charged_to_the_lane(redis_url: str, account: str) -> None:
    with limiter(redis_url, account, sends=1 / HOUR, bulk=2 / HOUR) as first:
        assert first.take("normal", 1) == 1
        assert first.take("bulk", 1) == 0
    with limiter(redis_url, account, bulk=2 / HOUR) as second:
        assert second.take("bulk", 10) == 1


def test_what_the_lane_refuses_is_not_charged_to_the_account(redis_url: str, account: str) -> None:
    with limiter(redis_url, account, bulk=1 / HOUR) as first:
        assert first.take("bulk", 1) == 1
    with limiter(redis_url, account, sends=1 / HOUR, bulk=1 / HOUR) as second:
        assert second.take("bulk", 1) == 0
        assert second.take("normal", 1) == 1


def test_questions_have_a_budget_of_their_own(redis_url: str, account: str) -> None:
    with limiter(redis_url, account, sends=1 / HOUR, poll=1 / HOUR) as mine:
        assert mine.take("bulk", 10) == 1
        assert mine.take("poll", 10) == 1
        assert mine.take("poll", 10) == 0


def test_two_accounts_do_not_share_a_rate(redis_url: str) -> None:
    for _ in range(2):
        with limiter(redis_url, uuid4().hex, sends=1 / HOUR) as mine:
            assert mine.take("bulk", 10) == 1


def test_one_who_may_not_is_told_when_it_is_worth_asking_again(redis_url: str, account: str) -> None:
    with limiter(redis_url, account, sends=20) as mine:
        assert mine.wait("bulk") == 0
        assert mine.take("bulk", 100) == 3  # a tenth of a second's worth, and one
        assert 0 < mine.wait("bulk") < 1
        assert mine.take("normal", 100) == 0
        eventually(lambda: mine.take("bulk", 1) == 1)
        assert mine.wait("bulk") == 0


def test_what_binds_a_lane_is_its_own_rate_or_that_of_all() -> None:
    with limiter(None, sends=20, bulk=5, voice=50, poll=7) as mine:
        found = {what: mine.rate(what) for what in ("urgent", "normal", "bulk", "voice", "poll")}
    assert found == pytest.approx({"urgent": 20, "normal": 20, "bulk": 5, "voice": 20, "poll": 7})
    with limiter(None) as mine:
        assert mine.rate("bulk") is None


# Redis, and what happens to it...


def test_without_a_rate_nobody_is_asked(account: str, caplog: pytest.LogCaptureFixture) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server, limiter(_address(server), account, poll=1) as mine:
        server.settimeout(0)
        assert mine.take("bulk", 1000) == 1000
        assert mine.wait("bulk") == 0
        with pytest.raises(BlockingIOError):
            server.accept()


def test_a_redis_that_is_silent_costs_one_time_out_and_no_more(account: str, caplog: pytest.LogCaptureFixture) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server, limiter(_address(server), account, sends=1000) as mine:
        for _ in range(20):
            eventually(lambda: mine.take("bulk", 1))
        server.settimeout(0)
        server.accept()[0].close()
        with pytest.raises(BlockingIOError):
            server.accept()
    assert [record.getMessage() for record in caplog.records].count("limiter.alone error=TimeoutError") == 1


def test_a_redis_that_is_lost_gives_nobody_a_second_burst(valkey: Valkey, account: str) -> None:
    with limiter(valkey.url, account, sends=1 / HOUR) as mine:
        assert mine.take("bulk", 10) == 1
        valkey.stop()
        assert mine.take("normal", 10) == 0


def test_one_who_waits_does_not_go_on_asking_redis(valkey: Valkey, account: str) -> None:
    with limiter(valkey.url, account, sends=1 / HOUR) as mine, Redis.from_url(valkey.url) as redis:
        assert mine.take("bulk", 10) == 1
        asked = redis.info("commandstats")["cmdstat_evalsha"]["calls"]
        assert [mine.take("bulk", 10) for _ in range(100)] == [0] * 100
        assert redis.info("commandstats")["cmdstat_evalsha"]["calls"] == asked


def test_that_redis_is_lost_and_found_again_is_said_once(
    valkey: Valkey, account: str, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    caplog.set_level(logging.INFO, "worker")
    monkeypatch.setattr("worker.limiter.MUTED", 0.01)

    def said(event: str) -> int:
        return sum(record.getMessage().startswith(event) for record in caplog.records)

    with limiter(valkey.url, account, sends=1000) as mine:
        mine.take("bulk", 1)
        valkey.stop()
        for _ in range(20):
            eventually(lambda: mine.take("bulk", 1))
        assert (said("limiter.alone"), said("limiter.back")) == (1, 0)
        valkey.start()
        eventually(lambda: mine.take("bulk", 1) and said("limiter.back"))
        mine.take("bulk", 1)
        assert (said("limiter.alone"), said("limiter.back")) == (1, 1)


def test_when_redis_forgets_everything_one_burst_goes_and_no_more(valkey: Valkey, account: str) -> None:
    with limiter(valkey.url, account, sends=1 / HOUR) as mine, limiter(valkey.url, account, sends=1 / HOUR) as yours:
        assert mine.take("bulk", 10) == 1
        with Redis.from_url(valkey.url) as redis:
            redis.flushall()
            redis.script_flush()
        assert yours.take("bulk", 10) == 1
        assert yours.take("normal", 10) == 0


def test_the_keys_hold_no_account_and_go_away_by_themselves(valkey: Valkey, account: str) -> None:
    with limiter(valkey.url, account, sends=100, bulk=100, poll=50) as mine, Redis.from_url(valkey.url) as redis:
        mine.take("bulk", 5)
        mine.take("poll", 5)
        keys = [bytes(key).decode() for key in redis.scan_iter()]
        assert len(keys) == 5
        for key in keys:
            assert account not in key
            assert 0 < int(redis.pttl(key)) <= 2 * 60_000


def test_a_clock_that_was_turned_back_stops_nobody_for_long(valkey: Valkey, account: str) -> None:
    with limiter(valkey.url, account, sends=100) as mine, Redis.from_url(valkey.url) as redis:
        mine.take("bulk", 5)
        [key] = [key for key in redis.scan_iter() if b"asking" not in key]
        redis.set(key, int((time.time() + HOUR) * 1e6))
        eventually(lambda: mine.take("bulk", 1))


FORKING = """
import os, sys
from worker.limiter import Limiter
from worker.settings import Rates
rates = Rates(sends=1e6, urgent=None, normal=None, bulk=None, voice=None, poll=None)
limiter = Limiter(os.environ["REDIS_URL"], rates, account="forking")
limiter.take("bulk", 1)
child = os.fork()
for _ in range(300):
    assert limiter.take("bulk", 1) == 1
if child:
    sys.exit(os.waitpid(child, 0)[1])
"""


def test_a_forked_child_has_a_connection_and_a_share_of_its_own(valkey: Valkey) -> None:
    environ = os.environ | {"REDIS_URL": valkey.url}
    run = subprocess.run([sys.executable, "-c", FORKING], env=environ, capture_output=True, text=True, check=False)
    assert (run.returncode, run.stdout, run.stderr) == (0, "", "")
    with Redis.from_url(valkey.url) as redis:
        [asking] = redis.scan_iter("*:asking:*")
        assert redis.zcard(asking) == 2


# Settings...


def test_rates_are_read_and_a_wrong_one_is_named() -> None:
    read = Rates.from_environ({"WORKER_RATE": "20", "WORKER_RATE_BULK": "0.5"})
    assert read == rates(sends=20, bulk=0.5, poll=50)
    with pytest.raises(SettingsError, match="WORKER_RATE_VOICE: 'many' is not a number of requests a second"):
        Rates.from_environ({"WORKER_RATE_VOICE": "many"})
    with pytest.raises(SettingsError, match="WORKER_RATE: 0 is out of range"):
        Rates.from_environ({"WORKER_RATE": "0"})


def _address(server: socket.socket) -> str:
    return f"redis://127.0.0.1:{server.getsockname()[1]}/0"
