"""The short form: one crew, killed or frozen at each point in turn; nothing is lost and nothing doubles.

The long form, with thousands of messages and every other fault: `make faults`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import count
from pathlib import Path

import pytest
from celery import Celery
from redis import Redis
from sqlalchemy import text

from tests import canary
from tests.faults.decisions import FOLLOWED, put_failed
from tests.faults.judge import judged, unsettled
from tests.faults.killing import How, Landed
from tests.faults.link import Link
from tests.faults.points import POINTS, Point, Stage, calls, point_named
from tests.faults.processes import Crew, environ_of, is_frozen, is_gone
from tests.faults.stock import Stock
from tests.support import PATIENCE, eventually
from worker import Failed, Notifier
from worker.database import SERVER_LIMITS, Database
from worker.devkit.simulator import Running

# One crew for all of them, and the machine for it alone.
pytestmark = [pytest.mark.long, pytest.mark.journey, pytest.mark.xdist_group("faults")]

NewStock = Callable[[], Stock]
HELD_MOST = float(SERVER_LIMITS["idle_in_transaction_session_timeout"].removesuffix("s"))  # seconds


@pytest.fixture(scope="module")
def database(crews_database_url: str) -> Iterator[Database]:
    with Database(crews_database_url) as database:
        yield database


@pytest.fixture(scope="module")
def link(_one_simulator: Running) -> Iterator[Link]:
    with Link(_one_simulator.address) as link:
        yield link


@pytest.fixture(scope="module")
def environ(
    crews_database_url: str,
    redis_url: str,
    link: Link,
    tmp_path_factory: pytest.TempPathFactory,
    _one_simulator: Running,
) -> dict[str, str]:
    """Of the crew; neither broker nor eSMS remembers anything."""
    _one_simulator.reset()
    with Redis.from_url(redis_url) as redis:
        redis.flushdb()
    return environ_of(crews_database_url, redis_url, link, tmp_path_factory.mktemp("faults"))


@pytest.fixture(scope="module")
def crew(environ: dict[str, str], database: Database, link: Link) -> Iterator[Crew]:
    """Neither what it says nor what it writes may hold a key."""
    said: list[str] = []
    folder = Path(environ["FAULT_FOLDER"])
    with Crew(environ, folder, link, workers={"work": 6}, beats=1, said=said.append) as crew:
        yield crew
    assert not canary.sings("\n".join(said))
    with database.begin() as session:
        assert canary.rows_that_hold_a_key(session) == []


@pytest.fixture(scope="module")
def new_stock(environ: dict[str, str]) -> Iterator[NewStock]:
    """Numbers of its own for each: what one left behind does not disturb the next."""
    numbers = count(1)
    with Notifier.from_env(environ) as notifier:

        def new() -> Stock:
            number = next(numbers)
            return Stock(notifier, f"stock {number}", first=number * 1000)

        yield new


@pytest.fixture
def simulator(_one_simulator: Running) -> Running:
    _one_simulator.set(latency=0, pace=0, magic_numbers=False, plots={}, rates={})
    return _one_simulator


@pytest.fixture
def stage(database: Database, simulator: Running, environ: dict[str, str]) -> Iterator[Stage]:
    with Celery("an-app", broker=environ["REDIS_URL"], set_as_current=False) as app:
        yield Stage(database, simulator, app)


@pytest.fixture(autouse=True)
def _whole_crew(crew: Crew) -> Iterator[None]:
    crew.fix()
    yield
    crew.stand_down()


def struck(crew: Crew, stage: Stage, stock: Stock, point: Point, how: How) -> Landed:
    """Have it happen, and be sure that it did."""
    before = len(crew.orders.landed())
    crew.strike_at(point.name, how)
    point.setup(stage, stock)
    eventually(lambda: len(crew.orders.landed()) > before)
    landed = crew.orders.landed()[-1]
    assert landed.point == point.name
    eventually(lambda: is_frozen(landed.pid) if how is How.FREEZE else is_gone(landed.pid))
    return landed


def turn_leases(database: Database, *, around_the_frozen: bool = False) -> None:
    """As if they had run out by now; what a transaction that stands still holds is left alone."""
    skip = "SKIP LOCKED" if around_the_frozen else ""
    for turn, status in (("lease_until = now()", "sending"), ("poll_at = now()", "accepted")):
        mine = f"SELECT id FROM message WHERE status = '{status}' ORDER BY id FOR UPDATE {skip}"
        with database.begin() as session:
            session.execute(text(f"UPDATE message SET {turn} WHERE id IN ({mine})"))


def all_settle(stage: Stage, stock: Stock, point: Point) -> None:
    """A call that a living process is about was held by the turned lease, until its answer comes, late."""

    def is_over() -> bool:
        return unsettled(stage.database, stock) == 0 and (point.holds or "held" not in ends(stage, stock))

    eventually(is_over, tell=lambda: str(ends(stage, stock)))


def assert_clean(stage: Stage, stock: Stock, point: Point) -> None:
    verdict = judged(stage.database, stage.simulator, stock)
    assert verdict.clean, f"{point.name}: {verdict}"
    assert point.holds or verdict.held == 0


@pytest.mark.parametrize("point", POINTS, ids=lambda point: point.name)
def test_a_process_killed_there_loses_nothing_and_doubles_nothing(
    crew: Crew, stage: Stage, new_stock: NewStock, point: Point
) -> None:
    stock = new_stock()
    struck(crew, stage, stock, point, How.CHILD)
    turn_leases(stage.database)
    crew.fix()
    all_settle(stage, stock, point)
    assert_clean(stage, stock, point)


@pytest.mark.parametrize("name", ["send: request written", "send: reply not read"])
def test_a_process_killed_while_it_dials_dials_no_call_twice(
    crew: Crew, stage: Stage, new_stock: NewStock, name: str
) -> None:
    stock, point = new_stock(), Point(name, calls, holds=True)
    struck(crew, stage, stock, point, How.CHILD)
    turn_leases(stage.database)
    crew.fix()
    all_settle(stage, stock, point)
    assert_clean(stage, stock, point)


@pytest.mark.parametrize("name", ["send: reply not read", "record before commit"])
def test_a_worker_killed_there_with_all_its_processes_loses_nothing_and_doubles_nothing(
    crew: Crew, stage: Stage, new_stock: NewStock, name: str
) -> None:
    stock, point = new_stock(), point_named(name)
    struck(crew, stage, stock, point, How.GROUP)
    eventually(lambda: crew.processes() == [])
    turn_leases(stage.database)
    crew.fix()
    all_settle(stage, stock, point)
    assert_clean(stage, stock, point)


@pytest.mark.timeout(600)
def test_a_process_that_stood_still_past_its_lease_doubles_nothing_when_it_wakes(
    crew: Crew, stage: Stage, new_stock: NewStock
) -> None:
    """At each point another child stands still, the rest goes on without it, and in the end all of them wake."""
    stocks = {}
    for name in ("claim after commit", "intend after commit", "send: request written", "send: reply read"):
        point, stock = point_named(name), new_stock()
        landed = struck(crew, stage, stock, point, How.FREEZE)
        turn_leases(stage.database, around_the_frozen=True)
        # Frozen amid its record it holds these rows, until Postgres ends what is idle in a transaction for so long.
        within = PATIENCE + HELD_MOST
        eventually(lambda stock=stock: unsettled(stage.database, stock) == 0, within=within)  # type: ignore[misc]
        assert is_frozen(landed.pid)
        stocks[point] = stock
    crew.stop()  # wakes them; each finishes what it was about
    crew.fix()  # what the late answers of calls took out of *held* is still to be asked about
    for point, stock in stocks.items():
        eventually(lambda stock=stock: unsettled(stage.database, stock) == 0)  # type: ignore[misc]
        assert_clean(stage, stock, point)


# What is sent again, and what follows by itself...


@pytest.mark.parametrize("point", ["decided before commit", "moved_on before commit", "moved_on after commit"])
def test_who_dies_amid_a_rerun_leaves_nobody_out_and_sends_to_nobody_twice(
    crew: Crew, stage: Stage, new_stock: NewStock, point: str
) -> None:
    stock = new_stock()

    def setup(stage: Stage, stock: Stock) -> None:
        put_failed(stage.database, stock, 130)
        assert stock.notifier.again.retry(Failed(campaign=stock.campaign)).rest == 30

    struck(crew, stage, stock, Point(point, setup), How.CHILD)
    turn_leases(stage.database)
    crew.fix()
    eventually(lambda: ends(stage, stock) == {"delivered": 130})
    assert_clean(stage, stock, Point(point, setup))


def ends(stage: Stage, stock: Stock, lane: str = "") -> dict[str, int]:
    """How many of them stand where, of this lane or all."""
    query = """
        SELECT status, count(*) AS messages FROM message AS m JOIN notification AS n ON n.id = m.notification_id
        WHERE n.campaign = :campaign AND :lane IN (lane, '') GROUP BY 1
    """
    with stage.database.begin() as session:
        found = session.execute(text(query), {"campaign": stock.campaign, "lane": lane})
        return {row.status: row.messages for row in found}


@pytest.mark.parametrize("point", ["fall_back before commit", "fall_back after commit"])
def test_who_dies_while_another_channel_takes_over_calls_each_once(
    crew: Crew, stage: Stage, new_stock: NewStock, point: str
) -> None:
    stock, phones = new_stock(), list[str]()

    def setup(stage: Stage, stock: Stock) -> None:
        phones.extend(put_failed(stage.database, stock, 20, **FOLLOWED))

    more = crew.more_beats(2)  # beat tripled
    struck(crew, stage, stock, Point(point, setup), How.CHILD)
    turn_leases(stage.database)
    crew.fix()
    eventually(lambda: ends(stage, stock, "voice") == {"delivered": 20})
    for beat in more:
        beat.stop()
    books = stage.simulator.ledger()
    assert {phone: books.calls.get(phone, 0) for phone in phones} == dict.fromkeys(phones, 1)
    assert not any(phone in phones for phone, _ in books.sms)


def test_a_success_that_comes_while_a_process_holds_the_claimed_fallback_stops_the_call(
    crew: Crew, stage: Stage, new_stock: NewStock
) -> None:
    stock, phones = new_stock(), list[str]()

    def setup(stage: Stage, stock: Stock) -> None:
        phones.extend(put_failed(stage.database, stock, 1, **FOLLOWED))

    struck(crew, stage, stock, Point("claim after commit", setup), How.FREEZE)
    first = "status = 'delivered', settled_at = now(), accepted_at = now()"
    with stage.database.begin() as session:
        session.execute(
            text(
                f"UPDATE message SET {first} WHERE lane <> 'voice' AND notification_id IN "
                "(SELECT id FROM notification WHERE campaign = :campaign)"
            ),
            {"campaign": stock.campaign},
        )
    crew.wake("work")
    eventually(lambda: ends(stage, stock, "voice") == {"cancelled": 1})
    assert phones[0] not in stage.simulator.ledger().calls
