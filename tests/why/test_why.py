"""`why`: the whole story of a message, in order, in words for whoever answers the phone."""

from __future__ import annotations

import json
import shlex
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest
from sqlalchemy import text

from tests.again.test_refused import hand_over
from tests.support import Bench, as_producer, otp
from worker import Sms, SmsType, TemplateCall, Ticket
from worker.api.why import Story
from worker.catalogue import Language
from worker.cli import run
from worker.lifecycle import Lane, Status

VI, EN = Language.VI, Language.EN
NUMBER = "0901000001"
Told = Callable[..., list[str]]


def story(bench: Bench, ticket: Ticket, language: Language = EN) -> Story:
    [told] = bench.notifier.reports.why(ticket.id, language=language).stories
    return told


def steps(bench: Bench, ticket: Ticket, language: Language = EN) -> list[str]:
    return [step.what for step in story(bench, ticket, language).steps]


def beats(bench: Bench, ago: str = "1 second") -> None:
    with bench.database.begin() as session:
        session.execute(text(f"INSERT INTO heartbeat VALUES ('beat', now() - interval '{ago}')"))


def test_a_message_that_arrived_is_told_from_who_wanted_it_to_that_it_arrived(bench: Bench) -> None:
    ticket = bench.put(source="shop", reference="order:7", campaign="tet")
    bench.deliver()
    bench.ask_until(ticket, "delivered")
    told = story(bench, ticket)
    assert [step.what for step in told.steps] == [
        "“shop” handed this SMS over (reference order:7, campaign tet)",
        "Sent to eSMS: eSMS took it",
        "eSMS was asked what became of it: it arrived",
        "It arrived (by VIETTEL's report)" if "VIETTEL" in told.steps[-1].what else told.steps[-1].what,
    ]
    assert told.steps[-1].what.startswith("It arrived")
    assert (told.got, told.next, told.next_at) == (True, "Nothing more happens by itself", None)
    assert [step.at for step in told.steps] == sorted(step.at for step in told.steps if step.at)


def test_the_same_in_vietnamese(bench: Bench) -> None:
    ticket = bench.put(source="shop")
    bench.deliver()
    bench.ask_until(ticket, "delivered")
    assert steps(bench, ticket, VI)[:3] == [
        "“shop” giao tin nhắn SMS này",
        "Gửi sang eSMS: eSMS đã nhận",
        "Hỏi eSMS kết quả: đã đến nơi",
    ]
    assert story(bench, ticket, VI).summary == "đã đến nơi"


def test_a_refusal_has_its_code_in_plain_words_and_what_to_do(bench: Bench) -> None:
    ticket = bench.put(otp("0901000003"))
    bench.deliver()
    told = story(bench, ticket)
    assert told.got is False
    code = bench.message(ticket)["code"]
    assert f"code {code}: " in told.steps[-2].what
    assert told.steps[-2].what.endswith("; refused")
    assert told.remedy.endswith(".") and told.remedy != story(bench, ticket, VI).remedy


def test_a_no_that_is_heard_once_is_told_as_such_and_then_the_end(bench: Bench) -> None:
    ticket = bench.put(otp("0901000002"))
    bench.deliver()
    bench.ask_until(ticket, "undelivered")
    told = steps(bench, ticket)
    assert (
        "eSMS was asked what became of it: eSMS says that it did not arrive; that counts when it says so again" in told
    )
    assert told[-1] == "It did not arrive: the operator could not deliver it"
    assert "số điện thoại" in story(bench, ticket, VI).remedy


def test_a_date_is_told_as_what_it_waits_for(bench: Bench) -> None:
    beats(bench)
    at = datetime.now(UTC).replace(hour=2, minute=0, second=0, microsecond=0) + timedelta(days=30)
    ticket = bench.put(send_date=at)
    told = story(bench, ticket, VI)
    assert told.steps[-1].what == f"Giữ lại chờ đến ngày giờ gửi: 09:00:00 {at:%d/%m/%Y}"
    assert (told.next, told.next_at) == ("Chờ đến ngày giờ gửi", at)


def test_a_date_that_esms_keeps_is_told_as_such(bench: Bench) -> None:
    ticket = bench.put(send_date=datetime.now(UTC) + timedelta(days=2), hand_over=True)
    assert "can't be called back" in steps(bench, ticket)[1]


