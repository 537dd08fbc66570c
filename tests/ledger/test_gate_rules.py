"""What the sending rules hold back goes out by itself when it may; what they forbid is cancelled by their names."""

from __future__ import annotations

from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import text

from tests.law import VIETNAM, decree
from tests.support import Bench, otp, retry
from worker import Failed, Invalid, RecordCall, Sms, Ticket, ledger
from worker.errors import WorkerError
from worker.law.consents import counted_frequency
from worker.law.rules import Channel, Check, Mode, Rule, opening, rule_in, waits_until
from worker.ledger import Gate
from worker.ledger.advertised import give_back
from worker.ledger.law_rules import _recent
from worker.lifecycle import Lane, Purpose

TO = "0901000001"
SALE = Sms(to=TO, content="[QC] Giam gia. Tu choi: soan TC gui 8xxx", sms_type=3)
HANOI = ZoneInfo("Asia/Ho_Chi_Minh")


def zone_where_it_is(hour: int) -> ZoneInfo:
    """One in which it is some minutes past this hour now."""
    offset = (hour - datetime.now(UTC).hour + 11) % 24 - 11
    return ZoneInfo(f"Etc/GMT{-offset:+d}")


def at(bench: Bench, hour: int) -> Bench:
    bench.settings = replace(bench.settings, time_zone=zone_where_it_is(hour))
    bench.notifier.settings = bench.settings
    bench.notifier._intake._settings = bench.settings
    return bench


@pytest.fixture(autouse=True)
def _fresh() -> None:
    """Every test has rules of its own."""
    _recent.clear()


@pytest.mark.parametrize(
    ("hour", "minute", "opens"),
    [
        (6, 59, "2026-03-01 07:00"),
        (7, 0, None),
        (21, 57, None),
        (21, 59, "2026-03-02 07:00"),  # it could still be in line when they close
        (22, 0, "2026-03-02 07:00"),
        (0, 0, "2026-03-01 07:00"),
    ],
)
def test_hours_open_and_close_by_the_minute(hour: int, minute: int, opens: str | None) -> None:
    now = datetime(2026, 3, 1, hour, minute, tzinfo=HANOI)
    found = opening([VIETNAM["vn.ads.sms.hours"]], now, HANOI, lasts=timedelta(minutes=2))
    assert (f"{found[0]:%Y-%m-%d %H:%M}" if found else None) == opens


def test_several_hours_are_waited_for_until_all_are_open() -> None:
    night = replace(VIETNAM["vn.ads.sms.hours"], name="night", parameters={"from": "21:00", "to": "08:00"})
    noon = datetime(2026, 3, 1, 12, 0, tzinfo=HANOI)
    found = opening([VIETNAM["vn.ads.sms.hours"], night], noon, HANOI)
    assert found is not None
    assert found[0] == datetime(2026, 3, 1, 21, 0, tzinfo=HANOI)
    never = replace(night, parameters={"from": "22:00", "to": "07:00"})
    with pytest.raises(Invalid, match="leaves no time of day"):
        opening([VIETNAM["vn.ads.sms.hours"], never], noon, HANOI)


def test_advertising_at_night_waits_for_the_morning_and_says_so(bench: Bench) -> None:
    decree(bench.database, *VIETNAM.values())
    ticket = at(bench, 23).put(SALE)
    code = bench.put(otp(TO))
    assert ticket.not_before is not None
    assert ticket.not_before.astimezone(bench.settings.time_zone).hour == 7
    bench.deliver()
    message = bench.message(ticket)
    assert (message["status"], message["reason"].rpartition(": ")[2]) == ("queued", "vn.ads.sms.hours")
    assert bench.status(code) == "accepted"
    [wait] = bench.notifier.status(ticket.id).waits
    assert wait.why.startswith("not before ")
    bench.set(ticket, due_at="now()")
    at(bench, 8).deliver()
    assert bench.status(ticket) == "accepted"


