"""Rows of a harder day: hosts, replicas and supervisors, with time-outs as they are by default where calls are told."""

from __future__ import annotations

import time
from collections.abc import Iterator
from threading import Thread

import psycopg
from sqlalchemy import make_url

from tests.faults.ground import LONG, Ground, Layout
from tests.faults.hosts import Replica
from tests.faults.judge import Allowed
from tests.faults.killing import How
from tests.faults.link import Link, State
from tests.faults.processes import is_frozen
from tests.faults.refusing import Trouble, a_full_disk, a_replica, refusing
from tests.faults.scenarios import HUNDREDS, Deed, Scenario, every, only_sms
from tests.faults.stock import Stock
from tests.faults.weak_words import DOUBT, IN_DOUBT
from worker import SmsType
from worker.devkit.postgres import Postgres

HONEST = {
    "WORKER_CONNECT_TIMEOUT": "5",
    "WORKER_READ_TIMEOUT": "15",
    "WORKER_TOTAL_TIMEOUT": "30",
    "WORKER_LEASE": "70",
}
SHORT_LEASE = {"WORKER_READ_TIMEOUT": "4", "WORKER_TOTAL_TIMEOUT": "5", "WORKER_LEASE": "20"}
PAST_THE_LEASE = 24  # seconds
NOTHING_HELD = Allowed(held=False)
FORGETFUL = DOUBT | {"WORKER_REQUEST_ID_WINDOW": "0.1"}  # an SMS in doubt is never asked again, only looked for


def calls(stock: Stock) -> None:
    stock.hand_over(stock.calls(50), stock.sms(50))


def end_a_worker(ground: Ground) -> None:
    ground.crew.end(("a", "b")[ground.struck % 2])
    ground.crew.fix()


def refuses(trouble: Trouble) -> Deed:
    """A thousand come while it takes nothing and between, some by the broker: nobody who works may end over it."""

    def deed(ground: Ground, stock: Stock, _: Thread) -> None:
        before = [child.pid for child in ground.crew.all]
        for _number in range(3):
            stock.by_task(ground.broker, 35)
            stock.hundred()
            stock.hundred()
            with refusing(ground.valkey, trouble):
                stock.hundred()
                time.sleep(3)  # seconds that it takes nothing are the fault itself
            ground.struck += 1
        ground.expect([child.pid for child in ground.crew.all if child.alive] == before, "a process ended over it")

    return deed


def frozen_with_answers(ground: Ground, stock: Stock, _: Thread) -> None:
    """Their answers come while they stand still, and are read when others have called their calls doubtful."""
    for _number in range(4):
        with ground.struck_at("send: reply not read", How.FREEZE):
            stock.hand_over(stock.calls(250))
    ground.wait(lambda: ground.standing(stock)["held"] > 0, 60)
    ground.expect(ground.standing(stock)["held"] > 0, "nobody was in doubt about a call")
    for name in ground.crew.workers:
        ground.crew.wake(name)


def slower_than_its_lease(ground: Ground, stock: Stock, _: Thread) -> None:
    """What it has claimed is rescued from it; then it is woken, and says that it has sent nothing of that."""
    for _number in range(4):
        with ground.struck_at("claim after commit", How.FREEZE, more=lambda: only_sms(stock)):
            stock.hand_over(stock.sms(225), stock.advertising())
    rescued = ground.wait(lambda: ground.standing(stock)["unconfirmed"] > 0, 60)
    ground.expect(rescued, "nothing was rescued")
    for name in ground.crew.workers:
        ground.crew.wake(name)


