"""How producers ring the workers, and how workers hear it: one bell for each task, over Redis or RabbitMQ."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from worker.lifecycle import Lane
from worker.queues import QUEUE_OF, UNHEARD, Queue, Task
from worker.telemetry import emit, named, where

if TYPE_CHECKING:
    from celery import Celery

BROKER_TIMEOUT = 2  # seconds: a producer's web page waits no longer for a bell
MUTED = 5.0  # seconds without a try after a ring that failed
RUNG = 2000  # milliseconds for which a ring that nobody answers keeps others from ringing again
WAITS = 250  # milliseconds for which a worker counts as listening; it says so again sooner, unless it died
LATELY = 3000  # milliseconds for which a ring that was answered counts as lately

# KEYS of the scripts below:
# 1  the mark: this bell was rung, and nobody has answered yet
# 2  how many queued tasks need not run, since a worker that listened overheard the ring that they were queued for
# 3  a worker listens while it waits for eSMS: "waits"; "told" once a ring counted on it and queued no task
# 4  the bell was answered lately: written by who answers, so that a producer needs no right to it
# If a worker dies before it looks, or a task is lost, beat's next tick finds the work.
_ANSWERED = f"""
local rung = redis.call('DEL', KEYS[1]) == 1
if rung then redis.call('SET', KEYS[4], 1, 'PX', {LATELY}) end
"""
_OVERHEAR = f"""
local told = redis.call('GET', KEYS[3]) == 'told'
{_ANSWERED}
if rung or ARGV[2] == '0' then
    redis.call('DEL', KEYS[3])
else
    redis.call('SET', KEYS[3], 'waits', 'PX', ARGV[2])
end
if rung and not told then
    redis.call('INCR', KEYS[2])
    redis.call('PEXPIRE', KEYS[2], ARGV[1])
