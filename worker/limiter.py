"""How many requests may go to eSMS now, over all processes and machines of an account.

Every limit is a cell: the moment when what was granted so far will have had its time, 1/rate seconds a request. So many
may go that this moment stays within reach; an idle cell fills no further than that.

    reach = 1/rate + 0.1 s          in t seconds at most rate × (t + 0.1) + 1 requests go: 1 % over in ten seconds
    reach of the urgent lane into the cell of all sends = 1/rate + 0.1 s + max(0.9 s, 1/rate)

A flood of wishes can fill that cell to its own reach and no further: whatever it does, codes for 0.9 s, at least one,
go out at once, and the wishes wait until the time that the codes took is over. In t seconds at most rate × (t + 1) + 1
go (from 1.1 a second on). A lane's own cell is as short for codes as for others.

Whoever is told by eSMS that it was too much sends half as fast from then on, and by and by faster again: each process
by itself, so that no setting need know what an account is allowed.

The cells are in Redis and go by its clock. While Redis is lost, each process keeps to its share: the rate, divided by
the processes that Redis has last seen asking.
"""

from __future__ import annotations

import os
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from math import floor, inf
from random import random
from threading import Lock
from typing import Any
from uuid import uuid4

from worker.lifecycle import Lane
from worker.settings import Rates
from worker.telemetry import emit, named
from worker.throttle import Throttle

POLL = "poll"
SENDS = "sends"  # all lanes together

BURST = 0.1  # seconds that a cell reaches besides one request: what may go at once after a lull
AHEAD = 0.9  # seconds that a code reaches further than the others
LEAST_PAUSE, JITTER = 0.01, 0.02  # seconds between two questions; jittered, or the same process would always be first
SIGN_EVERY = 1.0  # seconds between two signs of life
ALIVE = 60  # seconds after which a process that asks for nothing counts no more
REDIS_TIMEOUT = 0.5  # seconds to connect, and again for an answer
MUTED = 5.0  # seconds without a try after Redis failed

# Grants what all cells allow, and charges all of them or none. A clock that was turned back, or a rate that was raised,
# must not leave a cell full for hours: nothing of ours can have filled it beyond the furthest reach.
_TAKE = """
local clock = redis.call('TIME')
local now = clock[1] * 1000000 + clock[2]
local alive = 0
if ARGV[2] ~= '' then
    redis.call('ZADD', KEYS[1], clock[1], ARGV[2])
    redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', clock[1] - ARGV[3])
    redis.call('EXPIRE', KEYS[1], 2 * ARGV[3])
    alive = redis.call('ZCARD', KEYS[1])
end
local granted = tonumber(ARGV[1])
local ahead = {}
for i = 2, #KEYS do
    local each, reach, furthest = ARGV[3 * i - 2], ARGV[3 * i - 1], tonumber(ARGV[3 * i])
    local full_at = tonumber(redis.call('GET', KEYS[i]) or now)
    ahead[i] = math.max(0, math.min(full_at - now, furthest))
    granted = math.max(0, math.min(granted, math.floor((reach - ahead[i]) / each + 0.001)))
end
local wait = 0
for i = 2, #KEYS do
    local each, reach = ARGV[3 * i - 2], ARGV[3 * i - 1]
    ahead[i] = ahead[i] + granted * each
    wait = math.max(wait, ahead[i] + each - reach)
    redis.call('SET', KEYS[i], string.format('%.0f', now + ahead[i]), 'PX', math.ceil(ahead[i] / 1000) + 1000)
end
return {granted, math.ceil(wait), alive}
"""


@dataclass(frozen=True, slots=True)
class _Cell:
    """One limit, in seconds."""

    name: str
    each: float  # between two requests
    reach: float
    furthest: float  # the reach of whoever reaches furthest


@dataclass(frozen=True, slots=True)
class _Grant:
    requests: int
    wait: float  # seconds until one more may go


