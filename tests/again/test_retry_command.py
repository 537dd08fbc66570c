"""`esms-worker retry` as it is typed: shown, asked, corrected, refused in one line."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.again.failing import failed, rejected
from tests.support import Bench
from worker.again import Corrected, Failed
from worker.errors import Invalid
from worker.ledger import Left


def test_the_command_shows_asks_and_corrects(bench: Bench, cli: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    ticket = rejected(bench, "0901000001", "104")
    failed(bench, "0901000003")
    code, out, _ = cli("retry", "--campaign", "tet", "--dry-run", "--json")
    told = json.loads(out)
    assert (code, told["messages"], told["helpless"]) == (0, 2, 1)
    assert "never tried" in cli("retry", "--campaign", "tet", "--dry-run")[1]
    monkeypatch.setenv("WORKER_RETRY_ASK", "1")
    assert "2 messages would be sent again" in cli("retry", "--campaign", "tet")[2]
    assert json.loads(cli("retry", str(ticket.id), "--sms-type", "4", "--json")[1])["moved"] == 1
    assert "queued again: 1 message(s)" in cli("retry", "--campaign", "tet", "--to", "0901000003", "--yes")[1]
    assert cli("retry", "--campaign", "tet", "--yes")[0] == 1


def test_who_chose_none_of_those_that_failed_is_told_so_and_where_to_look(bench: Bench, cli: Any) -> None:
    rejected(bench, "0901000001", "104")
    code, out, _ = cli("retry", "--campaign", "tet", "--code", "118")
    assert (code, "none of those that failed was chosen: check --status, --code" in out) == (1, True)
    assert "none of those" not in cli("retry", "--campaign", "tet")[1]


def test_an_sms_is_corrected_by_a_template_in_each_ones_words_and_who_lacks_them_stays(bench: Bench) -> None:
    bench.notifier.templates.save("again", content="Chao {first_name}, hen {attr.room}")
    lan = {"source": "hr", "key": "1", "phones": ["0901000001"], "name": "Lan", "attributes": {"room": "201"}}
    bench.notifier.contacts.upsert_fields(lan)
    for number in ("0901000001", "0901000002"):
        rejected(bench, number, "146")
    assert bench.notifier.again.foresee(Failed(campaign="tet"), corrected=Corrected(template="again")).helpless == 0
    decided = bench.notifier.again.retry(Failed(campaign="tet"), corrected=Corrected(template="again", sms_type=7))
    assert (decided.moved, dict(decided.left)) == (1, {Left.UNFIT: 1})
    bench.deliver()
    assert [content for _, content in bench.simulator.ledger().sms] == ["Chao Lan, hen 201"]


@pytest.mark.parametrize(
    ("corrected", "told"),
    [
        (Corrected(template="none"), "template: there is none called 'none'"),
        (Corrected(template="call"), "template: 'call' is a call's, and these are SMS"),
        (Corrected(template="wish"), "first_name: has no value for this recipient"),
        (Corrected(sms_type=99), "sms_type: 99 is not known"),
        (Corrected(template="meeting"), "there is no variable {title}"),
        (Corrected(template="call", content="x"), "template: and content are two texts"),
    ],
)
def test_what_can_not_correct_an_sms_is_one_clear_line_also_before(
    bench: Bench, corrected: Corrected, told: str
) -> None:
    bench.notifier.templates.save("call", template_id="9")
    bench.notifier.templates.save("meeting", content="Hop: {title}")
    bench.notifier.templates.save("wish", content="Chao {first_name}")
    rejected(bench, "0901000001", "146")
    for ask in (bench.notifier.again.retry, bench.notifier.again.foresee):
        with pytest.raises(Invalid) as error:
            ask(Failed(campaign="tet"), corrected=corrected)
        assert told in str(error.value)


def test_whoever_was_corrected_is_told_of_the_other_and_not_to_send_it_again(bench: Bench, cli: Any) -> None:
    ticket = rejected(bench, "0901000001", "118")
    bench.notifier.again.retry(Failed(ids=[ticket.id]), corrected=Corrected(to="0901000002"))
    other = bench.message(ticket)["replaced_by"]
    assert f"in its place is {other}" in cli("show", str(ticket.id))[1].replace("\n", "")
    [told] = bench.notifier.reports.why(ticket.id).stories
    assert (str(other) in told.next, "Nothing here" in told.remedy) == (True, True)
    assert "others are in their places already" in cli("retry", str(ticket.id))[1]
