"""What a dry run says of many: who of the rest stays, and what is counted for all alike or one by one."""

from __future__ import annotations

from collections import Counter
from importlib import import_module

import pytest

from tests.again.foreseen import (
    LONG,
    failing,
    foreseen_and_done,
    known,
    numbers,
    sms,
)
from tests.support import Bench
from worker import TemplateCall
from worker.again import Corrected, Failed
from worker.api.again import Counted
from worker.errors import Invalid
from worker.ledger import Left

pytestmark = pytest.mark.usefixtures("priced")


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


def test_of_very_many_the_first_are_counted_one_by_one_and_it_is_told_how_many_are_not(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(import_module("worker.again.dry_run"), "ONE_BY_ONE_MOST", 100)
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
    monkeypatch.setattr(import_module("worker.again.dry_run"), "ONE_BY_ONE_MOST", limit)
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
