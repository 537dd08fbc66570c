"""Numbers, names and texts go when their time has come, and nothing that is still needed does."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import text

from tests.cli.test_cli_commands import Cli, cli
from tests.retention.time_travel import WITH_KEY, remove, travel
from tests.support import HTTP_CALL, Bench, eventually, otp, retry, somebody_waits
from tests.traces import tables_that_hold
from worker import RecordCall, Sms, SmsType, TemplateCall, Ticket, again, ledger
from worker.again import Corrected, Failed
from worker.errors import Conflict, NotFound, SettingsError, WorkerError
from worker.ledger import Left, Outcome, retention
from worker.ledger.retention import Terms
from worker.lifecycle import Status
from worker.maintenance import remove_what_is_old
from worker.settings.retention import Retention

__all__ = ["cli"]

NUMBER, TEXT = "0901555777", "Chi Lan oi, don hang 31 da giao"
WORDS = (NUMBER[1:], TEXT)
DAYS_92 = timedelta(days=92)


def care(to: str = NUMBER, content: str = TEXT) -> Sms:
    return Sms(to=to, content=content, sms_type=SmsType.NOTIFY)


def ended(bench: Bench, request: Any, status: str = "delivered", **besides: Any) -> Ticket:
    """One that went out and came to this."""
    ticket = bench.put(request, **besides)
    bench.deliver()
    if status == "delivered":
        bench.ask_until(ticket, status)
    else:
        bench.set(ticket, status=f"'{status}'", settled_at="now()", poll_at="NULL")
    return ticket


def tick(bench: Bench) -> None:
    bench.roll_up()
    remove_what_is_old(bench.workers, WITH_KEY, timedelta(minutes=1))


def row(bench: Bench, ticket: Ticket, table: str = "notification") -> Any:
    key = "id" if table == "notification" else "notification_id"
    with bench.database.begin() as session:
        return session.execute(text(f"SELECT * FROM {table} WHERE {key} = :id"), {"id": ticket.id}).one()


def test_what_ended_ninety_days_ago_names_nobody_and_what_ended_later_is_whole(bench: Bench) -> None:
    old = ended(bench, care(), reference="r1")
    ended(bench, TemplateCall(to=NUMBER, template_id="7", variables=[TEXT]), "undelivered")
    ended(bench, RecordCall(to="0901000001", record_id="8", number_forward=NUMBER), "undelivered")
    travel(bench.database, timedelta(days=89))
    young = ended(bench, care(content="don hang 32"))
    remove(bench)
    assert row(bench, old, "message").phone == "+84901555777"
    travel(bench.database, timedelta(days=3))
    remove(bench)
    assert WITH_KEY.key is not None
    assert row(bench, old, "message").phone == WITH_KEY.key.hide("+84901555777")
    assert (row(bench, old).content, row(bench, old).reference, row(bench, old).emptied_by) == (
        "", "r1", "WORKER_KEEP_SERVICE",
    )  # fmt: skip
    assert (row(bench, young).content, row(bench, young, "message").emptied_at) == ("don hang 32", None)
    travel(bench.database, DAYS_92)
    remove(bench, Retention.from_environ({}))
    assert row(bench, young, "message").phone == ""  # without a key nothing is left of it
    assert tables_that_hold(bench.database, WORDS) == []


def test_a_codes_text_goes_at_the_tick_after_its_end_and_its_reference_still_stands_for_it(
    bench: Bench, cli: Cli
) -> None:
    code = bench.put(otp(NUMBER, "Ma 918273"), reference="otp:1")
    bench.deliver()
    tick(bench)
    assert (bench.message(code)["status"], row(bench, code).content) == ("accepted", "Ma 918273")
    bench.ask_until(code, "delivered")
    tick(bench)
    assert tables_that_hold(bench.database, ("918273",)) == []
    assert row(bench, code, "message").phone == "+84901555777"
    assert bench.put(otp(NUMBER, "Ma 918273"), reference="otp:1").repeated
    with pytest.raises(Conflict):
        bench.put(otp(NUMBER, "Ma 111111"), reference="otp:1")
    assert len(row(bench, code).fingerprint) == 2
    with bench.database.begin() as session:
        session.execute(text("UPDATE notification SET fingerprint = ''"))  # of which nothing is known: no conflict
    assert bench.put(otp(NUMBER, "Ma 918273"), reference="otp:1").id == code.id
    assert "removed by the setting WORKER_KEEP_CODE_TEXT" not in (out := cli("show", str(code.id))[1])
    assert "by the setting WORKER_KEEP_CODE_TEXT" in " ".join(out.split())
    assert "theo cài đặt WORKER_KEEP_CODE_TEXT" in cli("why", str(code.id), "--lang", "vi")[1]


def test_what_is_under_way_or_may_follow_stays_and_goes_once_it_has_ended(bench: Bench) -> None:
    waiting = bench.put(otp(NUMBER, "Ma 1"))
    doubtful = bench.put(otp(NUMBER, "Ma 2"))
    bench.set(doubtful, status="'unconfirmed'", in_doubt_since="now()")
    known = bench.put(otp(NUMBER, "Ma 3"))  # by it the rows of the doubtful one are told apart
    bench.set(known, status="'delivered'", settled_at="now()")
    followed = bench.put(
        otp("0901000009", "Ma 4"), fallback=TemplateCall(to="0901000009", template_id="1"), fallback_after="10m"
    )
    bench.set(followed, status="'undelivered'", settled_at="now()")
    remove(bench)
    texts = [row(bench, each).content for each in (waiting, doubtful, known, followed)]
    assert texts == ["Ma 1", "Ma 2", "Ma 3", "Ma 4"]
    for each in (waiting, doubtful):
        bench.set(each, status="'cancelled'", settled_at="now()")
    with bench.workers.begin() as session:
        ledger.follow_no_more(session, [bench.message(followed)["id"]], "test")
    tick(bench)
    assert [row(bench, each).content for each in (waiting, doubtful, known, followed)] == ["", "", "Ma 3", ""]
    travel(bench.database, timedelta(minutes=2))  # nobody tells it that a doubt is over: it is looked at again
    tick(bench)
    assert row(bench, known).content == ""


@pytest.fixture
def undeletable_requests(bench: Bench) -> Iterator[None]:
    """A walk that fails."""
    with bench.database.begin() as session:
        session.execute(text(_REFUSE_TO_DELETE))
    yield
    with bench.database.begin() as session:
        session.execute(text("DROP FUNCTION refuse CASCADE"))


_REFUSE_TO_DELETE = """
    CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE 'not today'; END $$;
    CREATE TRIGGER refuse BEFORE DELETE ON request FOR EACH ROW EXECUTE FUNCTION refuse()