def frozen_in_a_transaction(ground: Ground, stock: Stock, _: Thread) -> None:
    """It keeps its rows locked, past their lease, until Postgres ends its session; then it is woken."""
    for point in ("claim before commit", "record before commit"):
        ground.strike(point, How.FREEZE, stock, hundreds=HUNDREDS // 2)
    ground.settles(stock)
    for name in ground.crew.workers:
        ground.crew.wake(name)


def asleep(ground: Ground, stock: Stock, _: Thread) -> None:
    """The machine, with all that was on the wire; eSMS, elsewhere, goes on and has answered."""
    for _number in range(2):
        stock.hand_over(stock.calls(100), stock.sms(400, SmsType.NOTIFY), stock.sms(100))
        ground.wait(lambda: ground.standing(stock)["sending"] > 20, LONG)
        with ground.crew.suspended(ground.postgres.pid, ground.valkey.pid):
            time.sleep(PAST_THE_LEASE)  # seconds that it sleeps are the fault itself
        ground.struck += 1
        ground.settles(stock)


def cut_from_postgres(ground: Ground, stock: Stock, feeding: Thread) -> None:
    """Amid a transaction: it has claimed rows and can't commit, and Postgres does not hear that it is gone."""
    host = ground.host
    assert host is not None
    host.orders.give("claim before commit", How.FREEZE)
    ground.wait(lambda: bool(host.orders.landed()), LONG)
    pid = host.orders.landed()[-1].pid
    ground.wait(lambda: is_frozen(pid), LONG)
    host.cut_from_postgres()
    ground.crew.wake("b")
    ground.struck += 1
    feeding.join()


def all_was_settled_meanwhile(ground: Ground, _: Stock) -> Iterator[str]:
    assert ground.host is not None
    ground.host.fix()
    yield from ()


def promote_a_replica(ground: Ground, stock: Stock, _: Thread) -> None:
    """What Postgres said to be on disk in the last two seconds is not: claims and results among it."""
    server = make_url(ground.postgres.url)
    wire = ground.kept.enter_context(Link((str(server.host), int(server.port or 0))))
    replica = ground.kept.enter_context(Replica(ground.folder / "replica", ground.postgres, wire))
    stock.hand_over(stock.sms(1000, SmsType.NOTIFY))
    ground.wait(lambda: has_all(replica, ground.postgres), LONG)
    ground.wait(lambda: ground.standing(stock)["accepted"] > 100, LONG)
    sent = len(ground.simulator.ledger().sms)
    wire.set(State.SILENT)
    ground.wait(lambda: len(ground.simulator.ledger().sms) > sent + 200, LONG)
    ground.postgres.kill()
    replica.promote()
    ground.ledger.lead_to(("127.0.0.1", replica.port))
    ground.struck += 1


def has_all(replica: Postgres, of: Postgres) -> bool:
    """Whatever the server had a moment ago."""
    wanted = _one(of, "SELECT pg_current_wal_lsn()::text")
    return bool(_one(replica, f"SELECT pg_last_wal_replay_lsn() >= '{wanted}'::pg_lsn"))


def _one(server: Postgres, query: str) -> object:
    with psycopg.connect(server.url.replace("+psycopg", "")) as connection:
        row = connection.execute(query.encode()).fetchone()
        return row and row[0]


def outages() -> Iterator[Scenario]:
    """All of them, in the order of the table."""
    yield Scenario(
        "Redis restarted, calls",
        "stopped for 2 s, three times; time-outs as by default, eSMS answers 40 at once in 0.3 s",
        HUNDREDS,
        every(4, 3, lambda it: it.restart_redis(2)),
        feed=calls,
        knobs={"at_once": 40, "latency": 0.3},
        layout=Layout(HONEST),
        allowed=NOTHING_HELD,
    )
    for name, how, trouble in (
        ("a replica", "REPLICAOF", a_replica),
        ("a full disk", "its snapshots fail (MISCONF)", a_full_disk),
    ):
        yield Scenario(f"Redis takes nothing: {name}", f"{how} for 3 s, three times", 0, refuses(trouble))
    yield Scenario(
        "told to end, with calls on the wire",
        "SIGTERM for one of two workers and each of its processes, every 3 s",
        HUNDREDS,
        every(3, 6, end_a_worker),
        feed=calls,
        knobs={"latency": 1},
        layout=Layout(HONEST),
        allowed=NOTHING_HELD,
    )
    yield Scenario(
        "answers that come late",
        "SIGSTOP for four that have calls on the wire, until those are held; then woken",
        0,
        frozen_with_answers,
        allowed=NOTHING_HELD,
    )
    yield Scenario(
        "slower than its lease",
        "SIGSTOP for four that have claimed, until that is rescued; then woken; nothing is asked again, and no list",
        0,
        slower_than_its_lease,
        knobs={"sent_data_list": "missing"},
        layout=Layout(FORGETFUL),
        allowed=IN_DOUBT,
    )
    yield Scenario(
        "frozen in a transaction",
        "SIGSTOP, until Postgres has ended the session; then woken",
        0,
        frozen_in_a_transaction,
    )
    yield Scenario(
        "the whole machine asleep",
        "SIGSTOP for all workers, beat, Postgres and Valkey, with sends and calls on the wire, past their lease; twice",
        0,
        asleep,
        knobs={"latency": 0.5},
        layout=Layout(SHORT_LEASE),
        allowed=NOTHING_HELD,
    )
    yield Scenario(
        "a host cut from Postgres",
        "one of two hosts, amid a claim: nothing arrives, nobody is told; repaired when all is settled",
        HUNDREDS,
        cut_from_postgres,
        layout=Layout(abroad=True),
        proof=all_was_settled_meanwhile,
    )
    yield Scenario(
        "an asynchronous replica promoted",
        "it lacks the last 200 sends; SMS alone, since nothing protects calls",
        0,
        promote_a_replica,
        layout=Layout({"WORKER_RATE": "150"}, linked=True),
    )
