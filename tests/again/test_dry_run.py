"""What a dry run of sending again says is what sending again then does: by the same choice, to the message and đồng."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import text

from tests.again.foreseen import LONG, advertising, foreseen_and_done, further, known, numbers, sms
from tests.support import Bench, sharing
from worker import Notifier, Sms
from worker.again import Corrected, Failed
from worker.api.prices import PriceRow
from worker.errors import Invalid
from worker.ledger import Left

pytestmark = pytest.mark.usefixtures("priced")


def test_a_corrected_text_is_counted_as_it_will_be_said_and_at_the_price_of_the_type_it_goes_by(bench: Bench) -> None:
    for n, number in enumerate(numbers(3)):
        sms(bench, number, sms_type=7, network="'VIETTEL'" if n else "NULL")
    before = bench.notifier.again.foresee(Failed(campaign="tet"))
    assert (before.segments, before.dong) == (3, Decimal(500 + 2 * 550))
    outlook, _ = foreseen_and_done(bench, Failed(campaign="tet"), Corrected(content=LONG, sms_type=4))
    assert (outlook.segments, outlook.dong) == (6, Decimal(2 * (600 + 2 * 660)))
    [way] = outlook.ways
    assert (way.sms_type, way.purpose, way.lane, way.messages) == (4, "code", "normal", 3)


@pytest.mark.parametrize("corrected", [None, Corrected(content="Don hang moi")])
def test_a_price_begins_with_its_day_where_the_company_is(bench: Bench, corrected: Corrected | None) -> None:
    """On New Year's night it is the old year in UTC for seven hours more; here, where it is another day by now."""
    now = datetime.now(UTC)
    zone = ZoneInfo("Etc/GMT-14" if now.hour >= 12 else "Etc/GMT+12")  # fourteen hours ahead, or twelve behind
    here = now.astimezone(zone).date()
    sms(bench, numbers(1)[0])
    notifier = Notifier(replace(bench.settings, time_zone=zone), database=sharing(bench.notifier._database))
    days = (here, 1000), (here + timedelta(days=1), 5000)
    notifier.prices.put([PriceRow(sms_type=4, network="", valid_from=day, dong=Decimal(dong)) for day, dong in days])
    assert here != now.date()
    assert notifier.again.foresee(Failed(campaign="tet"), corrected=corrected).dong == Decimal(1000)


def test_who_gets_it_at_another_number_costs_what_no_network_is_known_of(bench: Bench) -> None:
    ticket = sms(bench, numbers(1)[0], network="'VIETTEL'")
    outlook = bench.notifier.again.foresee(Failed(ids=[ticket.id]), corrected=Corrected(to="0902000007"))
    assert (outlook.messages, outlook.dong) == (1, Decimal(600))


@pytest.mark.parametrize("most", [1, 99, 101, 500, *further(7, 100, 120, 130)])
@pytest.mark.parametrize("corrected", [None, Corrected(content="Don hang moi")])
def test_no_more_are_told_than_were_asked_for_and_it_is_the_first_ones(
    bench: Bench, corrected: Corrected | None, most: int
) -> None:
    tickets = bench.notifier.enqueue_many(
        [Sms(to=each, content="Don hang " + "x" * (n * 3), sms_type=4) for n, each in enumerate(numbers(130))],
        campaign="tet",
    )
    with bench.database.begin() as session:
        ids = [ticket.id for ticket in tickets]
        change = "UPDATE message SET status = 'undelivered', code = '100', settled_at = now()"
        session.execute(text(f"{change} WHERE notification_id = ANY(:ids)"), {"ids": ids})
        session.execute(text("UPDATE message SET generation = 9 WHERE notification_id = ANY(:ids)"), {"ids": ids[3:9]})
    outlook, _ = foreseen_and_done(bench, Failed(campaign="tet", most=most), corrected)
    assert outlook.going == min(most, 124)
    assert outlook.left.get(Left.LIMIT, 0) == (0 if most < 4 else 6)


def test_advertising_corrected_to_fewer_than_twenty_is_told_to_stay(bench: Bench) -> None:
    for number in numbers(5):
        sms(bench, number, sms_type=2)
    with_label = Corrected(sms_type=1)
    outlook = bench.notifier.again.foresee(Failed(campaign="tet"), corrected=with_label)
    assert (outlook.too_few, outlook.going, outlook.ways) == (5, 0, [])
    assert bench.notifier.again.retry(Failed(campaign="tet"), corrected=with_label).left == {Left.TOO_FEW: 5}