"""


@pytest.mark.usefixtures("undeletable_requests")
def test_what_stops_one_walk_stops_no_other_and_is_told(bench: Bench) -> None:
    old = ended(bench, care())
    travel(bench.database, DAYS_92)
    bench.roll_up()
    with pytest.raises(WorkerError, match="P0001"):
        remove_what_is_old(bench.workers, WITH_KEY, timedelta(minutes=1))
    assert row(bench, old).content == ""
    assert row(bench, old, "message").emptied_at is not None


def test_a_campaigns_text_goes_with_its_last_recipient(bench: Bench) -> None:
    many = [f"09010010{n:02}" for n in range(20)]
    wish = bench.put(Sms(to=many, content=TEXT, sms_type=SmsType.ADVERTISING, brandname="sangbrand"))
    bench.deliver()
    bench.set(wish, status="'delivered'", settled_at="now()", poll_at="NULL")
    with bench.database.begin() as session:
        held = "UPDATE message SET status = 'accepted', settled_at = NULL WHERE phone = '+84901001005'"
        session.execute(text(held))
    travel(bench.database, DAYS_92)
    remove(bench)
    assert row(bench, wish).content == TEXT
    with bench.database.begin() as session:
        left = session.scalars(text("SELECT phone FROM message WHERE emptied_at IS NULL")).all()
        session.execute(text("UPDATE message SET status = 'unknown', settled_at = now() WHERE emptied_at IS NULL"))
    assert left == ["+84901001005"]
    travel(bench.database, DAYS_92)
    remove(bench)
    assert tables_that_hold(bench.database, ("901001005", TEXT)) == []


def test_nobody_sends_again_what_is_emptied_not_even_the_former_version(bench: Bench, cli: Cli) -> None:
    failed = ended(bench, otp(NUMBER, "Ma 5"), "undelivered")
    remove(bench)
    code, out, _ = cli("retry", str(failed.id))
    assert code == 1
    assert "their text or number is kept no longer" in " ".join(out.split())
    with bench.database.begin() as session:
        assert retry(session, bench.settings, failed) == 0
        ids = [bench.message(failed)["id"]]
        assert ledger.send_again(session, ids, bench.settings.horizons, by="test") == (set(), 0)
    with pytest.raises(WorkerError, match="SQLSTATE 23514"), bench.workers.begin() as session:
        session.execute(text("UPDATE message SET status = 'queued', due_at = now(), settled_at = NULL"))


def test_a_text_that_goes_just_when_its_message_is_sent_again_leaves_it_and_stops_nobody(bench: Bench) -> None:
    numbers = (NUMBER, "0901555778")
    going, staying = (ended(bench, otp(number, "Ma 7"), "undelivered", campaign="c") for number in numbers)
    terms = Terms(keep=timedelta(0), by="test", hide=str, references=DAYS_92)
    with ThreadPoolExecutor(1) as hands:
        with bench.workers.begin() as session:
            retention.empty_texts(session, {UUID(bench.message(going)["id"]): going.id}, terms)
            asked = hands.submit(bench.notifier.again.retry, Failed(campaign="c"))
            eventually(lambda: somebody_waits(bench))
        decided = asked.result()
    assert (decided.moved, dict(decided.left)) == (1, {Left.EMPTIED: 1})
    assert (bench.status(going), bench.status(staying)) == ("undelivered", "queued")


def test_an_answer_that_comes_late_writes_no_number_again(bench: Bench) -> None:
    ticket = bench.put(otp(NUMBER, "Ma 6"))
    [claim] = bench.claim()
    bench.set(ticket, status="'cancelled'", lease_until="NULL", settled_at="now()")
    remove(bench)
    said = HTTP_CALL._replace(reply=NUMBER)
    with bench.workers.begin() as session:
        ledger.record(session, [Outcome(claim=claim, status=Status.ACCEPTED, sms_id="7", http_call=said)])
    with bench.database.begin() as session:
        assert session.execute(text("SELECT outcome, reply FROM request")).all() == [("late: accepted", None)]


def test_requests_attempts_guests_and_references_go_after_their_own_time(bench: Bench) -> None:
    ticket = ended(bench, care(), "undelivered", reference="r1")
    with bench.database.begin() as session:
        retry(session, bench.settings, ticket)
        session.execute(
            text("""
                INSERT INTO event (id, source, key, starts_at) VALUES (gen_random_uuid(), '', 'e', now());
                INSERT INTO attendee (event_id, key, phone, name) SELECT id, 'a', '+84901555777', 'Lan' FROM event
            """)
        )
    bench.deliver()
    bench.ask_until(ticket, "delivered")
    counts = "SELECT (SELECT count(*) FROM request), (SELECT count(*) FROM attempt), (SELECT count(*) FROM attendee)"
    with bench.database.begin() as session:
        assert tuple(session.execute(text(counts)).one())[1:] == (1, 1)
    travel(bench.database, DAYS_92)
    remove(bench)
    with bench.database.begin() as session:
        assert tuple(session.execute(text(counts)).one()) == (0, 1, 0)
    assert not bench.put(care(), reference="r2").repeated
    assert bench.put(care(), reference="r1").repeated
    travel(bench.database, timedelta(days=320))
    with bench.database.begin() as session:  # attempts are gone through by their messages' ids, which tell the time
        session.execute(text("UPDATE attempt SET message_id = '01800000-0000-7000-8000-000000000000'"))
    remove(bench)
    with bench.database.begin() as session:
        assert tuple(session.execute(text(counts)).one()) == (0, 0, 0)
    assert not bench.put(care(), reference="r1").repeated


def corrected_rerun(bench: Bench, state: str) -> UUID:
    """Of 120 that failed the first hundred went out corrected, long ago; that is all of them whose time has passed."""
    bench.notifier.enqueue_many([care(f"09015{place:05}") for place in range(120)], campaign="tet")
    with bench.database.begin() as session:
        session.execute(text("UPDATE message SET status = 'undelivered', settled_at = now()"))
    assert bench.notifier.again.retry(Failed(campaign="tet"), corrected=Corrected(content="Gio moi: 9h")).rest == 20
    travel(bench.database, DAYS_92)
    with bench.database.begin() as session:
        session.execute(text("UPDATE message SET settled_at = now(), expires_at = now() + interval '1 day'"))
        changed = "UPDATE rerun SET state = :state, decided_at = now(), look_at = now() RETURNING id"
        return UUID(str(session.scalar(text(changed), {"state": state})))


def what_it_was(bench: Bench) -> Any:
    with bench.database.begin() as session:
        return session.execute(text("SELECT state, corrected FROM rerun")).one()


def test_a_rerun_that_is_under_way_keeps_its_correction_until_it_is_over(bench: Bench) -> None:
    corrected_rerun(bench, "going")
    tick(bench)
    assert what_it_was(bench).corrected["content"] == "Gio moi: 9h"
    while again.go_on(bench.database, bench.settings):
        pass
    with bench.database.begin() as session:
        said = "SELECT DISTINCT content FROM notification AS n JOIN message AS m ON m.notification_id = n.id"
        assert session.scalars(text(f"{said} WHERE status = 'queued'")).all() == ["Gio moi: 9h"]
    remove(bench)
    assert tuple(what_it_was(bench)) == ("done", None)


def test_what_stopped_so_long_ago_that_its_correction_is_gone_is_not_gone_on_with(bench: Bench) -> None:
    rerun = corrected_rerun(bench, "stopped")
    remove(bench)
    with pytest.raises(NotFound, match="no rerun"):
        bench.notifier.again.go_on(rerun)
    assert tuple(what_it_was(bench)) == ("done", None)


def test_whoever_dies_in_the_middle_leaves_a_step_undone_and_the_next_one_goes_on(bench: Bench) -> None:
    remove(bench)
    tickets = [ended(bench, otp(NUMBER, f"Ma {n}")) for n in range(3)]
    with bench.workers.begin() as session:
        place = retention.take_place(session, "texts of codes", rest=timedelta(0))
        with bench.database.begin() as other:
            assert retention.take_place(other, "texts of codes", rest=timedelta(0)) is None
        session.rollback()
    assert place == {}
    remove(bench)
    assert [row(bench, each).content for each in tickets] == ["", "", ""]


def test_doctor_tells_where_removing_falls_behind(bench: Bench, cli: Cli) -> None:
    remove(bench)
    assert "nothing is kept longer" in " ".join(cli("doctor")[1].split())
    with bench.database.begin() as session:
        session.execute(text("UPDATE retention_place SET behind_since = now() - interval '2 days'"))
    assert "grows faster than it is" in " ".join(cli("doctor")[1].split())


@pytest.mark.parametrize(
    ("environ", "error"),
    [
        ({"WORKER_KEEP_SERVICE": "7"}, "WORKER_KEEP_SERVICE: 7 days are too few: .*: set it to 8 or more"),
        ({"WORKER_KEEP_CODE_TEXT": "-1"}, "WORKER_KEEP_CODE_TEXT: -1 is out of range"),
        ({"WORKER_PRIVACY_KEY": "guess me"}, "WORKER_PRIVACY_KEY: is short enough to be guessed"),
    ],
)
def test_what_can_not_be_kept_so_is_refused(environ: dict[str, str], error: str) -> None:
    with pytest.raises(SettingsError, match=error):
        Retention.from_environ(environ)
    assert "guess" not in repr(Retention.from_environ({"WORKER_PRIVACY_KEY": "guess me, that is long enough now"}))