def test_what_became_due_in_the_day_and_is_claimed_at_night_waits_too(bench: Bench) -> None:
    many = bench.put(Sms(to=[f"09020001{n:02d}" for n in range(25)], content="[QC] Sale", sms_type=1))
    alone, call = bench.put(SALE), bench.put(RecordCall(to=TO, record_id="2001"), purpose="advertising")
    decree(bench.database, *VIETNAM.values())
    at(bench, 18).deliver()
    assert bench.status(alone) == "accepted"
    assert bench.message(call)["reason"].endswith(": vn.ads.call.hours")
    bench.set(many, due_at="now()", status="'queued'", request_id="'x'", accepted_at="NULL", poll_at="NULL")
    at(bench, 23).deliver()
    assert {each["status"] for each in bench.messages(many)} == {"queued"}
    assert len(bench.simulator.sends()) == 2


def test_an_sms_in_doubt_is_not_asked_for_again_at_night(bench: Bench) -> None:
    ticket = bench.put(SALE)
    bench.set(ticket, status="'unconfirmed'", in_doubt_since="now()", request_id="'x'", due_at="now()")
    decree(bench.database, *VIETNAM.values())
    at(bench, 23).deliver()
    assert bench.simulator.sends() == []
    assert bench.status(ticket) == "unconfirmed"
    bench.set(ticket, due_at="now()")
    at(bench, 9).deliver()
    assert bench.status(ticket) == "accepted"


def test_what_could_not_go_out_before_it_expires_is_refused_with_the_rule(bench: Bench) -> None:
    decree(bench.database, *VIETNAM.values())
    soon = datetime.now(UTC) + timedelta(hours=1)
    with pytest.raises(Invalid, match=r"expires_at: comes too soon: not before .*: vn\.ads\.sms\.hours"):
        at(bench, 23).put(SALE, expires_at=soon)
    with pytest.raises(Invalid, match="hand_over: advertising that eSMS keeps"):
        bench.put(SALE, send_date=datetime.now(UTC) + timedelta(days=1), hand_over=True)


def test_three_texts_a_day_go_to_a_number_and_the_fourth_waits_for_the_first_to_be_a_day_old(bench: Bench) -> None:
    decree(bench.database, *VIETNAM.values())
    at(bench, 12)
    tickets = [bench.put(SALE, campaign=f"c{n}", source=f"s{n % 2}") for n in range(5)]
    bench.deliver()
    assert sorted(bench.status(each) for each in tickets) == ["accepted"] * 3 + ["queued"] * 2
    [reason] = {each["reason"] for t in tickets for each in bench.messages(t) if each["status"] == "queued"}
    assert reason.endswith(": vn.ads.sms.count")
    with bench.database.begin() as session:
        session.execute(text("UPDATE advertised SET at = ARRAY(SELECT unnest(at) - interval '25 hours')"))
        session.execute(text("UPDATE message SET due_at = now() WHERE status = 'queued'"))
    bench.deliver()
    assert {bench.status(each) for each in tickets} == {"accepted"}


def test_four_workers_at_once_exceed_no_cap(bench: Bench) -> None:
    decree(bench.database, *VIETNAM.values())
    at(bench, 12)
    for campaign in range(6):
        sales = [Sms(to=f"09020001{n:02d}", content=f"[QC] {campaign}", sms_type=3) for n in range(20)]
        bench.notifier.enqueue_many(sales, campaign=f"c{campaign}")
    assert sent_by_four(bench) == {f"09020001{n:02d}": 3 for n in range(20)}


def sent_by_four(bench: Bench) -> dict[str, int]:
    """How many each number got of what four workers send at once, by the provider's books."""
    url = bench.database.engine.url.render_as_string(hide_password=False)
    benches = [Bench(bench.database, url, bench.simulator) for _ in range(4)]
    for each in benches:
        each.settings = bench.settings
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda each: each.deliver([Lane.BULK]), benches))
    for each in benches:
        each.__exit__(None, None, None)
    return Counter(phone for each in bench.simulator.sends() for phone in each["phones"])


def test_what_is_asked_for_again_counts_once_and_what_is_sent_again_counts_anew(bench: Bench) -> None:
    decree(bench.database, replace(VIETNAM["vn.ads.sms.count"], parameters={"most": 1, "hours": 24}))
    ticket = bench.put(SALE)
    bench.deliver()
    bench.set(ticket, status="'unconfirmed'", in_doubt_since="now()", due_at="now()", accepted_at="NULL")
    bench.deliver()
    assert (bench.status(ticket), counted(bench)) == ("accepted", 1)
    bench.set(ticket, status="'rejected'", settled_at="now()", accepted_at="NULL", poll_at="NULL")
    with bench.database.begin() as session:
        assert retry(session, bench.settings, ticket) == 1
    bench.deliver()
    assert bench.message(ticket)["reason"].endswith(": vn.ads.sms.count")


