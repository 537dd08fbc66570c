"""With the rights that `up` gives: an application is known by its queue, and workers answer nobody by the broker."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from celery import Celery
from redis import Redis
from sqlalchemy import text

from tests.roles.conftest import producers
from tests.support import Bench, eventually
from worker.api.operation import Operation
from worker.api.producers import Producers
from worker.cli import run
from worker.cli.up import Installation
from worker.devkit.valkey import Valkey

__all__ = ["producers"]  # a fixture

pytestmark = pytest.mark.journey


@pytest.fixture
def valkey(tmp_path: Path) -> Iterator[Valkey]:
    with Valkey(tmp_path / "valkey", sources=("shop",)) as valkey:
        yield valkey


@pytest.fixture
def environ(environ: dict[str, str], valkey: Valkey) -> dict[str, str]:
    return environ | {"REDIS_URL": valkey.worker_url, "WORKER_SOURCES": "shop"}


def sources(bench: Bench) -> dict[str, str]:
    with bench.database.begin() as session:
        rows = session.execute(text("SELECT reference, source FROM notification")).all()
    return {row.reference: row.source for row in rows}


def push(broker: str, queue: str, kwargs: dict[str, Any]) -> None:
    with Celery("application", broker=broker, set_as_current=False) as app:
        app.send_task("worker.enqueue_sms", kwargs=kwargs, queue=queue)


@pytest.mark.long
def test_an_application_is_known_by_its_queue_and_reads_nothing_of_anybody(
    crew: Installation,
    bench: Bench,
    valkey: Valkey,
    producers: Producers,
    worker_number: int,
    environ: dict[str, str],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    fields: dict[str, Any] = {"to": "0901000100", "content": "Ma: 7", "sms_type": 7}
    for reference, besides in {"mine": {}, "hers": {"source": "hr"}}.items():
        push(valkey.source_url("shop"), "enqueue.shop", fields | besides | {"reference": reference})
    eventually(lambda: sources(bench) == {"mine": "shop"})
    producers.add(f"clinic_{worker_number}", ["clinic"])  # no worker is started anew for it
    valkey.let_in("clinic")
    push(valkey.source_url("clinic"), "enqueue.clinic", fields | {"reference": "later"})
    eventually(lambda: sources(bench) == {"mine": "shop", "later": "clinic"})
    operation = Operation(bench.settings, database=bench.database)
    eventually(lambda: [row.reason for row in operation.refused()] == ["names a source that is not its queue's"])
    eventually(lambda: bench.simulator.ledger().sms == {("0901000100", "Ma: 7"): 2})
    with Redis.from_url(valkey.url) as admin:
        assert admin.pubsub_channels() == []  # neither remote control nor events
        assert admin.pubsub_numpat() == 0
    for name in environ:
        monkeypatch.setenv(name, environ[name])
    heard = {"enqueue", "enqueue.shop", "deliver", "urgent", "poll", "housekeeping", "webhooks"}
    eventually(lambda: operation.listeners().keys() >= heard)
    run(["doctor", "--json"])
    found = {each["check"]: each for each in json.loads(capsys.readouterr().out)}
    assert found["workers"]["ok"], found["workers"]
    assert found["Redis"]["ok"], found["Redis"]
