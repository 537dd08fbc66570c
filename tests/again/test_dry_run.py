"""What a dry run of sending again says is what sending again then does: by the same choice, to the message and đồng."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping
from decimal import Decimal
from importlib import import_module
from random import Random
from typing import Any

import pytest
from sqlalchemy import text

from tests.support import Bench
from worker import Sms, TemplateCall, Ticket, again
from worker.again import Corrected, Failed
from worker.api.again import Counted, Outlook
from worker.api.decisions import Decision
from worker.errors import Invalid
from worker.ledger import Left

PRICES = {1: 900, 2: 800, 3: 700, 4: 600, 7: 500, 0: 400}  # by SmsType, 0: a call; of Viettel a tenth more
LONG = "Cua hang moi mo cua vao thu bay, moi ban ghe choi. " * 4


def further(*values: int) -> Iterator[Any]:
    """More of the same, which take longer together than `make test` should."""
    return (pytest.param(value, marks=pytest.mark.long) for value in values)


@pytest.fixture(autouse=True)
def prices(bench: Bench) -> None:
    rows = [
        f"({type_}, '{network}', '2020-01-01', {dong * (11 if network else 10) // 10})"
        for type_, dong in PRICES.items()
        for network in ("", "viettel")
    ]
    with bench.database.begin() as session:
        session.execute(text("DELETE FROM price"))
        session.execute(text(f"INSERT INTO price (sms_type, network, valid_from, dong) VALUES {', '.join(rows)}"))


def numbers(count: int, first: int = 0) -> list[str]:
    return [f"0903{first + n:06d}" for n in range(count)]


def failing(bench: Bench, ticket: Ticket, most: int = 10**6, **columns: Any) -> None:
    """So many of its recipients, or all; the others got it."""
    stands = {"status": "'undelivered'", "settled_at": "now()", "accepted_at": "now()", "code": "'100'"} | columns
    assigned = ", ".join(f"{name} = {expression}" for name, expression in stands.items())
    some = "SELECT id FROM message WHERE notification_id = :id ORDER BY id LIMIT :most"
    bench.set(ticket, status="'delivered'", settled_at="now()", accepted_at="now()")
    with bench.database.begin() as session:
        session.execute(text(f"UPDATE message SET {assigned} WHERE id IN ({some})"), {"id": ticket.id, "most": most})


def sms(bench: Bench, number: str, content: str = "Don hang", sms_type: int = 4, **columns: Any) -> Ticket:
    ticket = bench.put(Sms(to=number, content=content, sms_type=sms_type), campaign="tet")
    failing(bench, ticket, **columns)
    return ticket


def advertising(bench: Bench, failed: int, first: int = 0, content: str = "Sale") -> Ticket:
    """To thirty or more, of whom so many did not get it."""
    request = Sms(to=numbers(max(30, failed), 100_000 + first), content=content, sms_type=1)
    ticket = bench.put(request, campaign="tet")
    failing(bench, ticket, failed)
    return ticket


def in_full(bench: Bench, failed: Failed, corrected: Corrected | None) -> Decision:
    """The first hundred arrive, so that the rest follows."""
    decided = bench.notifier.again.retry(failed, corrected=corrected)
    with bench.database.begin() as session:
        session.execute(text("UPDATE rerun SET state = 'going', look_at = now()"))
    while again.go_on(bench.database, bench.settings):
        pass
    return decided


# Of whatever was queued again: as what it goes out, and what it costs.
_WENT = text("""
    SELECT coalesce(CAST(n.options ->> 'sms_type' AS integer), 0) AS sms_type, n.purpose, m.lane, count(*) AS messages,
        sum(coalesce(n.segments, 1)) AS segments, sum(coalesce(n.segments, 1) * (
            SELECT dong FROM price AS p WHERE p.sms_type = coalesce(CAST(n.options ->> 'sms_type' AS integer), 0)
              AND p.network IN (coalesce(lower(old.network), ''), '') ORDER BY p.network = '' LIMIT 1
        )) AS dong
    FROM message AS m JOIN notification AS n ON n.id = m.notification_id
    JOIN before AS old ON old.id = coalesce(m.replaces, m.id)
    WHERE m.wanted_by IS NOT NULL AND m.status <> 'cancelled'
    GROUP BY 1, 2, 3