def test_more_than_twenty_that_become_advertising_leave_nobody_behind(bench: Bench) -> None:
    for number in numbers(110):
        sms(bench, number, sms_type=2)
    outlook, decided = foreseen_and_done(bench, Failed(campaign="tet"), Corrected(sms_type=1, content="Sale"))
    assert (outlook.going, outlook.too_few, decided.moved + decided.rest) == (110, 0, 110)


@pytest.mark.parametrize("failed", [19, 20, 101, 119, *further(5, 99, 100, 110, 120, 139)])
@pytest.mark.parametrize("corrected", [None, Corrected(content="Sale het nam")])
def test_no_advertising_is_torn_into_fewer_than_esms_takes(
    bench: Bench, failed: int, corrected: Corrected | None
) -> None:
    advertising(bench, failed)
    outlook, _ = foreseen_and_done(bench, Failed(campaign="tet"), corrected)
    assert (outlook.going, outlook.too_few) == ((failed, 0) if failed >= 20 else (0, failed))


@pytest.mark.parametrize(
    ("missed", "goes"),
    [
        ([12, 9], 21),
        ([5, 100], 105),
        ([100, 5], 105),
        ([130, 5, 7], 142),
        ([5, 30], 35),
        ([3, 3, 3], 0),
        ([19, 95, 3], 117),
    ],
)
@pytest.mark.parametrize("between", [120, *further(0)])
def test_advertising_that_few_missed_goes_along_with_others_of_its_text_wherever_these_stand(
    bench: Bench, missed: list[int], goes: int, between: int
) -> None:
    for place, failed in enumerate(missed):
        advertising(bench, failed, first=1000 * place)
        if between:
            advertising(bench, between, first=50_000 + 1000 * place, content=f"Khac {place}")
    outlook, _ = foreseen_and_done(bench, Failed(campaign="tet"))
    assert outlook.going == goes + between * len(missed)
    with bench.database.begin() as session:
        alone = session.scalar(
            text("""
                SELECT count(*) FROM (
                    SELECT 1 FROM message WHERE wanted_by IS NOT NULL GROUP BY notification_id HAVING count(*) < 20
                ) AS few
            """)
        )
    assert alone == 0


@pytest.mark.parametrize("most", [10, 19, 20, 25, 45])
def test_of_advertising_no_more_go_than_were_asked_for_and_none_that_esms_refuses(bench: Bench, most: int) -> None:
    advertising(bench, 30)
    outlook, _ = foreseen_and_done(bench, Failed(campaign="tet", most=most))
    assert outlook.going == (0 if most < 20 else min(most, 30))


# By a template, which some do not fit...


def test_who_lacks_a_variable_is_named_and_left_and_the_others_go(bench: Bench) -> None:
    bench.notifier.templates.save("again", content="Chao {first_name}, don {attr.order}")
    for place, number in enumerate(numbers(130)):
        sms(bench, number)
        if place >= 120:
            known(bench, number, order="x" * 150 if place == 129 else "A1")
        elif place >= 100:
            known(bench, number)
    by = Corrected(template="again")
    outlook, decided = foreseen_and_done(bench, Failed(campaign="tet"), by)
    assert (outlook.going, outlook.segments, dict(outlook.left)) == (10, 11, {Left.UNFIT: 120})
    lacking = [(each.lacks, each.messages) for each in outlook.unfit]
    assert lacking == [(["attr.order", "first_name"], 100), (["attr.order"], 20)]
    assert decided.unfit == outlook.unfit
    still = bench.notifier.again.foresee(Failed(campaign="tet"))
    assert still.going == 120, "who was left is as before"


def test_where_nobody_fits_it_is_one_line_of_refusal(bench: Bench) -> None:
    bench.notifier.templates.save("again", content="Don {attr.order}")
    for number in numbers(25):
        sms(bench, number)
    for ask in (bench.notifier.again.foresee, bench.notifier.again.retry):
        with pytest.raises(Invalid, match=r"^attr\.order: has no value for this recipient"):
            ask(Failed(campaign="tet"), corrected=Corrected(template="again"))
