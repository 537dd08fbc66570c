"""What an application hands over through the broker is nobody's to read but the worker's, and is gone once stored."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from celery import Celery
from redis import Redis
from sqlalchemy import text

from tests.journeys.conftest import crew_at_work
from tests.support import Bench, eventually
from tests.traces import holds, redis_keys_that_hold
from worker.devkit.processes import Child
from worker.devkit.valkey import Valkey

pytestmark = [pytest.mark.long, pytest.mark.journey]

WORKER = ["-m", "celery", "-A", "worker.tasks", "--quiet", "worker", "-E", "-Q", "enqueue", "-c", "1"]
NUMBER, TEXT = "0912345678", "mat thu cua chi Lan"
WORDS = (NUMBER, NUMBER[1:], TEXT)


@contextmanager
def intake_held_up(bench: Bench) -> Iterator[None]:
    """Nothing can be stored meanwhile: a task stays in its worker's hands."""
    with bench.database.begin() as session:
        session.execute(text("LOCK TABLE notification IN EXCLUSIVE MODE"))
        yield


def test_inspect_events_and_logs_show_no_number_and_redis_keeps_none(
    environ: dict[str, str], bench: Bench, redis_url: str
) -> None:
    said: list[str] = []
    ready = lambda _: any("process.ready" in line for line in said)  # noqa: E731
    environ = environ | {"WORKER_REMOTE_CONTROL": "1"}
    with Celery("another-app", broker=redis_url, set_as_current=False) as other, Redis.from_url(redis_url) as redis:
        fields = {"to": NUMBER, "content": TEXT, "sms_type": 7}
        other.send_task("worker.enqueue_sms", kwargs=fields, queue="enqueue")
        assert redis_keys_that_hold(redis_url, WORDS) == [b"enqueue"]
        listening = redis.pubsub()
        listening.psubscribe("*")
        with (
            Child("intake", [sys.executable, *WORKER], env=environ, on_line=said.append, ready=ready, ready_within=60),
            intake_held_up(bench),
        ):
            told = eventually_told(other)
            heard = [bytes(each["data"]) for each in iter(lambda: listening.get_message(timeout=0), None) if each]
        assert "worker.enqueue_sms" in told
        assert any(holds(each, ("task-received",)) for each in heard)
        assert not any(holds(each, WORDS) for each in [told.encode(), *map(str.encode, said), *heard])
        eventually(lambda: redis_keys_that_hold(redis_url, WORDS) == [])
    with bench.database.begin() as session:
        assert session.scalar(text("SELECT count(*) FROM message")) == 1


def eventually_told(app: Celery) -> str:
    """What a worker says of the tasks in its hands, once it has one."""
    answers: list[str] = []

    def asked() -> bool:
        inspect = app.control.inspect(timeout=1)
        answers.append(json.dumps([inspect.active(), inspect.reserved(), inspect.scheduled()], default=str))
        return "worker.enqueue_sms" in answers[-1]

    eventually(asked)
    return answers[-1]


def test_what_was_sent_stands_in_no_key_and_no_file_of_redis_once_bells_have_had_them_written_anew(
    environ: dict[str, str], bench: Bench, tmp_path: Path, said: list[str]
) -> None:
    with Valkey(tmp_path / "valkey") as valkey, Redis.from_url(valkey.url) as admin:  # as `up` starts it
        admin.config_set("rdbcompression", "no")  # what is compressed could not be searched
        with Celery("another-app", broker=valkey.producer_url, set_as_current=False) as other:
            for code in range(20):
                fields = {"to": NUMBER, "content": f"{TEXT} {code}", "sms_type": 7}
                other.send_task("worker.enqueue_sms", kwargs=fields, queue="enqueue")
        eventually(lambda: bool(files_that_hold(valkey.data)))
        with crew_at_work(environ | {"REDIS_URL": valkey.worker_url, "WORKER_TICK": "0.1"}, said):
            eventually(lambda: len(bench.simulator.ledger().sms) == 20)
            eventually(lambda: redis_keys_that_hold(valkey.url, WORDS) == [])
            eventually(lambda: files_that_hold(valkey.data) == [], within=120)
    assert files_that_hold(valkey.data) == []


def files_that_hold(folder: Path) -> list[str]:
    """A file may go while it is looked for: it is written anew then."""
    try:
        return [file.name for file in folder.rglob("*") if file.is_file() and holds(file.read_bytes(), WORDS)]
    except FileNotFoundError:
        return files_that_hold(folder)