""")


def went(bench: Bench) -> list[Any]:
    with bench.database.begin() as session:
        return list(session.execute(_WENT))


def remember(bench: Bench) -> None:
    with bench.database.begin() as session:
        session.execute(text("DROP TABLE IF EXISTS before"))
        session.execute(text("CREATE TABLE before AS SELECT id, network FROM message"))


@pytest.fixture(autouse=True)
def forgotten(bench: Bench) -> Any:
    yield
    with bench.database.begin() as session:
        session.execute(text("DROP TABLE IF EXISTS before"))


def foreseen_and_done(bench: Bench, failed: Failed, corrected: Corrected | None = None) -> tuple[Outlook, Decision]:
    """Both, the one as the other."""
    remember(bench)
    outlook = bench.notifier.again.foresee(failed, corrected=corrected)
    assert not went(bench), "nothing was queued"
    decided = in_full(bench, failed, corrected)
    done = went(bench)
    assert outlook.going == sum(row.messages for row in done)
    assert outlook.segments == sum(row.segments for row in done)
    assert outlook.dong == sum((row.dong for row in done), Decimal(0))
    ways = {(int(each.sms_type or 0), str(each.purpose), str(each.lane)): each.messages for each in outlook.ways}
    assert ways == {(row.sms_type, row.purpose, row.lane): row.messages for row in done}
    if not decided.rest:
        assert (dict(outlook.left), outlook.unfit) == (decided.left, decided.unfit)
    return outlook, decided


def test_a_corrected_text_is_counted_as_it_will_be_said_and_at_the_price_of_the_type_it_goes_by(bench: Bench) -> None:
    for n, number in enumerate(numbers(3)):
        sms(bench, number, sms_type=7, network="'VIETTEL'" if n else "NULL")
    before = bench.notifier.again.foresee(Failed(campaign="tet"))
    assert (before.segments, before.dong) == (3, Decimal(500 + 2 * 550))
    outlook, _ = foreseen_and_done(bench, Failed(campaign="tet"), Corrected(content=LONG, sms_type=4))
    assert (outlook.segments, outlook.dong) == (6, Decimal(2 * (600 + 2 * 660)))
    [way] = outlook.ways
    assert (way.sms_type, way.purpose, way.lane, way.messages) == (4, "code", "normal", 3)


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


def known(bench: Bench, number: str, **attributes: str) -> None:
    person = {"source": "hr", "key": number, "phones": [number], "name": "Lan", "attributes": attributes}
    bench.notifier.contacts.upsert_fields(person)


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


# The rest...


@pytest.mark.parametrize("corrected", [None, Corrected(content="Don hang moi"), Corrected(template="plain")])
@pytest.mark.parametrize("most", [None, 115])
def test_who_of_the_rest_stays_is_told_when_it_is_asked_for(
    bench: Bench, corrected: Corrected | None, most: int | None
) -> None:
    bench.notifier.templates.save("plain", content="Cua hang da mo lai")
    tickets = [sms(bench, number) for number in numbers(130)]
    for ticket in [*tickets[:3], *tickets[110:117]]:
        bench.set(ticket, generation="9")
    failing(bench, bench.put(TemplateCall(to=numbers(1)[0], template_id="9", variables=["An"]), campaign="tet"))
    failed = Failed(campaign="tet", most=most)
    outlook = bench.notifier.again.foresee(failed, corrected=corrected)
    decided = bench.notifier.again.retry(failed, corrected=corrected)
    assert (decided.moved, decided.left, decided.unfit) == (100, {Left.LIMIT: 3}, [])
    if corrected and most:
        assert decided.rest_left is None, "each would be looked at alone"
        return
    assert decided.rest_left is not None
    assert Counter(decided.left) + Counter(decided.rest_left) == Counter(outlook.left)
    assert decided.rest_unfit == outlook.unfit


def test_who_of_the_rest_lacks_something_is_told_by_the_dry_run(bench: Bench) -> None:
    bench.notifier.templates.save("again", content="Chao {first_name}")
    for number in numbers(110):
        sms(bench, number)
        known(bench, number)
    decided = bench.notifier.again.retry(Failed(campaign="tet"), corrected=Corrected(template="again"))
    assert (decided.rest, decided.rest_left) == (10, None)


# Many...


def test_of_very_many_the_first_are_counted_one_by_one_and_it_is_told_how_many_are_not(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(import_module("worker.again.foreseeing"), "FORESEEN", 100)
    monkeypatch.setattr(import_module("worker.again.choosing"), "LOOKED", 100)
    bench.notifier.templates.save("again", content="Chao {first_name}")
    for number in numbers(110):
        sms(bench, number)
        known(bench, number)
    looked: list[int] = []
    failed, corrected = Failed(campaign="tet"), Corrected(template="again")
    outlook = bench.notifier.again.foresee(failed, corrected=corrected, told=looked.append)
    assert (outlook.counted, outlook.messages, outlook.more, sum(looked)) == (Counted.ONE_BY_ONE, 100, 10, 100)
    as_they_are = bench.notifier.again.foresee(failed)
    assert (as_they_are.counted, as_they_are.messages, as_they_are.more) == (Counted.SUMS, 110, 0)


@pytest.mark.parametrize("limit", [100, 110, 250])
@pytest.mark.parametrize("content", ["Don {attr.order}", "Don {title}"])
def test_where_very_many_fit_nowhere_it_is_refused_in_the_words_of_the_real_run(
    bench: Bench, monkeypatch: pytest.MonkeyPatch, content: str, limit: int
) -> None:
    monkeypatch.setattr(import_module("worker.again.foreseeing"), "FORESEEN", limit)
    monkeypatch.setattr(import_module("worker.again.choosing"), "LOOKED", 50)
    bench.notifier.templates.save("again", content=content)
    for number in numbers(110):
        sms(bench, number)
    said = []
    for ask in (bench.notifier.again.foresee, bench.notifier.again.retry):
        with pytest.raises(Invalid) as refused:
            ask(Failed(campaign="tet"), corrected=Corrected(template="again"))
        said.append(str(refused.value))
    assert said[0] == said[1]


def test_one_text_for_all_is_counted_once_for_those_that_are_alike(bench: Bench) -> None:
    for place, number in enumerate(numbers(30)):
        sms(bench, number, sms_type=7 if place % 2 else 4, generation="9" if place < 5 else "0")
    failing(bench, bench.put(TemplateCall(to=numbers(1)[0], template_id="9", variables=["An"]), campaign="tet"))
    bench.notifier.templates.save("plain", content="Cua hang da mo lai, hom nay {date}")
    for corrected in (Corrected(content=LONG), Corrected(template="plain")):
        looked: list[int] = []
        outlook = bench.notifier.again.foresee(Failed(campaign="tet"), corrected=corrected, told=looked.append)
        assert (outlook.counted, outlook.messages, looked) == (Counted.SUMS, 31, [31])
    outlook, _ = foreseen_and_done(bench, Failed(campaign="tet"), Corrected(content=LONG))
    assert dict(outlook.left) == {Left.LIMIT: 5, Left.UNFIT: 1}


# Whatever there is...


def a_mix(bench: Bench, random: Random) -> None:
    """Of all kinds; some opted out, some were sent again too often, some are known."""
    bench.notifier.templates.save("named", content="Chao {first_name}, don {attr.order}")
    bench.notifier.templates.save("plain", content="Cua hang da mo lai")
    for n in range(random.randrange(20, 60)):
        number = numbers(1, n)[0]
        match random.randrange(4):
            case 0:
                call = bench.put(TemplateCall(to=number, template_id="9", variables=["An"]), campaign="tet")
                failing(bench, call)
            case 1:
                sms(bench, number, content="Ma 1" if random.random() < 0.5 else LONG, sms_type=random.choice([2, 4, 7]))
            case 2:
                sms(bench, number, sms_type=3, network=random.choice(["NULL", "'VIETTEL'"]))
            case _:
                sms(bench, number, code=random.choice(["'99'", "'118'"]), generation=random.choice(["0", "9"]))
        if random.random() < 0.4:
            known(bench, number, **({"order": "A1" * random.randrange(1, 90)} if random.random() < 0.7 else {}))
    for place in range(random.randrange(5)):
        advertising(bench, random.randrange(1, 60), first=1000 * place, content=random.choice(["Sale", "Mua"]))
    with bench.database.begin() as session:
        out = [f"+84903{n:06d}" for n in random.sample(range(60), 9)] + ["+84903100003", "+84903101004"]
        session.execute(
            text("INSERT INTO opt_out (phone, source) SELECT *, 'test' FROM unnest(CAST(:out AS text[]))"), {"out": out}
        )


CORRECTIONS: list[Corrected | None] = [
    None,
    Corrected(content=LONG),
    Corrected(content="Moi", sms_type=4),
    Corrected(sms_type=1),
    Corrected(sms_type=3),
    Corrected(sms_type=4),
    Corrected(brandname="other"),
    Corrected(template="named"),
    Corrected(template="plain", sms_type=1),
    Corrected(template="named", sms_type=7),
]


@pytest.mark.parametrize("seed", [*range(6), *further(*range(6, 120))])
def test_whatever_failed_and_however_it_is_corrected_the_dry_run_says_what_is_done(bench: Bench, seed: int) -> None:
    random = Random(seed)
    a_mix(bench, random)
    corrected = CORRECTIONS[seed % len(CORRECTIONS)]
    which: Mapping[str, Any] = random.choice([{}, {"most": random.randrange(1, 80)}, {"code": ["100", "99"]}])
    failed = Failed(campaign="tet", **which)
    try:
        outlook, _ = foreseen_and_done(bench, failed, corrected)
    except Invalid as refused:  # since it fits nobody
        with pytest.raises(Invalid, match=re.escape(str(refused))):
            bench.notifier.again.retry(failed, corrected=corrected)
        return
    assert Counter(outlook.left).total() + outlook.going == outlook.messages