class Limiter:
    """Grants requests of a lane, or questions about statuses, at no more than the settings' rates.

    account: tells accounts apart; of it only a digest goes to Redis. Without a Redis each process has the whole rate
    to itself. For one thread.
    """

    def __init__(self, redis_url: str | None, rates: Rates, *, account: str) -> None:
        self._rates = rates
        self._shared = _Shared(redis_url, account) if redis_url else None
        self._alone = _Alone()
        self._throttles: dict[str, Throttle] = {}
        self._again_at: dict[str, float] = {}
        self._muted_until = 0.0
        self._lost_at: float | None = None

    def take(self, what: str, most: int) -> int:
        """How many requests of this lane, or `poll`, may go out now: 0 to most. They count as sent from here on."""
        throttle = self._throttles.get(what) or self._throttles.setdefault(what, Throttle())
        granted = self._within_rates(what, throttle.allowed(most))
        throttle.sent(granted)
        return granted

    def slow_down(self, what: str) -> None:
        """eSMS has just refused a request of this lane as one too many."""
        self._throttles.setdefault(what, Throttle()).halve()

    def _within_rates(self, what: str, most: int) -> int:
        cells = _cells(self._rates, what)
        if not cells or most <= 0:
            return max(0, most)
        if self.wait(what):
            return 0
        grant = self._granted(what, cells, most)
        pause = max(LEAST_PAUSE, grant.wait) + JITTER * random() if grant.requests < most else 0.0  # noqa: S311
        self._again_at[what] = time.monotonic() + pause
        return grant.requests

    def wait(self, what: str) -> float:
        """Seconds until it is worth taking again, after a take that gave fewer than were wanted; else 0."""
        return max(0.0, self._again_at.get(what, 0.0) - time.monotonic())

    def rate(self, what: str) -> float | None:
        """Requests a second of this lane, or `poll`, at most; None: no limit."""
        return min((1 / cell.each for cell in _cells(self._rates, what)), default=None)

    def close(self) -> None:
        """Give the connection back."""
        if self._shared is not None:
            self._shared.close()

    def _granted(self, what: str, cells: Sequence[_Cell], most: int) -> _Grant:
        if self._shared is None:
            return self._alone.take(cells, most)
        if time.monotonic() >= self._muted_until:
            try:
                grant = self._shared.take(_group(what), cells, most)
            except _Lost as lost:
                self._begin_alone(lost)
            else:
                self._end_alone()
                return grant
        return self._alone.take(_cells(self._rates, what, among=self._shared.processes(_group(what))), most)

    def _begin_alone(self, lost: _Lost) -> None:
        self._muted_until = time.monotonic() + MUTED
        if self._lost_at is None:
            self._lost_at = time.monotonic()
            self._alone = _Alone(since=self._lost_at)
            emit("limiter.alone", error=lost)

    def _end_alone(self) -> None:
        if self._lost_at is not None:
            emit("limiter.back", seconds=round(time.monotonic() - self._lost_at, 1))
            self._lost_at = None


def _group(what: str) -> str:
    """Who shares a rate: those who send, or those who ask."""
    return POLL if what == POLL else SENDS


def _cells(rates: Rates, what: str, *, among: int = 1) -> list[_Cell]:
    """The limits that this is subject to, or one process's share of them."""
    names = [POLL] if what == POLL else [Lane(what), SENDS]
    limits = [(name, getattr(rates, name)) for name in names]
    return [_cell(name, rate / among, what) for name, rate in limits if rate is not None]


def _cell(name: str, rate: float, what: str) -> _Cell:
    each = 1 / rate
    short = each + BURST
    far = short + max(AHEAD, each)
    return _Cell(name, each, far if name == SENDS and what == Lane.URGENT else short, far)


METER_BURST = 1.0  # seconds of its rate that a name may use at once after a lull


class Meter:
    """Holds whoever asks by a name (a token, say) to a rate, over all processes.

    While Redis is lost, each process counts alone. For any number of threads.
    """

    def __init__(self, redis_url: str | None) -> None:
        self._shared = _Shared(redis_url, "meter") if redis_url else None
        self._alone = _Alone()
        self._muted_until = 0.0
        self._lock = Lock()

    def wait(self, name: str, rate: float) -> float:
        """0: one may go now, and counts as gone. Else seconds until it is worth asking again. rate: a second."""
        reach = 1 / rate + METER_BURST
        cells = [_Cell(name, 1 / rate, reach, reach)]
        with self._lock:
            grant = self._granted(cells)
        return 0.0 if grant.requests else max(grant.wait, LEAST_PAUSE)

    def close(self) -> None:
        """Give the connection back."""
        if self._shared is not None:
            self._shared.close()

    def _granted(self, cells: Sequence[_Cell]) -> _Grant:
        if self._shared is not None and time.monotonic() >= self._muted_until:
            try:
                return self._shared.take("meter", cells, 1)
            except _Lost:
                self._muted_until = time.monotonic() + MUTED
        return self._alone.take(cells, 1)