def test_a_call_that_was_claimed_and_never_dialled_counts_no_more(bench: Bench) -> None:
    decree(bench.database, VIETNAM["vn.ads.call.count"])
    bench.put(RecordCall(to=TO, record_id="2001"), purpose="advertising")
    with bench.workers.begin() as session:
        gate = Gate(lasts=timedelta(minutes=1))
        gate.look(session)
        claims = ledger.claim(session, [Lane.VOICE], most=9, lease=timedelta(minutes=1), group_most=9, gate=gate)
        assert len(ledger.count_advertising(session, claims, gate)) == 1
    assert counted(bench) == 1
    with bench.database.begin() as session:
        session.execute(text("UPDATE message SET lease_until = now() - interval '1 s'"))
    bench.look_after_ledger()
    assert counted(bench) == 0


def test_two_to_one_number_that_surely_were_not_sent_both_count_no_more(bench: Bench) -> None:
    decree(bench.database, VIETNAM["vn.ads.sms.count"])
    tickets = [at(bench, 12).put(replace(SALE, content=f"{SALE.content} {n}")) for n in range(2)]
    bench.deliver()
    assert counted(bench) == 2
    ids = [UUID(bench.message(each)["id"]) for each in tickets]
    with bench.workers.begin() as session:
        give_back(session, ids)
    assert counted(bench) == 0


def test_rules_that_could_not_be_read_are_read_by_the_next_claim(bench: Bench) -> None:
    gate = Gate()
    for _ in range(2):
        with pytest.raises(WorkerError), bench.workers.begin() as session:
            session.execute(text("SET LOCAL search_path = pg_catalog"))
            gate.look(session)


@pytest.mark.parametrize(
    "wrong",
    [
        replace(VIETNAM["vn.ads.sms.hours"], parameters={"from": "07:00", "to": "07:01"}),  # shorter than a lease
        replace(VIETNAM["vn.ads.sms.hours"], parameters={"from": "07:00+07:00", "to": "22:00"}),
        replace(VIETNAM["vn.ads.label"], parameters={"pattern": "(?P<a>x)"}),  # Python's alone
        replace(VIETNAM["vn.ads.register"], channel=Channel.CALL),
        replace(VIETNAM["vn.ads.sms.count"], campaign="tet"),
    ],
)
def test_a_rule_that_no_claim_could_keep_is_refused(bench: Bench, wrong: Rule) -> None:
    with pytest.raises(WorkerError):
        bench.notifier.law.put(wrong)
    assert bench.notifier.law.list() == []


def test_hours_that_are_never_open_together_hold_and_stop_no_claim(bench: Bench) -> None:
    night = replace(VIETNAM["vn.ads.sms.hours"], name="night", parameters={"from": "22:00", "to": "07:00"})
    ticket = at(bench, 12).put(SALE)
    decree(bench.database, VIETNAM["vn.ads.sms.hours"], night, replace(VIETNAM["vn.ads.sms.count"], mode=Mode.WARN))
    code = bench.put(otp(TO))
    bench.deliver()
    assert (bench.status(ticket), bench.status(code)) == ("queued", "accepted")


@pytest.mark.parametrize("name", ["vn.ads.sms.hours", "campaign:Tet: 2027"])
def test_the_rule_of_a_reason_is_its_name_whole(name: str) -> None:
    rule = replace(VIETNAM["vn.ads.sms.hours"], name=name)
    assert rule_in(waits_until(rule, datetime(2026, 3, 1, 7, tzinfo=HANOI), HANOI)) == name


def test_quiet_hours_of_others_forbid_no_advertising_that_is_handed_over(bench: Bench) -> None:
    quiet = replace(VIETNAM["vn.ads.sms.hours"], name="quiet", purposes=[Purpose.REMINDER])
    decree(bench.database, quiet)
    ticket = bench.put(SALE, send_date=datetime.now(UTC) + timedelta(days=1), hand_over=True)
    bench.deliver()
    assert bench.status(ticket) == "accepted"


