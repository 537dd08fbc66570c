"""The door for HTTP and its Postgres killed in the middle of POSTs: with an `Idempotency-Key`, asking again is safe."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
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

HANDS, KILLS, BETWEEN = 8, 4, 25  # who ask side by side; how often it is killed; answers that are waited for before


@dataclass
class House:
    """Servers of this test's own, which it may kill."""

    postgres: Postgres
    door: Child
    client: httpx.Client

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
            yield House(postgres, door, client)


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
    with Database(house.postgres.url) as database, database.begin() as session:
        stored = session.execute(
            text("SELECT n.reference, n.id::text FROM notification AS n JOIN message ON notification_id = n.id")
        )
        assert sorted(tuple(row) for row in stored) == sorted(taken)
    assert {key: until_taken(house.client, key, code()) for key, _ in taken[:20]} == dict(taken[:20])
