"""A claim that is one statement and a transaction by itself: it takes what needs no more and leaves the rest queued."""

from __future__ import annotations

from datetime import timedelta

from sqlalchemy import text

from tests.support import Bench, otp
from worker import Sms, SmsType, ledger
from worker.database import ask_alone
from worker.ledger import Claim, Floors, Gate
from worker.lifecycle import Lane
from worker.source_limits import Limit

LEASE = timedelta(minutes=1)
HIM, HER = "+84901000001", "+84901000002"


def claim_alone(
    bench: Bench, lane: Lane = Lane.URGENT, *, most: int = 10, floors: Floors | None = None, gate: Gate | None = None
) -> tuple[list[str], bool]:
    """Whose, and whether there is more."""
    with bench.workers.begin() as session:
        ask_alone(session)
        floors, gate = floors or Floors(), gate or Gate()
        claims, more = ledger.claim_alone(session, lane, most=most, lease=LEASE, floors=floors, gate=gate)
        session.rollback()  # nothing: it is on disk
    return [claim.phones[0] for claim in claims], more


def claim(bench: Bench, floors: Floors | None = None, gate: Gate | None = None) -> list[Claim]:
    with bench.workers.begin() as session:
        return ledger.claim(session, [Lane.URGENT], most=10, lease=LEASE, group_most=9, floors=floors, gate=gate)


def statuses(bench: Bench) -> list[str]:
    with bench.database.begin() as session:
        return list(session.scalars(text("SELECT status FROM message ORDER BY phone")).all())


def test_it_is_on_disk_when_it_returns_and_others_find_nothing(bench: Bench) -> None:
    bench.put(otp(HIM))
    assert claim_alone(bench) == ([HIM], False)
    assert (statuses(bench), claim(bench), claim_alone(bench)) == (["sending"], [], ([], False))


def test_it_tells_that_there_is_more(bench: Bench) -> None:
    bench.put(otp([HIM, HER]))
    assert claim_alone(bench, most=1)[1]
    assert len(claim_alone(bench, most=5)[0]) == 1


def test_what_sources_limits_count_is_left_to_who_charges_them(bench: Bench) -> None:
    with bench.database.begin() as session:
        ledger.set_limit(session, Limit(source="shop", messages_a_day=1), "Asia/Ho_Chi_Minh")
    bench.put(otp([HIM, HER]), source="shop")
    assert claim_alone(bench)[0] == []
    assert len(claim(bench)) == 1
    with bench.database.begin() as session:
        assert session.scalar(text("SELECT messages FROM source_limit")) == 1


def test_what_a_rule_turns_back_is_left_to_who_notes_it(bench: Bench) -> None:
    bench.put(otp([HIM, HER]))
    gate = Gate(allow_only={HER})
    assert claim_alone(bench, gate=gate) == ([HER], True)
    assert (statuses(bench), gate.turned_back) == (["queued", "sending"], 0)
    assert (claim(bench, gate=gate), gate.turned_back) == ([], 1)
    assert statuses(bench) == ["cancelled", "sending"]


def test_advertising_is_left_to_who_counts_it(bench: Bench) -> None:
    bench.put(Sms(to=HIM, content="(QC) Giam gia. Tu choi: TC 1551", sms_type=SmsType.RANDOM))
    with bench.database.begin() as session:
        session.execute(text("UPDATE message SET due_at = now()"))
    assert claim_alone(bench, Lane.BULK) == ([], False)
    assert statuses(bench) == ["queued"]


def test_what_was_left_is_above_the_floor_of_the_next_claim(bench: Bench) -> None:
    gate, floors = Gate(allow_only={HER}), Floors()
    bench.put(otp(HIM))
    for _ in range(4):
        bench.put(otp(HER))
        assert claim_alone(bench, floors=floors, gate=gate) == ([HER], True)
    claim(bench, floors, gate)
    assert gate.turned_back == 1