def counted(bench: Bench) -> int:
    with bench.database.begin() as session:
        return int(session.scalar(text("SELECT coalesce(sum(cardinality(at)), 0) FROM advertised")) or 0)


def test_of_an_advertising_request_those_who_got_enough_make_no_request_of_few(bench: Bench) -> None:
    rule = replace(VIETNAM["vn.ads.sms.count"], parameters={"most": 1, "hours": 24})
    decree(bench.database, rule)
    many = [f"09020001{n:02d}" for n in range(50)]
    bench.put(Sms(to=many[:25], content="[QC] Mot", sms_type=1))
    bench.deliver()
    both = bench.put(Sms(to=many, content="[QC] Hai", sms_type=1))
    few = bench.put(Sms(to=[*many[:5], *(f"09030001{n:02d}" for n in range(25))], content="[QC] Ba", sms_type=1))
    bench.deliver()
    assert sorted(each["status"] for each in bench.messages(both)) == ["accepted"] * 25 + ["queued"] * 25
    told = [each["reason"] for each in bench.messages(few) if each["status"] == "cancelled"]
    assert told == ["fewer than 20 would be left for a request of their own: vn.ads.sms.count"] * 5
    with bench.database.begin() as session:
        session.execute(text("UPDATE advertised SET at = ARRAY(SELECT unnest(at) - interval '25 hours')"))
        session.execute(text("UPDATE message SET due_at = now() WHERE status = 'queued'"))
    bench.deliver()
    assert {each["status"] for each in bench.messages(both)} == {"accepted"}
    taken = [tuple(each["phones"]) for each in bench.simulator.sends()]
    assert sorted(len(phones) for phones in taken) == [25, 25, 25, 25]


def test_who_is_in_the_register_gets_no_advertising_and_all_else(bench: Bench) -> None:
    ad, code = bench.put(SALE), bench.put(otp(TO))
    decree(bench.database, *VIETNAM.values())
    with bench.database.begin() as session:
        session.execute(text("INSERT INTO do_not_call VALUES ('+84901000001')"))
    at(bench, 12).deliver()
    assert bench.message(ad)["reason"] == "the number is in the Do-Not-Call register: vn.ads.register"
    assert (bench.status(ad), bench.status(code)) == ("cancelled", "accepted")


@pytest.mark.parametrize(
    ("name", "content", "told"),
    [
        ("vn.ads.label", "Giam gia. Tu choi: soan TC gui 8xxx", "its text begins without a label"),
        ("vn.ads.refusal", "[QC] Giam gia 50%", "its text ends without a way to refuse"),
        ("vn.ads.sender", SALE.content, "it has no registered brandname"),
    ],
)
def test_a_rule_about_the_text_warns_until_it_is_told_to_refuse(
    bench: Bench, name: str, content: str, told: str
) -> None:
    sale = replace(SALE, content=content)
    decree(bench.database, VIETNAM[name])
    ticket = bench.put(sale)
    [warning] = ticket.warnings
    assert name in warning
    decree(bench.database, replace(VIETNAM[name], mode=Mode.REFUSE))
    with pytest.raises(Invalid, match=name):
        bench.put(sale)
    bench.deliver()  # it was stored while the rule only warned
    assert bench.message(ticket)["reason"] == f"{told}: {name}"


def test_quiet_hours_hold_a_reminder_back_and_no_code(bench: Bench) -> None:
    quiet = Rule(
        name="quiet",
        since=date(2026, 1, 1),
        check=Check.HOURS,
        purposes=(Purpose.SERVICE, Purpose.REMINDER),
        parameters={"from": "07:00", "to": "21:00"},
        mode=Mode.HOLD,
    )
    decree(bench.database, quiet)
    at(bench, 23)
    tickets: list[Ticket] = [bench.put(replace(SALE, sms_type=4), purpose=each) for each in ("service", "reminder")]
    code = bench.put(otp(TO))
    bench.deliver()
    assert [bench.status(each) for each in (*tickets, code)] == ["queued", "queued", "accepted"]
    too_late = datetime.now(UTC) + timedelta(hours=2)  # as a reminder's own time, after which it is skipped
    with pytest.raises(Invalid, match=r"expires_at: comes too soon: not before .* 07:00: quiet"):
        bench.put(replace(SALE, sms_type=4), purpose="reminder", expires_at=too_late)


