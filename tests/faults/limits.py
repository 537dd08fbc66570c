"""Rows of what may not go out too often or too early: killed around the claims that count it."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from threading import Thread
from zoneinfo import ZoneInfo

from sqlalchemy import text

from tests.faults.ground import LONG, Ground
from tests.faults.scenarios import Scenario, around, dies
from tests.faults.stock import Stock
from tests.law import VIETNAM, decree
from worker import SmsType, ledger
from worker.ledger.law_rules import EVERY
from worker.lifecycle import Lane, Purpose
from worker.source_limits import Limit

HANOI = ZoneInfo("Asia/Ho_Chi_Minh")
DAY = timedelta(days=1)
BUDGET, CAP = 600, 3  # messages a day of a source, and of advertising to a number
PEOPLE, TEXTS = 250, 4  # of advertising: so many numbers, so many texts to each


def budget(ground: Ground, stock: Stock, _: Thread) -> None:
    """Spent once each, whoever dies with it: what waits for tomorrow is what is over, no more and no less."""
    limit(ground, Limit(source=stock.campaign, messages_a_day=BUDGET))
    for point in around("claim"):
        with ground.struck_at(point):
            stock.hand_over(stock.sms(400, SmsType.NOTIFY), stock.calls(100))
    over = len(stock.phones) - BUDGET
    ground.wait(lambda: dict(_under_way(ground, stock)) == {"queued": over}, LONG)
    ground.expect(
        dict(_under_way(ground, stock)) == {"queued": over}, f"of {BUDGET} a day {_spent(ground, stock)} went"
    )
    books = ground.simulator.ledger()
    went = sum(books.sms.values()) + sum(books.calls.values())
    ground.expect(went <= BUDGET, f"{went} went out, {BUDGET} a day may")
    limit(ground, Limit(source=stock.campaign))


def limit(ground: Ground, wanted: Limit) -> None:
    with ground.database.begin() as session:
        ledger.set_limit(session, wanted, HANOI.key)


def _under_way(ground: Ground, stock: Stock) -> Counter[str]:
    standing = ground.standing(stock)
    return Counter({status: standing[status] for status in ("queued", "sending", "unconfirmed") if standing[status]})


def _spent(ground: Ground, stock: Stock) -> int:
    return len(stock.phones) - _under_way(ground, stock)["queued"]


def cap(ground: Ground, stock: Stock, _: Thread) -> None:
    """Several campaigns at once to the same people."""
    decree(ground.database, VIETNAM["vn.ads.sms.count"])
    time.sleep(EVERY + 1)  # so long workers go by the rules that they read before
    for point in around("counted"):
        with ground.struck_at(point):
            stock.advertise(PEOPLE, TEXTS)
    over = len(stock.phones) - len(set(stock.phones)) * CAP
    ground.wait(lambda: dict(_under_way(ground, stock)) == {"queued": over}, 30)
    got = Counter(phone for phone, _ in ground.simulator.ledger().sms)
    ground.expect(max(got.values()) <= CAP, f"somebody got {max(got.values())} in a day, {CAP} are allowed")
    _no_rules(ground)


def hours(ground: Ground, stock: Stock, _: Thread) -> None:
    """They open in a minute: until then nothing goes out, and then each once."""
    with ground.database.begin() as session:
        ledger.pause(session, Lane.NORMAL, "test", code=None, first=DAY, most=DAY)
    stock.hand_over(stock.sms(1000, SmsType.NOTIFY))
    opens = (datetime.now(HANOI) + timedelta(seconds=40)).replace(second=0, microsecond=0) + timedelta(minutes=1)
    shuts = opens + timedelta(hours=12)
    parameters = {"from": f"{opens:%H:%M}", "to": f"{shuts:%H:%M}"}
    decree(ground.database, replace(VIETNAM["vn.ads.sms.hours"], purposes=(Purpose.SERVICE,), parameters=parameters))
    time.sleep(EVERY + 1)
    with ground.database.begin() as session:
        ledger.lift(session, [Lane.NORMAL], by="test")
    ground.wait(lambda: _waits(ground) == 1000, 30)
    ground.expect(_waits(ground) == 1000, f"{_waits(ground)} of 1000 wait for their hours")
    ground.wait(lambda: datetime.now(HANOI) > opens - timedelta(seconds=5), LONG)
    for point in around("claim"):
        with ground.struck_at(point):
            pass
    ground.settles(stock)
    early = [send for send in ground.simulator.sends() if datetime.fromisoformat(send["at"]) < opens]
    ground.expect(not early, f"{len(early)} went out before their hours")
    _no_rules(ground)


def _waits(ground: Ground) -> int:
    with ground.database.begin() as session:
        waiting = "SELECT count(*) FROM message WHERE status = 'queued' AND reason LIKE 'not before %'"
        return int(session.execute(text(waiting)).scalar_one())


def _no_rules(ground: Ground) -> None:
    with ground.database.begin() as session:
        session.execute(text("DELETE FROM law_rule"))
        session.execute(text("DELETE FROM advertised"))
    time.sleep(EVERY + 1)
    with ground.database.begin() as session:
        session.execute(text("UPDATE message SET due_at = now() WHERE status = 'queued'"))
        ledger.find_missed_streams(session)


def limits() -> Iterator[Scenario]:
    """All of them, in the order of the table."""
    who = "SIGKILL for the process of the pool that passes: "
    yield dies("a source's budget", who, ("claim",), budget)
    yield dies("a cap on advertising", who, ("counted",), cap)
    yield dies("hours that open", who, ("claim",), hours)
