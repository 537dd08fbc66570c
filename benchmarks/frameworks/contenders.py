"""Each framework as the benchmark needs it: how to start it, to park messages where it does not look, and to let it go.

Their apps read the environment when they are imported: import them only once the stage stands.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass, field
from uuid import UUID

from benchmarks import plain_celery
from benchmarks.support import QUIET, Stage
from worker.devkit.processes import Child

PARKED = "parked"


@dataclass(frozen=True)
class Setup:
    """One way to start a framework's worker."""

    label: str
    arguments: Sequence[str]
    concurrency: int  # sends at a time, over all processes
    threads: int = 1  # in each process
    processes: int = 1  # that we start; those may fork


@dataclass(frozen=True)
class Contender(ABC):
    """A framework: `setups` are what it is tried with."""

    name: str
    setups: Sequence[Setup] = field(repr=False)

    @abstractmethod
    def command(self, setup: Setup) -> list[str]:
        """After `python -m`."""

    def start(self, on: Stage, setup: Setup) -> list[Child]:
        """Its worker processes."""
        names = [f"{self.name}-{place}" for place in range(setup.processes)]
        variables = {"PLAIN_THREADS": str(setup.threads)}
        return [on.python(name.replace(" ", "-"), self.command(setup), **variables) for name in names]

    def prepare(self, on: Stage) -> None:  # noqa: B027 — only one of them has tables
        """Once: tables of its own."""

    @abstractmethod
    def park(self, on: Stage, ids: Sequence[UUID]) -> None:
        """A task for each, where no worker looks yet."""

    @abstractmethod
    def go(self, on: Stage) -> None:
        """The starting signal: from now on the workers see them."""

    def forget(self, on: Stage) -> None:  # noqa: B027 — the others' queues are empty when all is sent
        """Leave nothing of the last run in its queue."""


class _Celery(Contender):
    def command(self, setup: Setup) -> list[str]:
        return ["celery", "-A", self._app, "--quiet", "worker", *QUIET, "-Q", plain_celery.QUEUE, *setup.arguments]

    def park(self, on: Stage, ids: Sequence[UUID]) -> None:
        plain_celery.park(self._task, on.environ["CELERY_BROKER_URL"], ids)

    def go(self, on: Stage) -> None:
        on.redis.rename(plain_celery.PARKED, plain_celery.QUEUE)

    _app = "benchmarks.plain_celery"
    _task = "plain.send"


class _CeleryKept(_Celery):
    _app = "benchmarks.frameworks.on_celery"
    _task = "kept.send"


class _Dramatiq(Contender):
    def command(self, setup: Setup) -> list[str]:
        return ["dramatiq", "benchmarks.frameworks.on_dramatiq", *setup.arguments]

    def park(self, on: Stage, ids: Sequence[UUID]) -> None:
        from dramatiq import Message
        from dramatiq.brokers.redis import RedisBroker

        from benchmarks.frameworks import on_dramatiq

        parked = RedisBroker(url=on.environ["CELERY_BROKER_URL"], namespace=PARKED)
        parked.declare_queue(on_dramatiq.QUEUE)
        for id_ in ids:
            parked.enqueue(Message(on_dramatiq.QUEUE, "send", (str(id_),), {}, {}))
        parked.close()

    def go(self, on: Stage) -> None:
        from benchmarks.frameworks.on_dramatiq import NAMESPACE, QUEUE

        on.redis.rename(f"{PARKED}:{QUEUE}.msgs", f"{NAMESPACE}:{QUEUE}.msgs")
        on.redis.rename(f"{PARKED}:{QUEUE}", f"{NAMESPACE}:{QUEUE}")


class _Huey(Contender):
    def command(self, setup: Setup) -> list[str]:
        return ["huey.bin.huey_consumer", "benchmarks.frameworks.on_huey.huey", "--no-periodic", *setup.arguments]

    def park(self, on: Stage, ids: Sequence[UUID]) -> None:
        from benchmarks.frameworks.on_huey import huey, send

        with on.redis.pipeline() as pipeline:
            for id_ in ids:
                pipeline.lpush(PARKED, huey.serialize_task(send.s(str(id_))))
            pipeline.execute()

    def go(self, on: Stage) -> None:
        from benchmarks.frameworks.on_huey import huey

        on.redis.rename(PARKED, huey.storage.queue_key)


class _Procrastinate(Contender):
    def command(self, setup: Setup) -> list[str]:
        app = ["--app", "benchmarks.frameworks.on_procrastinate.app"]
        return ["procrastinate", *app, "worker", "--queues", "plain", *setup.arguments]

    def prepare(self, on: Stage) -> None:
        from benchmarks.frameworks.on_procrastinate import app

        if not on.scalar("SELECT count(*) FROM pg_tables WHERE tablename = 'procrastinate_jobs'"):
            with app.open():
                app.schema_manager.apply_schema()

    def park(self, on: Stage, ids: Sequence[UUID]) -> None:
        from benchmarks.frameworks.on_procrastinate import app, send

        with app.open():
            send.configure(queue=PARKED).batch_defer(*({"message_id": str(id_)} for id_ in ids))

    def go(self, on: Stage) -> None:
        from benchmarks.frameworks.on_procrastinate import QUEUE

        # Its workers hear of new jobs by this channel; one word is enough to make them look.
        on.execute(
            f"UPDATE procrastinate_jobs SET queue_name = '{QUEUE}' WHERE queue_name = '{PARKED}'",
            f"""SELECT pg_notify('procrastinate_queue_v1#{QUEUE}', '{{"type": "job_inserted", "job_id": 0}}')""",
        )

    def forget(self, on: Stage) -> None:
        on.execute("TRUNCATE procrastinate_jobs CASCADE")


def _celery_pool(pool: str, concurrency: int) -> Setup:
    threads = concurrency if pool == "threads" else 1
    return Setup(f"{pool} {concurrency}", ["-P", pool, "-c", str(concurrency)], concurrency, threads)


def _dramatiq_pool(processes: int, threads: int) -> Setup:
    arguments = ["--processes", str(processes), "--threads", str(threads), "--queues", "plain"]
    return Setup(f"{processes} × {threads} threads", arguments, processes * threads, threads)


def _huey_pool(kind: str, workers: int) -> Setup:
    threads = workers if kind == "thread" else 1
    return Setup(f"{kind} {workers}", ["-k", kind, "-w", str(workers)], workers, threads)


def _procrastinate_pool(processes: int, concurrency: int) -> Setup:
    label = f"{processes} × concurrency {concurrency}"
    return Setup(label, ["--concurrency", str(concurrency)], processes * concurrency, concurrency, processes)


_CELERY_POOLS = [_celery_pool(*pool) for pool in (("prefork", 8), ("prefork", 16), ("prefork", 32), ("threads", 32))]

PLAIN: Contender = _Celery("plain Celery", [*_CELERY_POOLS, _celery_pool("threads", 16)])
CONTENDERS: tuple[Contender, ...] = (
    _CeleryKept("Celery, session kept", _CELERY_POOLS),
    _Dramatiq("dramatiq", [_dramatiq_pool(*pool) for pool in ((2, 8), (2, 16), (4, 8), (8, 4))]),
    _Huey("huey", [_huey_pool(*pool) for pool in (("process", 16), ("process", 32), ("thread", 16), ("thread", 32))]),
    _Procrastinate("procrastinate", [_procrastinate_pool(*pool) for pool in ((1, 16), (2, 8), (2, 16), (4, 8))]),
)