class _Lost(Exception):
    """Redis does not answer."""


class _Shared:
    """The cells in Redis, and the processes that ask there."""

    def __init__(self, url: str, account: str) -> None:
        self._url = url
        self._account = sha256(account.encode()).hexdigest()[:16]
        self._processes: dict[str, int] = {}
        self._forget()

    def take(self, group: str, cells: Sequence[_Cell], most: int) -> _Grant:
        """One round trip. Raises _Lost."""
        from redis import RedisError

        if self._pid != os.getpid():  # forked: the socket is the parent's
            self._forget()
        me = self._me if time.monotonic() >= self._sign_at.get(group, 0.0) else ""
        limits = [str(round(seconds * 1e6, 3)) for cell in cells for seconds in (cell.each, cell.reach, cell.furthest)]
        keys = [self._key(f"asking:{group}"), *(self._key(cell.name) for cell in cells)]
        try:
            granted, wait, alive = self._script()(keys, [most, me, ALIVE, *limits])
        except (RedisError, OSError) as error:
            self._hang_up()
            raise _Lost(named(error)) from None
        if me:
            # One fewer at a time: a Redis that comes back empty has seen nobody yet, and may be lost again at once.
            self._processes[group] = max(alive, self._processes.get(group, 1) - 1)
            self._sign_at[group] = time.monotonic() + SIGN_EVERY
        return _Grant(granted, wait / 1e6)

    def processes(self, group: str) -> int:
        """How many were asking when Redis last told; at least this one."""
        return self._processes.get(group, 1)

    def close(self) -> None:
        if self._redis is not None:
            self._redis.close()

    def _forget(self) -> None:
        self._pid, self._me = os.getpid(), uuid4().hex
        self._redis: Any = None
        self._take: Any = None
        self._sign_at: dict[str, float] = {}

    def _hang_up(self) -> None:
        """By the same name another server may answer next time: after a fail-over this one would go on refusing."""
        self.close()
        self._take = None

    def _key(self, name: str) -> str:
        return f"esms-worker:rate:{{{self._account}}}:{name}"  # braces: on one node of a cluster

    def _script(self) -> Any:
        """The script; Redis is given it again whenever it has forgotten it."""
        if self._take is None:
            from redis import ConnectionError as NoConnection
            from redis import Redis
            from redis.backoff import NoBackoff
            from redis.retry import Retry

            self._redis = Redis.from_url(
                self._url,
                socket_timeout=REDIS_TIMEOUT,
                socket_connect_timeout=REDIS_TIMEOUT,
                single_connection_client=True,  # to take one from a pool and look at it costs half as much as asking
                retry=Retry(NoBackoff(), 1, (NoConnection,)),  # for one that was closed meanwhile; never for silence
            )
            self._take = self._redis.register_script(_TAKE)
        return self._take


@dataclass
class _Alone:
    """The same cells in this process, by its own clock."""

    since: float = -inf  # they are full then: the last burst has just been granted by Redis
    _full_at: dict[str, float] = field(default_factory=dict)

    def take(self, cells: Sequence[_Cell], most: int) -> _Grant:
        now = time.monotonic()
        ahead = {cell: max(0.0, self._full_at.get(cell.name, self.since + cell.each + BURST) - now) for cell in cells}
        granted = min(most, *(floor((cell.reach - ahead[cell]) / cell.each + 0.001) for cell in cells))
        granted = max(0, granted)
        for cell in cells:
            ahead[cell] += granted * cell.each
            self._full_at[cell.name] = now + ahead[cell]
        return _Grant(granted, max(0.0, *(ahead[cell] + cell.each - cell.reach for cell in cells)))