@pytest.mark.long
def test_a_thousand_that_wait_for_the_morning_are_moved_once_and_never_walked_over(bench: Bench) -> None:
    bench.notifier.enqueue_many([replace(SALE, to=f"0902{n:06d}") for n in range(1500)])
    decree(bench.database, VIETNAM["vn.ads.sms.hours"])
    at(bench, 23).deliver()
    with bench.database.begin() as session:
        assert session.scalar(text("SELECT count(*) FROM message WHERE status = 'queued' AND due_at > now()")) == 1500
        assert session.scalar(text("SELECT count(*) FROM settlement")) == 1500
    bench.look_after_ledger()
    with bench.database.begin() as session:
        assert session.scalar(text("SELECT count(*) FROM stream WHERE due_from <= now()")) == 0


def test_what_the_rules_would_do_is_told_before_and_by_how_many(bench: Bench) -> None:
    decree(bench.database, *VIETNAM.values())
    at(bench, 12)
    many = [f"09020001{n:02d}" for n in range(30)]
    with bench.database.begin() as session:
        session.execute(text("INSERT INTO do_not_call VALUES ('+84902000100')"))
        session.execute(
            text("""INSERT INTO advertised VALUES ('+84902000101', 'sms', ARRAY[now(), now(), now()],
            ARRAY[gen_random_uuid(), gen_random_uuid(), gen_random_uuid()])""")
        )
    bench.notifier.contacts.opt_out_phones(many[2:3])
    bench.notifier.consents.withdraw(many[3])
    for each in many[3:7]:
        bench.notifier.consents.add(each, wording="Toi dong y", at=datetime.now(UTC) - timedelta(days=4))
    sale = Sms(to=many, content="[QC] Sale. Tu choi: soan TC gui 8xxx", sms_type=1)
    told = {each.rule: (each.does, each.messages) for each in bench.notifier.rehearse(sale).rules}
    assert told == {
        "consent withdrawn": ("refuse", 1),
        "vn.ads.register": ("refuse", 1),
        "vn.ads.consent": ("warn", 25),
        "vn.ads.sms.count": ("hold", 1),
    }
    assert bench.put(otp(many[0])).rules == ()
    night = at(bench, 23).put(sale)
    assert ("vn.ads.sms.hours", "hold", 29, night.not_before) in [
        (each.rule, each.does, each.messages, each.until) for each in night.rules
    ]
    bench.set(night, status="'rejected'", settled_at="now()")
    foreseen = bench.notifier.again.foresee(Failed(ids=[night.id])).rules
    assert {each.rule: each.messages for each in foreseen} == {
        "consent withdrawn": 1,
        "vn.ads.register": 1,
        "vn.ads.consent": 25,
        "vn.ads.sms.count": 1,
        "vn.ads.sms.hours": 29,
    }


def test_hours_that_only_warn_tell_the_producer_and_hold_nothing(bench: Bench) -> None:
    decree(bench.database, replace(VIETNAM["vn.ads.sms.hours"], mode=Mode.WARN))
    ticket = at(bench, 23).put(SALE)
    assert ticket.warnings[0].startswith("send_date: is outside of 07:00 to 22:00 (vn.ads.sms.hours")
    bench.deliver()
    assert bench.status(ticket) == "accepted"