@pytest.mark.parametrize(
    ("code", "reason", "told"),
    [
        (None, "Tet holiday", "Làn khẩn bị tạm dừng: Tet holiday"),
        ("103", "eSMS code 103: the balance is too low", "Làn khẩn bị tạm dừng: eSMS trả mã 103: Số dư tài"),
        ("unreachable", "eSMS does not answer", "Làn khẩn bị tạm dừng: eSMS không trả lời"),
        ("reserve", "the balance is below the reserve of 500,000 dong", "số dư thấp hơn mức dự phòng 500,000 đồng"),
    ],
)
def test_a_pause_of_its_lane_is_told_with_its_reason_while_it_lasts(
    bench: Bench, code: str | None, reason: str, told: str
) -> None:
    ticket = bench.put()
    with bench.database.begin() as session:
        put = "INSERT INTO pause (lane, code, reason) VALUES ('urgent', :code, :reason)"
        session.execute(text(put), {"code": code, "reason": reason})
    assert told in steps(bench, ticket, VI)[-1]
    assert story(bench, ticket, VI).next.startswith("Làn urgent đang tạm dừng")


def test_a_pause_that_is_over_is_told_with_when_it_began_and_ended(bench: Bench) -> None:
    bench.notifier.pause([Lane.URGENT], "the line is cut")
    bench.notifier.pause_campaign("tet", "the text is wrong") if bench.put(campaign="tet") else None
    ticket = bench.put(campaign="tet")
    bench.notifier.resume([Lane.URGENT])
    bench.notifier.resume_campaign("tet")
    bench.deliver()
    assert steps(bench, ticket) == [
        "This SMS was handed over, by whom was not told (campaign tet)",
        "Lane urgent was paused: the line is cut",
        "Campaign “tet” was paused: the text is wrong",
        "Lane urgent went on",
        "Campaign “tet” went on",
        "Sent to eSMS: eSMS took it",
    ]


def test_a_pause_that_ended_before_it_was_handed_over_is_none_of_its_story(bench: Bench) -> None:
    bench.notifier.pause([Lane.URGENT])
    bench.notifier.resume([Lane.URGENT])
    ticket = bench.put()
    bench.deliver()
    assert not any("paused" in each for each in steps(bench, ticket))


def test_a_long_wait_that_nothing_on_record_explains_is_told_as_its_turn(bench: Bench) -> None:
    ticket = bench.put()
    bench.deliver()
    with bench.database.begin() as session:
        session.execute(text("UPDATE notification SET created_at = created_at - interval '10 minutes'"))
    assert steps(bench, ticket)[1].startswith("It had waited 10 minutes for its turn: the rate of lane urgent")


@pytest.mark.parametrize(
    ("ago", "told"), [(None, "No beat that a worker heard ever"), ("1 hour", "No beat that a worker")]
)
def test_that_nobody_is_at_work_is_what_it_waits_for(bench: Bench, ago: str | None, told: str) -> None:
    if ago:
        beats(bench, ago)
    ticket = bench.put()
    assert story(bench, ticket).next.startswith(told)
    assert "worker" in story(bench, ticket, VI).next


def test_its_turn_is_what_it_waits_for_where_all_is_well(bench: Bench) -> None:
    beats(bench)
    assert story(bench, bench.put()).next == "Its turn: lane urgent goes as fast as its rate allows"


def test_an_opt_out_is_told_as_what_stopped_it(bench: Bench) -> None:
    tomorrow = datetime.now(UTC) + timedelta(days=1)
    ticket = bench.put(otp(), purpose="reminder", send_date=tomorrow)
    bench.notifier.contacts.opt_out_phones([NUMBER], source="web")
    told = story(bench, ticket)
    assert [step.what for step in told.steps[-2:]] == [
        "The recipient opted out",
        "It was called back and does not go out: the recipient opted out",
    ]
    assert "opt-in" in told.remedy


def test_an_sms_in_doubt_is_told_with_what_is_done_about_it(bench: Bench) -> None:
    ticket = bench.put(otp("0901000005"))
    bench.deliver()
    assert bench.status(ticket) == "unconfirmed"
    told = story(bench, ticket, VI)
    assert told.steps[-1].what == "Gửi sang eSMS: không có câu trả lời; có thể eSMS đã nhận, có thể chưa"
    assert told.next == "Có thể eSMS đã nhận: sẽ hỏi lại"
    assert told.next_at is not None and told.got is None


def test_a_call_in_doubt_waits_for_a_person_and_says_what_to_do(bench: Bench) -> None:
    ticket = bench.put(TemplateCall(to="0901000005", template_id="1001", variables=["Lan"]))
    bench.deliver()
    bench.look_after_ledger()
    assert bench.status(ticket) == "held"
    told = story(bench, ticket)
    assert "held list" in told.next
    assert "held resolve" in told.remedy


