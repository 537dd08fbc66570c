"""Where the parts are put together: once per process, on first use, so that Celery has forked by then."""

from __future__ import annotations

import gc
import mmap
import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cached_property, partial
from threading import current_thread, main_thread

from worker.bell import Bell
from worker.database import Database
from worker.delivery import BellWatch, Breaker, Drain, GivingWay, Listening, gate, windows
from worker.delivery.window import Window
from worker.errors import SettingsError
from worker.esms import Client, Credentials, Exchange, InvalidRequest
from worker.ledger import Floors, Gate
from worker.lifecycle import Lane
from worker.limiter import Limiter
from worker.maintenance.marks import Marks
from worker.queues import Task
from worker.settings import Pace, ProviderSettings, Rates, Settings
from worker.settings.retention import Retention

# The client's arguments, as the settings call them.
VARIABLES = {
    "api_key": "ESMS_API_KEY",
    "secret_key": "ESMS_SECRET_KEY",
    "rest_url": "ESMS_REST_URL",
    "voice_url": "ESMS_VOICE_URL",
    "connect_timeout": "WORKER_CONNECT_TIMEOUT",
    "read_timeout": "WORKER_READ_TIMEOUT",
    "total_timeout": "WORKER_TOTAL_TIMEOUT",
    "transport": "WORKER_TRANSPORT",
}


class Stop:
    """Has a stop been asked for? Set in Celery's main process, seen in the children that it forked before or after.

    Celery tells only the main process that a warm shutdown has begun; one byte of shared memory tells the others.
    A supervisor (systemd, honcho, a terminal) signals the children as well, and theirs would die of it in the middle
    of a call.
    """

    def __init__(self) -> None:
        self._byte = mmap.mmap(-1, 1)
        self._main_pid = os.getpid()
        self._signalled = False  # this child alone

    def ask(self) -> None:
        """Ask for a stop: every task finishes what is in flight, and ends."""
        self._byte[0] = 1

    def asked(self) -> bool:
        """Should a task come to its end?"""
        return self._signalled or bool(self._byte[0])

    @contextmanager
    def finishing(self) -> Iterator[None]:
        """In here SIGTERM asks a forked child to finish what is in flight; outside of it the child ends at once.

        Set for each task and not once: billiard sets its own handler after every hook that Celery has.
        """
        self._signalled = False
        if os.getpid() == self._main_pid or current_thread() is not main_thread():
            yield
            return
        before = signal.signal(signal.SIGTERM, self._on_signal)
        try:
            yield
        finally:
            signal.signal(signal.SIGTERM, before)

    def _on_signal(self, *_: object) -> None:
        self._signalled = True


@dataclass
class Runtime:
    """The parts of one worker process."""

    settings: Settings
    pace: Pace
    rates: Rates
    noted_until: dict[str, float] = field(default_factory=dict)  # by queue: known to have a listener until then
    _pid: int = field(default_factory=os.getpid)

    @classmethod
    def from_environ(cls) -> Runtime:
        """Read the settings; the parts are made when they are first asked for. Raises SettingsError."""
        return cls(Settings.from_environ(), Pace.from_environ(), Rates.from_environ())

    @cached_property
    def retention(self) -> Retention:
        return Retention.from_environ()

    @cached_property
    def marks(self) -> Marks:
        return Marks(self.settings.redis_url, self.settings.mark_file)

    @cached_property
    def database(self) -> Database:
        return Database(self.settings.database_url)

    @cached_property
    def bell(self) -> Bell:
        return Bell(self.settings.broker_url, self.settings.redis_url)

    @cached_property
    def bell_watch(self) -> BellWatch:
        """Kept between tasks, and its connection with it."""
        return BellWatch(self.settings.redis_url, Task.DELIVER_URGENT)

    @cached_property
    def listening(self) -> Listening:
        """How who waits for eSMS's answers hears of the next code."""
        return Listening(partial(self.bell.overhear, Task.DELIVER_URGENT), self.bell_watch)

    @cached_property
    def giving_way(self) -> GivingWay:
        return GivingWay(partial(self.bell.was_rung_lately, Task.DELIVER_URGENT), self.pace.sends_beside_codes)

    @cached_property
    def provider(self) -> ProviderSettings:
        return ProviderSettings.from_environ()

    @cached_property
    def client(self) -> Client:
        most = max(self.pace.sends_in_flight, self.pace.polls_in_flight)
        return make_client(self.provider, in_flight=most)

    @cached_property
    def sending(self) -> Exchange:
        """Kept between tasks, and its connections with it."""
        return self.client.open_exchange(in_flight=self.pace.sends_in_flight)

    def drain(self, task: Task) -> Drain:
        """To answer one ring of this bell. Who sends codes hears of the next one meanwhile."""
        return Drain(
            self.database,
            self.client,
            self.sending,
            self.limiter,
            self.settings,
            self.pace,
            self.provider.total_timeout,
            call_help=lambda: self.bell.again(task),
            listening=self.listening if task is Task.DELIVER_URGENT else None,
            breaker=self.breaker,
            windows=self.windows,
            floors=self.floors,
            beside_codes=self.giving_way.rate,
            gate=self.gate,
        )

    @cached_property
    def polling(self) -> Exchange:
        return self.client.open_exchange(in_flight=self.pace.polls_in_flight)

    @cached_property
    def limiter(self) -> Limiter:
        """The limiter of this account at this address, shared by all processes that send to it."""
        provider = self.provider
        return Limiter(self.settings.redis_url, self.rates, account=f"{provider.rest_url} {provider.api_key}")

    @cached_property
    def breaker(self) -> Breaker:
        """Kept between tasks: at a low rate one alone is over before it has seen enough silence."""
        return Breaker(self.pace.break_after)

    @cached_property
    def windows(self) -> dict[Lane, Window]:
        """Kept between tasks: what eSMS answers in time is found out once, and again after a silence."""
        return windows(self.pace, self.provider.read_timeout)

    @cached_property
    def floors(self) -> Floors:
        """Kept between tasks: how far this process's claims have come."""
        return Floors()

    @cached_property
    def gate(self) -> Gate:
        """Kept between tasks: a code's task does not read the sending rules first."""
        return gate(self.settings, self.pace)

    @property
    def mine(self) -> bool:
        """False in a child that was forked after these parts were made: sockets must not be shared."""
        return self._pid == os.getpid()


def make_client(provider: ProviderSettings, *, in_flight: int) -> Client:
    """The eSMS client as the settings want it. Raises SettingsError for what only the client can judge."""
    try:
        return _client(provider, in_flight)
    except InvalidRequest as error:
        variable = VARIABLES.get(error.field, error.field)
        raise SettingsError(variable, error.problem, error.remedy) from None


def _client(provider: ProviderSettings, in_flight: int) -> Client:
    return Client(
        Credentials(provider.api_key, provider.secret_key),
        rest_url=provider.rest_url,
        voice_url=provider.voice_url,
        format=provider.format,
        connect_timeout=provider.connect_timeout,
        read_timeout=provider.read_timeout,
        total_timeout=provider.total_timeout,
        transport=provider.transport,
        in_flight=in_flight,
        callback_url=provider.callback_url,
    )


_current: Runtime | None = None
stop = Stop()


def current() -> Runtime:
    """This process's parts."""
    global _current
    if _current is None or not _current.mine:
        _current = Runtime.from_environ()
        collect_garbage_seldom()
    return _current


def collect_garbage_seldom() -> None:
    """A tenth of what sending cost was looking for garbage in what was imported and what is in flight."""
    gc.freeze()
    gc.set_threshold(50_000, 20)