def test_what_the_rules_did_is_reported_by_rule_and_day(bench: Bench) -> None:
    rules = [*VIETNAM.values()]
    decree(bench.database, *rules, replace(VIETNAM["vn.ads.call.count"], mode=Mode.WARN))
    at(bench, 12)
    plain = replace(SALE, content="Giam gia")  # by a type without a brandname, no label, no way to refuse
    bench.put(plain), bench.put(plain), bench.put(SALE), bench.put(SALE)
    with bench.database.begin() as session:
        session.execute(text("INSERT INTO do_not_call VALUES ('+84901000002')"))
    bench.put(replace(SALE, to="0901000002"))
    for _ in range(2):
        bench.put(RecordCall(to=TO, record_id="2001"), purpose="advertising")
    bench.deliver()
    noon = datetime.now(bench.settings.time_zone).date()
    at(bench, 23).put(replace(SALE, to=["0901000003", "0901000004"]))
    night = datetime.now(bench.settings.time_zone).date()  # of another zone, so that it may be another day
    for _ in range(2):
        bench.look_after_ledger()
        used = bench.notifier.reports.rules()
        assert {each.rule: (each.held, each.cancelled, each.warned) for each in used} == {
            "vn.ads.call.count": (0, 0, 1),
            "vn.ads.consent": (0, 0, 6),
            "vn.ads.label": (0, 0, 2),
            "vn.ads.refusal": (0, 0, 2),
            "vn.ads.register": (0, 1, 0),
            "vn.ads.sender": (0, 0, 3),
            "vn.ads.sms.count": (1, 0, 0),
            "vn.ads.sms.hours": (2, 0, 0),
        }
        with bench.database.begin() as session:  # as many claims would have left it
            session.execute(
                text("""INSERT INTO rule_use (day, rule, did, messages)
                SELECT day, rule, did, 0 FROM rule_use, generate_series(1, 30)""")
            )
    with bench.database.begin() as session:
        bench.look_after_ledger()
        assert session.scalar(text("SELECT count(*) FROM rule_use")) == len(used)
    assert {each.rule: each.day for each in used} == {
        each.rule: night if each.rule == "vn.ads.sms.hours" else noon for each in used
    }


@pytest.mark.parametrize(
    ("told", "counted"),
    [
        ("2 a week", (2, 7)),
        ("Tối đa 2 tin mỗi tuần", (2, 7)),
        ("khong qua 1 tin/ngay", (1, 1)),
        ("10 messages in a month", (10, 30)),
        ("two a week", None),
        ("when there is news", None),
        ("0 a day", None),
    ],
)
def test_a_frequency_is_counted_where_it_reads_like_one(told: str, counted: tuple[int, int] | None) -> None:
    assert counted_frequency(told) == (counted and (counted[0], timedelta(days=counted[1])))


@pytest.mark.long
def test_nobody_gets_more_than_they_agreed_to(bench: Bench) -> None:
    decree(bench.database, *VIETNAM.values())
    at(bench, 12)
    bench.notifier.consents.add(TO, wording="Toi dong y", frequency="4 a week")
    tickets: list[Ticket] = []
    for _ in range(3):  # days, on each of which the decree lets three go
        tickets += [bench.put(SALE) for _ in range(3)]
        bench.deliver()
        with bench.database.begin() as session:
            session.execute(text("UPDATE advertised SET at = ARRAY(SELECT unnest(at) - interval '25 hours')"))
            session.execute(text("UPDATE message SET due_at = now() WHERE status = 'queued'"))
    bench.deliver()
    assert [bench.status(each) for each in tickets].count("accepted") == 4
    waiting = {
        each["reason"].rpartition(": ")[2] for t in tickets for each in bench.messages(t) if each["status"] == "queued"
    }
    assert waiting == {"agreed frequency"}
    bench.notifier.consents.add(TO, wording="Toi dong y", frequency="9 a week")
    with bench.database.begin() as session:
        session.execute(text("UPDATE message SET due_at = now() WHERE status = 'queued'"))
    bench.deliver()
    assert [bench.status(each) for each in tickets].count("accepted") == 7  # and the decree's three a day


@pytest.mark.long
def test_four_workers_at_once_exceed_no_frequency(bench: Bench) -> None:
    decree(bench.database, *VIETNAM.values())
    at(bench, 12)
    numbers = [f"09020001{n:02d}" for n in range(20)]
    for each in numbers:
        bench.notifier.consents.add(each, wording="Toi dong y", frequency="1 a week")
    for campaign in range(4):
        sales = [Sms(to=each, content=f"[QC] {campaign}", sms_type=3) for each in numbers]
        bench.notifier.enqueue_many(sales, campaign=f"c{campaign}")
    assert dict.fromkeys(numbers, 1) == sent_by_four(bench)