def test_of_many_recipients_those_are_told_first_that_it_did_not_reach(bench: Bench) -> None:
    everybody = [f"09010001{n:02}" for n in range(25)]
    ticket = bench.put(Sms(to=everybody, content="Khuyen mai", sms_type=SmsType.ADVERTISING, brandname="sangbrand"))
    bench.deliver()
    with bench.database.begin() as session:
        session.execute(text("UPDATE message SET status = 'delivered', poll_at = NULL WHERE phone <> '+84901000124'"))
    told = bench.notifier.reports.why(ticket.id)
    assert (told.stories[0].phone, len(told.stories), told.others) == ("+84901000124", 20, 5)
    assert "Sent to eSMS: eSMS took it" in [step.what for step in told.stories[0].steps]


def test_a_number_tells_the_newest_first_and_nothing_of_before_since(bench: Bench) -> None:
    old, new, other = bench.put(), bench.put(content_of("Ma: 2")), bench.put(otp("0901000009"))
    bench.set(old, created_at="now() - interval '40 days'")
    told = bench.notifier.reports.why_to("0901 000 001")
    assert [each.notification for each in told.stories] == [new.id]
    assert other.id not in {each.notification for each in told.stories}
    both = bench.notifier.reports.why_to("+84901000001", since=datetime.now(UTC) - timedelta(days=60))
    assert [each.notification for each in both.stories] == [new.id, old.id]


def content_of(content: str) -> Sms:
    return otp(NUMBER, content)


def test_a_number_of_a_contact_names_her_and_her_reminders(bench: Bench) -> None:
    bench.notifier.contacts.upsert(key="42", source="clinic", name="Nguyễn Thị Lan", phones=[NUMBER])
    occurrence(bench, "clinic\t42", "skipped", "opted out")
    [person] = bench.notifier.reports.why_to(NUMBER, language=VI).people
    assert (person.name, person.key, person.source) == ("Nguyễn Thị Lan", "42", "clinic")
    [reminder] = person.reminders
    assert (reminder.got, reminder.what) == (False, "đã bỏ qua: đã từ chối nhận tin")


def occurrence(bench: Bench, recipient: str, state: str, reason: str) -> None:
    put = """
        INSERT INTO occurrence (owner_id, occasion, before, recipient, occurs_at, state, reason)
        VALUES (:owner, '2026-03-01', '', :recipient, now() - interval '1 hour', :state, :reason)
    """
    with bench.database.begin() as session:
        session.execute(text(put), {"owner": uuid4(), "recipient": recipient, "state": state, "reason": reason})


# As a command...


@pytest.fixture
def cli(
    bench: Bench, database_url: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> Callable[..., tuple[int, str, str]]:
    monkeypatch.setenv("DATABASE_URL", as_producer(database_url))
    for name in ("LC_ALL", "LC_MESSAGES", "LANG"):
        monkeypatch.delenv(name, raising=False)

    def run_cli(*arguments: str) -> tuple[int, str, str]:
        code = run(list(arguments))
        said = capsys.readouterr()
        return code, said.out, said.err

    return run_cli


def test_the_command_prints_what_the_method_tells(bench: Bench, cli: Callable[..., tuple[int, str, str]]) -> None:
    ticket = bench.put(source="shop", reference="order:7")
    bench.deliver()
    code, out, _ = cli("why", "--reference", "order:7", "--lang", "vi")
    assert code == 0
    for step in story(bench, ticket, VI).steps:
        assert step.what in out
    assert "Việc cần làm: Không phải làm gì" in out


@pytest.mark.parametrize(("locale", "told"), [("vi_VN.UTF-8", "Tiếp theo"), ("en_US.UTF-8", "Next"), ("C", "Next")])
def test_the_language_is_the_locales_where_none_is_given(
    bench: Bench, cli: Callable[..., tuple[int, str, str]], monkeypatch: pytest.MonkeyPatch, locale: str, told: str
) -> None:
    ticket = bench.put()
    monkeypatch.setenv("LANG", locale)
    assert told in cli("why", str(ticket.id))[1]


def test_json_has_the_story_for_a_program(bench: Bench, cli: Callable[..., tuple[int, str, str]]) -> None:
    ticket = bench.put()
    code, out, _ = cli("why", "--to", NUMBER, "--json")
    told = json.loads(out)
    assert code == 0
    assert told["stories"][0]["notification"] == str(ticket.id)
    assert {"steps", "summary", "next", "next_at", "remedy", "got"} <= told["stories"][0].keys()


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (["why", "--to", "12ab"], 1, "error: to: "),
        (["why", "--to", "0901999999"], 1, ""),
        (["why"], 2, "error: give an ID, a --reference"),
        (["why", "x", "--to", NUMBER], 2, "error: give an ID, a --reference"),
        (["why", "x", "--since", "2026-01-01"], 2, "error: --since: goes with --to"),
        (["why", "--to", NUMBER, "--since", "soon"], 2, "error: --since"),
        (["why", "--reference", "none"], 1, "error: no notification has the reference"),
    ],
)
def test_what_cannot_be_told_is_one_clear_line(
    cli: Callable[..., tuple[int, str, str]], arguments: list[str], code: int, said: str
) -> None:
    got, _, err = cli(*arguments)
    assert got == code
    assert err.startswith(said)
    assert err.count("\n") <= 1
    assert "0901999999" not in err


