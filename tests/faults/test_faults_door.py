"""The door for HTTP and its Postgres killed in the middle of POSTs: with an `Idempotency-Key`, asking again is safe."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from random import Random
from threading import Event

import httpx
import pytest
from sqlalchemy import text

from tests.faults.doors import serve, until_taken
from tests.support import PASSWORD, as_producer, eventually
from tests.web.test_web_messages import code
from worker import Notifier
from worker.api.operation import Operation
from worker.database import Database
from worker.devkit.postgres import Postgres
from worker.devkit.processes import Child
from worker.devkit.processes.folder import free_port
from worker.roles import Role
from worker.roles.logins import set_passwords
from worker.settings import environment

pytestmark = [pytest.mark.long, pytest.mark.journey]

LISTS = 2  # of ten thousand
HANDS, KILLS, BETWEEN = 8, 4, 25  # who ask side by side; how often it is killed; answers that are waited for before


@dataclass
class House:
    """Servers of this test's own, which it may kill."""

    postgres: Postgres
    door: Child
    client: httpx.Client
    environ: Mapping[str, str]

    def kill_the_door(self) -> None:
        self.door.kill()
        self.door.start()

    def kill_postgres(self) -> None:
        self.postgres.kill()
        self.postgres.start()


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    with Postgres(tmp_path / "postgres") as postgres, Operation.from_env({"DATABASE_URL": postgres.url}) as operation:
        operation.migrate()
        with Database(postgres.url) as database, database.begin() as session:
            set_passwords(session.connection(), {Role.PRODUCER: PASSWORD})
        with Notifier.from_env({"DATABASE_URL": as_producer(postgres.url)}) as notifier:
            token = notifier.tokens.add("shop", source="shop", may=["enqueue"]).token
        port, environ = free_port(), environment() | {"DATABASE_URL": as_producer(postgres.url)}
        client = httpx.Client(
            base_url=f"http://127.0.0.1:{port}", headers={"Authorization": f"Bearer {token}"}, timeout=30
        )
        with serve(environ, port) as door, client:
            yield House(postgres, door, client, environ)


@pytest.fixture
def clients(house: House) -> Iterator[list[httpx.Client]]:
    """Of two doors."""
    port = free_port()
    with (
        serve(house.environ, port),
        httpx.Client(base_url=f"http://127.0.0.1:{port}", headers=house.client.headers, timeout=30) as other,
    ):
        yield [house.client, other]


@pytest.mark.parametrize("deed", [House.kill_the_door, House.kill_postgres], ids=["the door", "Postgres"])
def test_killed_in_the_middle_of_posts_each_key_stands_for_one_message(
    house: House, deed: Callable[[House], None]
) -> None:
    over, taken = Event(), list[tuple[str, str]]()

    def hand(number: int) -> None:
        asked = 0
        while not over.is_set():
            key = f"{number}:{asked}"
            taken.append((key, until_taken(house.client, key, code())))
            asked += 1

    with ThreadPoolExecutor(HANDS) as hands:
        doing = [hands.submit(hand, number) for number in range(HANDS)]
        for _ in range(KILLS):
            so_far = len(taken)
            eventually(lambda so_far=so_far: len(taken) >= so_far + BETWEEN)  # type: ignore[misc]
            deed(house)
        over.set()
        for each in doing:
            each.result()
    assert stored(house) == sorted(taken)
    assert {key: until_taken(house.client, key, code()) for key, _ in taken[:20]} == dict(taken[:20])


def list_until_taken(client: httpx.Client, key: str, messages: Sequence[Mapping[str, object]]) -> list[str]:
    """The ids, in their order."""
    while True:
        with suppress(httpx.HTTPError):
            answer = client.post("/v1/messages", json=messages, headers={"Idempotency-Key": key})
            assert answer.status_code in (200, 503), answer.text
            if answer.status_code == 200:
                return [str(result["ticket"]["id"]) for result in answer.json()["results"]]


def stored(house: House) -> list[tuple[str, str]]:
    with Database(house.postgres.url) as database, database.begin() as session:
        found = session.execute(
            text("SELECT n.reference, n.id::text FROM notification AS n JOIN message ON notification_id = n.id")
        )
        return sorted((str(reference), str(id_)) for reference, id_ in found)


@pytest.mark.parametrize("deed", [House.kill_the_door, House.kill_postgres], ids=["the door", "Postgres"])
def test_killed_in_the_middle_of_lists_each_place_of_a_key_stands_for_one_message(
    house: House, deed: Callable[[House], None]
) -> None:
    messages, taken = [code(content=f"Ma: {place}") for place in range(10_000)], dict[str, list[str]]()
    chance, over = Random(1), Event()

    def hand() -> None:
        try:
            for key in (f"list-{number}" for number in range(LISTS)):
                taken[key] = list_until_taken(house.client, key, messages)
        finally:
            over.set()

    kills = 0
    with ThreadPoolExecutor(1) as hands:
        handing = hands.submit(hand)
        while not over.wait(chance.uniform(0.05, 1.0)):
            if kills < 3 * LISTS:
                deed(house)
                kills += 1
        handing.result()
    assert kills >= LISTS
    assert stored(house) == sorted(
        (f"{key}/{place}", id_) for key, ids in taken.items() for place, id_ in enumerate(ids)
    )


def test_two_doors_that_are_asked_at_once_by_one_key_take_one(house: House, clients: list[httpx.Client]) -> None:
    """With the same body both answer with its ticket, with another one of them says so."""

    def ask(number: int, door: int) -> httpx.Response:
        content = "Ma: 1" if number % 2 else f"Ma: {door}"
        return clients[door].post("/v1/messages", json=code(content=content), headers={"Idempotency-Key": str(number)})

    with ThreadPoolExecutor(2 * HANDS) as hands:
        asked = [[hands.submit(ask, number, door) for door in (0, 1)] for number in range(200)]
        answers = [sorted((each.result() for each in both), key=lambda each: each.status_code) for both in asked]
    assert {tuple(each.status_code for each in both) for both in answers[1::2]} == {(200, 201)}
    assert {tuple(each.status_code for each in both) for both in answers[0::2]} == {(201, 409)}
    made = {str(number): both[number % 2].json()["id"] for number, both in enumerate(answers)}
    assert all(both[0].json()["id"] == both[1].json()["id"] for both in answers[1::2])
    assert stored(house) == sorted(made.items())


def test_lists_that_share_references_in_other_orders_are_taken_once_by_two_doors_at_once(
    house: House, clients: list[httpx.Client]
) -> None:
    messages = [code(content=f"Ma: {place}", reference=str(place)) for place in range(10_000)]
    with ThreadPoolExecutor(2) as hands:
        asked = [
            hands.submit(list_until_taken, client, "none", some)
            for client, some in zip(clients, (messages, messages[::-1]), strict=True)
        ]
        first, other = (each.result() for each in asked)
    assert first == other[::-1]
    assert len(stored(house)) == len(messages)
