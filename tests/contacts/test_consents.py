"""The consent ledger proves what was agreed to, what is taken back holds at once, and an opt-out is confirmed once."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from tests.law import VIETNAM, decree
from tests.support import Bench
from worker import Invalid, Notifier, RecordCall, Sms
from worker.api.opt_outs import Incoming, signature
from worker.cli import run
from worker.errors import WorkerError
from worker.law.rules import Channel, Mode
from worker.lifecycle import Purpose
from worker.spreadsheets import open_table

TO = "0901000001"
SALE = Sms(to=TO, content="[QC] Giam gia. Tu choi: soan TC gui 8xxx", sms_type=3)
WORDS = "Toi dong y nhan quang cao cua Sao Mai, khong qua 2 tin moi tuan"
NOW = datetime.now(UTC)


def test_where_consent_is_asked_for_only_who_gave_it_gets_advertising_and_the_message_keeps_which(bench: Bench) -> None:
    decree(bench.database, replace(VIETNAM["vn.ads.consent"], mode=Mode.REFUSE))
    bench.notifier.consents.add(TO, wording=WORDS, frequency="2 a week", how="form", proof="F-17")
    told, untold = bench.put(SALE), bench.put(replace(SALE, to="0901000002"))
    bench.deliver()
    assert bench.status(told) == "accepted"
    assert bench.message(untold)["reason"] == "the recipient gave no consent: vn.ads.consent"
    proof = bench.notifier.consents.proof("+84 901 000 001")
    assert [(each.wording, each.proof) for each in proof.consents] == [(WORDS, "F-17")]
    assert [each.consent_id for each in proof.messages] == [proof.consents[0].id]
    decree(bench.database, VIETNAM["vn.ads.consent"])
    known, unknown = told, bench.put(replace(SALE, to="0901000002"))
    bench.deliver()
    steps = [[step.what for step in bench.notifier.reports.why(each.id).stories[0].steps] for each in (known, unknown)]
    assert f"It stood on consent {proof.consents[0].id} of the recipient" in steps[0]
    assert "When it went out no consent of the recipient was known" in steps[1]


def test_who_withdraws_gets_nothing_of_it_any_more_whatever_the_rule_does(bench: Bench) -> None:
    consents = bench.notifier.consents
    consents.add(TO, wording=WORDS, at=NOW - timedelta(days=9))
    waiting, call = bench.put(SALE), bench.put(RecordCall(to=TO, record_id="2001"), purpose="advertising")
    service = bench.put(replace(SALE, content="Don hang 7", sms_type=4))
    assert consents.withdraw(TO, channel=Channel.SMS, how="call") == 1
    later = bench.put(SALE)
    consents.add(TO, wording=WORDS, at=NOW - timedelta(days=8))  # a list of last week that comes in only now
    bench.deliver()
    assert {bench.message(each)["reason"] for each in (waiting, later)} == {"the recipient withdrew consent"}
    assert (bench.status(call), bench.status(service)) == ("accepted", "accepted")
    consents.add(TO, wording=WORDS)
    anew = bench.put(SALE)
    bench.deliver()
    assert bench.status(anew) == "accepted"


def test_a_withdrawal_and_its_caller_s_transaction_are_one(bench: Bench) -> None:
    ticket = bench.put(SALE)
    with pytest.raises(ZeroDivisionError), bench.database.begin() as session:
        assert bench.notifier.consents.withdraw(TO, session=session) == 1
        raise ZeroDivisionError
    assert bench.status(ticket) == "queued"
    assert bench.notifier.consents.show(TO) == []


def test_no_producer_and_no_worker_changes_what_was_written_down(bench: Bench) -> None:
    bench.notifier.consents.add(TO, wording=WORDS)
    for statement in ("UPDATE consent SET wording = 'x'", "DELETE FROM consent"):
        for database in (bench.workers, bench.notifier._database):
            with pytest.raises((WorkerError, DBAPIError)), database.begin() as session:
                session.execute(text(statement))


@pytest.mark.parametrize(
    ("change", "error"),
    [
        ({"wording": ""}, "wording: is missing"),
        ({"purpose": Purpose.SERVICE}, "purpose: needs no consent"),
        ({"at": NOW + timedelta(days=1)}, "at: is not yet"),
    ],
)
def test_a_consent_that_proves_nothing_is_refused(bench: Bench, change: dict[str, object], error: str) -> None:
    with pytest.raises(Invalid, match=f"^{error}"):
        bench.notifier.consents.add(TO, **({"wording": WORDS} | change))  # type: ignore[arg-type]


def test_by_command_a_consent_is_written_down_imported_shown_withdrawn_and_proved(
    bench: Bench, database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("DATABASE_URL", database_url)

    def said(*words: str) -> tuple[int, str]:
        return run(["consent", *words]), capsys.readouterr().out

    file = tmp_path / "consents.csv"
    file.write_text(f'phone,wording,at,note\n0901 000 001,"{WORDS}",2026-03-01T08:00,x\n09x,"{WORDS}",2026-03-01,\n')
    code, told = said("import", str(file), "--json")
    refused = json.loads(told)["refused_rows"][0]
    assert (code, json.loads(told)["taken"], refused["row"], refused["column"]) == (1, 1, 3, "phone")
    with open_table(tmp_path / "consents.xlsx", ["Phone", "wording", "act", "at"]) as write:
        write(["0901000004", WORDS, "", date(2026, 3, 1)])
        write(["0901000005", "", "withdrawn", date(2026, 3, 2)])
    assert said("import", str(tmp_path / "consents.xlsx"))[1] == "2 written down, 0 refused\n"
    assert json.loads(said("show", "0901000004", "--json")[1])[0]["at"].startswith("2026-02-28T17:00")
    assert said("show", "0901000005")[0] == 0
    assert said("add", TO, "--wording", WORDS, "--channel", "sms", "--proof", "F-17")[0] == 0
    assert said("withdraw", TO, "--how", "call") == (0, "written down; 0 message(s) cancelled\n")
    acts = [each["act"] for each in json.loads(said("show", TO, "--json")[1])]
    assert acts == ["given", "given", "withdrawn"]
    assert said("proof", "0901000009")[0] == 1
    assert said("proof", TO)[0] == 0


# Opting out...


@pytest.fixture
def confirming(bench: Bench, url_as: Callable[[str], str]) -> Notifier:
    """One whose opt-outs are confirmed, and that knows the key of a short code."""
    told = "Quy khach da tu choi nhan quang cao luc {time}."
    bench.settings = replace(bench.settings, opt_out_text=told, mo_key="chia khoa")
    return Notifier(bench.settings)


def confirmations(bench: Bench) -> int:
    with bench.database.begin() as session:
        return int(session.scalar(text("SELECT count(*) FROM notification WHERE source = 'opt-out'")) or 0)


def test_opting_out_is_confirmed_once_and_in_the_same_transaction(bench: Bench, confirming: Notifier) -> None:
    with confirming as notifier:
        notifier.contacts.opt_out_phones([TO, "0901000002"])
        notifier.contacts.opt_out_phones([TO])
        assert confirmations(bench) == 2
        bench.deliver()
    sent = [each["content"] for each in bench.simulator.sends()]
    assert len(sent) == 2
    assert sent[0].startswith("Quy khach da tu choi nhan quang cao luc ")


@pytest.mark.parametrize("bound", [False, True])
def test_an_opt_out_by_whichever_way_stands_in_the_ledger_and_an_opt_in_undoes_it(bench: Bench, bound: bool) -> None:
    notifier = bench.notifier.of_source("shop") if bound else bench.notifier
    notifier.contacts.upsert(key="1", source="shop", phones=[TO])
    notifier.contacts.opt_out("1", source="shop")
    notifier.contacts.opt_out_phones([TO])
    with pytest.raises(ZeroDivisionError), bench.database.begin() as session:
        bench.notifier.contacts.opt_out_phones(["0901000002"], session=session)
        raise ZeroDivisionError
    assert bench.notifier.consents.show("0901000002") == []
    notifier.contacts.opt_in("1", source="shop")
    told = [(each.act, each.how, each.source) for each in bench.notifier.consents.show(TO)]
    assert told == [("withdrawn", "opt-out", "shop"), ("given", "opt-in", "")]
    ticket = bench.put(SALE)
    bench.notifier.consents.withdraw(TO)
    notifier.contacts.opt_in_phones([TO])  # it undoes no withdrawal that was told by itself
    assert (bench.status(ticket), bench.notifier.consents.show(TO)[-1].act) == ("cancelled", "withdrawn")
    if bound:
        with pytest.raises((WorkerError, DBAPIError)), notifier._database.begin() as session:
            session.execute(text("INSERT INTO consent (phone, act, purpose, at) VALUES ('1', 'given', 'x', now())"))


def incoming(content: str, key: str = "chia khoa") -> Incoming:
    sign = signature("cp1", "77", content, "20260301080000", key)
    return Incoming(
        cpid="cp1", sms_id="77", sender="84901000001", content=content, received="20260301080000", sign=sign
    )


def test_who_sends_the_word_to_a_short_code_is_opted_out_with_the_sms_as_the_proof(
    bench: Bench, confirming: Notifier
) -> None:
    ticket = bench.put(SALE)
    with confirming as notifier:
        assert not notifier.opt_outs.by_sms(incoming("xin chao"))
        with pytest.raises(Invalid, match="sign: is not that of ESMS_MO_KEY"):
            notifier.opt_outs.by_sms(incoming("TC", key="another"))
        assert bench.status(ticket) == "queued"
        assert notifier.opt_outs.by_sms(incoming("tu choi"))
        assert notifier.opt_outs.by_sms(incoming("TC SAOMAI"))
    assert bench.status(ticket) == "cancelled"
    assert confirmations(bench) == 1
    [row] = bench.notifier.consents.show(TO)
    assert (row.act, row.how, row.wording, row.proof) == ("withdrawn", "sms", "tu choi", "SMSID 77")
