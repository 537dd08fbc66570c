"""Rows of the doors: SQL, HTTP, webhooks and eSMS's callbacks, where whoever takes in or tells dies at its commits."""

from __future__ import annotations

import json
import sys
from collections import defaultdict
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from functools import partial
from socket import socket
from threading import Event, Thread

import httpx
from sqlalchemy import text

from tests.faults.ground import LONG, Ground, Layout
from tests.faults.killing import How
from tests.faults.scenarios import Scenario, around, dies, killed
from tests.faults.stock import Stock
from tests.support import as_producer
from tests.webhooks.endpoint import Endpoint, listening
from worker import Notifier
from worker.devkit.processes import Child
from worker.devkit.processes.folder import free_port
from worker.settings.reader import CALLBACKS

HANDS = 8  # who ask side by side
SECRET = "0123456789abcdefghijklmn"


def listens(port: int) -> bool:
    """Is anybody there?"""
    with socket() as asking:
        return asking.connect_ex(("127.0.0.1", port)) == 0


def serve(environ: Mapping[str, str], port: int, *, module: str = "worker.cli") -> Child:
    """A door, to be started; it can be killed and started again."""
    command = [sys.executable, "-u", "-m", module, "serve", "--port", str(port)]
    return Child("door", command, env=environ, on_line=lambda _: None, ready=lambda _: listens(port), ready_within=60)


@contextmanager
def supervised(ground: Ground, port: int) -> Iterator[None]:
    """A door that dies where it is ordered to, and is started again."""
    environ = {**ground.environ, "DATABASE_URL": as_producer(ground.postgres.url)}
    over = Event()

    def supervise(door: Child) -> None:
        while not over.wait(0.1):
            if not door.alive:
                door.start()

    with serve(environ, port, module="tests.faults.killable") as door:
        supervisor = Thread(target=supervise, args=(door,))
        supervisor.start()
        try:
            yield
        finally:
            over.set()
            supervisor.join()


def until_taken(client: httpx.Client, key: str, body: Mapping[str, object]) -> str:
    """As an application does: the same again, until there is an answer that says that it is on disk; the id."""
    while True:
        with suppress(httpx.HTTPError):
            answer = client.post("/v1/messages", json=body, headers={"Idempotency-Key": key})
            assert answer.status_code in (200, 201, 503), answer.text
            if answer.status_code < 300:
                return str(answer.json()["id"])


def posted(ground: Ground, stock: Stock, _: Thread) -> None:
    port = free_port()
    with Notifier.from_env(ground.administration) as notifier:
        token = notifier.tokens.add(stock.campaign, source=stock.campaign, may=["enqueue"]).token
    client = httpx.Client(base_url=f"http://127.0.0.1:{port}", headers={"Authorization": f"Bearer {token}"}, timeout=30)
    with supervised(ground, port), client, ThreadPoolExecutor(HANDS) as hands:
        for point in around("put") * 2:
            bodies = stock.bodies(250)
            with ground.struck_at(point):
                list(hands.map(lambda body: until_taken(client, str(body["content"]), body), bodies))


def called_back(port: int, ground: Ground, stock: Stock, _: Thread) -> None:
    with supervised(ground, port):
        for point in around("ask_now") * 2:
            ground.strike(point, How.CHILD, stock, hundreds=3)
        ground.settles(stock)


def by_sql(ground: Ground, stock: Stock) -> None:
    stock.by_sql(ground.database, 250)


EVENTS = ["message.accepted", "message.delivered"]


def told(ground: Ground, stock: Stock, _: Thread) -> None:
    with listening() as endpoint:
        with Notifier.from_env(ground.administration) as notifier:
            notifier.webhooks.add(endpoint.url, source=None, events=EVENTS)
        for point in (*around("claim_calls"), *around("called")):
            ground.strike(point, How.CHILD, stock, hundreds=3)
        ground.settles(stock)
        ground.wait(lambda: _all_told(ground, endpoint), LONG)
        _judge_events(ground, endpoint)
        with ground.database.begin() as session:
            session.execute(text("DELETE FROM webhook"))


def _all_told(ground: Ground, endpoint: Endpoint) -> bool:
    """The leases of those who died are turned: they are longer than a row."""
    with ground.database.begin() as session:
        session.execute(text("UPDATE webhook_call SET due_at = now() WHERE due_at > now() + interval '3 seconds'"))
        waiting = session.scalar(text("SELECT count(*) FROM webhook_call"))
    return not waiting and not _lost(ground, _heard(endpoint))


def _heard(endpoint: Endpoint) -> Mapping[str, list[str]]:
    """What was told of each message, in the order in which it came."""
    heard: dict[str, list[str]] = defaultdict(list)
    for _, body in list(endpoint.calls):
        event = json.loads(body)
        heard[event["data"]["message_id"]].append(event["type"])
    return heard


def _lost(ground: Ground, heard: Mapping[str, list[str]]) -> list[str]:
    with ground.database.begin() as session:
        delivered = session.scalars(text("SELECT CAST(id AS text) FROM message WHERE status = 'delivered'")).all()
    return [id_ for id_ in delivered if {*heard.get(id_, ())} != {*EVENTS}]


def _judge_events(ground: Ground, endpoint: Endpoint) -> None:
    """At least once each, and of each message the first telling in order."""
    heard = _heard(endpoint)
    lost, turned = _lost(ground, heard), [id_ for id_, kinds in heard.items() if kinds[0] != EVENTS[0]]
    ground.expect(not lost, f"events of {len(lost)} messages were never told")
    ground.expect(not turned, f"of {len(turned)} messages the end was told before the beginning")


def doors() -> Iterator[Scenario]:
    """All of them, in the order of the table."""
    yield killed("SQL inbox", *around("taken_in"), besides=by_sql)
    how = "SIGKILL for the door that passes, which is started again; whoever got no answer asks again by the same key: "
    yield dies("POST with an Idempotency-Key", how, ("put",), posted)
    called = Layout({"WORKER_WEBHOOKS_PRIVATE": "1"})
    yield dies("webhooks", "SIGKILL for whoever calls and passes: ", ("claim_calls", "called"), told, layout=called)
    port = free_port()
    url = f"http://127.0.0.1:{port}{CALLBACKS}{SECRET}"
    patient = Layout({"WORKER_CALLBACK_URL": url, "WORKER_POLL_FIRST_AFTER": "15"})
    how = "SIGKILL for the door that eSMS calls, and that passes: "
    yield dies("callbacks", how, ("ask_now",), partial(called_back, port), layout=patient)