end
return rung and 1 or 0
"""
_ANSWER = f"""
if redis.call('EXISTS', KEYS[2]) == 1 and redis.call('DECR', KEYS[2]) >= 0 then return 1 end
redis.call('DEL', KEYS[2])
if redis.call('GET', KEYS[3]) == 'told' then redis.call('DEL', KEYS[3]) end
{_ANSWERED}
return rung and 2 or 0
"""


class Bell:
    """Rings the workers after a commit. Never raises and never blocks for long: beat would find the work anyway.

    Over Redis a bell that nobody has answered yet is not rung twice, so ten thousand enqueues ring a few times. And no
    task is queued for a code while a process that sends codes waits for eSMS's answers: that process hears the bell.
    """

    def __init__(self, broker_url: str | None, redis_url: str | None) -> None:
        self._broker_url, self._redis_url = broker_url, redis_url
        self._app: Celery | None = None
        self._redis: Any = None
        self._muted_until = 0.0
        self.was_rung = False  # the last `answer` was to a producer that waits, and not to beat alone

    def ring(self, lanes: set[Lane]) -> None:
        """Something in these lanes is due."""
        if Lane.URGENT in lanes:
            self._ring(Task.DELIVER_URGENT, may_be_heard=True)
        if lanes - {Lane.URGENT}:
            self._ring(Task.DELIVER)

    def again(self, task: Task) -> None:
        """There is more of this work than one task's time allows."""
        self._ring(task)

    def answer(self, task: Task) -> bool:
        """To be called before a task looks for work: what is committed from now on needs a new ring.

        False: this task need not look, since another process overheard its ring, and looks already.
        """
        said = self._quietly(lambda: self._asked(_ANSWER, task))
        self.was_rung = said == 2
        return said != 1

    def overhear(self, task: Task, *, wait: bool = False) -> bool | None:
        """Was this bell rung, with no answer yet? Then the caller looks for work; the task queued for it need not.

        wait: if it was not, the caller counts as listening, and whoever rings queues no task: for WAITS milliseconds,
        or until this is asked again without `wait`. None: nobody can tell; only Redis can.
        """
        if time.monotonic() < self._muted_until:
            return None
        said = self._quietly(lambda: self._asked(_OVERHEAR, task, WAITS if wait else 0))
        return None if said is None else bool(said)

    def was_rung_lately(self, task: Task) -> bool:
        """Was this bell rung and answered in the last few seconds? False also where nobody can tell: only Redis can."""
        if not self._redis_url or time.monotonic() < self._muted_until:
            return False
        return bool(self._quietly(lambda: self._rings().exists(_lately_of(mark_of(task)))))

    def close(self) -> None:
        """Give the connections back."""
        if self._redis is not None:
            self._redis.close()
        if self._app is not None:
            self._app.close()

    def _ring(self, task: Task, *, may_be_heard: bool = False) -> None:
        if self._broker_url is not None and time.monotonic() >= self._muted_until:
            self._quietly(lambda: self._sent(task) if self._first(task, may_be_heard) else None)

    def _first(self, task: Task, may_be_heard: bool) -> bool:
        """Must a task be queued: is this the first ring without an answer, and does no worker listen that hears it?"""
        if not self._redis_url:
            return True
        if not may_be_heard:
            return bool(self._rings().set(mark_of(task), 1, nx=True, px=RUNG))
        with self._rings().pipeline() as both:  # one transaction, or a listener could come between the two
            both.set(mark_of(task), 1, nx=True, px=RUNG).set(_wait_of(task), "told", xx=True, px=RUNG)
            first, heard = both.execute()
        return bool(first) and not heard

    def _asked(self, script: str, task: Task, *arguments: int) -> int | None:
        """None: there is no Redis."""
        if not self._redis_url:
            return None
        keys = (rung := mark_of(task)), f"esms-worker:spared:{{{rung}}}", _wait_of(task), _lately_of(rung)
        return int(self._rings().eval(script, len(keys), *keys, RUNG, *arguments))

    def _sent(self, task: Task) -> None:
        try:
            self._send(task)
        except Exception as error:
            if self._redis_url and _is_forbidden(error):
                # Our mark would keep those from ringing who may. We have no right to delete it, so let it run out.
                self._rings().set(mark_of(task), 1, px=1)
            raise

    def _send(self, task: Task) -> None:
        queue = QUEUE_OF[task].value
        route: dict[str, Any] = {"exchange": queue, "routing_key": queue} if _is_amqp(self._broker_url) else {}
        self._celery().send_task(task.value, queue=queue, retry=False, expires=UNHEARD, **route)

    def _quietly(self, step: Callable[[], object]) -> object:
        """The message is on disk: a bell that is broken is not the producer's trouble, and must not slow it down."""
        try:
            return step()
        except Exception as error:  # noqa: BLE001 — telling the producer that it failed would make it send again
            if not _is_forbidden(error):  # else nothing is broken: an application may ring some bells and not others
                self._muted_until = time.monotonic() + MUTED
                self._hang_up()
            emit("ring.failed", error=named(error), at=where(error))
            return None

    def _hang_up(self) -> None:
        """Connect anew next time: after a fail-over the name leads to another server, and this one goes on refusing."""
        if self._redis is not None:
            self._redis.close()

    def _rings(self) -> Any:
        if self._redis is None:
            from redis import Redis

            self._redis = Redis.from_url(
                self._redis_url or "", socket_timeout=BROKER_TIMEOUT, socket_connect_timeout=BROKER_TIMEOUT
            )
        return self._redis

    def _celery(self) -> Celery:
        if self._app is None:
            from celery import Celery

            self._app = Celery("esms-worker-bell", set_as_current=False)
            self._app.conf.update(
                broker_url=self._broker_url,
                task_serializer="json",
                broker_transport_options=_impatient(self._broker_url or ""),
                task_queues=_undeclared() if _is_amqp(self._broker_url) else None,
                broker_connection_timeout=BROKER_TIMEOUT,
                task_ignore_result=True,
            )
        return self._app


def _is_forbidden(error: BaseException | None) -> bool:
    """Did the broker say that this user may not? Celery brings both clients; they are loaded where one has failed."""
    from amqp import AccessRefused
    from redis.exceptions import NoPermissionError

    while error is not None and not isinstance(error, NoPermissionError | AccessRefused):
        error = error.__cause__ or error.__context__
    return error is not None


def _impatient(broker_url: str) -> dict[str, Any]:
    """Redis's options for giving up soon; AMQP has none of them, and keeps to `broker_connection_timeout`."""
    if not broker_url.startswith("redis"):
        return {}
    return {"socket_timeout": BROKER_TIMEOUT, "socket_connect_timeout": BROKER_TIMEOUT, "max_retries": 1}


def _is_amqp(broker_url: str | None) -> bool:
    return (broker_url or "").startswith("amqp")


def _undeclared() -> list[Any]:
    """Queues that whoever rings does not declare: RabbitMQ lets only those who may configure, and workers do it.

    Each is reached by an exchange of its own, so that an application need not be let into the default one, by which
    every queue can be reached.
    """
    from kombu import Exchange
    from kombu import Queue as Declared

    return [Declared(each, Exchange(each, no_declare=True), each, no_declare=True) for each in map(str, Queue)]


def mark_of(task: Task) -> str:
    """The key in Redis that is there while this task's bell was rung and nobody has answered."""
    return f"esms-worker:rung:{task}"


def _wait_of(task: Task) -> str:
    """The key in Redis that says that a worker listens. Braces put it on the mark's node of a cluster."""
    return f"esms-worker:rung:waits:{{{mark_of(task)}}}"


def _lately_of(mark: str) -> str:
    return f"esms-worker:lately:{{{mark}}}"