def test_every_status_can_be_told_in_both_languages(bench: Bench) -> None:
    ticket = bench.put()
    bench.deliver()
    for status in Status:
        lease = "now()" if status is Status.SENDING else "NULL"
        bench.set(ticket, status=f"'{status}'", lease_until=lease, accepted_at="now()")
        for language in Language:
            told = story(bench, ticket, language)
            assert told.summary and told.next and told.remedy
    bench.set(ticket, status="'queued'", lease_until="NULL")


def test_esms_is_written_as_it_writes_itself_at_the_beginning_too(bench: Bench) -> None:
    ticket = bench.put()
    bench.deliver()
    assert story(bench, ticket).next.startswith("eSMS took it")


def test_what_a_person_paused_is_not_said_to_go_on_by_itself(bench: Bench) -> None:
    ticket = bench.put(campaign="tet")
    bench.notifier.pause_campaign("tet")
    assert "`esms-worker resume --campaign tet`" in story(bench, ticket).remedy
    bench.notifier.resume_campaign("tet")
    bench.notifier.pauses.pause([Lane.URGENT, Lane.NORMAL])
    assert "`esms-worker resume urgent`" in story(bench, ticket).remedy


def test_a_campaign_s_name_in_a_command_is_one_word_to_a_shell(bench: Bench) -> None:
    name = "tet\"; touch /tmp/x; $(id) 'it'"
    ticket = bench.put(campaign=name)
    bench.notifier.pause_campaign(name)
    command = story(bench, ticket).remedy.partition("`")[2].rpartition("`")[0]
    assert shlex.split(command) == ["esms-worker", "resume", "--campaign", name]


def test_of_an_account_without_money_it_is_said_to_top_it_up(bench: Bench) -> None:
    ticket = bench.put()
    with bench.database.begin() as session:
        session.execute(
            text("""
                INSERT INTO pause (lane, code, reason, probe_at)
                SELECT lane, '103', 'eSMS code 103: the balance is too low', now() FROM message
            """)
        )
    [story] = bench.notifier.reports.why(ticket.id).stories
    assert story.remedy == "Top the account up; what waits then goes out by itself."


def test_what_was_refused_and_never_was_a_message_is_told_by_the_number_and_by_the_reference(
    bench: Bench, cli: Callable[..., tuple[int, str, str]]
) -> None:
    for number, to in enumerate(("0901000003", "+84 901 000 001", ["0901000002", "0901.000.001"], "12901000001")):
        hand_over(bench.notifier, str(uuid4()), to=to, content="", reference=f"r:{number}")
    told = bench.notifier.reports.why_to(NUMBER, language=VI)
    assert [each.reference for each in told.refused] == ["r:2", "r:1"]
    assert {each.why.isascii() for each in told.refused} == {False}  # it is Vietnamese
    code, out, _ = cli("why", "--to", NUMBER)
    assert code == 0
    assert out.count("was refused, so nothing was sent: content: is empty") == 2
    assert "Nothing was handed over" not in out
    assert [each["field"] for each in json.loads(cli("why", "--to", NUMBER, "--json")[1])["refused"]] == ["content"] * 2
    for command in ("why", "show", "status"):
        code, _, err = cli(command, "--reference", "r:0")
        assert (code, "its request was refused: `esms-worker refused show` with it tells why" in err) == (1, True)
    assert "check its spelling" in cli("why", "--reference", "r:0", "--source", "hr")[2]
