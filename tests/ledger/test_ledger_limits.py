"""What a source may hand to eSMS at most: several workers together keep to it, and what is over waits."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal
from threading import Thread

from sqlalchemy import text

from tests.support import Bench, eventually, otp
from worker import Sms, SmsType, ledger
from worker.catalogue import Language
from worker.ledger import Claim
from worker.ledger.prices import PriceRow, put_prices
from worker.lifecycle import Lane
from worker.source_limits import Limit

ZONE = "Asia/Ho_Chi_Minh"
LEASE = timedelta(minutes=1)


def put(bench: Bench, many: int, source: str = "shop", first: int = 0) -> None:
    bench.notifier.enqueue_many((otp(f"09{first + n:08}") for n in range(many)), source=source)


def limit(bench: Bench, **limits: object) -> None:
    with bench.database.begin() as session:
        ledger.set_limit(session, Limit(source="shop", **limits), ZONE)  # type: ignore[arg-type]


def used(bench: Bench) -> tuple[int, Decimal]:
    with bench.database.begin() as session:
        row = session.execute(text("SELECT messages, dong FROM source_limit")).one()
    return row.messages, row.dong


def claim_many(bench: Bench, claims: list[Claim], lane: Lane = Lane.URGENT) -> None:
    """Over and over, until three claims in a row find nothing."""
    nothing = 0
    while nothing < 3:
        with bench.database.begin() as session:
            found = ledger.claim(session, [lane], most=7, lease=LEASE, group_most=1000)
        claims += found
        nothing = 0 if found else nothing + 1


def test_several_workers_together_keep_to_a_budget_of_messages_and_others_go_on(bench: Bench) -> None:
    limit(bench, messages_a_day=50)
    put(bench, 120)
    put(bench, 30, source="clinic", first=1000)
    claims: list[Claim] = []
    workers = [Thread(target=claim_many, args=(bench, claims)) for _ in range(4)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    claim_many(bench, claims)  # who found the row locked looked no more
    assert len(claims) == 80
    assert used(bench) == (50, Decimal(0))


def test_what_goes_back_unsent_is_not_counted_and_a_new_day_begins_anew(bench: Bench) -> None:
    limit(bench, messages_a_day=5)
    put(bench, 20)
    claims = bench.claim(most=10)
    assert len(claims) == 5
    with bench.database.begin() as session:
        ledger.hand_back(session, claims[:2])
    assert used(bench)[0] == 3
    assert len(bench.claim(most=10)) == 2
    with bench.database.begin() as session:
        session.execute(text("UPDATE source_limit SET day = day - 1"))
    assert len(bench.claim(most=10)) == 5


def test_what_is_in_doubt_and_goes_back_unasked_stays_counted(bench: Bench) -> None:
    limit(bench, messages_a_day=5)
    put(bench, 5)
    assert len(bench.claim(most=10)) == 5
    with bench.database.begin() as session:
        session.execute(text("UPDATE message SET lease_until = now() - interval '1 second'"))
        assert ledger.rescue(session, ask_again_after=timedelta(0), deaths_most=9).messages == 5
    with bench.database.begin() as session:
        asked = {"most": 10, "lease": LEASE, "window": timedelta(hours=23)}
        claims = ledger.claim_doubtful(session, [Lane.URGENT], **asked)  # type: ignore[arg-type]
        assert len(claims) == 5
        assert len(ledger.hand_back(session, claims)) == 5
    assert used(bench)[0] == 5


def test_a_budget_of_money_is_never_overrun_whatever_network_a_number_has(bench: Bench) -> None:
    prices = [
        PriceRow(sms_type=8, network=network, valid_from=date(2020, 1, 1), dong=Decimal(dong))
        for network, dong in (("viettel", 300), ("", 400))
    ]
    with bench.database.begin() as session:
        put_prices(session, prices)
    limit(bench, dong_a_day=Decimal(2500))
    for n in range(10):
        bench.put(Sms(to=f"090100000{n}", content="x" * (200 if n == 0 else 5), sms_type=8), source="shop")
    claims: list[Claim] = []
    claim_many(bench, claims, Lane.NORMAL)
    assert len(claims) in {5, 6}  # two texts of the first, or one of each
    messages, dong = used(bench)
    assert messages == len(claims)
    assert dong in {2000, 2400}


def queued(bench: Bench) -> int:
    with bench.database.begin() as session:
        return int(session.execute(text("SELECT count(*) FROM message WHERE status = 'queued'")).scalar_one())


def test_a_rate_is_kept_to_by_all_workers_and_a_drain_goes_on_with_it(bench: Bench) -> None:
    limit(bench, rate=20.0)
    put(bench, 25)
    with bench.database.begin() as session:
        first = ledger.claim(session, [Lane.URGENT], most=100, lease=LEASE, group_most=1000)
        assert ledger.claim(session, [Lane.URGENT], most=100, lease=LEASE, group_most=1000) == []
    assert len(first) == 20
    assert first[0].again_after is not None and first[0].again_after <= 0.06
    eventually(lambda: bench.claim(most=1))
    put(bench, 20, first=100)
    waiting = queued(bench)

    def some_went() -> bool:
        bench.deliver()
        return queued(bench) < waiting

    eventually(some_went)  # a drain that begins while there is nothing left of the rate ends at once
    assert queued(bench) == 0


def test_advertising_goes_out_whole_or_waits(bench: Bench) -> None:
    limit(bench, messages_a_day=30)
    for first in (0, 100):
        everybody = [f"09010{first + n:05d}" for n in range(20)]
        bench.put(Sms(to=everybody, content="Giam gia", sms_type=SmsType.ADVERTISING), source="shop")
    assert [len(claim.fences) for claim in bench.claim(Lane.BULK)] == [20]
    assert bench.claim(Lane.BULK) == []
    assert used(bench)[0] == 20


def test_why_names_the_budget_and_when_it_begins_anew(bench: Bench) -> None:
    limit(bench, messages_a_day=1)
    bench.put(otp(), source="shop")
    bench.claim()
    bench.look_after_ledger()
    waiting = bench.put(otp("0901000002"), source="shop")
    [told] = bench.notifier.reports.why(waiting.id, language=Language.EN).stories
    assert "Source shop has used up its budget of today" in told.next
    assert told.next_at is not None
    assert bench.notifier.status(waiting.id).waits[0].until == told.next_at
